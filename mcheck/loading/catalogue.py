"""The one way to the built-in scenarios. The kernel is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcheck.loading.errors import UsageError, known
from mcheck.loading.modules import explained

if TYPE_CHECKING:
    from mcheck.lang.model import Model
    from mcheck.scenarios.catalogue import Scenario
    from mcheck.zoo.bug import Bug

SIZES = ("default", "ci", "deep")
"""The names of the sizes, smallest first; known here so that a typo needs no kernel."""


@dataclass(frozen=True)
class Catalogue:
    """What can be asked for by name.

    scenarios, bugs: by name, in the order of presentation; editions: their titles by name;
    edition: the one that is meant where none is named; reasons: why no scenario has an actor
    meet a migrator on a page of some kind, by (actor, kind).
    """

    scenarios: Mapping[str, Scenario]
    bugs: Mapping[str, Bug]
    editions: Mapping[str, str]
    edition: str
    reasons: Mapping[tuple[str, str], str]

    def scenario(self, name: str) -> Scenario:
        """The scenario of that name.

        Raises:
            UsageError: there is none.
        """
        return self.scenarios[known("scenario", name, self.scenarios)]

    def bug(self, name: str) -> Bug:
        """The bug of that name.

        Raises:
            UsageError: there is none.
        """
        return self.bugs[known("variant", name, self.bugs)]

    def with_bug(self, bug: Bug, scenario: Scenario | None = None) -> Model[Any]:
        """A scenario with the bug in it; the bug's own where none is given.

        Raises:
            UsageError: the scenario does not run what the bug changes.
        """
        from mcheck.lang.errors import ModelError

        try:
            model = bug.model if scenario is None else bug.planted(scenario)
        except ModelError as error:
            where = bug.scenario if scenario is None else scenario
            raise UsageError(f"{bug.name} cannot be put into {where.name}: {error}") from error
        return replace(model, variant=bug.name)


def builtin() -> Catalogue:
    """The catalogue that mcheck comes with.

    Raises:
        UsageError: the kernel's own text, which a user may have changed, is wrong.
    """
    with explained("the built-in scenarios", Path(__file__).parents[1]):
        from mcheck.impl.editions import DEFAULT_EDITION, EDITIONS
        from mcheck.scenarios import REASONS, SCENARIOS
        from mcheck.zoo import BUGS
    editions = {name: edition.title for name, edition in EDITIONS.items()}
    return Catalogue(SCENARIOS, BUGS, editions, DEFAULT_EDITION, REASONS)


source: Callable[[], Catalogue] = builtin
"""Where the catalogue comes from: a global function, so that its name can be sent to a worker."""


def catalogue() -> Catalogue:
    """What can be asked for by name, here and now."""
    return source()
