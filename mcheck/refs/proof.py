"""The ledger is inductive: one query a way through a step, over unbounded integers.

refcount(f) = sum over processes and their locals that name f of the table's numbers
            + sum over fields that name f, or say of f, of the table's numbers.

A step touches one process and a few fields. What all other processes and fields explain is an
integer that does not change; so the ledger is kept, however many there are, if and only if the
count changes by as much as what this process and these fields explain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import z3

from mcheck.lang.emit.smt import number
from mcheck.lang.program import Program
from mcheck.refs.equations import F, Unknown, changes, holders
from mcheck.refs.facts import Facts
from mcheck.refs.features import Counted, Feature, bounds
from mcheck.refs.inference import Assumed
from mcheck.refs.solvers import assuming
from mcheck.refs.ways import Way


@dataclass(frozen=True)
class Query:
    """One thing that was asked of z3: about which way, what, and the answer.

    via: the procedures through which it is gone, innermost first, if that matters.
    """

    way: Way
    asked: str
    proved: bool
    unknown: bool = False
    via: tuple[str, ...] = ()

    def __str__(self) -> str:
        answer = "proved" if self.proved else "unknown" if self.unknown else "REFUTED"
        via = f", called by {' < '.join(self.via)}" if self.via else ""
        return f"{self.way.origin} -> {self.way.origin.target}{via}: {self.asked}: {answer}"


LEDGER = "the count changes as what explains it"
COVERED = "no count falls below what this process still holds"


class Proof:
    """Proves the ledger of one counted struct from its table."""

    def __init__(
        self,
        program: Program,
        of: Counted,
        facts: Facts,
        table: Mapping[Unknown, int],
        assumed: Sequence[Assumed],
    ) -> None:
        self.program, self.of, self.facts = program, of, facts
        self.table, self.assumed = table, assumed
        self.features = [u for u in table if isinstance(u, Feature)]

    def prove(self, ways: Sequence[Way]) -> list[Query]:
        """Ask for every way through every step that touches a count or what explains it."""
        found: list[Query] = []
        for way in ways:
            found += self._ask(way)
        return found

    def _ask(self, way: Way) -> list[Query]:
        f = F
        key = self.of.cell.key
        changed = changes(self.program, self.of, way, self.features)
        counted = any(k == key for k, _ in way.path.stores)
        touched: list[Unknown] = [*changed.held, *changed.features]
        if not counted and not any(self.table.get(u, 0) for u in touched):
            return []
        parts = changed.explained(self.table)
        if not counted and not parts:
            return [Query(way, LEDGER, proved=True)]  # what one gives up another one takes over
        before = way.path.before.cell(key, f - 1)
        after = way.path.after.cell(key, f - 1)
        kept = z3.simplify(after - before == z3.Sum(parts))
        given = [f >= 1, f <= self.of.number, way.base]
        given += [*bounds(self.program, way.path), *self._known(way)]
        with assuming(given) as solver:
            found = [self._query(solver, way, LEDGER, kept)]
            if counted and found[0].proved:
                found.append(self._covered(solver, way, f, before, after))
        return found

    def _known(self, way: Way) -> list[z3.BoolRef]:
        places = {frame.place for frame in way.before}
        return [
            *(fact.term for fact in self.facts.known(way)),
            *(a.fact.term for a in self.assumed if a.place in places),
        ]

    def _covered(
        self, solver: z3.Solver, way: Way, f: z3.ArithRef, before: z3.ArithRef, after: z3.ArithRef
    ) -> Query:
        """With the rest not negative, the count after is at least what this process then holds.

        So a put that leaves 0 leaves no holder. Of a folio that the process itself has frozen
        the count is hidden, and nothing is asked.
        """
        mine: list[z3.ArithRef] = []
        later: list[z3.ArithRef] = []
        frozen: list[z3.BoolRef] = []
        for frames, world, into in (
            (way.before, way.path.before, mine),
            (way.after, way.path.after, later),
        ):
            for frame in frames:
                for holder, value in holders(way.process, self.of, frame, world):
                    n = self.table.get(holder, 0)
                    if n > 0:
                        into.append(z3.If(f == number(value), n, 0))
                    elif n < 0:
                        frozen.append(f == number(value))
        rest = z3.Int("rest")
        given = z3.And(rest >= 0, before == rest + z3.Sum(mine), z3.Not(z3.Or(frozen)))
        given = z3.And(given, rest + self._fields_lost(way, f) >= 0)
        return self._query(solver, way, COVERED, z3.Implies(given, after >= z3.Sum(later)))

    def _fields_lost(self, way: Way, f: z3.ArithRef) -> z3.ArithRef:
        changed = changes(self.program, self.of, way, self.features).features
        parts = [self.table[u] * t for u, t in changed.items() if self.table.get(u, 0)]
        return z3.Sum(parts)

    @staticmethod
    def _query(solver: z3.Solver, way: Way, asked: str, claim: z3.BoolRef) -> Query:
        solver.push()
        solver.add(z3.Not(claim))
        answer = solver.check()
        solver.pop()
        return Query(way, asked, answer == z3.unsat, answer == z3.unknown)
