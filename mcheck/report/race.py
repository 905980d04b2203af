"""A violation as a reviewer would write it: who did what in which order, and why that is wrong."""

from __future__ import annotations

import linecache
import re

from mcheck.explorer.result import Result
from mcheck.explorer.trace import Reference, Trace
from mcheck.report.columns import MIN_WIDTH, table
from mcheck.report.phrases import fold, is_sentence, local, pack, place, plain, setting

START_LINES = 2
"""The initial state is only a reminder: what does not fit into so many lines is left out."""
_UNSET = frozenset({"0", "-", "null", "false", "none", ""})
"""How fields are shown that nobody has set; what an initial state has besides is worth a word."""
_IS_FALSE = re.compile(r"^\w+ is false (?:in the last state|for the last step): ")
"""How engines begin the sentence that has the first line of a property's docstring."""


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
    parts.append(setting(result))
    return "   ".join(plain(part) for part in parts)


def explanation(result: Result, width: int) -> list[str]:
    """The lines that say why, who offends, and where a step failed."""
    lines: list[str] = []
    for number, sentence in enumerate(reasons(result)):
        head = "     " if number else "why: "
        lines += fold(sentence, width, head, "     " if number == 0 else "       ")
    for offender in named(result):
        lines += fold(offender, width, "     - ", "       ")
    for holder in holders(result):
        since = f"since {holder.since}" if holder.since else "from the start"
        lines += fold(f"{holding(holder)}, {since}", width, "     ", "       ")
    failure = result.trace.failure if result.trace is not None else None
    if failure is not None:
        text = linecache.getline(failure.source.file, failure.source.line).strip()
        lines += fold(place(failure.source), width, "at:  ", "     ")
        lines += fold(text, width, "     ", "       ")
    return lines


def reasons(result: Result) -> list[str]:
    """Why the verdict is what it is: one sentence, or the promise and then what breaks it."""
    why = local(plain(result.why))
    sentences = [plain(offender) for offender in result.offenders if is_sentence(offender)]
    if sentences:
        # That it is false is clear from what follows.
        why = _IS_FALSE.sub("", why)
    return [text for text in (why, *sentences) if text]


def named(result: Result) -> list[str]:
    """The things that break a property, where it only names them."""
    return [plain(offender) for offender in result.offenders if not is_sentence(offender)]


def holders(result: Result) -> list[Reference]:
    """Who owns a reference, at the end, to something that the reasons name."""
    if result.trace is None:
        return []
    # A promise is in words of its own, in which "A" is no folio.
    text = " ".join(result.offenders or [result.why])
    words = {word.rstrip(".").partition(".")[0] for word in re.split(r"[\s,;:()]+", text)}
    return [held for held in result.trace.references if held.element in words]


def holding(held: Reference) -> str:
    """Who owns a reference: "CPU1 holds A (speculative)"."""
    return f"{held.process} holds {held.element} ({held.kind})"


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
