"""The explorer that is written by hand searches the same model as mcheck."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import tools
from bench.configurations import CONFIGURATIONS, Configuration
from bench.migration import migration
from bench.process import run
from bench.tools import COMPILER, Answer, Hand
from mcheck.explorer import check

pytestmark = pytest.mark.skipif(shutil.which(COMPILER[0]) is None, reason="no C compiler")

S = CONFIGURATIONS["S"]
TINY = [
    replace(S, objects=1, frames=2, cpus=1, gups=1, log2_places=15),
    replace(S, objects=2, frames=3, cpus=1, gups=0, log2_places=20),
    replace(S, objects=1, frames=2, cpus=2, gups=0, log2_places=16),
]


def by_hand(of: Configuration, folder: Path, threads: int = 1) -> Answer:
    Hand().build(of, folder)
    ran = run(Hand().command(of, folder, threads))
    return Hand().read(ran, threads)


def by_mcheck(of: Configuration) -> tuple[int, int, int]:
    sizes = {n: getattr(of, n) for n in ("objects", "frames", "cpus", "gups")}
    result = check(migration.configure(of.name, **sizes).compile())
    return result.states, result.transitions, result.depth


def counts(of: Answer) -> tuple[int, int, int | None]:
    return of.states, of.transitions, of.depth


@pytest.mark.parametrize(
    "of", [S, *TINY], ids=lambda of: f"{of.objects}{of.frames}{of.cpus}{of.gups}"
)
def test_it_counts_what_mcheck_counts(of: Configuration, tmp_path: Path) -> None:
    found = by_hand(of, tmp_path)
    assert counts(found) == by_mcheck(of)
    assert not found.violated


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_find_the_same(threads: int, tmp_path: Path) -> None:
    found = by_hand(S, tmp_path, threads)
    assert (found.states, found.transitions, found.depth) == (S.states, S.transitions, 95)


def test_it_finds_the_missing_flush(tmp_path: Path) -> None:
    found = by_hand(CONFIGURATIONS["M-no-flush"], tmp_path)
    assert (found.violated, found.depth) == (True, 22)


def test_a_wrong_step_changes_the_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hand.c", "hand_model.h"):
        shutil.copy(tools.HERE / name, tmp_path)
    model = tmp_path / "hand_model.h"
    right = "fr + BIT(of(old, REF)), TO(ac, 10)"
    assert right in model.read_text()
    model.write_text(model.read_text().replace(right, "fr, TO(ac, 10)"))
    monkeypatch.setattr(tools, "HERE", tmp_path)
    assert by_hand(S, tmp_path).states != S.states


def test_a_table_that_is_too_small_is_told(tmp_path: Path) -> None:
    small = replace(S, log2_places=16)
    Hand().build(small, tmp_path)
    ran = run(Hand().command(small, tmp_path, 1), may_fail=True)
    assert (ran.status, ran.output) == (1, "hand: the table is too small: use a larger LOG2\n")


def test_it_tells_its_memory(tmp_path: Path) -> None:
    Hand().build(S, tmp_path)
    told: dict[str, Any] = json.loads(run(Hand().command(S, tmp_path, 1)).output)
    assert told["engine_bytes"] > 16 * told["states"]
