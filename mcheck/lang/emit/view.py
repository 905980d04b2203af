"""A packed state as a person, or a property as plain Python, sees it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, cast

from mcheck.lang.contract import Actor, Held, Property
from mcheck.lang.declare.containers import Sequence_
from mcheck.lang.declare.fields import decode, show
from mcheck.lang.declare.state import Lock, State
from mcheck.lang.declare.structs import Struct
from mcheck.lang.errors import ModelError, StepFailed
from mcheck.lang.layout import holders
from mcheck.lang.lower.routines import RETURN
from mcheck.lang.procedures import source_of
from mcheck.lang.program import Cell, Instance, Process, Program


class View:
    """Reads packed states of one program."""

    actors: Sequence[Actor]
    properties: Sequence[Property]
    initial: Sequence[int]
    bits: int

    def __init__(self, model: Any, program: Program) -> None:
        """Keep the model and its program."""
        self.model, self.program = model, program
        self.name: str = model.name
        self.constants: dict[str, int | bool] = model.constants
        self.instances: list[tuple[Process, Instance]] = [
            (p, i) for p in program.processes for i in p.instances
        ]
        program.state.elements_.attach([i for _, i in self.instances])

    def different_names(self) -> None:
        """Refuse a model in whose traces two things would have one name.

        Raises:
            ModelError: two fields, or two processes, are called the same.
        """
        processes = [i.name for _, i in self.instances]
        for name in processes:
            if processes.count(name) > 1:
                raise ModelError(f'two processes are called {name}; run(..., name="...")')
        fields = [name for name, *_ in self.fields]
        if len(set(fields)) < len(fields):
            name = next(n for n in fields if fields.count(n) > 1)
            raise ModelError(f"two fields are called {name} in traces; look at names= and at run()")

    def number(self, cell: Cell, i: int, state: int) -> int:
        """The value of a cell at an index, by number."""
        if cell.constant is not None:
            return cell.constant[i]
        bits = cell.type.bits
        return (state >> cell.offset + i * bits & (1 << bits) - 1) + cell.type.lo

    def local(self, process: Process, instance: Instance, id_: str, state: int) -> int:
        """The value of a local, by number; meaningful only where it is live."""
        v = process.variables[id_]
        return (state >> instance.base + v.offset & (1 << v.type.bits) - 1) + v.type.lo

    @functools.cached_property
    def fields(self) -> list[tuple[str, Cell, int]]:
        """Every stored field: the name a person would use, its cell and the index there."""
        found: list[tuple[str, Cell, int]] = []
        world = self.program.state
        for cell in self.program.cells.values():
            if cell.constant is not None:
                continue
            elements = world.elements_.instances(cell.struct)
            for i in range(cell.count):
                element = elements[i // cell.length]
                value = element.values_[cell.name]
                name = "" if element is world else element.name_
                if cell.struct is not Lock:
                    name = f"{name}.{cell.name}".removeprefix(".")
                if isinstance(value, Sequence_):
                    name += cast("Sequence_[Any]", value).index_name(i % cell.length)
                found.append((name, cell, i))
        return found

    def describe(self, state: int) -> dict[str, str]:
        """Every stored field, by the name a person would use."""
        world = self.program.state
        return {
            name: show(decode(self.number(cell, i, state), cell.type, world))
            for name, cell, i in self.fields
        }

    def where(self, state: int, actor: int) -> tuple[str, ...]:
        """The procedures that an actor stands in, outermost first."""
        process, instance = self.instances[actor]
        at = state >> instance.pc_offset & (1 << process.pc_bits) - 1
        if at == process.done:
            return ()
        chain = [process.steps[at].procedure]
        while callers := process.callers[chain[0]]:
            id_ = f"{chain[0]}.{RETURN}"
            number = 0
            if len(callers) > 1 and id_ in process.variables:
                number = self.local(process, instance, id_, state)
            chain.insert(0, callers[number].caller)
        return tuple(chain)

    @functools.cached_property
    def slots(self) -> list[tuple[str, str, type[Struct], int, int]]:
        """Where holds are kept: whose, which kind, of what, offset and bits."""
        found: dict[tuple[int, int], tuple[str, str, type[Struct], int, int]] = {}
        for process, instance in self.instances:
            for v in process.variables.values():
                if v.hold and v.type.of is not None:
                    at = (instance.base + v.offset, v.type.bits)
                    found[at] = (instance.name, v.hold, v.type.of, *at)
        return list(found.values())

    def held(self, state: int) -> tuple[Held, ...]:
        """The references that processes own."""
        elements = self.program.state.elements_
        found: list[Held] = []
        for process, kind, of, offset, bits in self.slots:
            number = state >> offset & (1 << bits) - 1
            if number:
                found.append(Held(process, elements.instances(of)[number - 1].name_, kind))
        return tuple(found)

    def unpack(self, state: int) -> State:
        """The state as objects that plain Python can read."""
        world: State = self.model.new_state()
        world.elements_.attach([i for _, i in self.instances])
        for cell in self.program.cells.values():
            for e, element in enumerate(world.elements_.instances(cell.struct)):
                numbers = [
                    self.number(cell, e * cell.length + i, state) for i in range(cell.length)
                ]
                values = [cell.field.decode(n, world) for n in numbers]
                present = element.values_[cell.name]
                if isinstance(present, Sequence_):
                    present.items[:] = values
                elif values:
                    element.values_[cell.name] = values[0]
        for kind, of, offset, bits in holders(self.program.processes):
            number = state >> offset & (1 << bits) - 1
            if number:
                world.holds_.append((kind, world.elements_.instances(of)[number - 1]))
        return world

    def offenders(self, claimed: Any, before: int, after: int) -> list[str]:
        """What breaks a property there: the property's own function, run as plain Python."""
        worlds = [self.unpack(before)]
        if claimed.kind == "step":
            worlds.append(self.unpack(after))
        try:
            found: Any = claimed.function(*worlds)
        except StepFailed as e:
            where = source_of(claimed.function)
            raise ModelError(f"{where}: {claimed.name} cannot name what offends: {e}") from None
        offending = cast("list[object]", found) if isinstance(found, list) else []
        return [show(x) for x in offending]
