"""z3 and the reference engine say the same of small programs with choices, filters and rest."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from mcheck.explorer.bounded import ways
from tests.bounded.agreement import SMALL, Tally, agree
from tests.bounded.small_programs import Program, compiled
from tests.bounded.test_exact import differences

SEEDS = range(200, 260)


def tally_of(seeds: range, folder: Path) -> Tally:
    """Compare the engines, and the formulas with Python.

    Raises:
        Difference: the engines differ.
        AssertionError: formulas and Python differ.
    """
    tally = Tally()
    for seed in seeds:
        executable = compiled(seed, folder)
        try:
            tally.add(agree(executable, 10, limits=SMALL))
            found = differences(executable)
            assert not found, found[0]
        except Exception as error:
            error.add_note(Program(seed).text)
            raise
    return tally


def test_small_programs(tmp_path: Path) -> None:
    tally = tally_of(SEEDS, tmp_path)
    kinds = {name.partition(" ")[2] for name in tally.said}
    assert kinds >= {"assert", "choose", "deadlock", "divide", "claim"}, tally
    assert {0, 1, 2} <= set(tally.lengths), tally


@pytest.mark.slow
def test_many_small_programs(tmp_path: Path) -> None:
    first = random.randrange(1 << 30)
    tally = tally_of(range(first, first + 1_000), tmp_path)
    assert any("hang" in name for name in tally.said), tally


def test_a_mistake_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after a filter that fails is taken to fail as well."""
    right = ways.Ways._failing

    def wrong(self: ways.Ways, path: Any, words: Any, moves: Any, stopped: Any = ()) -> Any:
        return right(self, path, words, moves)

    monkeypatch.setattr(ways.Ways, "_failing", wrong)
    with pytest.raises((AssertionError, RuntimeError)):
        tally_of(SEEDS, tmp_path)
