"""How far a search may go, and the clock that watches it and reports on the way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

_STATM = Path("/proc/self/statm")
_LOOK_SECONDS = 0.2
"""Time between two looks at the memory, and between two reports of progress."""


Progress: TypeAlias = Callable[[int, int, int, int, float, int], None]
"""What is called about five times a second while a search runs, with: states, transitions, depth,
states left to expand, seconds, and the resident set in bytes. All of them "so far"."""


@dataclass(frozen=True)
class Limits:
    """Where a search gives up. None: no such limit.

    states: stop as soon as more than so many distinct states are found. The same on every run.
    seconds: stop after so much wall time. What is covered by then differs from run to run.
    memory_bytes: stop when the resident set of the process is larger. As variable as time.

    Raises:
        ValueError: a limit is negative.
    """

    states: int | None = None
    seconds: float | None = None
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        for name in ("states", "seconds", "memory_bytes"):
            value: float | None = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"a limit cannot be negative: {name}={value}")


UNLIMITED = Limits()


class Stopped(Exception):
    """The search gives up before its end. str() names what stopped it."""


class Watch:
    """Measures time and memory of one search, enforces limits, and calls `progress`.

    peak: largest resident set of the process that was seen, in bytes.
    """

    def __init__(self, limits: Limits, progress: Progress | None = None) -> None:
        self._limits = limits
        self._progress = progress
        self._start = time.perf_counter()
        self._next_look = self._start
        self.peak = resident_bytes()

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.perf_counter() - self._start

    def due(self) -> bool:
        """Is it time for a look? Cheap; call it every few hundred states.

        Raises:
            Stopped: the time is over.
        """
        now = time.perf_counter()
        seconds = self._limits.seconds
        if seconds is not None and now - self._start >= seconds:
            raise Stopped(f"the limit of {seconds:g} s")
        return now >= self._next_look

    def look(self, states: int, transitions: int, depth: int, frontier: int) -> None:
        """Measure the memory and report progress.

        Raises:
            Stopped: the process has outgrown its limit.
        """
        resident = self.measure()
        if self._progress is not None:
            self._progress(states, transitions, depth, frontier, self.seconds, resident)
        most = self._limits.memory_bytes
        if most is not None and resident > most:
            raise Stopped(f"the memory limit of {most / 2**20:,.0f} MiB")
        self._next_look = time.perf_counter() + _LOOK_SECONDS

    def measure(self) -> int:
        """The resident set of the process now, in bytes; counts for `peak`."""
        resident = resident_bytes()
        self.peak = max(self.peak, resident)
        return resident


def resident_bytes() -> int:
    """The resident set of this process in bytes.

    Where the system does not tell the present size (macOS), its largest size so far.
    """
    import resource

    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else largest * 1024
    return pages * resource.getpagesize()
