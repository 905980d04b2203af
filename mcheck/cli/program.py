"""Around the commands: what goes wrong in one is told in a line, with the exit code for it."""

from __future__ import annotations

import bdb
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from mcheck.report.console import abandon, complain, is_unwritable

HOLDS, VIOLATED, USAGE, BOUNDED, INTERNAL = range(5)
"""The exit codes."""
WORST_FIRST = (INTERNAL, USAGE, VIOLATED, BOUNDED, HOLDS)
INTERRUPTED = 130
"""The exit code after Ctrl-C outside of a search, as shells count it."""
INTERRUPTED_EARLY = "interrupted before there was a result"


class Program(TyperGroup):
    """All commands. Whatever goes wrong in them is told in a line, with the exit code for it."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and leave with its exit code."""
        options["standalone_mode"] = False
        try:
            code = super().main(*args, **options)
        except (typer.Abort, bdb.BdbQuit):
            complain(INTERRUPTED_EARLY)
            code = INTERRUPTED
        except Exception as error:
            code = self._explain(error)
        sys.exit(code)

    # The parser's own way with an interrupt is to say nothing.

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the command line."""
        try:
            return super().make_context(*args, **options)
        except KeyboardInterrupt:
            raise typer.Abort from None

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Abort from None

    def _explain(self, error: Exception) -> int:
        from mcheck.loading.errors import UsageError

        if isinstance(error, UsageError):
            complain(str(error))
            return USAGE
        if is_unwritable(error):
            abandon(sys.stdout)
            complain(f"cannot write: {error.strerror}")
            return USAGE
        # The errors of the command line's own parser have no common public class.
        message: Callable[[], str] | None = getattr(error, "format_message", None)
        if message is not None:
            self._tell(message(), error)
            return USAGE
        if os.environ.get("MCHECK_DEBUG"):
            traceback.print_exception(error)
        what = " ".join(f"{type(error).__name__}: {error}".split())
        complain(f"internal error: {what} (set MCHECK_DEBUG=1 for the traceback)")
        return INTERNAL

    def _tell(self, message: str, error: Exception) -> None:
        """Say what the parser has against the command line, and what it would take."""
        if "\n" in message:  # the help, where there are no arguments at all
            print(message, file=sys.stderr)
            return
        text = message.replace("Value error, ", "")
        if not text.endswith((".", "?")):
            text += "."
        if text.startswith("No such command"):
            complain(f"{text} The commands are {', '.join(self.commands)}.")
        else:
            command = getattr(getattr(error, "ctx", None), "command_path", "mcheck")
            complain(f"{text} See {command} --help")
