"""SPIN and Rumur find in every example what the reference engine finds, wrong twins included."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcheck.explorer import Verdict
from mcheck.lang.emit import promela
from tests.examples.listing import BY_NAME
from tests.export.agreement import by_rumur, by_spin, ours, rumur_agrees, spin_agrees
from tests.export.checkers import spin


@pytest.mark.parametrize("name", BY_NAME)
def test_spin(name: str, tmp_path: Path) -> None:
    model = BY_NAME[name]
    program = model.lower()
    spin_agrees(program, ours(model, program), by_spin(model, program, tmp_path))


@pytest.mark.parametrize("name", BY_NAME)
def test_rumur(name: str, tmp_path: Path) -> None:
    model = BY_NAME[name]
    program = model.lower()
    rumur_agrees(ours(model, program), by_rumur(model, program, tmp_path))


@pytest.mark.parametrize("name", ["buffer.buffer", "philosophers.philosophers"])
def test_spin_counts_the_same_depth_first(name: str, tmp_path: Path) -> None:
    model = BY_NAME[name]
    result = ours(model, model.lower())
    assert result.verdict is Verdict.HOLDS
    answer = spin(promela.emit(model, model.lower()), tmp_path, breadth=False)
    assert (answer.states, answer.transitions - 1) == (result.states, result.transitions)
