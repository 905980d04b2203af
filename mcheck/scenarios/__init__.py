"""The scenarios that are checked by name."""

from __future__ import annotations

from mcheck.scenarios.anon import ANONYMOUS
from mcheck.scenarios.catalogue import Meeting, Scenario, Size
from mcheck.scenarios.file import FILES
from mcheck.scenarios.names import REASONS
from mcheck.scenarios.others import OTHERS

SCENARIOS: dict[str, Scenario] = {s.name: s for s in [*ANONYMOUS, *FILES, *OTHERS]}
"""All of them, in the order of presentation."""

__all__ = ["REASONS", "SCENARIOS", "Meeting", "Scenario", "Size"]
