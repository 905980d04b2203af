"""Who waits, who can move and who works in a state, as conditions of an export.

This is the text of `explorer/deadlock.py` for other checkers: a process is blocked at a label
without rest if the step's guard is false there, and what fails is not blocked.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from mcheck.lang import ir
from mcheck.lang.emit.guarded.commands import Guarded
from mcheck.lang.emit.guarded.infix import Dialect, Infix
from mcheck.lang.emit.guarded.pure import opposite
from mcheck.lang.emit.guarded.variables import Place, Variables


@dataclass(frozen=True)
class Waiting:
    """One process, as conditions: it waits; it can move; it can move, and from no rest.

    waits: None if it never does, as no daemon does. A daemon works whenever it can move.
    """

    place: Place
    waits: str | None
    moves: str
    works: str


def waiting(
    variables: Variables, place: Place, steps: Sequence[Guarded], dialect: Dialect
) -> Waiting:
    """When a process waits, moves and works."""
    infix = Infix(variables, dialect, place.local)

    def at(label: int, condition: ast.expr) -> str:
        here = f"{place.pc.name} {dialect.equal} {label}"
        closed = infix.truth(condition)
        return here if closed == "true" else f"({here}{dialect.conjunction}{closed})"

    def none_of(parts: list[str]) -> str:
        return f"!({dialect.disjunction.join(parts)})" if parts else "true"

    closed = [(s.step, at(s.step.number, opposite(s.open))) for s in steps if _may_close(s)]
    done = place.process.done
    ended = [] if done is None else [at(done, ir.const(1))]
    stops = [*(text for _, text in closed), *ended]
    daemon = place.process.daemon
    waits = [] if daemon else [text for step, text in closed if not step.rest]
    rests = [at(s.step.number, ir.const(1)) for s in steps if s.step.rest]
    return Waiting(
        place,
        dialect.disjunction.join(waits) or None,
        none_of(stops),
        none_of(stops if daemon else [*waits, *rests, *ended]),
    )


def _may_close(step: Guarded) -> bool:
    return ir.value_of(step.open) != 1
