"""All promises, where there is more to search: without a C compiler minutes, and gigabytes."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from mcheck.scenarios import SCENARIOS, Size
from properties.claims import Counts

COUNTS: dict[str, Counts] = {
    "anon-pin-fault": {"states": 2_239_928, "transitions": 8_999_698, "depth": 436},
    "anon-two-faults": {"states": 1_668_632, "transitions": 8_281_944, "depth": 437},
    "anon-forked-exit": {"states": 12_299_075, "transitions": 48_153_209, "depth": 519},
    "anon-munmap-fault": {"states": 359_968, "transitions": 1_430_998, "depth": 382},
    "anon-two-pages": {"states": 895_290, "transitions": 3_540_266, "depth": 805},
    "anon-two-pages-pin": {"states": 4_639_652, "transitions": 9_497_685, "depth": 1252},
    "anon-first-faults": {"states": 194_173, "transitions": 791_580, "depth": 344},
    "anon-forked-both": {"states": 47_895_356, "transitions": 242_063_054, "depth": 507},
    "file-cached-write": {"states": 1_371_836, "transitions": 3_836_774, "depth": 381},
    "file-two-pages": {"states": 701_436, "transitions": 1_438_116, "depth": 514},
    "file-write": {"states": 2_448_310, "transitions": 6_774_716, "depth": 565},
    "file-first-fault": {"states": 1_183_620, "transitions": 3_547_044, "depth": 518},
    "file-mapped-twice": {"states": 817_212, "transitions": 2_454_704, "depth": 557},
    "munmap-writeback": {"states": 5_388_780, "transitions": 25_707_791, "depth": 206},
}


def test_all_that_are_searched_now_and_then_are_claimed() -> None:
    assert list(COUNTS) == [name for name, each in SCENARIOS.items() if each.size is Size.CI]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", COUNTS)
def test_the_promises_hold(mcheck: Mcheck, scenario: str) -> None:
    mcheck(scenario).holds(**COUNTS[scenario])
