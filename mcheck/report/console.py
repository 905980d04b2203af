"""Printing on the terminal: results on stdout, everything else on stderr."""

from __future__ import annotations

import enum
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from mcheck.explorer.result import Result

NARROWEST = 40
WIDTH = 100
"""Characters a line, where nothing else is said and no terminal is narrower."""


class Format(enum.StrEnum):
    """How results are printed: a race as a table, as a line an event, or all as JSON."""

    text = "text"
    lines = "lines"
    json = "json"


@dataclass
class Output:
    """Prints results in one format; blocks of text have an empty line between them."""

    form: Format
    width: int
    _begun: bool = False

    def show(self, result: Result, token: str | None) -> None:
        """Print one result; token is what `mcheck replay` takes, if it was recorded."""
        if self.form is Format.json:
            from mcheck.report.jsonl import json_line

            say(json_line(result))
            if token is not None:
                complain(f"replay: mcheck replay {token}")
        else:
            self._show_text(result, token)

    def finish(self, results: Sequence[Result]) -> None:
        """Print what there is to say about all results together."""
        if self.form is not Format.json and len(results) > 1:
            from mcheck.report.summary import summary_table

            self._block(summary_table(results, self.width))

    def _show_text(self, result: Result, token: str | None) -> None:
        from mcheck.report.summary import verdict_text

        violated = result.verdict.value == "VIOLATED"
        if result.verdict.value == "ERROR":
            complain(f"ERROR {result.scenario}: {result.why}")
        else:
            self._block(verdict_text(result, self.width))
        if violated or result.trace is not None:
            self._race(result, token)

    def _race(self, result: Result, token: str | None) -> None:
        if self.form is Format.lines:
            from mcheck.report.text import trace_text

            self._block(trace_text(result))
            if token is not None:
                say(f"replay: mcheck replay {token}")
            return
        from mcheck.report.race import race_table

        self._block(race_table(result, self.width, token))

    def _block(self, text: str) -> None:
        if self._begun:
            say()
        self._begun = True
        say(text)


def line_width(wanted: int | None) -> int:
    """How many characters a line has: what is wanted, or what the terminal shows, up to WIDTH."""
    if wanted is not None:
        return wanted
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size().columns))


def say(text: str = "") -> None:
    """Print on stdout. If nobody reads on, the exit code still tells the verdict."""
    _print(text, sys.stdout)


def complain(text: str) -> None:
    """Print a message on stderr, with the program's name before it."""
    _print(f"mcheck: {text}", sys.stderr)


def _print(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # What is left in the buffer must not be tried again at the end of the program.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
