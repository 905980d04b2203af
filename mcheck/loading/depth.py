"""What is asked of a search by z3: how deep it is, and whether it proves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcheck.loading.errors import UsageError

if TYPE_CHECKING:
    from mcheck.loading.jobs import Job
    from mcheck.loading.workers import How


def consistent(how: How) -> None:
    """Make sure that a search by z3 has the options that it takes, and no other search has them.

    Raises:
        UsageError: they do not go together.
    """
    if how.engine != "z3":
        for option, given in (("--depth", how.depth is not None), ("--induction", how.induction)):
            if given:
                raise UsageError(f"{option} goes with --engine z3: others search to the end")
    elif how.depth is None:
        raise UsageError(
            "--engine z3 judges paths of up to so many steps: say how many, as in --depth 12"
        )
    elif how.induction and not how.depth:
        raise UsageError("--induction takes a step at least: --depth 1 or more")
    elif how.limits.states is not None:
        raise UsageError("--max-states: z3 counts no states; --depth says how far it looks")
    elif how.workers is not None:
        raise UsageError("--workers: z3 has one thread for each model; --jobs is for many models")


def provable(jobs: Sequence[Job]) -> None:
    """Make sure that all models have properties that induction can prove.

    Raises:
        UsageError: one has none.
    """
    for job in jobs:
        judged = [claim for claim in job.model.claims if claim.name not in job.left_out]
        if all(claim.kind == "cover" for claim in judged):
            has = "only covers to be judged" if judged else "no property"
            raise UsageError(
                f"--induction: {job.model.name} has {has}; what can be proved is what is always "
                f"true, or of every step"
            )
