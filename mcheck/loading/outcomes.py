"""Running one job, whatever comes of it."""

from __future__ import annotations

import bdb
import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from mcheck.explorer.native import CannotCompile
from mcheck.explorer.result import Result, Verdict
from mcheck.lang.errors import ModelError
from mcheck.loading.jobs import Job
from mcheck.report.phrases import stopped_by
from mcheck.report.progress import progress

if TYPE_CHECKING:
    from mcheck.explorer.limits import Progress

Runs: TypeAlias = "Callable[[Job, Progress | None], Result]"
"""Runs a job; it may report its progress."""


@dataclass(frozen=True)
class Outcome:
    """What came of a job. internal: mcheck itself went wrong; the result is an ERROR then."""

    result: Result
    internal: bool = False

    @property
    def interrupted(self) -> bool:
        """Whether somebody ended the run from the keyboard."""
        bounded = self.result.verdict is Verdict.BOUNDED
        return bounded and "interrupt" in stopped_by(self.result)


def attempt(job: Job, engine: Runs, *, visible: bool = False) -> Outcome:
    """Run a job. What goes wrong is part of the outcome, so that other jobs are run.

    visible: show the progress, where somebody can see it.
    """
    try:
        # A model that prints must not spoil what programs read.
        with (
            contextlib.redirect_stdout(sys.stderr),
            progress(job.model.name, wanted=visible) as shown,
        ):
            result = engine(job, shown)
    except (ModelError, CannotCompile) as error:
        return Outcome(failed(job, str(error)))
    except bdb.BdbQuit:
        raise
    except Exception as error:
        if os.environ.get("MCHECK_DEBUG"):
            traceback.print_exception(error)
        return Outcome(failed(job, internal_error(error)), internal=True)
    left_out = tuple(f"{name} (left out)" for name in job.left_out)
    return Outcome(_known(job, replace(result, undecided=(*result.undecided, *left_out))))


def failed(job: Job, why: str) -> Result:
    """The result of a job that could not be run."""
    model = job.model
    nothing = Result(model.name, Verdict.ERROR, "none", 0, 0, 0, 0.0, model.constants, why=why)
    return _known(job, nothing)


def internal_error(error: Exception) -> str:
    """What went wrong in mcheck itself, in a line."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error: {what} (set MCHECK_DEBUG=1 for the traceback)"


def _known(job: Job, result: Result) -> Result:
    """The result with what an engine does not know."""
    return replace(result, edition=job.model.edition, variant=job.model.variant)
