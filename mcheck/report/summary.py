"""The verdict of a check in a few lines, and the verdicts of many checks in one table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcheck.explorer.result import Result, Verdict
from mcheck.report.grid import grid
from mcheck.report.phrases import counted, duration, fold, plain, scope_text, stopped_by

_HEADINGS = (
    "scenario",
    "verdict",
    "property",
    "states",
    "transitions",
    "depth",
    "seconds",
    "stopped by",
    "scope",
)
_NUMBERS = frozenset({"states", "transitions", "depth", "seconds"})


def verdict_line(result: Result) -> str:
    """The verdict and the counts: "HOLDS S: 88,644 states, ..., exhausted in 3.1 s".

    Only HOLDS says "exhausted", as only then all states were searched.
    """
    name = f"{result.verdict.value} {plain(result.scenario)}"
    if result.verdict is Verdict.ERROR:
        return f"{name}: {plain(result.why)}"
    counts = f"{counted(result.states, 'state')}, {counted(result.transitions, 'transition')}"
    depth = f"depth {result.depth}"
    took = duration(result.seconds)
    match result.verdict:
        case Verdict.HOLDS:
            open_ = f"; {counted(len(result.undecided), 'claim')} left out" * bool(result.undecided)
            return f"{name}: {counts}, {depth}, exhausted in {took}{open_}"
        case Verdict.VIOLATED:
            # Not the depth: how far the search was is not how long the trace is.
            return f"{name}: {result.property}; {counts}, found in {took}"
        case _:
            return f"{name}: {counts}, {depth}, not exhausted in {took}"


def verdict_text(result: Result, width: int = 100) -> str:
    """The verdict line, and below it the scope and all that the verdict does not cover."""
    lines = fold(verdict_line(result), width, rest="    ")
    for head, text in _notes(result):
        lines += fold(plain(text), width, f"  {head}: ", "    ")
    return "\n".join(lines)


def _notes(result: Result) -> Iterable[tuple[str, str]]:
    yield "scope", scope_text(result) or "no constants"
    yield "engine", _engine(result)
    if result.verdict is Verdict.BOUNDED:
        yield "why", result.why
    if result.reductions:
        yield "reductions", ", ".join(result.reductions)
    if result.unreached:
        yield "labels that never ran", ", ".join(result.unreached)
    if result.uncovered:
        yield "covers not hit", ", ".join(result.uncovered)
    if result.undecided:
        yield "undecided", ", ".join(result.undecided)


def _engine(result: Result) -> str:
    return result.engine if result.seed is None else f"{result.engine}, seed {result.seed}"


def summary_table(results: Sequence[Result], width: int = 100) -> str:
    """One row a check, in lines of at most `width` characters, if 100 or more are given."""
    cells = [_cells(result) for result in results]
    used = [
        heading
        for heading in _HEADINGS
        if heading in ("scenario", "verdict") or any(row[heading] for row in cells)
    ]
    return grid(used, [[[row[heading]] for heading in used] for row in cells], width, _NUMBERS)


def _cells(result: Result) -> dict[str, str]:
    return {
        "scenario": plain(result.scenario),
        "verdict": result.verdict.value,
        "property": plain(result.property or ""),
        "states": f"{result.states:,}",
        "transitions": f"{result.transitions:,}",
        "depth": str(result.depth),
        "seconds": f"{result.seconds:.2f}",
        "stopped by": stopped_by(result) if result.verdict is Verdict.BOUNDED else "",
        "scope": scope_text(result),
    }
