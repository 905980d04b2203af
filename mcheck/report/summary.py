"""The verdict of a check in a few lines, and the verdicts of many checks in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from textwrap import shorten

from mcheck.explorer.result import Result, Verdict
from mcheck.report.grid import grid
from mcheck.report.phrases import (
    common_scope,
    counted,
    duration,
    fold,
    plain,
    scope_parts,
    scope_text,
    stopped_by,
)

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
_LEAST = 16
"""The characters that a text gets at least, however narrow the line."""
_OVERVIEW = ("scenario", "verdict", "states", "transitions", "depth", "seconds", "about")
_WHOLE = frozenset({"scenario", "verdict"})
_NUMBERS = frozenset({"states", "transitions", "depth", "seconds"})
_NOT_HIT, _UNDECIDED = "covers not hit", "undecided"


def verdict_line(result: Result) -> str:
    """The verdict and the counts: "HOLDS S: 88,644 states, ..., exhausted in 3.1 s".

    Only HOLDS says "exhausted", as only then all states were searched, or what was proved instead.
    """
    name = f"{result.verdict.value} {plain(result.scenario)}"
    if result.verdict is Verdict.ERROR:
        return f"{name}: {plain(result.why)}"
    counts = f"{counted(result.states, 'state')}, {counted(result.transitions, 'transition')}, "
    counts = counts if result.counted else ""
    depth = f"depth {result.depth}, " * result.judged()
    took = duration(result.seconds)
    open_ = f"; {counted(len(result.undecided), 'claim')} left out" * bool(result.undecided)
    match result.verdict:
        case Verdict.HOLDS if result.proof:
            rest = f"; not judged: {', '.join(result.undecided)}" * bool(result.undecided)
            return f"{name}: {plain(result.proof)}, in {took}{rest}"
        case Verdict.HOLDS:
            return f"{name}: {counts}{depth}exhausted in {took}{open_}"
        case Verdict.VIOLATED:
            # Not the depth: how far the search was is not how long the trace is.
            return f"{name}: {result.property}; {counts}found in {took}"
        case _:
            return f"{name}: {counts}{depth}not exhausted in {took}"


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
    if result.unreached and result.verdict is Verdict.HOLDS:
        yield "labels that never ran", f"{len(result.unreached)}, as the scenario says"
    if result.uncovered:
        yield _NOT_HIT, ", ".join(result.uncovered)
    if result.undecided and not result.proof:
        yield _UNDECIDED, ", ".join(result.undecided)


def _engine(result: Result) -> str:
    return result.engine if result.seed is None else f"{result.engine}, seed {result.seed}"


def summary_table(results: Sequence[Result], width: int = 100) -> str:
    """One row a check, in lines of at most `width` characters, if 100 or more are given.

    The scope that all have in common is left to `shared_scope`.
    """
    common = common_scope(results)
    cells = [_cells(result) for result in results]
    for row, result in zip(cells, results, strict=True):
        row["scope"] = ", ".join(part for part in scope_parts(result) if part not in common)
    used = [
        heading
        for heading in _HEADINGS
        if heading in ("scenario", "verdict") or any(row[heading] for row in cells)
    ]
    return grid(used, [[[row[heading]] for heading in used] for row in cells], width, _NUMBERS)


def shared_scope(results: Sequence[Result], width: int = 100) -> str:
    """What the scopes of all checks in a table have in common; empty if nothing."""
    common = ", ".join(common_scope(results))
    return "\n".join(fold(plain(common), width, "scope of all: ", "    ")) if common else ""


def overview_table(results: Sequence[Result], abouts: Sequence[str], width: int = 100) -> str:
    """One row a check, with what it is about, as far as there is room for it in the line.

    abouts: what each check is about; the scope stands for one that is empty.
    """
    rows: list[list[list[str]]] = []
    cells = [_cells(result) for result in results]
    taken = sum(
        2 + max(len(heading), *(len(row[heading]) for row in cells)) for heading in _OVERVIEW[:-1]
    )
    for result, row, about in zip(results, cells, abouts, strict=True):
        text = plain(about) or scope_text(result)
        row["about"] = shorten(text, max(width - taken, _LEAST), placeholder=" ...")
        rows.append([[row[heading]] for heading in _OVERVIEW])
    return grid(_OVERVIEW, rows, width, _NUMBERS, _WHOLE)


def _cells(result: Result) -> dict[str, str]:
    # What was refused before it was searched has no counts.
    ran = result.verdict is not Verdict.ERROR or result.judged()
    return {
        "scenario": plain(result.scenario),
        "verdict": result.verdict.value,
        "property": plain(result.property or ""),
        "states": f"{result.states:,}" * (ran and result.counted),
        "transitions": f"{result.transitions:,}" * (ran and result.counted),
        "depth": str(result.depth) * result.judged(),
        "seconds": f"{result.seconds:.2f}" * ran,
        "stopped by": stopped_by(result) if result.verdict is Verdict.BOUNDED else "",
        "scope": scope_text(result),
    }


def totals(results: Sequence[Result], width: int = 100) -> str:
    """What there is to say below a table: how many hold, what is common, what is not judged."""
    counts = Counter(result.verdict for result in results)
    tally = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]]
    parts = [", ".join(tally)]
    for head, values in (
        ("edition", [result.edition for result in results]),
        ("engine", [_engine(result) for result in results if result.engine != "none"]),
        ("reductions", [name for result in results for name in result.reductions]),
    ):
        there = dict.fromkeys(filter(None, values))
        if there:
            parts.append(f"{head} {', '.join(there)}")
    lines = fold("; ".join(parts), width, rest="    ")
    for claims, names in _left_open(results).items():
        text = plain(f"{', '.join(claims)}; in {', '.join(names)}")
        lines += fold(text, width, f"{_UNDECIDED}: ", "    ")
    return "\n".join(lines)


def _left_open(results: Sequence[Result]) -> dict[tuple[str, ...], list[str]]:
    """The claims that are not judged where all else holds, and the scenarios they are of."""
    found: dict[tuple[str, ...], list[str]] = {}
    for result in results:
        if result.verdict is Verdict.HOLDS and result.undecided:
            found.setdefault(result.undecided, []).append(result.scenario)
    return found


def gaps(result: Result, width: int = 100) -> str:
    """What a check leaves open, for below a table; empty if nothing, or if nothing is claimed.

    Labels that never ran are many, and not told here: a search that holds has only such of which
    the scenario itself says so, and one that is bounded has them among what is undecided.
    """
    bounded = result.verdict is Verdict.BOUNDED
    missed = result.verdict is Verdict.VIOLATED and result.trace is not None
    heads = {"why", _UNDECIDED} if bounded else {_NOT_HIT} if missed else set[str]()
    notes = [(head, text) for head, text in _notes(result) if head in heads]
    lines = fold(verdict_line(result), width, rest="    ") if notes else []
    for head, text in notes:
        lines += fold(plain(text), width, f"  {head}: ", "    ")
    return "\n".join(lines)
