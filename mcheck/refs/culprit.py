"""Where a variant departs: the steps that break the table of the unmodified edition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import z3

from mcheck.lang.contract import Source
from mcheck.refs.equations import Row, Unknown
from mcheck.refs.inference import Inference, System, consistent, equation, variable
from mcheck.refs.repair import Lines, Mending, Repair, Stretch
from mcheck.refs.ways import Way


@dataclass(frozen=True)
class Departure:
    """A step that does not keep the books, by the table of the unmodified edition.

    change: how much the count changes; explained: how much what explains it does; stretches: the
    lines that the step runs through.
    """

    way: Way
    row: Row
    change: int
    explained: int
    stretches: tuple[Stretch, ...]

    @property
    def line(self) -> Source:
        """Where the count is changed, or else where the step begins."""
        lines = self.way.origin.lines
        return lines[0] if lines else self.way.origin.source

    def __str__(self) -> str:
        target = self.way.origin.target
        through = ", ".join(map(str, self.stretches))
        where = f"{self.way.origin} at {self.line}"
        where += f", going to {target} through {through}," if target else ""
        if self.change < self.explained and self.change < 0:
            return f"{where} puts {-self.change} that its way does not give up"
        if self.change > self.explained and self.change > 0:
            return f"{where} gets {self.change} that nobody keeps"
        if self.change < self.explained:
            more = self.explained - self.change
            return f"{where} goes on as if it had {more} more than were taken"
        return f"{where} forgets {self.change - self.explained}"


@dataclass(frozen=True)
class Culprit:
    """Why a variant has no table.

    equations: a smallest contradiction, with base, those of the initial states; core: the steps
    that they come from; departures: the steps at which the unmodified
    edition's table is broken; repairs: what would, done alone, remove every contradiction.
    """

    core: tuple[str, ...]
    departures: tuple[Departure, ...]
    repairs: tuple[Repair, ...]
    equations: tuple[Row, ...]
    base: tuple[Row, ...]

    def names(self, file: str, line: int) -> bool:
        """Whether a line of the source is among those that are told.

        Those at which a repair may be made, and those of the steps that depart.
        """
        departs = any(s.has(file, line) for d in self.departures for s in d.stretches)
        return departs or any(repair.names(file, line) for repair in self.repairs)


def explained(row: Row, table: Mapping[Unknown, int]) -> int:
    """How much what explains a count changes in a case, by a table."""
    return sum(factor * table.get(unknown, 0) for unknown, factor in row.terms)


def nearest(system: System, table: Mapping[Unknown, int]) -> dict[Unknown, int]:
    """The table for the unknowns of another program: new ones take what spoils the least.

    MaxSMT: the known table is kept, every equation is soft.
    """
    new = [u for u in system.unknowns() if u not in table]
    if not new:
        return dict(table)
    touched = [r for r in system.rows if any(u in new for u, _ in r.terms)]
    optimize = z3.Optimize()
    for unknown in dict.fromkeys(u for r in touched for u, _ in r.terms):
        if unknown in table:
            optimize.add(variable(unknown) == table[unknown])
    for row in touched:
        optimize.add_soft(equation(row))
    for unknown in new:
        optimize.add_soft(variable(unknown) == 0, weight="0.1")
    if optimize.check() != z3.sat:
        return dict(table)
    model = optimize.model()
    values = {u: model.eval(variable(u), model_completion=True).as_long() for u in new}
    return {**table, **values}


def minimal(system: System, core: Sequence[Row]) -> list[Row]:
    """A contradiction without any equation that it does not need."""
    kept = list(core)
    for row in core:
        rest = [other for other in kept if other is not row]
        if not consistent([*system.base, *rest]):
            kept = rest
    return kept


def culprit(inference: Inference, table: Mapping[Unknown, int]) -> Culprit:
    """What is wrong with a variant whose equations contradict each other."""
    system = inference.system
    near = nearest(system, table)
    core = minimal(system, inference.core)
    lines = Lines(inference.program)
    departures = [
        Departure(way, row, row.change, explained(row, near), tuple(lines.stretches(way)))
        for row, ways in system.rows.items()
        if row.change != explained(row, near)
        for way in ways[:1]
    ]
    steps = dict.fromkeys(str(way.origin) for row in core for way in system.rows[row])

    def known(way: Way) -> list[z3.BoolRef]:
        places = {frame.place for frame in way.before}
        assumed = [a.fact for a in inference.assumed if a.place in places]
        return [fact.term for fact in (*inference.facts.known(way), *assumed)]

    more = inference.features, near, known
    mended = Mending(inference.program, inference.of, system, *more).repairs(core)
    said = {str(repair): repair for repair in mended}
    mend = tuple(said.values())
    return Culprit(tuple(steps), tuple(departures), mend, tuple(core), tuple(system.base))
