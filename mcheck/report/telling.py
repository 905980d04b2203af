"""What of a trace is worth a line in a commit log: which steps, and which of their changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from mcheck.explorer.trace import Change, Event, Trace
from mcheck.report.columns import Row
from mcheck.report.phrases import change_text, label_text

ALONE = 10
"""So many steps that a process makes in a row are all told."""
FIRST, LAST = 1, 6
"""Of more, so many are told at the beginning and at the end: the middle is where it is alone."""
_WORTH_DOTS = 2
"""So many rows or fewer are not worth being replaced."""


@dataclass(frozen=True)
class Step:
    """One row, and what it changed, the most telling first.

    telling: how many of the changes are what the race is about: of something that the reason
    names, or that several processes change; last: it is the step in which all goes wrong, and
    of which nothing is left out.
    """

    row: Row
    changes: tuple[str, ...] = ()
    telling: int = 0
    last: bool = False

    @property
    def beside(self) -> str:
        """The text with its change on the same line."""
        return " ".join((self.row.text, *self.changes[:1]))


def steps(trace: Trace, rows: Sequence[Row], reasons: Iterable[str]) -> list[Step]:
    """The rows with their changes; reasons: what is said of the violation.

    A step that is called as its procedure stands in the row that names the procedure.
    """
    words = _words(reasons)
    changers = _changers(trace)
    found: list[Step] = []

    def rank(change: Change) -> int:
        # "A" has too many fields to say which of them is meant.
        inside = any("." in word and change.name.startswith(f"{word}.") for word in words)
        if inside or change.name in words:
            return 0
        return 1 if len(changers[change.name]) > 1 else 2

    def step(row: Row, event: Event) -> Step:
        last = event is trace.events[-1]
        if last and trace.failure is not None:
            return Step(row, (f"(fails: {trace.failure.kind})",), 1)
        changes = sorted(event.changed, key=rank)
        # What the last step does is what is wrong.
        telling = len(changes) if last else sum(rank(change) < 2 for change in changes)
        told = tuple(f"({change_text(change)})" for change in changes)
        return Step(row, told, telling, last=last)

    for row in rows:
        if row.number is None:
            found.append(Step(row))
            continue
        event = trace.events[row.number - 1]
        procedure = f"{label_text(event)}()"
        if found and found[-1].row.number is None and found[-1].row.text == procedure:
            above = found.pop().row
            text = row.text.replace(label_text(event), procedure, 1)
            found.append(step(replace(row, indent=above.indent, text=text), event))
        else:
            found.append(step(row, event))
    return found


def _words(reasons: Iterable[str]) -> frozenset[str]:
    words = (word for reason in reasons for word in re.split(r"[\s,;:()]+", reason))
    return frozenset(word.rstrip(".") for word in words)


def _changers(trace: Trace) -> dict[str, set[int]]:
    """Who changes each field: what several change is what a race is about."""
    found: dict[str, set[int]] = {}
    for event in trace.events:
        for change in event.changed:
            found.setdefault(change.name, set()).add(event.actor)
    return found


def shortened(whole: Iterable[Step]) -> list[Step]:
    """The steps without the middle of what a process does for long while all others stand still.

    Steps with a telling change stay, and so do the procedures around all that stays.
    """
    turns = groupby(whole, key=lambda step: step.row.actor)
    return [step for _, turn in turns for step in _shortened(list(turn))]


def _shortened(turn: list[Step]) -> list[Step]:
    places = [place for place, step in enumerate(turn) if step.row.number is not None]
    if len(places) <= ALONE:
        return turn
    telling = (place for place in places if turn[place].telling)
    kept = {*places[:FIRST], *places[-LAST:], *telling}
    kept |= {around for place in kept for around in _around(turn, place)}
    shown: list[Step] = []
    for stays, group in groupby(range(len(turn)), key=kept.__contains__):
        run = [turn[place] for place in group]
        if stays or len(run) <= _WORTH_DOTS:
            shown += run
        else:
            first = run[0].row
            shown.append(Step(Row(None, first.actor, first.indent, "...")))
    return shown


def _around(turn: list[Step], place: int) -> Iterable[int]:
    """The rows that name the procedures around a step, if they were entered in its turn."""
    indent = turn[place].row.indent
    for before in range(place - 1, -1, -1):
        row = turn[before].row
        if row.number is None and row.indent < indent:
            indent = row.indent
            yield before
