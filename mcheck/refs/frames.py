"""Whose locals a process has at a point: those of its procedure, and of each call it is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import z3

from mcheck.lang.emit.smt import Path
from mcheck.lang.lower.routines import RETURN
from mcheck.lang.program import Process, Step


class Place(NamedTuple):
    """Where a process stands, or waits for a call to return.

    procedure: whose text it is; point: the label, or the callee with the line of the call.
    """

    procedure: str
    point: str
    call: bool = False

    def __str__(self) -> str:
        return f"{self.procedure}.{self.point}"


class Frame(NamedTuple):
    """A place, and the locals of its procedure that live there."""

    place: Place
    live: tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """The frames of a process, innermost first, as far as a step says in which it is.

    open: the procedure of the last frame, if the step does not say who called it.
    """

    frames: tuple[Frame, ...]
    open: str | None


def at_label(step: Step) -> Frame:
    """The frame of a process that stands at a label."""
    prefix = f"{step.procedure}."
    own = tuple(v for v in step.live if v.startswith(prefix))
    return Frame(Place(step.procedure, step.label), own)


def at_call(process: Process, callee: str, site: int) -> Frame:
    """The frame of the caller while a procedure runs."""
    call = process.callers[callee][site]
    prefix = f"{call.caller}."
    own = tuple(v for v in call.live if v.startswith(prefix))
    return Frame(Place(call.caller, f"{callee}():{call.first}", call=True), own)


def _stack(process: Process, step: Step, returns: Callable[[str, int], int | None]) -> Stack:
    """Follow the callers upward from a label."""
    frames = [at_label(step)]
    procedure = step.procedure
    while callers := process.callers.get(procedure, []):
        site = 0 if len(callers) == 1 else returns(procedure, len(callers))
        if site is None:
            return Stack(tuple(frames), procedure)
        frames.append(at_call(process, procedure, site))
        procedure = callers[site].caller
    return Stack(tuple(frames), None)


def stacks(process: Process, step: Step | None, path: Path) -> tuple[Stack, Stack]:
    """The frames before and after a path; without those that both have below the open end.

    step: None for the start of a process.
    """
    nothing = Stack((), None)
    before = nothing
    if step is not None:
        before = _stack(process, step, lambda p, n: _decided(path, f"{p}.{RETURN}", n))
    assert path.exit is not None
    after = nothing
    if path.exit.label >= 0:
        target = process.steps[path.exit.label]
        after = _stack(process, target, lambda p, _: _assigned(path, f"{p}.{RETURN}"))
    assert step is None or path.exit.label < 0 or before.open == after.open, (before, after)
    return before, after


def _assigned(path: Path, name: str) -> int | None:
    value = path.after.locals.get(name)
    return value if isinstance(value, int) else None


def _decided(path: Path, name: str, count: int) -> int | None:
    """Which of the callers a path returns to, if it does."""
    variable = z3.Int(name)
    about = [c for c in path.conditions if name in names(c)]
    if not about:
        return None
    left = [
        i
        for i in range(count)
        if not any(
            z3.is_false(z3.simplify(z3.substitute(c, (variable, z3.IntVal(i))))) for c in about
        )
    ]
    return left[0] if len(left) == 1 else None


_names: dict[int, tuple[z3.ExprRef, frozenset[str]]] = {}


def names(term: z3.ExprRef) -> frozenset[str]:
    """The free symbols of a term."""
    known = _names.get(term.get_id())
    if known is not None:
        return known[1]
    if z3.is_const(term):
        uninterpreted = term.decl().kind() == z3.Z3_OP_UNINTERPRETED
        found = frozenset({term.decl().name()}) if uninterpreted else frozenset[str]()
    else:
        found = frozenset[str]().union(*(names(c) for c in term.children()))
    _names[term.get_id()] = (term, found)  # the term is kept, so that its id stays its own
    return found
