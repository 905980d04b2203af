"""The import contracts catch what they forbid: each is tried with a planted import."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")


ALLOWED = {
    "lang": (),
    "explorer": ("lang",),
    "refs": ("lang",),
    "report": ("lang", "explorer", "refs"),
    "impl": ("lang",),
    "spec": ("lang", "impl"),
    "scenarios": ("lang", "impl", "spec"),
    "zoo": ("lang", "impl", "spec", "scenarios"),
}
"""The rooms that each room may know."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package with all its rooms, and the settings, in a directory that may be spoiled."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "mcheck", tmp_path / "mcheck", ignore=shutil.ignore_patterns("__pycache__")
    )
    for room in ALLOWED:
        plant(tmp_path, room)
    return tmp_path


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache", "--no-logo"],
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
    )


def plant(directory: Path, room: str, *imports: str) -> None:
    """Add a module with these imports to a room, which is made if there is none yet."""
    package = directory / "mcheck" / room
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "planted.py").write_text("".join(f"import {name}\n" for name in imports))


def test_the_contracts_allow_what_the_rooms_may_know(copy: Path) -> None:
    for room, known in ALLOWED.items():
        plant(copy, room, *(f"mcheck.{other}" for other in known))
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("room", ALLOWED)
def test_every_import_of_what_a_room_may_not_know_is_caught(copy: Path, room: str) -> None:
    others = [other for other in ALLOWED if other != room and other not in ALLOWED[room]]
    forbidden = [f"mcheck.{other}" for other in (*others, "cli")] + ["bench", "examples"]
    plant(copy, room, *forbidden)
    result = lint(copy)
    assert result.returncode == 1
    missed = [name for name in forbidden if f"{room}.planted -> {name} " not in result.stdout]
    assert not missed, result.stdout


def test_a_new_room_has_to_be_given_its_place(copy: Path) -> None:
    plant(copy, "attic")
    result = lint(copy)
    assert result.returncode == 1
    assert "mcheck.attic" in result.stdout
