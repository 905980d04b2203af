"""Printing on the terminal: results on stdout, everything else on stderr."""

from __future__ import annotations

import enum
import errno
import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO, TypeGuard

if TYPE_CHECKING:
    from mcheck.explorer.result import Result

NARROWEST = 40
WIDTH = 100
"""Characters a line, where nothing else is said and no terminal is narrower."""


class Format(enum.StrEnum):
    """How results are printed: a race as a table, a line an event, JSON, or for a commit log."""

    text = "text"
    lines = "lines"
    json = "json"
    kernel = "kernel"


@dataclass(frozen=True)
class Entry:
    """A result to be shown; token: what `mcheck replay` takes; about: what the model is of."""

    result: Result
    token: str | None = None
    about: str = ""


@dataclass
class Output:
    """Prints results in one format; blocks of text have an empty line between them.

    several: there is more than one result. As text they are one table, with the races below it.
    """

    form: Format
    width: int
    several: bool = False
    _entries: list[Entry] = field(default_factory=list[Entry])
    _begun: bool = False

    def show(self, entry: Entry) -> None:
        """Print one result, or keep it for the table."""
        self._entries.append(entry)
        if self.form is Format.json:
            self._json(entry)
            return
        failed = entry.result.verdict.value == "ERROR"
        if failed:
            complain(f"ERROR {entry.result.scenario}: {entry.result.why}")
        if self.form is Format.kernel:
            self._kernel(entry)
        elif not self.several:
            if not failed:
                self._verdict(entry)
            self._race(entry)

    def finish(self) -> None:
        """Print what has been kept."""
        if self.several and self._entries and self.form in (Format.text, Format.lines):
            self._table()

    def _json(self, entry: Entry) -> None:
        from mcheck.report.jsonl import json_line

        say(json_line(entry.result))
        _tell_replay(entry)

    def _kernel(self, entry: Entry) -> None:
        from mcheck.report.kernel import kernel_block

        if entry.result.verdict.value != "ERROR":
            self._block(kernel_block(entry.result))
        _tell_replay(entry)

    def _verdict(self, entry: Entry) -> None:
        from mcheck.report.summary import verdict_text

        self._block(verdict_text(entry.result, self.width))

    def _table(self) -> None:
        from mcheck.report.summary import (
            gaps,
            overview_table,
            shared_scope,
            summary_table,
            totals,
        )

        results = [entry.result for entry in self._entries]
        abouts = [entry.about for entry in self._entries]
        if any(abouts):
            self._block(overview_table(results, abouts, self.width))
        else:
            self._block(summary_table(results, self.width))
        below = totals(results, self.width)
        if not any(abouts):
            below = "\n".join(filter(None, [below, shared_scope(results, self.width)]))
        self._block(below)
        for entry in self._entries:
            self._race(entry)
            left_open = gaps(entry.result, self.width)
            if left_open:
                self._block(left_open)

    def _race(self, entry: Entry) -> None:
        result = entry.result
        if result.verdict.value != "VIOLATED" and result.trace is None:
            return
        if self.form is Format.lines:
            from mcheck.report.text import trace_text

            self._block(trace_text(result))
            if entry.token is not None:
                say(f"replay: mcheck replay {entry.token}")
            return
        from mcheck.report.race import race_table

        self._block(race_table(result, self.width, entry.token))

    def _block(self, text: str) -> None:
        if self._begun:
            say()
        self._begun = True
        say(text)


def _tell_replay(entry: Entry) -> None:
    """Tell it beside what is printed for programs, or to be pasted."""
    if entry.token is not None:
        complain(f"replay: mcheck replay {entry.token}")


def line_width(wanted: int | None) -> int:
    """How many characters a line has: what is wanted, or what the terminal shows, up to WIDTH."""
    if wanted is not None:
        return wanted
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size().columns))


def say(text: str = "") -> None:
    """Print on stdout. If nobody reads on, the exit code still tells the verdict.

    Raises:
        OSError: what `is_unwritable` says of it: the disk is full, for instance.
    """
    _print(text, sys.stdout)


def complain(text: str) -> None:
    """Print a message on stderr, with the program's name before it."""
    try:
        _print(f"mcheck: {text}", sys.stderr)
    except OSError:  # there is nowhere left to say so
        abandon(sys.stderr)


def is_unwritable(error: Exception) -> TypeGuard[OSError]:
    """Whether an error says that what is printed cannot be stored."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return isinstance(error, OSError) and error.filename is None and error.errno in full


def abandon(stream: TextIO) -> None:
    """Write no more to a stream: what is in its buffer is not tried again at the program's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        abandon(stream)
