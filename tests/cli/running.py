"""Runs the command line within a test."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner, Result

from mcheck.cli import app


def mcheck(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="mcheck")


def timeless(text: str) -> str:
    return re.sub(r"\d+\.\d\d s", "0.00 s", re.sub(r" \d+\.\d\d ", " 0.00 ", text))


def refused(*arguments: str | Path) -> str:
    """What is said on stderr, in one line, about a command line that is wrong."""
    made = mcheck(*arguments)
    assert (made.exit_code, made.stdout) == (2, ""), made.output
    assert made.stderr.count("\n") == 1
    assert made.stderr.startswith("mcheck: ")
    return made.stderr.removeprefix("mcheck: ").rstrip()
