"""How the events of a trace stand in columns.

Side by side: each process has a column. Only one process moves in a row, so a text may run into
the columns to its right; that is how six processes fit into 100 characters.
List: where even that is too narrow, or the processes too many, a column names the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from mcheck.explorer.trace import Event, Trace
from mcheck.report.phrases import (
    change_text,
    choices_text,
    fold,
    label_text,
    pack,
    plain,
    qualified,
)

MIN_WIDTH = 40
"""Narrower than this no layout can keep within the width."""
GAP = 2
MIN_PITCH = 6
"""Columns closer to each other than this cannot be told apart by eye."""
ENOUGH = 24
"""What the rightmost process can always use, unless its texts are shorter anyway."""

Block = tuple[int, Sequence[str]]
"""Where a piece of text begins in a row, and its lines."""


@dataclass(frozen=True)
class Row:
    """One row, not yet laid out. number is None for the name of a procedure just entered."""

    number: int | None
    actor: int
    indent: int
    text: str
    changed: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How wide the text is if it is not folded."""
        return self.indent + len(self.text)


@dataclass(frozen=True)
class Sizes:
    """The widths of a table: of all, of the numbers with their margin, of the changes."""

    width: int
    numbers: int
    changes: int

    @property
    def end(self) -> int:
        """Where the texts of the processes must end."""
        return self.width - self.changes - GAP

    def ending(self, end: int) -> Sizes:
        """The same, with all that the processes do not need given to the changes."""
        return replace(self, changes=self.width - min(end, self.end) - GAP)


def table(trace: Trace, width: int) -> list[str]:
    """The lines of the table for a trace that has events, none longer than `width`.

    Raises:
        ValueError: width is less than MIN_WIDTH.
    """
    if width < MIN_WIDTH:
        raise ValueError(f"a race table needs at least {MIN_WIDTH} columns, not {width}")
    return _side_by_side(trace, width) or _list(trace, width)


def _changes(trace: Trace, number: int) -> tuple[str, ...]:
    """What stands in the last column of an event, counted from 0."""
    if trace.failure is not None and number == trace.depth - 1:
        return (f"fails: {trace.failure.kind}",)
    return tuple(change_text(change) for change in trace.events[number].changed)


def _step_text(label: str, event: Event) -> str:
    return plain(f"{label} {choices_text(event.choices)}")


# Side by side


def _side_by_side(trace: Trace, width: int) -> list[str]:
    """The table with a column for each process; empty if the width does not allow it."""
    procedures = outermost(trace)
    rows = list(nested(trace, procedures))
    headings = titles(trace, procedures)
    naturals = [
        max(len(heading), *(row.width for row in rows if row.actor == actor))
        for actor, heading in headings.items()
    ]
    sizes = _sizes(trace, rows, sum(naturals) + GAP * (len(naturals) - 1), width)
    pitches = spread(naturals, sizes.end - sizes.numbers)
    if pitches is None:
        return []
    starts = {
        actor: sizes.numbers + sum(pitches[:position]) for position, actor in enumerate(headings)
    }
    ends = [starts[row.actor] + row.width for row in rows]
    ends += [start + len(headings[actor]) for actor, start in starts.items()]
    sizes = sizes.ending(max(ends))
    lines = _head(headings, starts, pitches, sizes)
    for row in rows:
        start = starts[row.actor]
        lines += _laid_out(row, (start, _text(row, sizes.end - start)), sizes)
    return lines


def outermost(trace: Trace) -> dict[int, str]:
    """For each process that takes part, in order: its outermost procedure, if it has only one."""
    found: dict[int, set[str]] = {}
    for event in trace.events:
        found.setdefault(event.actor, set()).add(event.inside[0] if event.inside else "")
    return {actor: min(names) if len(names) == 1 else "" for actor, names in sorted(found.items())}


def titles(trace: Trace, procedures: dict[int, str]) -> dict[int, str]:
    """What stands over the column of each process: its name and outermost procedure."""
    names = {event.actor: plain(event.process) for event in trace.events}
    return {actor: _heading(names[actor], name) for actor, name in procedures.items()}


def _heading(process: str, procedure: str) -> str:
    if not procedure:
        return process
    return f"{procedure}()" if process == procedure else f"{process} {procedure}()"


def nested(trace: Trace, procedures: dict[int, str]) -> Iterator[Row]:
    """The rows, with one more wherever a process enters a procedure."""
    entered: dict[int, tuple[str, ...]] = {
        actor: (name,) if name else () for actor, name in procedures.items()
    }
    for number, event in enumerate(trace.events):
        # What the heading names already is not indented again.
        outside = 1 if procedures[event.actor] else 0
        both = zip(entered[event.actor], event.inside, strict=False)
        known = len(list(takewhile(lambda pair: pair[0] == pair[1], both)))
        for depth, name in enumerate(event.inside[known:], known):
            yield Row(None, event.actor, 2 * (depth - outside), f"{name}()")
        entered[event.actor] = event.inside
        depth = max(len(event.inside) - outside, 0)
        text = _step_text(label_text(event), event)
        yield Row(number + 1, event.actor, 2 * depth, text, _changes(trace, number))


def spread(naturals: list[int], room: int) -> list[int] | None:
    """From one column to the next: enough for all its text, or as far apart as the room allows.

    None if some columns could not be told apart, or had no room for their text.
    """
    wanted = [natural + GAP for natural in naturals]
    if sum(wanted) - GAP <= room or len(wanted) == 1:
        return wanted
    free = room - min(max(naturals), ENOUGH)
    for cap in range(max(wanted), MIN_PITCH - 1, -1):
        pitches = [min(pitch, cap) for pitch in wanted]
        if sum(pitches[:-1]) <= free:
            return pitches
    return None


def _head(
    headings: dict[int, str], starts: dict[int, int], pitches: list[int], sizes: Sizes
) -> list[str]:
    lines = stacked([_number("#", sizes)], headings, starts, pitches, sizes.end)
    lines[0] = lines[0].ljust(sizes.end + GAP) + "changed"
    return lines


def stacked(
    above: list[str],
    headings: dict[int, str],
    starts: dict[int, int],
    pitches: list[int],
    end: int,
) -> list[str]:
    """The headings over their columns; where one would run into the next, that stands below it.

    above: lines that there are already, to the left of all columns.
    """
    lines = list(above)
    for (actor, heading), pitch in zip(headings.items(), pitches, strict=True):
        start = starts[actor]
        fits = len(heading) <= pitch - GAP
        parts = [heading] if fits else heading.rsplit(" ", 1)
        block = [line for part in parts for line in fold(part, end - start)]
        top = 0
        while any(len(line) >= start > 0 for line in lines[top : top + len(block)]):
            top += 1
        lines += [""] * (top + len(block) - len(lines))
        for offset, line in enumerate(block, top):
            lines[offset] = lines[offset].ljust(start) + line
    return lines


# List


def _list(trace: Trace, width: int) -> list[str]:
    """The table with one column that names the process, at the beginning of each of its turns."""
    rows = [
        Row(
            number + 1,
            event.actor,
            0,
            _step_text(qualified(event), event),
            _changes(trace, number),
        )
        for number, event in enumerate(trace.events)
    ]
    longest = max(len(plain(event.process)) for event in trace.events)
    names = min(max(longest, len("process")), width // 5)
    steps = max(row.width for row in rows)
    sizes = _sizes(trace, rows, names + GAP + steps, width)
    start = sizes.numbers + names + GAP
    sizes = sizes.ending(start + max(steps, len("step")))
    head: list[Block] = [
        (0, [_number("#", sizes)]),
        (sizes.numbers, ["process"]),
        (start, ["step"]),
        (sizes.end + GAP, ["changed"]),
    ]
    lines = overlaid(head)
    before = -1
    for row, event in zip(rows, trace.events, strict=True):
        name = fold(plain(event.process), names) if row.actor != before else []
        block = (start, _text(row, sizes.end - start))
        lines += _laid_out(row, block, sizes, (sizes.numbers, name))
        before = row.actor
    return lines


# Both


def _sizes(trace: Trace, rows: Iterable[Row], texts: int, width: int) -> Sizes:
    """How much the changes get: all they want, or what the texts leave, or a fair share."""
    numbers = GAP + len(str(trace.depth)) + GAP
    changed = [row.changed for row in rows]
    longest = max((len(item) for items in changed for item in items), default=0)
    wanted = max(len("changed"), *(len(", ".join(items)) for items in changed))
    room = width - numbers - GAP
    fair = min(wanted, max(longest + 1, ENOUGH), room * 2 // 5)
    return Sizes(width, numbers, max(min(wanted, room - texts), fair))


def _number(text: str, sizes: Sizes) -> str:
    return text.rjust(sizes.numbers - GAP)


def _text(row: Row, width: int) -> list[str]:
    # A deep stack in a narrow column must leave room for the text.
    indent = " " * min(row.indent, width // 2)
    return fold(row.text, width, indent, f"{indent}  " if len(indent) + 2 < width else indent)


def _laid_out(row: Row, text: Block, sizes: Sizes, name: Block = (0, ())) -> list[str]:
    number = [] if row.number is None else [_number(str(row.number), sizes)]
    changes = pack(list(row.changed), sizes.changes)
    return overlaid([(0, number), name, text, (sizes.end + GAP, changes)])


def overlaid(blocks: list[Block]) -> list[str]:
    """The blocks next to each other, as lines; they must be given from left to right."""
    lines = [""] * max(len(block) for _, block in blocks)
    for start, block in blocks:
        for offset, line in enumerate(block):
            lines[offset] = lines[offset].ljust(start) + line
    return lines
