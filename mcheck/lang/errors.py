"""The two ways in which a model can be wrong: its text is refused, or a step of it fails."""

from __future__ import annotations

import linecache
import traceback
from pathlib import Path

from mcheck.lang.contract import Source


class ModelError(Exception):
    """The model itself is refused. str() is a complete text for the person who wrote it."""


class Refused(ModelError):
    """A piece of a model's text lies outside the language.

    Attributes:
        source: file and line of the text.
        problem: what is wrong there.
        instead: what to write instead; empty where there is nothing to add.
    """

    def __init__(self, source: Source, problem: str, instead: str = "") -> None:
        """Compose the text from the place, the problem and the remedy."""
        self.source = source
        self.problem = problem
        self.instead = instead
        text = linecache.getline(source.file, source.line).strip()
        lines = [f"{source}: {problem}"]
        if text:
            lines.append(f"    {text}")
        if instead:
            lines.append(f"  instead: {instead}")
        super().__init__("\n".join(lines))


class StepFailed(Exception):
    """Raised while a step runs (directly or lowered): the step has no successor.

    kind and message are those of `contract.Failure`; site is the number of the lowered check
    that failed, or None in direct execution, where the traceback tells the place.
    """

    def __init__(self, kind: str, message: str, site: int | None = None) -> None:
        """Keep the kind, the message and the place."""
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.site = site


def written_at(error: BaseException) -> Source | None:
    """The last line outside of mcheck that was running when an error was raised."""
    found: Source | None = None
    for frame in traceback.extract_tb(error.__traceback__):
        if not Path(frame.filename).is_relative_to(_MCHECK) and frame.lineno:
            found = Source(frame.filename, frame.lineno)
    return found


_MCHECK = Path(__file__).parent.parent
