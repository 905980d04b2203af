"""The scenarios that are checked by name, and what can be set in them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mcheck.scenarios.anon import ANONYMOUS
from mcheck.scenarios.catalogue import Meeting, Scenario, Size
from mcheck.scenarios.file import FILES
from mcheck.scenarios.names import REASONS
from mcheck.scenarios.others import OTHERS


class NoSuchScenario(KeyError):
    """No scenario has the name. str() is a line that says which have one like it, or any."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        """Compose the line."""
        names = list(names)
        near = " or ".join(difflib.get_close_matches(name, names))
        told = f"did you mean {near}?" if near else f"there are {', '.join(names)}"
        super().__init__(f"no scenario {name!r}; {told}")

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would put quotes around it


class _Named(dict[str, Scenario]):
    """Scenarios by name, which say so where a name is wrong."""

    def __missing__(self, name: str) -> Scenario:
        raise NoSuchScenario(name, self)


SCENARIOS: dict[str, Scenario] = _Named({s.name: s for s in [*ANONYMOUS, *FILES, *OTHERS]})
"""All of them, in the order of presentation."""

SETTABLE = {
    "folios": (2, 8),
    "nodes": (1, 4),
    "max_refcount": (7, 63),
    "passes": (1, 10),
    "trying": (0, 10),
    "writenotify": (0, 1),
}
"""The constants that can be changed in a scenario, with the least and the greatest value.

The others say how many CPUs, address spaces and pages there are: who runs, and how the scenario
begins, is written for so many. A page is migrated to another frame, so there are two at least.
"""

__all__ = ["REASONS", "SCENARIOS", "SETTABLE", "Meeting", "Scenario", "Size"]
