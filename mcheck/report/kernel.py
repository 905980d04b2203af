"""A violation as kernel people draw races in commit logs: a column a CPU, plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcheck.explorer.result import Result
from mcheck.explorer.trace import Trace
from mcheck.report.columns import (
    GAP,
    Block,
    nested,
    outermost,
    overlaid,
    spread,
    stacked,
    titles,
)
from mcheck.report.phrases import counted, fold, label_text, plain, scope_text, setting
from mcheck.report.race import holders, holding, named, reasons
from mcheck.report.summary import verdict_line
from mcheck.report.telling import Step, shortened, steps

WIDTH = 75
"""What a commit message may have a line."""
_AIR = 6
"""So many characters are between columns beyond what must be, where there is room."""


def kernel_block(result: Result) -> str:
    """What can be pasted into a commit message, or into a comment; lines of at most 75 characters.

    A violation is drawn. Any other verdict is a comment of its own.
    """
    if result.trace is None:
        return _comment(result)
    drawn = _drawn(result, result.trace) if result.trace.events else []
    why = [line for reason in reasons(result) for line in fold(reason, WIDTH)]
    for offender in named(result):
        why += fold(offender, WIDTH, "  - ", "    ")
    for holder in holders(result):
        since = f", since {label_text(result.trace.events[holder.since - 1])}" * bool(holder.since)
        why += fold(holding(holder) + since, WIDTH)
    found = fold(f"Found by mcheck: {_source(result, result.trace)}", WIDTH, rest="  ")
    blocks = [block for block in (drawn, why, found) if block]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks)


def _source(result: Result, trace: Trace) -> str:
    return plain(f"{result.property}; {setting(result)}; {counted(trace.depth, 'step')}")


def _comment(result: Result) -> str:
    """The verdict as a comment in C."""
    parts = [verdict_line(result), scope_text(result), result.why]
    text = plain("; ".join(filter(None, parts))).replace("*/", "* /")
    return "\n".join(["/*", *fold(f"mcheck: {text}", WIDTH, " * ", " * "), " */"])


def _drawn(result: Result, trace: Trace) -> list[str]:
    """The trace in columns; where these do not fit, the turns of the processes one by one."""
    procedures = outermost(trace)
    headings = titles(trace, procedures)
    rows = list(nested(trace, procedures))
    drawn = shortened(steps(trace, rows, [*reasons(result), *named(result)]))
    starts = _starts(headings, drawn)
    return _turns(headings, drawn) if starts is None else _columns(headings, drawn, starts)


def _starts(headings: dict[int, str], drawn: Sequence[Step]) -> dict[int, int] | None:
    """Where the columns begin; None if they cannot be told apart.

    If there is room for all texts, what is left goes to the changes beside them.
    """
    texts, widths = _widths(headings, drawn)
    room = WIDTH - GAP * (len(texts) - 1)
    if sum(texts) <= room:
        while sum(widths) > room:
            spare = [width - text for width, text in zip(widths, texts, strict=True)]
            widths[spare.index(max(spare))] -= 1
        gap = GAP + min((room - sum(widths)) // max(len(widths) - 1, 1), _AIR)
        pitches = [width + gap for width in widths]
    else:
        found = spread(texts, WIDTH)
        if found is None:
            return None
        pitches = found
    return {actor: sum(pitches[:position]) for position, actor in enumerate(headings)}


def _widths(headings: dict[int, str], drawn: Sequence[Step]) -> tuple[list[int], list[int]]:
    """How wide the column of each process would be: with texts alone, and with changes beside."""
    texts: list[int] = []
    whole: list[int] = []
    for actor, heading in headings.items():
        own = [step for step in drawn if step.row.actor == actor]
        texts.append(max(len(heading), *(step.row.width for step in own)))
        whole.append(max(len(heading), *(step.row.indent + len(step.beside) for step in own)))
    return texts, whole


def _columns(headings: dict[int, str], drawn: Sequence[Step], starts: dict[int, int]) -> list[str]:
    ends = [*list(starts.values())[1:], WIDTH + GAP]
    pitches = [end - start for start, end in zip(starts.values(), ends, strict=True)]
    rules: list[Block] = [
        (start, ["-" * min(len(heading), pitch - GAP)])
        for start, heading, pitch in zip(starts.values(), headings.values(), pitches, strict=True)
    ]
    lines = [*stacked([], headings, starts, pitches, WIDTH), *overlaid(rules)]
    widths = dict(zip(headings, (pitch - GAP for pitch in pitches), strict=True))
    for step in drawn:
        start = starts[step.row.actor]
        block = list(_folded(step, widths[step.row.actor], WIDTH - start))
        lines += overlaid([(start, block)])
    return lines


def _turns(headings: dict[int, str], drawn: Sequence[Step]) -> list[str]:
    lines: list[str] = []
    before = -1
    for step in drawn:
        if step.row.actor != before:
            before = step.row.actor
            lines += fold(f"{headings[before]}:", WIDTH)
        lines += [f"  {line}" for line in _folded(step, WIDTH - 2, WIDTH - 2)]
    return lines


def _folded(step: Step, own: int, room: int) -> Iterator[str]:
    """A step in lines of at most `room`, with the first of its changes that fits.

    It stands beside the text; only what is telling has a line of its own.
    own: how wide the process's own column is. A text may run beyond it, as nobody else moves in
    this row; a change beside the text may not.
    """
    # A deep stack in a narrow column must leave room for the text.
    indent = " " * min(step.row.indent, room // 2)
    text = indent + step.row.text
    if step.last and len(step.changes) > 1:
        yield from fold(step.row.text, room, indent, f"{indent}  ")
        for change in step.changes:
            yield from fold(change, room, f"{indent}  ", f"{indent}    ")
        return
    for number, change in enumerate(step.changes, 1):
        if len(text) + 1 + len(change) <= own:
            yield f"{text} {change}"
            return
        if len(indent) + 2 + len(change) <= room and number <= step.telling:
            yield from fold(step.row.text, room, indent, f"{indent}  ")
            yield f"{indent}  {change}"
            return
    yield from fold(step.row.text, room, indent, f"{indent}  ")
