"""All promises, where there is more to search: minutes, and gigabytes."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import Counts

COUNTS: dict[str, Counts] = {
    "anon-pin-fault": {"states": 2_424_948, "transitions": 9_740_076, "depth": 427},
    "anon-two-faults": {"states": 3_299_536, "transitions": 16_370_544, "depth": 441},
    "anon-two-pages": {"states": 317_334, "transitions": 615_222, "depth": 804},
    "file-cached-write": {"states": 1_371_836, "transitions": 3_836_774, "depth": 381},
    "file-write": {"states": 2_448_310, "transitions": 6_774_716, "depth": 565},
    "file-first-fault": {"states": 1_183_620, "transitions": 3_547_044, "depth": 518},
    "file-mapped-twice": {"states": 817_212, "transitions": 2_454_704, "depth": 557},
}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", COUNTS)
def test_the_promises_hold(mcheck: Mcheck, scenario: str) -> None:
    mcheck(scenario).holds(**COUNTS[scenario])
