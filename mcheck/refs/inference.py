"""Who holds how many references where: the solution of a program's equations."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import z3

from mcheck.lang.program import Program
from mcheck.refs.candidates import Fact
from mcheck.refs.equations import Holder, Row, Unknown, rows
from mcheck.refs.facts import Facts
from mcheck.refs.features import Counted, Feature, features, times
from mcheck.refs.frames import Place, names
from mcheck.refs.ways import Way

DEEPEST = 3
"""No more than so many assumptions are tried together."""


Reasons = Mapping[tuple[str, str], str]
"""Why something may be used, or assumed: by the step, and what is used or is assumed about."""


@dataclass(frozen=True)
class Assumed:
    """A fact that the equations need and that no lock or owner guarantees."""

    place: Place
    fact: Fact

    def reason(self, why: Reasons) -> str | None:
        """Why it may be assumed, if that is known."""
        said = [why.get((str(self.place), cell)) for cell in sorted(self.fact.cells)]
        return next((reason for reason in said if reason), None)

    def __str__(self) -> str:
        return f"{self.place}: {self.fact}"


@dataclass
class System:
    """The equations of a program, and which paths each of them comes from.

    base: those of the initial states, in which no process holds anything.
    """

    rows: dict[Row, list[Way]] = field(default_factory=dict[Row, list[Way]])
    base: list[Row] = field(default_factory=list[Row])

    def add(self, way: Way, found: Iterable[Row]) -> None:
        """Take up the equations of a path."""
        for row in found:
            self.rows.setdefault(row, []).append(way)

    def unknowns(self) -> list[Unknown]:
        """All unknowns, in the order in which they are met."""
        return list(dict.fromkeys(u for row in self.rows for u, _ in row.terms))


def variable(unknown: Unknown) -> z3.ArithRef:
    """The integer that an unknown is."""
    return z3.Int(f"{type(unknown).__name__}:{unknown!r}")


@functools.cache
def equation(row: Row) -> z3.BoolRef:
    """A row as a term."""
    total = z3.Sum([factor * variable(unknown) for unknown, factor in row.terms])
    return total == row.change if row.terms else z3.BoolVal(row.change == 0)


@dataclass
class Solved:
    """A solution, or a smallest set of equations that contradict each other.

    besides: the names of what else takes part in the contradiction.
    """

    table: dict[Unknown, int] | None
    core: list[Row]
    besides: frozenset[str] = frozenset()


def consistent(rows_: Iterable[Row]) -> bool:
    """Whether equations have a solution."""
    solver = z3.SimpleSolver()
    solver.add(*(equation(row) for row in rows_))
    return solver.check() == z3.sat


def solve(system: System, besides: Sequence[tuple[z3.BoolRef, str]] = ()) -> Solved:
    """Solve equations over the integers, or find a smallest contradiction.

    The equations of the initial states belong to every contradiction.
    """
    solver = z3.Solver()
    solver.set("core.minimize", True)
    solver.add(*(equation(row) for row in system.base))
    labels: dict[str, Row] = {}
    for i, row in enumerate(system.rows):
        labels[f"row{i}"] = row
        solver.assert_and_track(equation(row), f"row{i}")
    for term, label in besides:
        solver.assert_and_track(term, label)
    answer = solver.check()
    if answer == z3.unsat:
        core = [str(c) for c in solver.unsat_core()]
        others = frozenset(core) - labels.keys()
        return Solved(None, [labels[c] for c in core if c in labels], others)
    assert answer == z3.sat, "linear equations are decided"
    model = solver.model()
    unknowns = dict.fromkeys(u for row in (*system.rows, *system.base) for u, _ in row.terms)
    return Solved(
        {u: model.eval(variable(u), model_completion=True).as_long() for u in unknowns}, []
    )


Found = tuple[tuple[list[Feature], list[Feature], list[str]], System, Solved]
"""Features that count, those that are spare, what is split; the equations, and their solution."""


class Inference:
    """Finds the table of a counted struct, with as few features and assumptions as it takes."""

    def __init__(
        self,
        program: Program,
        of: Counted,
        ways: Sequence[Way],
        facts: Facts,
        beginnings: Sequence[Mapping[str, list[int]]],
        *,
        assumed: Sequence[Assumed] = (),
    ) -> None:
        self.program, self.of, self.ways, self.facts = program, of, ways, facts
        self.beginnings = beginnings
        self.assumed = list(assumed)
        every = list(features(program, of, ()))
        self.features: list[Feature] = [f for f in every if f.how in ("names", "listed")]
        self.spare: list[Feature] = [f for f in every if f.how not in ("names", "listed")]
        self.split: list[str] = []
        self.cache: dict[tuple[object, ...], tuple[Way, list[Row]]] = {}
        """The equations of a way, by what they depend on; may be shared between programs.

        The way is kept with them: the numbers of its terms are part of the key.
        """
        self.found: dict[frozenset[tuple[Place, int]], Found] = {}
        self.system = System()
        self.core: list[Row] = []
        self.table: dict[Unknown, int] | None = None

    def infer(self, *, learn: bool = True) -> dict[Unknown, int] | None:
        """The table, or None where there is none.

        learn: finer features and assumptions may be tried where the equations contradict.
        """
        solved = self._learnt() if learn else None
        whole = self.of
        while learn and solved is None and self._split():
            self.found.clear()
            solved = self._learnt()
        if solved is None:
            self.of = whole
            self._restate()
            solved = solve(self.system)
        elif solved.table is not None:
            solved = self._without_idle(solved, solved.table)
        self.core, self.table = solved.core, solved.table
        return self.table

    def _learnt(self) -> Solved | None:
        """A solution with as few assumptions as it takes."""
        solved: Solved | None = None
        for most in range(DEEPEST + 1):
            solved = solved or self._find(most)
        return solved if solved is None or self._sound(solved) else None

    def _sound(self, solved: Solved) -> bool:
        """Whether nobody owes anything as a flag says: what is frozen, is frozen for sure."""
        table = solved.table or {}
        return not any(
            n < 0 and isinstance(u, Holder) and " if " in u.variable for u, n in table.items()
        )

    def _split(self) -> bool:
        """Tell a local apart by a flag next to it, where a contradiction was met; whether any."""
        met = [(system, row) for _, system, solved in self.found.values() for row in solved.core]
        found: dict[tuple[str, str], None] = {}
        for way in (w for system, row in met for w in system.rows[row]):
            for frame in (*way.before, *way.after):
                kinds = {id_: way.process.variables[id_].type for id_ in frame.live}
                flags = [id_ for id_, kind in kinds.items() if kind.kind == "bool"]
                locals_ = [id_ for id_, kind in kinds.items() if kind.of is self.of.struct]
                found.update(dict.fromkeys(itertools.product(locals_, flags)))
        fresh = [pair for pair in found if pair not in self.of.splits]
        one = {local: (local, flag) for local, flag in reversed(fresh)}  # a flag at a time
        self.of = replace(self.of, splits=(*self.of.splits, *one.values()))
        return bool(one)

    def _without_idle(self, solved: Solved, table: Mapping[Unknown, int]) -> Solved:
        """The same solution without the flags that were tried on the way and stand for nothing."""
        idle = [f for f in self.features if f.how in ("is", "some") and not table.get(f, 0)]
        if not idle:
            return solved
        self.features = [f for f in self.features if f not in idle]
        self._restate()
        return solve(self.system)

    def _find(self, deeper: int) -> Solved | None:
        """A solution, with at most so many further assumptions."""
        solved = self._settled()
        if solved.table is not None:
            return solved
        if not deeper:
            return None
        before = self.assumed
        kept = self.system, self.features, self.spare, list(self.split)
        for candidate in self._candidates(solved.core, before):
            tried = [*before, candidate]
            if not consistent([*self.system.base, *self._of_core(solved.core, tried)]):
                continue
            if not self._leaves_ways(tried, candidate.place):
                continue
            self.assumed = tried
            found = self._find(deeper - 1)
            if found is not None:
                return found
            self.system, self.features, self.spare, split = kept
            self.split, self.assumed = list(split), before
        return None

    def _settled(self) -> Solved:
        """The solution under what is assumed, with as few features as it takes; remembered."""
        key = frozenset((a.place, a.fact.number) for a in self.assumed)
        if key not in self.found:
            self._restate()
            solved = solve(self.system)
            while solved.table is None and self._refine(solved.core):
                self._restate()
                solved = solve(self.system)
            counted = self.features, self.spare, list(self.split)
            self.found[key] = counted, self.system, solved
        counted, self.system, solved = self.found[key]
        self.features, self.spare, split = counted
        self.split = list(split)
        return solved

    def _restate(self) -> None:
        self.system = System(base=self._base())
        for way in self.ways:
            self.system.add(way, self._rows(way, self.assumed))

    def _base(self) -> list[Row]:
        """The ledger of every element in every initial state."""
        found: dict[Row, None] = {}
        for values in self.beginnings:
            for f in range(1, self.of.number + 1):
                there = [(u, times(self.program, self.of, u, values, f)) for u in self.features]
                terms = tuple((u, n) for u, n in there if n)
                found[Row(terms, values[self.of.cell.key][f - 1])] = None
        return list(found)

    def _rows(self, way: Way, assumed: Sequence[Assumed]) -> list[Row]:
        said = [a.fact for a in assumed if a.place in way.places]
        about = way.stored.union(*map(names, way.path.conditions)) if said else way.stored
        more = [fact for fact in said if fact.cells & about]
        what = tuple(f for f in self.features if f.cell in way.stored or f.sibling in way.stored)
        key = (self.of.name, self.of.splits, way.key, what, *(f.number for f in more))
        if key not in self.cache:
            useful = [f for f in self.facts.known(way) if f.cells & way.stored] + more
            way.known = [f.term for f in useful]
            found = rows(self.program, self.of, way, what)
            self.cache[key] = way, found
        return self.cache[key][1]

    def _refine(self, core: Sequence[Row]) -> bool:
        """Count more kinds of things, or more finely, where a contradiction stores to them."""
        stored = {k for row in core for w in self.system.rows[row] for k, _ in w.path.stores}
        if not consistent(self.system.base):
            stored |= {f.cell for f in self.spare}
        near = [
            f.cell
            for f in self.features
            if f.how == "names" and not f.sibling and f.cell in stored and f.cell not in self.split
        ]
        for key in near:
            finer = [f for f in features(self.program, self.of, [key]) if f.cell == key]
            self.split.append(key)
            if len(finer) > 1 and {f.sibling for f in finer} & stored:
                self.features = [f for f in self.features if f.cell != key] + finer
                return True
        more = [f for f in self.spare if f.cell in stored]
        if not more:
            return False
        self.spare = [f for f in self.spare if f not in more]
        before = self.features
        self.features = [*before, *more]
        return True

    def _of_core(self, core: Sequence[Row], assumed: Sequence[Assumed]) -> Iterator[Row]:
        """What is left of a contradiction under more assumptions."""
        for row in core:
            if any(row in self._rows(way, assumed) for way in self.system.rows[row]):
                yield row

    def _candidates(self, core: Sequence[Row], assumed: list[Assumed]) -> list[Assumed]:
        """The dropped facts of fields that the steps of a contradiction overwrite."""
        taken = {(a.place, a.fact.cells, a.fact.index) for a in assumed}
        found: dict[tuple[Place, Fact], Assumed] = {}
        for row in core:
            for way in self.system.rows[row]:
                stored = {k for k, _ in way.path.stores}
                for frame in way.before:
                    where = way.process.name, frame.place
                    for fact in self.facts.dropped[where]:
                        said = (frame.place, fact.cells, fact.index)
                        if fact.cells & stored and said not in taken:
                            found[frame.place, fact] = Assumed(frame.place, fact)
        named = {f.cell for f in self.features if f.how == "names"}
        return sorted(found.values(), key=lambda a: not a.fact.cells <= named)

    def _leaves_ways(self, assumed: Sequence[Assumed], place: Place) -> bool:
        """Whether every way from a place can still be gone under assumptions about it."""
        said = [a.fact for a in assumed if a.place == place]
        return all(
            self.facts.possible(way, said)
            for way in self.ways
            if any(frame.place == place for frame in way.before)
        )


def determined(system: Iterable[Row]) -> set[Unknown]:
    """The unknowns that have the same value in every solution."""
    reduced: dict[Unknown, dict[Unknown, Fraction]] = {}
    for row in system:
        line = {u: Fraction(n) for u, n in row.terms}
        for pivot in [u for u in line if u in reduced]:
            _subtract(line, reduced[pivot], line.get(pivot, Fraction(0)))
        line = {u: n for u, n in line.items() if n}
        if not line:
            continue
        pivot = next(iter(line))
        line = {u: n / line[pivot] for u, n in line.items()}
        for other in reduced.values():
            if pivot in other:
                _subtract(other, line, other[pivot])
        reduced[pivot] = line
    return {pivot for pivot, line in reduced.items() if len(line) == 1}


def _subtract(
    line: dict[Unknown, Fraction], other: Mapping[Unknown, Fraction], factor: Fraction
) -> None:
    for unknown, n in other.items():
        left = line.get(unknown, Fraction(0)) - factor * n
        if left:
            line[unknown] = left
        else:
            line.pop(unknown, None)
