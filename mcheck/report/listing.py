"""What models there are: their constants, processes, properties and procedures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from time import localtime, strftime

from mcheck.explorer.native.cache import Kept
from mcheck.lang.contract import Actor, Executable, Property
from mcheck.report.grid import grid
from mcheck.report.phrases import constant_text, fold, pack, plain

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


@dataclass(frozen=True)
class Procedure:
    """A procedure of a model: its name, its file, the line it begins at, the steps that it has.

    steps: their labels, as far as the model's constants let them run.
    """

    name: str
    file: str
    line: int
    steps: Sequence[str]


def procedures_text(model: str, procedures: Sequence[Procedure], width: int = 100) -> str:
    """The procedures of a model by file, with the line they begin at and their steps.

    What has no steps, because nothing calls it, is only named.
    """
    lines = fold(f"procedures of {plain(model)}, each with the labels of its steps", width)
    run = [procedure for procedure in procedures if procedure.steps]
    names = max((len(procedure.name) for procedure in run), default=0)
    numbers = max((len(str(procedure.line)) for procedure in run), default=0)
    start = min(2 + numbers + 1 + names + 2, width // 2)
    for file, group in groupby(sorted(run, key=_place), key=lambda procedure: procedure.file):
        lines += fold(file, width, rest="  ")
        for each in group:
            head = f"  {each.line:>{numbers}} {each.name}"
            steps = pack(list(map(plain, each.steps)), width - start)
            if len(head) + 2 > start:
                lines.append(head)
                head = ""
            lines.append(head.ljust(start) + steps[0])
            lines += [" " * start + line for line in steps[1:]]
    idle = sorted(procedure.name for procedure in procedures if not procedure.steps)
    if idle:
        lines += fold(f"not run in it: {', '.join(idle)}", width, rest="  ")
    return "\n".join(lines)


def _place(procedure: Procedure) -> tuple[str, int]:
    return procedure.file, procedure.line


def compiled(models: Sequence[Kept]) -> str:
    """The compiled models that are kept: one a line, and what they take together."""
    lines = [
        f"{strftime('%Y-%m-%d %H:%M', localtime(kept.used))}  {kept.size >> 10:7,} KiB  {kept.name}"
        for kept in models
    ]
    total = sum(kept.size for kept in models)
    return "\n".join([*lines, f"{len(models)} compiled models, {total >> 10:,} KiB"])
