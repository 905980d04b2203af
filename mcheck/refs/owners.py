"""Who has an element for himself: the holder of its lock bit, the owner of one that nobody counts.

The same equations as for references, about two things that an element has at most once:

- its lock bit: change of the bit = change of who has it;
- a count of 0: who takes the count to 0, by a last put or by a freeze, has the element for
  himself until it is on a free list or has references again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import z3

from mcheck.lang.emit.smt import World
from mcheck.lang.program import Cell, Program
from mcheck.refs.calls import Names
from mcheck.refs.equations import Complement, F, Holder, Row, Unknown, changes, product
from mcheck.refs.facts import Facts
from mcheck.refs.features import Counted, Feature, bounds, own_index, times
from mcheck.refs.inference import System, equation, variable
from mcheck.refs.solvers import assuming
from mcheck.refs.ways import Way, ranges

LOCKED, FREE = "locked", "free"
"""The names of a bit that is a lock, and of one that says that an element is on a free list."""


@dataclass(frozen=True)
class Owned:
    """Something that an element has at most once, and that is somebody's.

    cells: what it depends on; there: how many there are of the element f; features: the fields
    that may have it.
    """

    name: str
    cells: frozenset[str]
    there: Callable[[World, z3.ArithRef], z3.ArithRef]
    features: tuple[Feature, ...] = ()


@dataclass(frozen=True)
class Owners:
    """Where a local, or a field, owns an element in some way; nowhere, if that is not known."""

    places: frozenset[Holder] = frozenset()
    features: frozenset[Feature] = frozenset()


@dataclass
class Known:
    """Equations that were found before, by what they depend on."""

    rows: dict[tuple[object, ...], tuple[Way, list[Row]]] = field(
        default_factory=dict[tuple[object, ...], tuple[Way, list[Row]]]
    )


def bit(program: Program, of: Counted, name: str) -> tuple[Cell, int] | None:
    """A flag of a counted struct, and what to add to an element's index for it."""
    for cell in program.cells.values():
        if cell.name == name and cell.type.kind == "bool" and cell.length == 1:
            offset = own_index(program, of, cell)
            if offset is not None and cell.constant is None:
                return cell, offset
    return None


def lock_bit(program: Program, of: Counted) -> Owned | None:
    """The lock bit of a counted struct, if it has one."""
    found = bit(program, of, LOCKED)
    if found is None:
        return None
    cell, offset = found
    return Owned(
        "lock", frozenset({cell.key}), lambda world, f: world.cell(cell.key, f - 1 + offset)
    )


def uncounted(program: Program, of: Counted) -> Owned:
    """A count of 0."""
    found = bit(program, of, FREE)
    flag = () if found is None else (Feature(found[0].key, "is", 1),)
    key = of.cell.key
    cells = frozenset({key, *(f.cell for f in flag)})
    return Owned(
        "uncounted",
        cells,
        lambda world, f: z3.If(world.cell(key, f - 1) == 0, z3.IntVal(1), z3.IntVal(0)),
        flag,
    )


def owners(  # noqa: PLR0917
    program: Program,
    of: Counted,
    what: Owned,
    system: System,
    facts: Facts,
    names: Names,
    table: Mapping[Unknown, int],
    known: Known,
) -> Owners:
    """Solve the equations about something owned; nobody, where they contradict each other.

    system: the equations of the references, for their ways; what is owned may change in others,
    which move no reference.
    """
    ways = {id(way): way for there in system.rows.values() for way in there}
    plain = _by_number(program, of, what, facts.ways)
    for way in facts.ways:
        if way.stored & what.cells or way.process.name in plain:
            ways[id(way)] = way
    books = _Books(program, of, what, facts, names, table, known, plain)
    found = _solve(books.rows(ways.values()))
    return found if _begins(program, of, found, facts.beginnings) else Owners()


def _by_number(
    program: Program, of: Counted, what: Owned, ways: Iterable[Way]
) -> dict[str, list[int]]:
    """The elements that a kind of process locks or unlocks by their plain numbers.

    It has no local that names them: where it stands says whether it has locked them.
    """
    found: dict[str, dict[int, None]] = {}
    for way in ways if of.cell.key not in what.cells else ():
        for key, at in way.path.stores:
            if key in what.cells and isinstance(at, z3.IntNumRef):
                offset = own_index(program, of, program.cells[key]) or 0
                found.setdefault(way.process.name, {})[at.as_long() + 1 - offset] = None
    return {kind: sorted(numbers) for kind, numbers in found.items()}


def _begins(
    program: Program, of: Counted, found: Owners, beginnings: Iterable[Mapping[str, list[int]]]
) -> bool:
    """Whether no field owns an element in an initial state whose count is not 0 there."""
    return not any(
        values[of.cell.key][f - 1] and times(program, of, feature, values, f)
        for feature in found.features
        for values in beginnings
        for f in range(1, of.number + 1)
    )


@dataclass(frozen=True)
class _Books:
    """Makes the equations about something owned."""

    program: Program
    of: Counted
    what: Owned
    facts: Facts
    names: Names
    table: Mapping[Unknown, int]
    known: Known
    plain: Mapping[str, list[int]]

    def rows(self, ways: Iterable[Way]) -> dict[Row, set[str]]:
        """All equations, and the kinds of processes that each comes from."""
        found: dict[Row, set[str]] = {}
        for way in ways:
            for row in self._of(way):
                found.setdefault(row, set()).add(way.process.name)
        return found

    def _of(self, way: Way) -> list[Row]:
        """The equations of one way, which may be known already."""
        plain = self.plain.get(way.process.name, [])
        if not way.stored & self.what.cells:
            key: tuple[object, ...] = (self.of.name, "moves", way.key, *plain)
            if key not in self.known.rows:
                self.known.rows[key] = way, list(self._moves(way))
            return self.known.rows[key][1]
        live = [(Holder(frame.place, id_), id_) for frame in way.before for id_ in frame.live]
        frozen = frozenset(id_ for holder, id_ in live if self.table.get(holder, 0) < 0)
        key = (self.of.name, self.what.name, way.key, frozen, *plain)
        if key not in self.known.rows:
            self.known.rows[key] = way, self._cases(way, frozen)
        return self.known.rows[key][1]

    def _moves(self, way: Way) -> Iterator[Row]:
        """The equations of a way that changes nothing of what is owned: only by what name it is.

        A case for each name of an element, whether it can be met or not.
        """
        changed = changes(self.program, self.of, way, ())
        first = self.names.first(way.process.name, way.before)
        cases: dict[str, dict[Unknown, int]] = {}
        for holder, named in changed.held.items():
            for i, n in named.items():
                term = changed.named[i]
                text = term.decl().name() if z3.is_const(term) else f"{i}"
                case = cases.setdefault(first.get(text, text), {})
                case[holder] = case.get(holder, 0) + n
        for case in cases.values():
            terms = tuple((u, n) for u, n in case.items() if n)
            if terms:
                yield Row(terms, 0)
        for standing in self._standing(way).values():
            yield Row(tuple(standing.items()), 0)

    def _standing(self, way: Way) -> dict[int, dict[Unknown, int]]:
        """For each element that a process locks by its number: where it goes, and from where."""
        found: dict[int, dict[Unknown, int]] = {}
        for number in self.plain.get(way.process.name, ()):
            name = f"{way.process.name}#{number}"
            for frames, n in ((way.before[:1], -1), (way.after[:1], 1)):
                for frame in frames:
                    moved = found.setdefault(number, {})
                    moved[Holder(frame.place, name)] = moved.get(Holder(frame.place, name), 0) + n
        moved = {i: {u: n for u, n in there.items() if n} for i, there in found.items()}
        return {i: there for i, there in moved.items() if there}

    def _cases(self, way: Way, frozen: Collection[str]) -> list[Row]:
        """The equations of a way that may change what is owned: as many as imply all others."""
        f = F
        path, there = way.path, self.what.there
        changed = changes(self.program, self.of, way, self.what.features)
        unknowns: list[Unknown] = [*changed.held, *changed.features]
        terms: list[z3.ArithRef] = [
            z3.Sum([z3.If(f == changed.named[i], n, 0) for i, n in times.items()])
            for times in changed.held.values()
        ]
        terms += changed.features.values()
        for number, moved in self._standing(way).items():
            unknowns += moved
            terms += [z3.If(f == number, n, 0) for n in moved.values()]
        terms.append(z3.simplify(there(path.after, f) - there(path.before, f)))
        given = [f >= 1, f <= self.of.number, *path.conditions, *bounds(self.program, path)]
        given += [*ranges(way), *(fact.term for fact in self.facts.known(way))]
        given += [*_flags(self.what, way), *self.names.within(way.process.name, way.before)]
        found: list[Row] = []
        beyond = Complement(len(terms))
        with assuming(given) as solver:
            solver.add(*_counts(self.of, way, solver, frozen))
            while beyond.normals:
                solver.add(z3.Or([product(normal, terms) != 0 for normal in beyond.normals]))
                answer = solver.check()
                if answer == z3.unknown:
                    return [Row((), 1)]  # contradicts itself: nobody is known to own anything
                if answer == z3.unsat:
                    break
                model = solver.model()
                values = [model.eval(t, model_completion=True).as_long() for t in terms]
                beyond.include(values)
                factors = zip(unknowns, values, strict=False)
                found.append(Row(tuple((u, v) for u, v in factors if v), values[-1]))
        return found


def _counts(
    of: Counted, way: Way, solver: z3.Solver, frozen: Iterable[str]
) -> Iterator[z3.BoolRef]:
    """What is known of the counts that a way changes.

    Of an element that the process has frozen it is 0. Of any other it is not, wherever the way
    can be gone so: somebody has a reference by which the process got there, or it is told that
    nothing keeps the element.
    """
    key = of.cell.key
    hidden = [z3.simplify(z3.Int(id_) - 1) for id_ in frozen]
    for at in hidden:
        yield way.path.before.cell(key, at) == 0
    for stored, at in dict.fromkeys(way.path.stores):
        if stored == key and not any(at.eq(other) for other in hidden):
            here = [way.path.before.cell(key, at) >= 1, *(at != other for other in hidden)]
            if satisfiable(solver, here):
                yield z3.And(here)


def satisfiable(solver: z3.Solver, terms: Iterable[z3.BoolRef]) -> bool:
    """Whether terms can hold besides what a solver has been told."""
    solver.push()
    solver.add(*terms)
    answer = solver.check()
    solver.pop()
    return answer != z3.unsat


def _flags(what: Owned, way: Way) -> Iterator[z3.BoolRef]:
    """A field that may own an element is not stored to with what it is already."""
    cells = {feature.cell for feature in what.features}
    for key, at in way.path.stores:
        if key in cells:
            yield way.path.before.cell(key, at) != way.path.after.cell(key, at)


def _solve(rows: Mapping[Row, set[str]]) -> Owners:
    """The smallest solution without debts. Who cannot be explained leaves nothing explained."""
    solution = _solution(list(rows))
    if solution is None:
        return Owners()
    return Owners(
        frozenset(u for u in solution if isinstance(u, Holder)),
        frozenset(u for u in solution if isinstance(u, Feature)),
    )


def _solution(rows: Sequence[Row]) -> list[Unknown] | None:
    """The unknowns that are 1, where each is 0 or 1; None if there is no solution."""
    solver = z3.Solver()
    unknowns = dict.fromkeys(u for row in rows for u, _ in row.terms)
    solver.add(*(z3.And(variable(u) >= 0, variable(u) <= 1) for u in unknowns))
    solver.add(*(equation(row) for row in rows))
    if solver.check() != z3.sat:
        return None
    model = solver.model()
    return [u for u in unknowns if model.eval(variable(u), model_completion=True).as_long() == 1]
