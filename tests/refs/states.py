"""What a table explains in a concrete state, and what a fact says there: by plain arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import z3

from mcheck.lang.emit.python import PythonProgram
from mcheck.lang.lower.routines import RETURN
from mcheck.lang.program import Instance, Process
from mcheck.refs.equations import Holder, Unknown
from mcheck.refs.features import Counted, Feature, own_index
from mcheck.refs.frames import Frame, at_call, at_label
from mcheck.refs.inference import Assumed


def reachable(executable: PythonProgram, most: int) -> list[int]:
    """The reachable states, as the reference engine's steps give them."""
    found = dict.fromkeys(executable.initial)
    todo = list(found)
    while todo:
        state = todo.pop()
        for actor in executable.actors:
            out: list[int] = []
            actor.steps[state >> actor.pc_shift & actor.pc_mask](state, out, [])
            fresh = [s for s in dict.fromkeys(out) if s not in found]
            found.update(dict.fromkeys(fresh))
            todo += fresh
        assert len(found) <= most, "the model is larger than this test is for"
    return list(found)


def frames(
    executable: PythonProgram, process: Process, instance: Instance, state: int
) -> Iterator[Frame]:
    """The frames of a process in a state, innermost first."""
    at = state >> instance.pc_offset & (1 << process.pc_bits) - 1
    if at == process.done:
        return
    step = process.steps[at]
    yield at_label(step)
    procedure = step.procedure
    while callers := process.callers.get(procedure, []):
        id_ = f"{procedure}.{RETURN}"
        site = executable.local(process, instance, id_, state) if len(callers) > 1 else 0
        yield at_call(process, procedure, site)
        procedure = callers[site].caller


def explained(
    executable: PythonProgram, of: Counted, table: Mapping[Unknown, int], state: int, f: int
) -> int:
    """How many references to element number f a table explains in a state."""
    total = 0
    for process, instance in executable.instances:
        for frame in frames(executable, process, instance, state):
            for id_ in frame.live:
                n = table.get(Holder(frame.place, id_), 0)
                if n and executable.local(process, instance, id_, state) == f:
                    total += n
    for unknown, n in table.items():
        if n and isinstance(unknown, Feature):
            total += n * times(executable, of, unknown, state, f)
    return total


def times(executable: PythonProgram, of: Counted, feature: Feature, state: int, f: int) -> int:
    """How often a feature is there for an element."""
    program = executable.program
    cell = program.cells[feature.cell]
    values = [executable.number(cell, i, state) for i in range(cell.count)]
    match feature.how:
        case "names":
            near = program.cells.get(feature.sibling)
            return sum(
                v == f and (near is None or executable.number(near, i, state) == feature.of)
                for i, v in enumerate(values)
            )
        case "listed":
            return sum(v == 1 and i % cell.length == f - 1 for i, v in enumerate(values))
        case _:
            offset = own_index(program, of, cell)
            assert offset is not None
            value = values[f - 1 + offset]
            return value != 0 if feature.how == "some" else value == feature.value


def says(
    executable: PythonProgram, assumed: Assumed, process: Process, instance: Instance, state: int
) -> bool:
    """Whether an assumption holds for a process that is at its place."""
    term: Any = assumed.fact.term
    known = {"process": instance.number, "me": instance.me or 0}
    for id_ in process.variables:
        known[id_] = executable.local(process, instance, id_, state)
    pairs: list[tuple[Any, Any]] = [(z3.Int(n), z3.IntVal(v)) for n, v in known.items()]
    for key in assumed.fact.cells:
        array: Any = z3.K(z3.IntSort(), z3.IntVal(0))
        cell = executable.program.cells[key]
        for i in range(cell.count):
            array = z3.Store(array, i, executable.number(cell, i, state))
        pairs.append((z3.Array(key, z3.IntSort(), z3.IntSort()), array))
    return z3.is_true(z3.simplify(z3.substitute(term, *pairs)))
