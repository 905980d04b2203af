"""Which elements of a counted struct a step reads or writes: the memory that it dereferences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import z3

from mcheck.lang.emit.smt import number
from mcheck.lang.program import Cell, Program
from mcheck.refs.candidates import array, reads_of
from mcheck.refs.features import Counted, own_index
from mcheck.refs.frames import names
from mcheck.refs.ways import Way

BY_NUMBER = "{} by its number"


@dataclass(frozen=True, eq=False)
class Accessed:
    """An element that a way gets at, and which of its fields it reads and writes.

    element: its number, as a term over what there was before the step; name: of the local or the
    field by which it is found; part: what names it is a reference to a part of it.
    """

    element: z3.ArithRef
    name: str
    part: bool
    reads: frozenset[str]
    writes: frozenset[str]


def memory(program: Program, of: Counted) -> dict[str, tuple[Cell, int]]:
    """The fields of an element, its embedded structs and maps, and what to add to its index."""
    found: dict[str, tuple[Cell, int]] = {}
    for cell in program.cells.values():
        offset = own_index(program, of, cell)
        if offset is not None:
            found[cell.key] = cell, offset
    return found


def accessed(program: Program, of: Counted, way: Way) -> Iterator[Accessed]:
    """The elements that a way gets at: by a local, by a field, or by their plain numbers."""
    fields = memory(program, of)
    live = {id_ for frame in way.after for id_ in frame.live}
    after = way.path.after
    terms: list[z3.ExprRef] = [*way.path.conditions]
    terms += [number(v) for id_, v in after.locals.items() if id_ in live]
    terms += [after.array(key) for key in dict.fromkeys(key for key, _ in way.path.stores)]
    found: dict[int, tuple[z3.ArithRef, set[str], set[str]]] = {}

    def note(key: str, at: z3.ArithRef, *, write: bool) -> None:
        cell, offset = fields[key]
        index = at / cell.length if cell.length > 1 else at - offset
        element = z3.simplify(index + 1)
        unseen = cell.field.ghost and z3.is_int_value(element)  # of all elements, for the checker
        if not unseen and _name(program, of, way, element)[0]:
            _, reads, writes = found.setdefault(element.get_id(), (element, set(), set()))
            (writes if write else reads).add(key)

    for term in terms:
        for key, at in reads_of(term):
            if key in fields:
                note(key, at, write=False)
    for key, at in way.path.stores:
        if key in fields:
            note(key, at, write=True)
    for element, reads, writes in found.values():
        name, whole = _name(program, of, way, element)
        yield Accessed(element, name, not whole, frozenset(reads), frozenset(writes))


def _name(program: Program, of: Counted, way: Way, element: z3.ArithRef) -> tuple[str, bool]:
    """The local that is an element, or the field that names it; whether it is not only a part.

    Empty if it has no name.
    """
    if z3.is_int_value(element):
        return BY_NUMBER.format(of.name), 1 <= element.as_long() <= of.number
    if z3.is_const(element):
        id_ = element.decl().name()
        variable = way.process.variables.get(id_)
        return id_.rsplit(".", 1)[-1], variable is None or variable.type.of is of.struct
    for key in sorted({key for key, _ in reads_of(element)}):
        if program.cells[key].type.kind == "ref" and program.cells[key].type.of is of.struct:
            return key, True
    structs = {cell.struct for cell, _ in memory(program, of).values()}
    for frame in way.before:
        for id_ in frame.live:
            kind = way.process.variables[id_].type
            if kind.kind == "ref" and kind.of in structs and id_ in names(element):
                return id_.rsplit(".", 1)[-1], kind.of is of.struct
    return "", False


def typed(program: Program, element: z3.ArithRef) -> Iterator[z3.BoolRef]:
    """The fields that an element is found by have values of their types."""
    for key, at in reads_of(element):
        cell = program.cells[key]
        yield z3.And(array(key)[at] >= cell.type.lo, array(key)[at] <= cell.type.hi)


def reads_at(terms: list[z3.ExprRef], key: str) -> list[z3.ArithRef]:
    """The places of a field that terms speak of."""
    found: dict[int, z3.ArithRef] = {}
    for term in terms:
        for name, at in reads_of(term):
            if name == key:
                found[at.get_id()] = at
    return list(found.values())
