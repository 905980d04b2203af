"""SPIN and Rumur confirm the small scenarios of the kernel, and the bugs that were in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcheck.explorer import Verdict
from mcheck.lang import Model
from mcheck.scenarios import SCENARIOS
from mcheck.zoo import BUGS
from tests.export.agreement import by_rumur, by_spin, ours, rumur_agrees, spin_agrees

SMALL = (
    *("anon-fault", "anon-compaction", "anon-first-fault", "anon-pin", "anon-get", "anon-munmap"),
    *("anon-two-migrators", "anon-forked-munmap", "anon-forked-two-migrators", "file-read"),
    *("file-read-mapped", "file-pin", "file-munmap", "file-two-migrators"),
    *("file-cached-two-migrators", "folio-lock", "munmap-first-fault", "munmap-first-file-fault"),
)
"""The scenarios that have up to some 50,000 states."""

MODELS: dict[str, Model[Any]] = {
    **{name: SCENARIOS[name].model for name in SMALL},
    **{name: bug.model for name, bug in BUGS.items()},
}

FIRST = ("folio-lock", "munmap-first-fault", "munmap-first-file-fault", "pagecache-no-freeze")
"""What is given to Rumur every day. What it makes of the others takes long to compile."""


def cases(*every_day: str) -> list[Any]:
    """Scenarios and bugs by name; those that are not for every day are slow."""
    slow = {name: () if name in every_day else (pytest.mark.slow,) for name in MODELS}
    return [pytest.param(model, id=name, marks=slow[name]) for name, model in MODELS.items()]


@pytest.mark.parametrize("model", cases(*MODELS))
def test_spin(model: Model[Any], tmp_path: Path) -> None:
    program = model.lower()
    result = ours(model, program)
    assert result.verdict in (Verdict.HOLDS, Verdict.VIOLATED)
    spin_agrees(program, result, by_spin(model, program, tmp_path))


@pytest.mark.parametrize("model", cases(*FIRST))
def test_rumur(model: Model[Any], tmp_path: Path) -> None:
    program = model.lower()
    rumur_agrees(ours(model, program), by_rumur(model, program, tmp_path))


def test_what_is_run_every_day_is_there() -> None:
    assert set(FIRST) <= set(MODELS)
