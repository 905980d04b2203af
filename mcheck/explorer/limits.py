"""How far a search may go, and the clock that watches it and reports on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mcheck.explorer.machine import resident_bytes

_LOOK_SECONDS = 0.2
"""Time between two looks at the memory, and between two reports of progress."""


Progress: TypeAlias = Callable[[int, int, int, int, float, int], None]
"""What is called about five times a second while a search runs, with: states, transitions, depth,
states left to expand, seconds, and the resident set in bytes. All of them "so far"."""


@dataclass(frozen=True)
class Limits:
    """Where a search gives up. None: no such limit.

    states: begin no level once more than so many distinct states are found. What is covered by
        then is the same on every run and in every engine.
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


def too_many(states: int) -> str:
    """The reason for which the limit of states stops a search."""
    return f"the limit of {states:,} states"


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
