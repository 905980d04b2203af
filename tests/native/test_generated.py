"""Both engines say the same of generated programs, and each mistake in the C text is noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.toys import ROOT
from tests.native.generated import Tally, agree_on, drawn
from tests.native.mistakes import MISTAKES, NOT_GENERATED, NOTICED

PROGRAMS = 25
MANY = 400
FEW = [
    *("a difference is a sum", "values are stored one bit too far", "nothing_is_cleared"),
    "dead_locals_are_kept",
]
"""The mistakes that are planted in every run."""


def test_engines_agree(tmp_path: Path) -> None:
    tally = Tally()
    agree_on(drawn(PROGRAMS), tmp_path, tally)
    assert tally.models >= PROGRAMS * 3 // 4, tally.report()
    assert tally.states > 20 * PROGRAMS, tally.report()
    assert len(tally.said) >= 4, tally.report()


def planted(name: str, how: str, folder: Path) -> None:
    """Plant a mistake, and insist that it is noticed."""
    # In a process of its own: who knows what wrong code does to the one it runs in.
    made = subprocess.run(
        [sys.executable, "-m", "tests.native.mistakes", name, how, str(folder)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert made.returncode == NOTICED, made.stdout + made.stderr


@pytest.mark.parametrize("name", FEW)
def test_mistake_is_noticed(name: str, tmp_path: Path) -> None:
    planted(name, "by hand", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MISTAKES if name not in FEW])
def test_any_mistake_is_noticed(name: str, tmp_path: Path) -> None:
    planted(name, "by hand", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MISTAKES if name not in NOT_GENERATED])
def test_generated_programs_notice_any_mistake(name: str, tmp_path: Path) -> None:
    planted(name, "generated", tmp_path)


@pytest.mark.slow
def test_engines_agree_on_other_programs_each_time(tmp_path: Path) -> None:
    tally = Tally()
    agree_on(drawn(MANY, same=False), tmp_path, tally, flags=())
    assert tally.models >= MANY * 3 // 4, tally.report()
    assert len(tally.said) >= 6, tally.report()
