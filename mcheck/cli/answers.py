"""What the commands do with what has come of their jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcheck.cli.program import BOUNDED, INTERNAL, INTERRUPTED, VIOLATED, WORST_FIRST
from mcheck.explorer.native.cache import folder
from mcheck.report.console import Entry, Format, Output, complain

if TYPE_CHECKING:
    from mcheck.explorer.result import Result
    from mcheck.loading import Job, Target
    from mcheck.loading.outcomes import Outcome

_UNITS = ("", "K", "M", "G", "T")


def size_in_bytes(text: str) -> int:
    """A size such as 4G, 500M or 1.5GiB, in bytes."""
    from mcheck.loading import UsageError

    digits = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = digits[-1:] if digits[-1:] in _UNITS else ""
    try:
        size = float(digits.removesuffix(unit)) * 1024 ** _UNITS.index(unit)
        if size >= 1:
            return int(size)
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"--max-memory {text}: write a size such as 4G, 500M or 1.5G")


def show(
    jobs: Sequence[Job], outcomes: Iterable[tuple[Job, Outcome]], form: Format, width: int
) -> int:
    """Print what comes of the jobs, and tell the worst exit code."""
    for job in jobs:
        for note in job.notes:
            complain(note)
    output = Output(form, width, several=len(jobs) > 1)
    codes: set[int] = set()
    notes: dict[str, None] = {}
    left = list(jobs)
    for job, outcome in outcomes:
        left.remove(job)
        notes[outcome.result.note] = None
        codes.add(INTERNAL if outcome.internal else outcome.result.verdict.exit_code)
        token = _recorded(job.target, outcome.result)
        output.show(Entry(outcome.result, token, job.target.about))
    output.finish()
    for note in filter(None, notes):
        complain(note)
    if left:
        complain(f"interrupted; not checked: {', '.join(job.model.name for job in left)}")
        codes.add(BOUNDED)
    if len(left) == len(jobs):
        return INTERRUPTED
    return next(code for code in WORST_FIRST if code in codes)


def recordings() -> Path:
    """Where recordings are kept."""
    return folder() / "recordings"


def _recorded(target: Target, result: Result) -> str | None:
    """The token of the recorded violation; None if there is nothing to record."""
    from mcheck.explorer.recording import record, save

    if result.trace is None or result.verdict.exit_code != VIOLATED:
        return None
    recording = record(result, target.reference)
    try:
        save(recording, recordings())
    except OSError as error:
        complain(f"not recorded for replay: {error}")
        return None
    return recording.token
