"""What all tests of the command line need."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcheck.loading import catalogue
from tests.cli import fakes


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes to the user's own folders."""
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("MCHECK_DEBUG", raising=False)
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not depend on which scenarios of the kernel there are."""
    monkeypatch.setattr(catalogue, "source", fakes.plain)
