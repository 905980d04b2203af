"""Layout: where in the packed state each field and each local lies.

A local shares its bits with locals that are never live together with it. Locals that own
references share only with their like, and are zero where they own nothing: so the holds of a
state can be read off its bits, whatever the processes are doing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcheck.lang.declare.state import State
from mcheck.lang.declare.structs import Struct
from mcheck.lang.lower.lowering import Lowering
from mcheck.lang.lower.routines import Routine
from mcheck.lang.program import Cell, Process, Variable


def interference(lowered: Lowering) -> set[frozenset[str]]:
    """The pairs of locals of one kind of process that must not share bits."""
    context: dict[str, set[str]] = {}

    def around(routine: Routine) -> set[str]:
        if routine.name not in context:
            found: set[str] = set()
            for site in routine.sites:
                found |= set(lowered.across(site)) | around(site.caller)
            context[routine.name] = found
        return context[routine.name]

    pairs: set[frozenset[str]] = set()

    def clash(ids: set[str], others: set[str]) -> None:
        pairs.update(frozenset((a, b)) for a in ids for b in others if a != b)

    for routine in lowered.routines.values():
        own = {v.id for v in lowered.variables.values() if v.procedure == routine.name}
        clash(own, around(routine))
        for ids in lowered.live_sets(routine):
            clash(set(ids), set(ids))
    return pairs


def place_locals(variables: dict[str, Variable], clashes: set[frozenset[str]], state: State) -> int:
    """Give each local its offset within the process; the number of bits they take together."""
    registers: list[tuple[Any, int, list[Variable]]] = []
    for variable in variables.values():
        of = variable.type.of
        if variable.hold and of is not None and issubclass(of, Struct):
            # all of a kind are alike in size, and 0 is always "owns nothing"
            variable.least = variable.lowest
            variable.type = replace(variable.type, lo=0, hi=state.count_(of))
    order = sorted(variables.values(), key=lambda v: (-v.type.bits, v.id))
    for variable in order:
        kind = (variable.hold, variable.type.of) if variable.hold else None
        for register_kind, _, members in registers:
            if register_kind == kind and not any(
                frozenset((variable.id, m.id)) in clashes for m in members
            ):
                members.append(variable)
                break
        else:
            registers.append((kind, variable.type.bits, [variable]))
    offset = 0
    for _, bits, members in registers:
        for variable in members:
            variable.offset = offset
        offset += bits
    return offset


def place(cells: dict[str, Cell], processes: list[Process]) -> int:
    """Give every stored cell and every process its offset; the size of a state in bits."""
    offset = 0
    for process in processes:
        labels = len(process.steps) + (process.done is not None)
        process.pc_bits = (labels - 1).bit_length()
        for instance in process.instances:
            instance.pc_offset = offset
            instance.base = offset + process.pc_bits
            offset = instance.base + process.area
    for cell in cells.values():
        if cell.constant is None:
            cell.offset = offset
            offset += cell.count * cell.type.bits
    return offset


def holders(processes: list[Process]) -> list[tuple[str, type, int, int]]:
    """The slots in which holds are kept: kind, struct class, offset and bits of each."""
    found: dict[tuple[int, int], tuple[str, type, int, int]] = {}
    for process in processes:
        for instance in process.instances:
            for v in process.variables.values():
                if v.hold and v.type.of is not None:
                    offset = instance.base + v.offset
                    found[offset, v.type.bits] = (v.hold, v.type.of, offset, v.type.bits)
    return list(found.values())
