"""The command line."""

from __future__ import annotations

import io
import sys

from mcheck.cli.commands import app
from mcheck.cli.program import INTERRUPTED, INTERRUPTED_EARLY
from mcheck.report.console import complain

__all__ = ["app", "main"]


def main() -> None:
    """The command `mcheck`."""
    for stream in (sys.stdout, sys.stderr):
        # A model may have names that the terminal cannot show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="mcheck")
    except KeyboardInterrupt:  # before there is a command
        complain(INTERRUPTED_EARLY)
        sys.exit(INTERRUPTED)
