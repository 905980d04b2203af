"""What all tests of the native engine need."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcheck.explorer.native import compiler
from tests.lang.texts import Writer


@pytest.fixture(scope="session")
def compiled_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what one test has compiled is kept for the others."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(compiled_before: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own cache."""
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(compiled_before))
    return compiled_before


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is optimised, which would take longer than all the rest of most tests."""
    flags = ["-O0" if flag == "-O2" else flag for flag in compiler._FLAGS]
    assert "-O0" in flags
    monkeypatch.setattr(compiler, "_FLAGS", tuple(flags))


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Writes model texts into a folder of the test's own."""
    return Writer(tmp_path)
