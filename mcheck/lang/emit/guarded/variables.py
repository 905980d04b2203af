"""The variables of an exported model: what each is called, its bounds, and where it begins.

Unlike the packed state, an export gives every local a variable of its own. Locals that share bits
there are never live together, and a dead one has its least value in both: so the distinct states
are the same, and an error in the sharing would show.
"""

from __future__ import annotations

import ast
import enum
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mcheck.lang import ir
from mcheck.lang.declare.fields import show
from mcheck.lang.declare.structs import Struct
from mcheck.lang.emit.guarded.pure import Values, table
from mcheck.lang.emit.python import PythonProgram
from mcheck.lang.program import Cell, Exit, Instance, Process, Program, Variable
from mcheck.lang.types import Type


@dataclass
class Stored:
    """A variable, or an array of `count`. starts: its values in each initial state."""

    name: str
    lo: int
    hi: int
    count: int | None = None
    starts: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    comment: str = ""

    def includes(self, lo: int, hi: int) -> bool:
        """Whether it has room for these values."""
        return self.lo <= lo and hi <= self.hi


@dataclass(frozen=True)
class Place:
    """One process instance, and what its variables are called.

    pc: says at which label it is. kept: at each label, the locals that may not be dead there.
    """

    process: Process
    instance: Instance
    name: str
    pc: Stored
    locals: dict[str, Stored]
    kept: dict[int, set[str]]

    def local(self, id_: str) -> Stored | str:
        """Where a local is kept between steps; one that has a single value is that value."""
        return self.locals.get(id_) or str(self.process.variables[id_].type.lo)


class Names:
    """Identifiers that are different from each other."""

    def __init__(self) -> None:
        """Begin without any."""
        self._taken: set[str] = set()

    def new(self, text: str) -> str:
        """An identifier that looks like the text."""
        plain = re.sub(r"\W+", "_", text.replace("@", ""), flags=re.ASCII).strip("_") or "x"
        plain = f"n{plain}" if plain[0].isdigit() else plain
        name, number = plain, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name.lower())
        return name


class Variables:
    """All variables of a program, and the names of everything else that needs one.

    claims: under which name each property is reported, where that has to be an identifier.
    cells, constants: by the key of the cell; a constant keeps its only value. looked_up: the
    constants that the text has needed so far.
    """

    def __init__(self, model: Any, program: Program) -> None:
        """Find the initial states, and a name for everything."""
        view = PythonProgram(model, program)
        self.program, self.names = program, Names()
        self.title: str = view.name
        self.hang: bool = view.hang
        self.scope: dict[str, int | bool] = view.constants
        self.claims = [self.names.new(f"ok_{claim.name}") for claim in program.claims]
        self.cells: dict[str, Stored] = {}
        self.constants: dict[str, Stored] = {}
        self.looked_up: dict[str, Stored] = {}
        for cell in program.cells.values():
            self._add_cell(view, cell)
        self.places = [self._place(view, i) for i in range(len(view.instances))]
        self.starts = len(view.initial)
        self._scratch: dict[str, str] = {}
        self._holders = self._slots()

    def stored(self) -> list[Stored]:
        """All that makes up a state, process by process, then the fields."""
        found: list[Stored] = []
        for place in self.places:
            found += [place.pc, *place.locals.values()]
        return found + list(self.cells.values())

    @property
    def heading(self) -> str:
        """The model's name and constants."""
        scope = ", ".join(f"{name} = {value}" for name, value in self.scope.items())
        return self.title + (f" with {scope}" if scope else "")

    def scratch(self, id_: str) -> str:
        """What a local or temporary is called that lives within a step only."""
        if id_ not in self._scratch:
            self._scratch[id_] = self.names.new(f"tmp_{id_}")
        return self._scratch[id_]

    @property
    def scratches(self) -> list[str]:
        """All names that `scratch` has given."""
        return list(self._scratch.values())

    def known(self, place: Place) -> Values:
        """What is a number, or a table of numbers, in a process instance."""
        numbers = {"process": ir.const(place.instance.number)}
        if place.instance.me is not None:
            numbers["me"] = ir.const(place.instance.me)
        return {**self.tables, **numbers}

    @functools.cached_property
    def tables(self) -> Values:
        """The cells that never change."""
        return {
            table(key): ast.Tuple([ir.const(n) for n in stored.starts[0]], ast.Load())
            for key, stored in self.constants.items()
        }

    def holders(self, slot: str) -> list[Stored]:
        """The locals of which at most one owns something: those of a `hold:offset:bits`."""
        return self._holders.get(slot, [])

    def _slots(self) -> dict[str, list[Stored]]:
        found: dict[str, list[Stored]] = {}
        for place in self.places:
            for id_, variable in place.process.variables.items():
                if variable.hold and id_ in place.locals:
                    offset = place.instance.base + variable.offset
                    slot = f"hold:{offset}:{variable.type.bits}"
                    found.setdefault(slot, []).append(place.locals[id_])
        return found

    def _add_cell(self, view: PythonProgram, cell: Cell) -> None:
        scalar = cell.struct is type(self.program.state) and cell.count == 1
        stored = Stored(self.names.new(cell.key), cell.type.lo, cell.type.hi)
        stored.count = None if scalar else cell.count
        stored.comment = self._meaning(cell.type)
        if cell.constant is not None:
            stored.starts = [tuple(cell.constant)]
            self.constants[cell.key] = stored
            return
        for state in view.initial:
            stored.starts.append(tuple(view.number(cell, i, state) for i in range(cell.count)))
        if cell.count:
            self.cells[cell.key] = stored

    def _place(self, view: PythonProgram, index: int) -> Place:
        process, instance = view.instances[index]
        labels = len(process.steps) - (process.done is None)
        name = self.names.new(instance.name)
        pc = Stored(self.names.new(f"{name}_pc"), 0, labels)
        kept = {
            id_: self._local(name, variable)
            for id_, variable in process.variables.items()
            if not variable.type.single
        }
        actor = view.actors[index]
        for state in view.initial:
            at = state >> actor.pc_shift & actor.pc_mask
            live = live_at(process.start.exits, at, process.done)
            pc.starts.append((at,))
            for id_, stored in kept.items():
                now = view.local(process, instance, id_, state) if id_ in live else stored.lo
                stored.starts.append((now,))
        return Place(process, instance, name, pc, kept, kept_at(process))

    def _local(self, owner: str, variable: Variable) -> Stored:
        name = self.names.new(f"{owner}_{variable.id}")
        lo, hi = variable.type.lo, variable.type.hi
        return Stored(name, lo, hi, comment=self._meaning(variable.type))

    def _meaning(self, of: Type) -> str:
        """What the numbers of a type stand for; nothing to say of numbers and flags."""
        if of.kind == "enum" and of.of is not None and issubclass(of.of, enum.Enum):
            return ", ".join(f"{i} {member.name}" for i, member in enumerate(of.of))
        if of.kind == "ref" and of.of is not None and issubclass(of.of, Struct):
            elements = self.program.state.elements_.instances(of.of)
            return ", ".join(f"{i} {show(e)}" for i, e in enumerate(elements, 1))
        return ""


def kept_at(process: Process) -> dict[int, set[str]]:
    """For each label, the locals that some way there has kept; all others are dead there."""
    found: dict[int, set[str]] = {}
    news = [(set[str](), process.start)]
    while news:
        before, step = news.pop()
        for e in step.exits:
            label = process.done if e.label < 0 else e.label
            assert label is not None
            untouched = {v for v in before if process.variables[v].procedure not in e.touched}
            after = untouched | set(e.live)
            known = found.get(label)
            if known is None or not after <= known:
                found[label] = after | (known or set())
                if label != process.done:
                    news.append((found[label], process.steps[label]))
    return found


def live_at(exits: Sequence[Exit], label: int, done: int | None) -> tuple[str, ...]:
    """The locals that are live where a path ends at a label."""
    return next(e.live for e in exits if (done if e.label < 0 else e.label) == label)


def elements(stored: Stored) -> list[str]:
    """A variable, or each element of an array, as text."""
    if stored.count is None:
        return [stored.name]
    return [f"{stored.name}[{i}]" for i in range(stored.count)]
