"""What may stand for references to an element: fields that name it, lists it is on, its flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import z3

from mcheck.lang.declare.containers import Element, declarations
from mcheck.lang.declare.structs import Struct
from mcheck.lang.emit.smt import Path, World
from mcheck.lang.program import Cell, Program

COUNT = "refcount"
"""The name of a field that counts references."""


@dataclass(frozen=True)
class Counted:
    """A struct whose elements are counted: the class, the cell of the count, how many there are.

    splits: locals that hold a reference or not as a flag says, each with the flag.
    """

    struct: type[Struct]
    cell: Cell
    number: int
    splits: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The struct's name."""
        return self.struct.__name__


def counted(program: Program) -> list[Counted]:
    """The structs that have a reference count."""
    return [
        Counted(c.struct, c, c.count)
        for c in program.cells.values()
        if c.name == COUNT and c.constant is None
    ]


class Feature(NamedTuple):
    """Something that each state has a number of times for an element.

    cell: which field; value: for a flag or enum of the element itself, the value that counts;
    sibling, of: for a reference, the field next to it that has to have the value `of`.
    how: "names" (the field names the element), "listed" (a flag of a map over such elements),
    "is" (a field of the element has the value), "some" (an integer of the element is not 0).
    """

    cell: str
    how: str
    value: int = 0
    sibling: str = ""
    of: int = 0


def siblings(program: Program, cell: Cell) -> list[Cell]:
    """The enums that stand next to a reference in the same struct."""
    return [
        c
        for c in program.cells.values()
        if c.struct is cell.struct and c.type.kind == "enum" and c.constant is None
    ]


def features(program: Program, of: Counted, split: Sequence[str]) -> Iterator[Feature]:
    """All features of a counted struct; references in `split` by the enums next to them."""
    for cell in program.cells.values():
        if cell.constant is not None:
            continue
        if cell.type.kind == "ref" and cell.type.of is of.struct:
            near = siblings(program, cell) if cell.key in split else []
            for sibling in near:
                for n in range(sibling.type.lo, sibling.type.hi + 1):
                    yield Feature(cell.key, "names", 0, sibling.key, n)
            if not near:
                yield Feature(cell.key, "names")
        elif cell.length > 1 and cell.type.kind == "bool" and counted_by(cell) is of.struct:
            yield Feature(cell.key, "listed", 1)
        elif cell.length == 1 and own_index(program, of, cell) is not None:
            if cell.type.kind == "bool":
                yield Feature(cell.key, "is", 1)
            elif cell.type.kind == "enum":
                for n in range(1, cell.type.hi + 1):
                    yield Feature(cell.key, "is", n)
            elif cell.type.kind == "int" and cell is not of.cell:
                yield Feature(cell.key, "some")


def counted_by(cell: Cell) -> type[Struct] | None:
    """The struct whose elements are the keys of a map."""
    declared = declarations(cell.struct).get(cell.name)
    return declared.keys() if isinstance(declared, Element) else None


def own_index(program: Program, of: Counted, cell: Cell) -> int | None:
    """What to add to an element's index for that of its field, also in a struct embedded in it."""
    if cell.struct is of.struct:
        return 0
    for declared in declarations(of.struct).values():
        if isinstance(declared, Element) and declared.item is cell.struct:
            place = program.state.elements_.place(of.struct, declared)
            if place.count == 1:
                return place.base - 1
    return None


def times(
    program: Program, of: Counted, feature: Feature, values: Mapping[str, list[int]], f: int
) -> int:
    """How many times a feature is there for element number f, where the fields have values."""
    cell = program.cells[feature.cell]
    own = own_index(program, of, cell) or 0
    match feature.how:
        case "names":
            near = values[feature.sibling] if feature.sibling else [feature.of] * cell.count
            both = zip(values[cell.key], near, strict=True)
            return sum(v == f and n == feature.of for v, n in both)
        case "listed":
            return sum(values[cell.key][f - 1 :: cell.length])
        case "some":
            return int(values[cell.key][f - 1 + own] != 0)
        case _:
            return int(values[cell.key][f - 1 + own] == feature.value)


def change(program: Program, of: Counted, feature: Feature, path: Path, f: z3.ArithRef) -> object:
    """How many times more the feature is there for the element f after a path: a term, or None.

    None where the path writes nothing that it depends on.
    """
    keys = {feature.cell, feature.sibling}
    stores = [(key, at) for key, at in path.stores if key in keys]
    if not stores:
        return None
    if feature.how in ("is", "some"):
        offset = own_index(program, of, program.cells[feature.cell])
        assert offset is not None
        at = f - 1 + offset
        return _has(feature, path.after, at, f) - _has(feature, path.before, at, f)
    total: z3.ArithRef = z3.IntVal(0)
    seen: list[z3.ArithRef] = []
    length = program.cells[feature.cell].length
    for _, at in stores:
        if any(at.eq(other) for other in seen):
            continue
        fresh = z3.And([at != other for other in seen])
        if feature.how == "listed":
            fresh = z3.And(fresh, at % length == f - 1)
        more = _has(feature, path.after, at, f) - _has(feature, path.before, at, f)
        total = total + z3.If(fresh, more, 0)
        seen.append(at)
    return z3.simplify(total)


def _has(feature: Feature, world: World, at: z3.ArithRef, f: z3.ArithRef) -> z3.ArithRef:
    value = world.cell(feature.cell, at)
    match feature.how:
        case "names":
            held = value == f
            if feature.sibling:
                held = z3.And(held, world.cell(feature.sibling, at) == feature.of)
        case "some":
            held = value != 0
        case _:
            held = value == feature.value
    return z3.If(held, z3.IntVal(1), z3.IntVal(0))


def bounds(program: Program, path: Path) -> Iterator[z3.BoolRef]:
    """Every field that a path overwrites had one of its values before; numbers may be large."""
    for key, at in path.stores:
        cell, value = program.cells[key], path.before.array(key)[at]
        if cell.type.kind not in ("int", "process"):
            yield z3.And(value >= cell.type.lo, value <= cell.type.hi)
        elif cell.name != COUNT:
            yield value >= cell.type.lo
