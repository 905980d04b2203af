"""Running a command, and what it costs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class CommandFailed(Exception):
    """A command has ended with an error. str() tells which, and what it said last."""


@dataclass(frozen=True)
class Ran:
    """A command that has ended.

    output: what it wrote, errors included; user, system, wall: seconds; peak_bytes: its largest
    resident set, but never less than that of the process that started it.
    """

    output: str
    status: int
    user: float
    system: float
    wall: float
    peak_bytes: int


def run(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    may_fail: bool = False,
) -> Ran:
    """Run a command to its end, in a folder, with some more environment variables.

    Raises:
        CommandFailed: it cannot be started, or its exit code is not 0 and it may not fail.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        start = time.perf_counter()
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise CommandFailed(f"{words[0]}: {error.strerror}") from None
        used = _waited_for(process)
        wall = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    if process.returncode and not may_fail:
        last = text.strip().splitlines()[-3:]
        raise CommandFailed(f"{' '.join(words)} ended with {process.returncode}: {' '.join(last)}")
    user, system, peak = used
    return Ran(text, process.returncode, user, system, wall, peak)


def _waited_for(process: subprocess.Popen[bytes]) -> tuple[float, float, int]:
    """User seconds, system seconds and peak bytes; the process is ended if we are interrupted."""
    try:
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime, used.ru_stime, used.ru_maxrss * 1024


def cores() -> list[int]:
    """The numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@contextlib.contextmanager
def confined_to(count: int) -> Generator[None]:
    """What is started meanwhile runs on so many processors, where the system can be told."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores()[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def say(what: str) -> None:
    """Tell on a terminal what is being done: there is nothing else to be seen for minutes."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)
