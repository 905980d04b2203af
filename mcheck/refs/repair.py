"""Changes of one step that would make contradicting equations agree, in the words of the source."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

import z3

from mcheck.lang.contract import Source
from mcheck.lang.emit.smt import number
from mcheck.lang.program import Program
from mcheck.refs.equations import Holder, Row, Unknown, rows
from mcheck.refs.features import Counted, Feature
from mcheck.refs.frames import Frame
from mcheck.refs.inference import System, equation
from mcheck.refs.ways import Way

Section = tuple[str, ...]
"""Ways from the same places to the same places."""


def section(way: Way) -> Section:
    """Where a way comes from, and where it goes to."""
    before = tuple(str(frame.place) for frame in way.before)
    return (*before, "->", *(str(frame.place) for frame in way.after[: len(before) + 1]))


@dataclass(frozen=True)
class Stretch:
    """Lines of a procedure that a way runs through, from `first` to `last`."""

    procedure: str
    file: str
    first: int
    last: int

    def has(self, file: str, line: int) -> bool:
        """Whether a line is in it, or is one of its ends."""
        if File(self.file).name != File(file).name:
            return False
        return self.first <= line <= self.last

    def __str__(self) -> str:
        return f"{self.procedure} ({self.file}:{self.first}-{self.last})"


@dataclass(frozen=True)
class Repair:
    """One step that counts one reference more or less.

    of: the local whose element it is; more: how many more the step should count; stretches: the
    lines at which this may be done; says: in words.
    """

    step: str
    of: str
    more: int
    stretches: tuple[Stretch, ...]
    says: str

    def names(self, file: str, line: int) -> bool:
        """Whether a line of the source is among those at which this may be done."""
        return any(stretch.has(file, line) for stretch in self.stretches)

    def __str__(self) -> str:
        return self.says


class Lines:
    """Where the procedures of a program stand."""

    def __init__(self, program: Program) -> None:
        """Look at the labels, and at the text of each procedure."""
        self.labels: dict[tuple[str, str], Source] = {}
        self.texts: dict[str, Stretch] = {}
        for process in program.processes:
            for step in process.steps:
                self.labels[step.procedure, step.label] = step.source
        for name, procedure in program.procedures.items():
            function: Any = getattr(procedure, "function", procedure)
            lines, first = inspect.getsourcelines(function)
            file = inspect.getsourcefile(function) or ""
            self.texts[name] = Stretch(name, file, first, first + len(lines) - 1)

    def at(self, frame: Frame) -> int:
        """The line of a label, or of a call."""
        place = frame.place
        if place.call:
            found = re.search(r":(\d+)$", place.point)
            return int(found[1]) if found else 0
        source = self.labels.get((place.procedure, place.point))
        return source.line if source else 0

    def covers(self, procedure: str, file: str, line: int) -> bool:
        """Whether a line is one of a procedure's."""
        return procedure in self.texts and self.texts[procedure].has(file, line)

    def stretches(self, way: Way) -> Iterator[Stretch]:
        """The lines that a way runs through, for each procedure that it does not just wait in."""
        same = {frame.place for frame in way.before} & {frame.place for frame in way.after}
        before = {f.place.procedure: f for f in way.before if f.place not in same}
        after = {f.place.procedure: f for f in way.after if f.place not in same}
        if not before and not after:  # from a line of a caller to the same line
            after = {f.place.procedure: f for f in way.after}
            before = after
        for procedure in {**before, **after}:
            text = self.texts.get(procedure)
            if text is not None:
                first = self.at(before[procedure]) if procedure in before else text.first
                last = self.at(after[procedure]) if procedure in after else text.last
                if first <= last:
                    yield replace(text, first=first, last=last)
                else:  # round a loop
                    yield replace(text, first=first)
                    yield replace(text, last=last)

    def longer(self, stretch: Stretch) -> Stretch:
        """A stretch and what comes behind it, up to the next label."""
        mine = [s.line for (p, _), s in self.labels.items() if p == stretch.procedure]
        end = self.texts[stretch.procedure].last
        return replace(stretch, last=min((n for n in mine if n > stretch.last), default=end))


@dataclass(frozen=True)
class Mending:
    """Finds every change of one step by which contradicting equations agree.

    features: what may stand for references; near: the table that is expected, for the words;
    known: what is known before a way.
    """

    program: Program
    of: Counted
    system: System
    features: Sequence[Feature]
    near: Mapping[Unknown, int]
    known: Callable[[Way], list[z3.BoolRef]]

    def repairs(self, core: Sequence[Row]) -> list[Repair]:
        """The repairs of the steps of a contradiction.

        What is changed is what goes from some places to some others, or runs through the same
        lines of a procedure, or is the same step.
        """
        every = {id(way): way for there in self.system.rows.values() for way in there}
        in_core = {id(way) for row in core for way in self.system.rows[row]}
        lines = Lines(self.program)
        places = {
            id_: (section(way), *lines.stretches(way), str(way.origin))
            for id_, way in every.items()
        }
        units: dict[object, list[Way]] = {u: [] for id_ in in_core for u in places[id_]}
        for id_, way in every.items():
            for unit in places[id_]:
                if unit in units:
                    units[unit].append(way)
        of_way: dict[int, list[Row]] = {}
        for row, there in self.system.rows.items():
            for way in there:
                of_way.setdefault(id(way), []).append(row)
        return [r for there in units.values() for r in self._of(there, lines, of_way)]

    def _of(
        self, ways: Sequence[Way], lines: Lines, of_way: Mapping[int, list[Row]]
    ) -> Iterator[Repair]:
        """What some ways may count more or less of the elements that their locals name."""
        mine = {id(way) for way in ways}
        solver = z3.SimpleSolver()
        solver.add(*(equation(row) for row in self.system.base))
        for row, there in self.system.rows.items():
            if any(id(way) not in mine for way in there):
                solver.add(equation(row))
        if solver.check() != z3.sat:
            return
        for way in ways:
            way.known = self.known(way)
        stretches = list(dict.fromkeys(s for way in ways for s in lines.stretches(way)))
        procedures = tuple(f"{s.procedure}." for s in stretches)
        for id_ in _locals(self.of, ways):
            if not id_.startswith(procedures):
                continue
            held = {n for u, n in self.near.items() if isinstance(u, Holder) and u.variable == id_}
            for more in (sign * n for n in sorted({1, *held}) if n > 0 for sign in (1, -1)):
                solver.push()
                solver.add(*(equation(row) for row in self._mended(ways, id_, more, of_way)))
                good = solver.check() == z3.sat
                solver.pop()
                if good:
                    dies = not any(id_ in frame.live for way in ways for frame in way.after)
                    where = [lines.longer(s) for s in stretches] if more < 0 and dies else stretches
                    yield self._repair(ways, id_, more, where)

    def _mended(
        self, ways: Sequence[Way], id_: str, more: int, of_way: Mapping[int, list[Row]]
    ) -> Iterator[Row]:
        for way in ways:
            if not _has(way, id_):
                yield from of_way[id(way)]
                continue
            changed = _counting(self.of, way, id_, more)
            stored = {key for key, _ in changed.path.stores}
            used = [f for f in self.features if stored & {f.cell, f.sibling}]
            yield from rows(self.program, self.of, changed, used)

    def _repair(
        self, ways: Sequence[Way], id_: str, more: int, stretches: Sequence[Stretch]
    ) -> Repair:
        own = [s for s in stretches if id_.startswith(f"{s.procedure}.")] or stretches[:1]
        says = _words(self.of, ways[0], (id_, more), own, self.near)
        return Repair(str(ways[0].origin), id_, more, tuple(stretches), says)


def _locals(of: Counted, ways: Sequence[Way]) -> list[str]:
    found: dict[str, None] = {}
    for way in ways:
        for frame in (*way.before, *way.after):
            for id_ in frame.live:
                kind = way.process.variables[id_].type
                if kind.kind == "ref" and kind.of is of.struct:
                    found[id_] = None
    return list(found)


def _has(way: Way, id_: str) -> bool:
    return any(id_ in frame.live for frame in (*way.before, *way.after))


def _counting(of: Counted, way: Way, id_: str, more: int) -> Way:
    """A way that counts some references more of what a local is."""
    path = way.path.copy()
    live = any(id_ in frame.live for frame in way.before)
    at = z3.simplify(number((way.path.before if live else way.path.after).local(id_)) - 1)
    key = of.cell.key
    path.after.cells[key] = z3.Store(path.after.array(key), at, path.after.cell(key, at) + more)
    path.stores = [*path.stores, (key, at)]
    path.conditions = [*path.conditions, at >= 0]
    return replace(way, path=path, known=way.known)


def _words(
    of: Counted,
    way: Way,
    change: tuple[str, int],
    stretches: Sequence[Stretch],
    near: Mapping[Unknown, int],
) -> str:
    """A repair in the words of the source."""
    id_, more = change
    name = id_.rsplit(".", 1)[-1]
    where = ", ".join(map(str, stretches)) or str(way.origin)
    key = of.cell.key
    stored = any(k == key for k, _ in way.path.stores)
    line = way.origin.lines[0] if way.origin.lines else None
    what = "a reference" if abs(more) == 1 else f"{abs(more)} references"
    if more > 0:
        call = _gives(way, near)
        if call:
            return f"{call} gives up {what} to {name} that no path to it holds"
        if stored and line is not None:
            return f"{way.origin} at {line} puts {what} to {name} that no path to it holds"
        return f"a get of {name} is missing in {where}"
    if stored and line is not None and _gets(of, way):
        return f"{way.origin} at {line} gets {what} to {name} that nobody puts"
    return f"a put of {name} is missing in {where}: {what} to it is lost"


def _gets(of: Counted, way: Way) -> bool:
    """Whether a way raises some count."""
    key = of.cell.key
    for stored, at in way.path.stores:
        if stored == key:
            with_more = z3.simplify(way.path.after.cell(key, at) - way.path.before.cell(key, at))
            if z3.is_int_value(with_more) and with_more.as_long() > 0:
                return True
    return False


def _gives(way: Way, near: Mapping[Unknown, int]) -> str:
    """The call by which a way hands a reference to a procedure that gives it up, if it does."""
    if len(way.after) < 2 or not way.after[1].place.call:
        return ""
    frame, caller = way.after[0], way.after[1]
    if any(caller.place == f.place for f in way.before):
        return ""
    if any(near.get(Holder(frame.place, id_), 0) > 0 for id_ in frame.live):
        callee, _, line = caller.place.point.partition("():")
        return f"{callee} at {caller.place.procedure}:{line}"
    return ""
