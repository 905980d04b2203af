"""The rate of a search in each quarter of its states."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.models import find
from bench.scale import crossing, quarters

ROOT = Path(__file__).parents[2]


def test_where_between_two_looks_there_were_so_many() -> None:
    seen = [(100, 1.0), (300, 2.0)]
    assert crossing(seen, 50) == 0.5
    assert crossing(seen, 100) == 1.0
    assert crossing(seen, 250) == 1.75
    with pytest.raises(ValueError, match="never 301 states"):
        crossing(seen, 301)


def test_quarters_have_all_states_and_all_seconds() -> None:
    seen = [(10, 1.0), (20, 3.0), (30, 4.0), (43, 10.0)]
    found = quarters(seen, 43)
    assert [n for n, _ in found] == [10, 11, 11, 11]
    assert sum(s for _, s in found) == 10.0


def test_a_slower_end_shows() -> None:
    first, *_, last = quarters([(50, 1.0), (75, 2.0), (100, 6.0)], 100)
    assert last[1] == 8 * first[1]


def test_the_largest_is_a_scenario_with_one_more_frame() -> None:
    largest, scenario = find("anon-forked-both-4"), find("anon-forked-both")
    assert int(largest.constants["folios"]) == int(scenario.constants["folios"]) + 1


def test_a_search_is_told() -> None:
    command = [sys.executable, "-m", "bench.scale", "M", "--workers", "1"]
    told = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert "HOLDS; 1 workers" in told.stdout
    assert "2,142,352 states, 11,919,720 transitions, depth 103" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("4")
