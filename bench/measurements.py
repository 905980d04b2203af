"""What a comparison of tools has measured, and on which machine."""

from __future__ import annotations

import contextlib
import platform
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import CommandFailed, cores, run
from bench.tools import COMPILER


@dataclass(frozen=True)
class Measurement:
    """One search of one size of the model by one tool in one round.

    threads: with how many, on as many processors; search_*: the search alone, command_*: the whole
    process that does it, user and wall seconds; engine_bytes: states and table, None if the tool
    does not tell; peak_bytes: the largest resident set of the process.
    """

    tool: str
    size: str
    threads: int
    round: int
    states: int
    transitions: int
    depth: int | None
    violated: bool
    search_user: float
    search_wall: float
    command_user: float
    command_wall: float
    engine_bytes: int | None
    peak_bytes: int


@dataclass
class Comparison:
    """What was measured, and what went wrong.

    built: the seconds that it took to build a tool (first name) for a size (second name); skipped:
    tools that could not be run, with what is missing; wrong: answers that are not as expected, and
    failures, each as a line.
    """

    machine: dict[str, str | int]
    measured: list[Measurement] = field(default_factory=list[Measurement])
    built: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    wrong: list[str] = field(default_factory=list[str])


def machine() -> dict[str, str | int]:
    """What the figures depend on."""
    return {
        "processor": _processor(),
        "cores": len(cores()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "compiler": _compiler(),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _compiler() -> str:
    with contextlib.suppress(CommandFailed):
        return run([*COMPILER, "--version"]).output.partition("\n")[0]
    return "none"
