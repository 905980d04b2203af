"""The models that a command line names, ready to be run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcheck.loading.asked import Selection, configured, selected, settings
from mcheck.loading.errors import UsageError
from mcheck.loading.targets import Target, load

if TYPE_CHECKING:
    from mcheck.lang.model import Model


@dataclass(frozen=True)
class Job:
    """One model to be checked. problem: why it cannot be, in which case it has no executable."""

    target: Target
    model: Model[Any]
    problem: str | None
    compiled: Selection | None

    @property
    def executable(self) -> Selection:
        """What an engine is given."""
        assert self.compiled is not None
        return self.compiled


def compiled(
    targets: Sequence[str], constants: Sequence[str], properties: Sequence[str]
) -> list[Job]:
    """All models that are named. They are compiled before the first is run: errors come early.

    A model that is refused becomes a job with a problem, so that the others are run.

    Raises:
        UsageError: a target, constant or property is not there.
    """
    from mcheck.lang.errors import ModelError

    values = settings(constants)
    jobs: list[Job] = []
    for name in targets:
        for target in load(name):
            model = configured(target.model, values)
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    executable = model.compile()
            except ModelError as error:
                jobs.append(Job(target, model, str(error), None))
            else:
                jobs.append(Job(target, model, None, selected(executable, properties)))
    return jobs


def only(target: str) -> Model[Any]:
    """The one model that a target names."""
    found = load(target)
    if len(found) > 1:
        raise UsageError(f"{target} has several models: name one, as in {found[0].reference}")
    return found[0].model
