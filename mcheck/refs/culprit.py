"""Where a variant departs: the steps that break the table of the unmodified edition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import z3

from mcheck.lang.contract import Source
from mcheck.refs.equations import Holder, Row, Unknown, Way
from mcheck.refs.inference import System, consistent, equation, variable


@dataclass(frozen=True)
class Departure:
    """A step that does not keep the books, by the table of the unmodified edition.

    change: how much the count changes; explained: how much what explains it does.
    """

    way: Way
    row: Row
    change: int
    explained: int

    @property
    def line(self) -> Source:
        """Where the count is changed, or else where the step begins."""
        lines = self.way.origin.lines
        return lines[0] if lines else self.way.origin.source

    def __str__(self) -> str:
        target = self.way.origin.target
        where = f"{self.way.origin} at {self.line}" + (f", going to {target}," if target else "")
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

    core: the steps of a smallest contradiction; departures: the steps at which the unmodified
    edition's table is broken; repairs: the steps that would, changed alone, remove every
    contradiction.
    """

    core: tuple[str, ...]
    departures: tuple[Departure, ...]
    repairs: tuple[str, ...]


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


def culprit(system: System, core: Sequence[Row], table: Mapping[Unknown, int]) -> Culprit:
    """What is wrong with a variant whose equations contradict each other."""
    near = nearest(system, table)
    departures = [
        Departure(way, row, row.change, explained(row, near))
        for row, ways in system.rows.items()
        if row.change != explained(row, near)
        for way in ways[:1]
    ]
    steps = dict.fromkeys(str(way.origin) for row in core for way in system.rows[row])
    return Culprit(tuple(steps), tuple(departures), tuple(repairs(system, steps)))


def repairs(system: System, steps: Iterable[str]) -> list[str]:
    """The steps of a contradiction without whose equations there is a table."""
    found: list[str] = []
    for step in steps:
        left = [
            row for row, ways in system.rows.items() if any(str(way.origin) != step for way in ways)
        ]
        if consistent([*system.base, *left]):
            found.append(step)
    return found


def moved(
    table: Mapping[Unknown, int], unmodified: Mapping[Unknown, int]
) -> list[tuple[Holder, int, int]]:
    """Where a table says something else than that of the unmodified edition."""
    return [
        (unknown, unmodified[unknown], n)
        for unknown, n in table.items()
        if isinstance(unknown, Holder) and unknown in unmodified and unmodified[unknown] != n
    ]
