"""All promises, where there is more to search: minutes, and gigabytes."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from mcheck.scenarios import SCENARIOS, Size


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", [name for name, each in SCENARIOS.items() if each.size is Size.CI]
)
def test_the_promises_hold(mcheck: Mcheck, scenario: str) -> None:
    mcheck(scenario).holds()
