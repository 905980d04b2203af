"""What models there are: their constants, processes and properties."""

from __future__ import annotations

from collections.abc import Sequence

from mcheck.lang.contract import Actor, Executable, Property
from mcheck.report.grid import grid
from mcheck.report.phrases import constant_text, plain

_HEADINGS = ("model", "constants", "processes", "properties")


def listing(executables: Sequence[Executable], width: int = 100) -> str:
    """One row a model, in lines of at most `width` characters."""
    return grid(_HEADINGS, [_cells(executable) for executable in executables], width)


def _cells(executable: Executable) -> list[list[str]]:
    return [
        [plain(executable.name)],
        [f"{name}={constant_text(value)}" for name, value in executable.constants.items()],
        [_process(actor) for actor in executable.actors],
        [_claim(claim) for claim in executable.properties],
    ]


def _process(actor: Actor) -> str:
    return f"{actor.name} (daemon)" if actor.daemon else actor.name


def _claim(claim: Property) -> str:
    return f"{claim.kind} {claim.name}"
