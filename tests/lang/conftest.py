"""What all tests of the language use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lang.texts import Writer


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Writes model texts into a folder of the test's own."""
    return Writer(tmp_path)
