"""The project's own shape: what a file may say, how long it may be, what the package needs."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import mcheck

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mcheck"
LONGEST = 400
"""Lines that a file of the package may have: more than that is not held in one's head."""

OUTSIDE = ("/" + "work/", ".." + "/shared", "/" + "root/")
"""Beginnings of paths that lie outside of the repository (put together, so as not to be one)."""


def repository_files() -> list[Path]:
    """All files that are tracked, or would be after `git add --all`."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = [ROOT / name for name in listing.split("\0") if name]
    return sorted({file for file in files if file.is_file()})


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def project_table() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def imported_names(tree: ast.Module) -> set[str]:
    """The top-level names of what a module imports, wherever in its text."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_the_listing_of_files_is_not_empty() -> None:
    assert {"pyproject.toml", "mcheck/__init__.py"} <= set(map(relative, repository_files()))


def test_no_file_mentions_a_path_outside_of_the_repository() -> None:
    found = [
        f"{relative(file)}:{number}: {line.strip()}"
        for file in repository_files()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if any(beginning in line for beginning in OUTSIDE)
    ]
    assert not found, "\n".join(found)


def test_no_file_of_the_package_is_too_long() -> None:
    lengths = {relative(file): len(file.read_text().splitlines()) for file in PACKAGE.rglob("*.py")}
    assert not {file: length for file, length in lengths.items() if length > LONGEST}


def test_every_module_has_a_docstring() -> None:
    modules = [file for file in repository_files() if file.suffix == ".py"]
    without = [
        relative(file) for file in modules if not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert not without


def test_the_version_is_the_same_in_the_project_and_in_the_package() -> None:
    assert project_table()["version"] == mcheck.__version__


def test_the_package_imports_only_what_it_depends_on() -> None:
    needed = {
        re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        for requirement in project_table()["dependencies"]
    }
    given = {
        name
        for name, owners in importlib.metadata.packages_distributions().items()
        if needed & set(owners)
    }
    allowed = given | sys.stdlib_module_names | {"mcheck"}
    undeclared = {
        relative(file): unknown
        for file in PACKAGE.rglob("*.py")
        if (unknown := imported_names(ast.parse(file.read_text())) - allowed)
    }
    assert not undeclared


@pytest.mark.parametrize("name", ["check", "test"])
def test_the_makefile_has_the_job(name: str) -> None:
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
