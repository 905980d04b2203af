"""How a promise is claimed: it is judged in a scenario, and the scenario holds, with its counts."""

from __future__ import annotations

from typing import TypedDict

from mcheck.pytest_plugin import Mcheck
from mcheck.scenarios import SCENARIOS


class Counts(TypedDict):
    """What a search of all states comes to."""

    states: int
    transitions: int
    depth: int


COUNTS: dict[str, Counts] = {
    "anon-fault": {"states": 20_904, "transitions": 62_901, "depth": 407},
    "anon-compaction": {"states": 16_888, "transitions": 51_137, "depth": 376},
    "anon-first-fault": {"states": 26_513, "transitions": 80_037, "depth": 332},
    "anon-forked": {"states": 204_144, "transitions": 617_608, "depth": 452},
    "anon-pin": {"states": 33_933, "transitions": 68_109, "depth": 375},
    "anon-get": {"states": 30_733, "transitions": 61_687, "depth": 386},
    "anon-munmap": {"states": 19_188, "transitions": 56_512, "depth": 308},
    "anon-two-migrators": {"states": 36_884, "transitions": 74_564, "depth": 406},
    "anon-forked-alone": {"states": 145_910, "transitions": 440_282, "depth": 420},
    "anon-forked-munmap": {"states": 14_629, "transitions": 42_961, "depth": 283},
    "anon-forked-two-migrators": {"states": 43_735, "transitions": 88_476, "depth": 481},
    "file-fault": {"states": 762_684, "transitions": 2_287_288, "depth": 513},
    "file-read": {"states": 24_238, "transitions": 48_130, "depth": 379},
    "file-read-mapped": {"states": 34_916, "transitions": 68_938, "depth": 530},
    "file-writeback": {"states": 286_510, "transitions": 740_260, "depth": 511},
    "file-pin": {"states": 40_648, "transitions": 81_466, "depth": 323},
    "file-munmap": {"states": 10_582, "transitions": 31_273, "depth": 238},
    "file-two-migrators": {"states": 34_504, "transitions": 69_696, "depth": 450},
    "file-cached-writeback": {"states": 214_272, "transitions": 582_484, "depth": 335},
    "file-cached-two-migrators": {"states": 13_542, "transitions": 27_984, "depth": 280},
    "folio-lock": {"states": 48_630, "transitions": 163_930, "depth": 53},
    "writeback-fault": {"states": 427_043, "transitions": 1_628_471, "depth": 181},
    "munmap-first-fault": {"states": 1_725, "transitions": 5_148, "depth": 58},
    "munmap-first-file-fault": {"states": 1_662, "transitions": 5_033, "depth": 58},
}
"""Of the scenarios in which promises are claimed. A change of the protocol changes them."""


def claim(mcheck: Mcheck, scenario: str, *promises: str) -> None:
    """Check that the scenario judges these promises, and that it holds."""
    judged = {each.name for each in SCENARIOS[scenario].model.claims}
    assert judged.issuperset(promises), f"{scenario} does not judge {set(promises) - judged}"
    mcheck(scenario).holds(**COUNTS[scenario])
