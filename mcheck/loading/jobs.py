"""The models that a command line names, ready to be run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mcheck.loading.asked import Selection, configured, judged, selected, settings
from mcheck.loading.errors import UsageError
from mcheck.loading.replaced import idle
from mcheck.loading.targets import Target, load

if TYPE_CHECKING:
    from mcheck.lang.model import Model


@dataclass(frozen=True)
class Job:
    """One model to be run: constants and properties as the command line has them."""

    target: Target
    constants: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()

    @property
    def model(self) -> Model[Any]:
        """The model with the constants that are asked for."""
        return self.target.model

    @cached_property
    def executable(self) -> Selection:
        """What an engine is given. It is compiled only when it is asked for.

        Raises:
            ModelError: the model is refused.
        """
        with contextlib.redirect_stdout(sys.stderr):
            return selected(self.model.compile(), self.properties)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of the properties that are not judged."""
        if not self.properties:
            return ()
        return tuple(c.name for c in self.model.claims if c.name not in self.properties)

    @property
    def notes(self) -> list[str]:
        """What is probably not meant, though it can be run: a line each."""
        return [f"{self.model.name}: {text}" for text in idle(self.model)]


def prepared(
    targets: Iterable[Target], constants: Sequence[str] = (), properties: Sequence[str] = ()
) -> list[Job]:
    """The targets with other constants, and only some of their properties.

    Raises:
        UsageError: a model has no such constant or property.
    """
    values = settings(constants)
    jobs: list[Job] = []
    for target in targets:
        judged(target.model, properties)
        model = configured(target.model, values)
        about = f"{target.about}; {', '.join(constants)}" if constants and target.about else ""
        changed = replace(target, model=model, about=about or target.about)
        jobs.append(Job(changed, tuple(constants), tuple(properties)))
    return jobs


def loaded(targets: Iterable[str]) -> list[Target]:
    """All models that are named.

    Raises:
        UsageError: a target is not there.
    """
    return [target for name in targets for target in load(name)]


def only(target: str) -> Model[Any]:
    """The one model that a target names."""
    found = load(target)
    if len(found) > 1:
        raise UsageError(f"{target} has several models: name one, as in {found[0].reference}")
    return found[0].model
