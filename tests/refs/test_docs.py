"""docs/refcounts.md shows what `mcheck refs` really prints. Minutes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mcheck.loading.refs import refs

pytestmark = pytest.mark.slow

TEXT = (Path(__file__).parents[2] / "docs" / "refcounts.md").read_text(encoding="utf-8")


def examples() -> list[tuple[str, str]]:
    """The commands in the document, and what stands below each of them."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n((?:.*\n)*?)```$", TEXT, re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found.append((command, printed.rstrip()))
    return found


@pytest.mark.parametrize(("command", "printed"), examples())
def test_the_document_shows_what_is_printed(command: str, printed: str) -> None:
    words = shlex.split(command)
    assert words[:2] == ["mcheck", "refs"]
    text, _, _ = refs(*words[2:])
    lines = [line.rstrip() for line in text.splitlines()]
    for line in printed.splitlines():
        if line != "...":
            assert line in lines


def test_there_are_examples() -> None:
    assert {command.split()[2] for command, _ in examples()} >= {"folio", "wait-on-freed-page"}
