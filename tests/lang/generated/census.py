"""Counts in how many programs each construct was written, and in how many it was run."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from tests.lang.generated.programs import Text


class Watch:
    """Notes which lines of one file run while it is entered."""

    def __init__(self, file: str) -> None:
        """Watch that file."""
        self.file = file
        self.lines: set[int] = set()

    def __enter__(self) -> None:
        self.before = sys.gettrace()
        sys.settrace(self._call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self.before)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != self.file:
            return None
        self.lines.add(frame.f_lineno)
        return self._line

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.lines.add(frame.f_lineno)
        return self._line


@dataclass
class Census:
    """What a batch of programs contained.

    written, run: in how many programs a construct stands, and in how many a line with it ran;
    refused: the problems for which programs were refused.
    """

    programs: int = 0
    steps: int = 0
    written: Counter[str] = field(default_factory=Counter[str])
    run: Counter[str] = field(default_factory=Counter[str])
    refused: list[str] = field(default_factory=list[str])

    def add(self, text: Text, lines: set[int], failures: Counter[str], steps: int) -> None:
        """Count one program: the lines that ran, and the kinds of failures."""
        self.programs += 1
        self.steps += steps
        self.written.update({c for found in text.constructs.values() for c in found})
        self.run.update({c for n in lines for c in text.constructs.get(n, set[str]())})
        self.run.update(f"failure: {kind}" for kind in failures)

    def report(self) -> list[str]:
        """The counts as lines of text."""
        lines = [
            f"{self.programs} programs, {self.steps} steps run in both forms, "
            f"{len(self.refused)} programs refused",
            f"{'construct':<42} {'written':>8} {'run':>8}",
        ]
        names = sorted({*self.written, *self.run})
        lines += [f"{n:<42} {self.written[n]:>8} {self.run[n]:>8}" for n in names]
        return lines
