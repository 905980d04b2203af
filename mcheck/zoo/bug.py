"""A bug that was really in the kernel: what it changes, and what that breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcheck.lang import Model
from mcheck.lang.procedures import Procedure
from mcheck.scenarios.catalogue import Scenario


@dataclass(frozen=True)
class Bug:
    """One historical bug, as a change to the protocol.

    name: what it is asked for by; title: one line; commit: the fix, with a "?" behind the hash
    if it was not seen beside its title; year: of the fix; violates: the property, or the kind of
    failure, that finds it; scenario: where it is found, and where the fixed form holds;
    replaced: the procedures that the bug changes, by the name of what they replace.
    """

    name: str
    title: str
    commit: str
    year: int
    violates: str
    scenario: Scenario
    replaced: Mapping[str, Procedure[Any, Any]] = field(
        default_factory=dict[str, Procedure[Any, Any]]
    )

    @property
    def model(self) -> Model[Any]:
        """The scenario with the bug in it."""
        return self.scenario.model.replace(self.name, **self.replaced)

    def planted(self, scenario: Scenario) -> Model[Any]:
        """Another scenario with the bug in it.

        Raises:
            ModelError: the scenario does not run what the bug changes.
        """
        return scenario.model.replace(f"{scenario.name}+{self.name}", **self.replaced)
