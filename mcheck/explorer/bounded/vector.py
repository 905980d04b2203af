"""The packed state as a vector of bit-vectors, one for each field of an element, label or local.

Every variable is called by where it lies in the packed state, so nothing has to be looked up when
a solution is read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import z3

from mcheck.lang.emit.words import Word, constant, stored
from mcheck.lang.program import Cell, Instance, Process, Program, Variable


@dataclass(frozen=True)
class Slot:
    """Some bits of the packed state that have one meaning; most: the greatest number in them."""

    offset: int
    bits: int
    most: int

    def at(self, when: str) -> z3.BitVecRef:
        """The variable for its content at a moment."""
        return z3.BitVec(f"s{self.offset}@{when}", self.bits)

    def of(self, state: int) -> int:
        """Its content in a packed state."""
        return state >> self.offset & (1 << self.bits) - 1


class Vector:
    """The slots of a program's states, by where they lie."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.slots: dict[int, Slot] = {}
        for process in program.processes:
            for instance in process.instances:
                self._of_process(process, instance)
        for cell in program.cells.values():
            if cell.constant is None:
                for i in range(cell.count):
                    most = cell.type.hi - cell.type.lo
                    self._add(cell.offset + i * cell.type.bits, cell.type.bits, most)

    def _of_process(self, process: Process, instance: Instance) -> None:
        labels = len(process.steps) + (process.done is not None)
        self._add(instance.pc_offset, process.pc_bits, labels - 1)
        for offset, bits in registers(process).items():
            self._add(instance.base + offset, bits, (1 << bits) - 1)

    def _add(self, offset: int, bits: int, most: int) -> None:
        if bits:
            self.slots[offset] = Slot(offset, bits, most)

    @cached_property
    def ordered(self) -> list[Slot]:
        """All slots; the one that decides first which of two states is smaller comes first."""
        return [self.slots[offset] for offset in sorted(self.slots, reverse=True)]

    def equals(self, state: int, when: str) -> z3.BoolRef:
        """The state at a moment is this one."""
        return z3.And([slot.at(when) == slot.of(state) for slot in self.slots.values()])

    def differs(self, one: str, other: str) -> z3.BoolRef:
        """The states at two moments are not the same."""
        return z3.Or([slot.at(one) != slot.at(other) for slot in self.slots.values()])

    def state(self, model: z3.ModelRef, when: str) -> int:
        """The packed state that a solution has at a moment."""
        packed = 0
        for slot in self.slots.values():
            content = model.eval(slot.at(when), model_completion=True).as_long()
            packed |= content << slot.offset
        return packed

    # --- what is read out of it

    def cell(self, cell: Cell, when: str) -> Sequence[Word]:
        """The values of all elements of a cell."""
        lo, hi, bits = cell.type.lo, cell.type.hi, cell.type.bits
        if cell.constant is not None:
            return [constant(n) for n in cell.constant]
        if not bits:
            return [constant(lo)] * cell.count
        at = (self.slots[cell.offset + i * bits].at(when) for i in range(cell.count))
        return [stored(content, lo, hi) for content in at]

    def local(self, variable: Variable, instance: Instance, when: str) -> Word:
        """The value of a local."""
        lo, hi, bits = variable.type.lo, variable.type.hi, variable.type.bits
        if not bits:
            return constant(lo)
        return stored(self.register(variable, instance, when), lo, hi)

    def register(self, variable: Variable, instance: Instance, when: str) -> z3.BitVecRef:
        """The bits of a local, of those that it may share with larger ones."""
        return self.raw(instance.base + variable.offset, variable.type.bits, when)

    def raw(self, offset: int, bits: int, when: str) -> z3.BitVecRef:
        """The lowest bits of the slot at an offset."""
        whole = self.slots[offset].at(when)
        return whole if whole.size() == bits else z3.Extract(bits - 1, 0, whole)

    def stands(self, process: Process, instance: Instance, label: int, when: str) -> z3.BoolRef:
        """The process stands at the label with that number."""
        if not process.pc_bits:
            return z3.BoolVal(label == 0)
        return self.slots[instance.pc_offset].at(when) == label

    # --- what is true of every state that can be reached

    def inside(self, when: str) -> z3.BoolRef:
        """Everything has one of its values, and what is dead is zero."""
        parts = [z3.ULE(slot.at(when), slot.most) for slot in self.slots.values()]
        for process in self.program.processes:
            for instance in process.instances:
                parts += self._alive(process, instance, when)
        return z3.And(parts)

    def _alive(self, process: Process, instance: Instance, when: str) -> Iterator[z3.BoolRef]:
        labels = len(process.steps) + (process.done is not None)
        for label in range(labels):
            most = dict.fromkeys(registers(process), 0)
            for id_ in _live(process, label):
                v = process.variables[id_]
                if v.type.bits:
                    most[v.offset] = max(most[v.offset], v.type.hi - v.type.lo)
            here = self.stands(process, instance, label, when)
            for offset, greatest in most.items():
                register = self.slots[instance.base + offset].at(when)
                yield z3.Implies(here, z3.ULE(register, greatest))


def registers(process: Process) -> dict[int, int]:
    """The places that locals share: the offset within the process, and how many bits it has."""
    found: dict[int, int] = {}
    for v in process.variables.values():
        if v.type.bits:
            found[v.offset] = max(found.get(v.offset, 0), v.type.bits)
    return found


def _live(process: Process, label: int) -> set[str]:
    """The locals that may live at a label, those of all callers included."""
    if label == process.done:
        return set()
    step = process.steps[label]
    found = set(step.live)
    waiting, seen = [step.procedure], {step.procedure}
    while waiting:
        for site in process.callers.get(waiting.pop(), ()):
            found |= set(site.live)
            if site.caller not in seen:
                seen.add(site.caller)
                waiting.append(site.caller)
    return found & set(process.variables)
