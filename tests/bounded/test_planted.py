"""Each mistake that is planted in the formulas is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bounded.planted import MISTAKES, noticed

FEW = [
    *("less is less or equal", "checks are not made", "a quotient is rounded towards zero"),
    *("the_last_store_is_lost", "what is set is not kept", "dead locals are kept"),
    *("the last state is not judged", "any path is shown"),
]
"""The mistakes that are planted in every run."""


@pytest.mark.parametrize("name", FEW)
def test_mistake_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES[name](monkeypatch)
    assert noticed(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MISTAKES if name not in FEW])
def test_any_mistake_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES[name](monkeypatch)
    assert noticed(tmp_path)


@pytest.mark.slow
def test_without_a_mistake_nothing_is_noticed(tmp_path: Path) -> None:
    assert not noticed(tmp_path)
