"""A trace as plain text, one line an event: for logs, and for diffs of two traces."""

from __future__ import annotations

from mcheck.explorer.result import Result
from mcheck.explorer.trace import Event
from mcheck.report.phrases import change_text, choices_text, place, plain, qualified
from mcheck.report.race import headline


def trace_text(result: Result) -> str:
    """Headline, initial state, events and reason, each on one line however long.

    Nothing is aligned, so that a longer name in one line does not change the others.
    """
    lines = [headline(result)]
    trace = result.trace
    if trace is not None:
        fields = ", ".join(f"{name}={value}" for name, value in trace.start.items())
        lines.append(plain(f"0 start [{fields}]"))
        lines += [event_line(number, event) for number, event in enumerate(trace.events, 1)]
        if trace.failure is not None:
            failure = trace.failure
            lines.append(plain(f"fails: {failure.kind}: {failure.message} {place(failure.source)}"))
    if result.why:
        lines.append(plain(f"why: {result.why}"))
    lines += [plain(f"offender: {offender}") for offender in result.offenders]
    return "\n".join(lines)


def event_line(number: int, event: Event) -> str:
    """One event: "3 CPU0 move_mapping.store [slot[0]: A -> B] model.py:12"."""
    parts = [str(number), event.process, qualified(event), choices_text(event.choices)]
    if event.changed:
        parts.append(f"[{', '.join(change_text(change) for change in event.changed)}]")
    parts.append(place(event.source))
    return plain(" ".join(parts))
