"""A violation as a reviewer would write it: who did what in which order, and why that is wrong."""

from __future__ import annotations

import linecache

from mcheck.explorer.result import Result
from mcheck.explorer.trace import Trace
from mcheck.report.columns import MIN_WIDTH, table
from mcheck.report.phrases import fold, local, pack, place, plain, scope_text

START_LINES = 2
"""The initial state is only a reminder: what does not fit into so many lines is left out."""
_UNSET = frozenset({"0", "-", "null", "false", "none", ""})
"""How fields are shown that nobody has set; what an initial state has besides is worth a word."""


def race_table(result: Result, width: int = 100, token: str | None = None) -> str:
    """The trace of a result as a table, in lines of at most `width` characters.

    token: what `mcheck replay` takes to reproduce the trace; the last line tells the command.

    Raises:
        ValueError: width is less than MIN_WIDTH.
    """
    if width < MIN_WIDTH:
        raise ValueError(f"a race table needs at least {MIN_WIDTH} columns, not {width}")
    lines = fold(headline(result), width, rest="    ")
    if result.trace is not None:
        lines += _start(result.trace, width)
        if result.trace.events:
            lines += table(result.trace, width)
    lines += explanation(result, width)
    if token is not None:
        lines.append(f"replay: mcheck replay {token}")
    return "\n".join(line.rstrip() for line in lines)


def headline(result: Result) -> str:
    """Verdict, what is violated, after how many events, and the scope."""
    parts = [f"{result.verdict.value} {result.property or ''}".strip()]
    if result.trace is not None:
        # A random walk does not find the shortest way.
        how = "shortest" if result.seed is None else f"seed {result.seed}"
        parts.append(f"depth {result.trace.depth}, {how}")
    parts.append(", ".join(filter(None, (result.scenario, scope_text(result)))))
    return "   ".join(plain(part) for part in parts)


def explanation(result: Result, width: int) -> list[str]:
    """The lines that say why, who offends, and where a step failed."""
    lines = fold(local(plain(result.why)), width, "why: ", "     ") if result.why else []
    for offender in result.offenders:
        lines += fold(plain(offender), width, "     - ", "       ")
    failure = result.trace.failure if result.trace is not None else None
    if failure is not None:
        text = linecache.getline(failure.source.file, failure.source.line).strip()
        lines += fold(place(failure.source), width, "at:  ", "     ")
        lines += fold(text, width, "     ", "       ")
    return lines


def _start(trace: Trace, width: int) -> list[str]:
    """The fields that are set initially; first those that the trace changes."""
    touched = {change.name for event in trace.events for change in event.changed}
    set_ = [name for name, value in trace.start.items() if value.lower() not in _UNSET]
    names = [*(n for n in set_ if n in touched), *(n for n in set_ if n not in touched)]
    items = [plain(f"{name}={trace.start[name]}") for name in names]
    indent = len("start: ")
    shown = len(items)
    while True:
        left = len(items) - shown
        more = [f"and {left} more"] if left else []
        lines = pack([*items[:shown], *more], width - indent)
        if len(lines) <= START_LINES or not shown:
            break
        shown -= 1
    heads = ["start: ", *[" " * indent] * len(lines)]
    return [head + line for head, line in zip(heads, lines, strict=False)]
