"""Lowering of what names state: locals, fields, elements, locks, and the checks they need."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from mcheck.lang import ir, types
from mcheck.lang.declare.constants import Const
from mcheck.lang.declare.containers import Element, Embed, declarations
from mcheck.lang.declare.fields import Field
from mcheck.lang.declare.state import Lock, vars_of
from mcheck.lang.declare.structs import Struct
from mcheck.lang.lower.accesses import Accesses
from mcheck.lang.lower.values import Elems, Key, Static, Val, Value
from mcheck.lang.program import Cell, Site
from mcheck.lang.types import Type

V = TypeVar("V")


@dataclass(frozen=True)
class Spot:
    """Where a store goes: the cell and the index there; the owner, and which of its values."""

    cell: Cell
    index: ast.expr
    owner: Val
    at: ast.expr


class Cells(Accesses):
    """The part of the lowering that turns names of state into cells and elements."""

    out: list[ast.stmt]
    cells: dict[str, Cell]
    sites: list[Site]
    written: set[str]
    temporaries: int
    reading: bool

    def value(self, node: ast.expr) -> Val:
        """The value of an expression."""
        raise NotImplementedError

    def lower(self, node: ast.expr) -> Value:
        """What an expression stands for."""
        raise NotImplementedError

    def struct_of(self, value: Val, node: ast.AST) -> type[Struct]:
        """The struct class of the element that a value refers to."""
        raise NotImplementedError

    # --- statements that an expression needs first

    @contextmanager
    def collecting(self) -> Generator[list[ast.stmt]]:
        """Statements go to a list of their own."""
        saved, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = saved

    def fresh(self, of: Type) -> Val:
        """A new temporary."""
        self.temporaries += 1
        name = f"@{self.temporaries}"
        self.env.types[name] = of
        return Val(ir.name(name), of)

    def spill(self, expr: ast.expr, of: Type, key: Key | None = None) -> Val:
        """The value, computed now and kept."""
        kept = self.fresh(of)
        self.out.append(ir.assign(kept.expr, expr))
        return replace(kept, key=key)

    def in_order(self, parts: Sequence[Callable[[], V]]) -> list[V]:
        """Values computed from left to right, also where a later one needs statements first."""
        values: list[V] = []
        marks: list[int] = []
        for part in parts:
            values.append(part())
            marks.append(len(self.out))
        for i in reversed(range(len(values))):
            value = values[i]
            if isinstance(value, Val) and marks[i] < len(self.out) and not _stable(value.expr):
                kept = self.fresh(value.type)
                self.out.insert(marks[i], ir.assign(kept.expr, value.expr))
                values[i] = replace(value, expr=kept.expr)  # pyright: ignore[reportArgumentType, reportCallIssue]
            owner = value.owner if isinstance(value, Elems) else None
            if owner is not None and marks[i] < len(self.out) and not _stable(owner.expr):
                kept = self.fresh(owner.type)
                self.out.insert(marks[i], ir.assign(kept.expr, owner.expr))
                owner = replace(owner, expr=kept.expr)
                values[i] = replace(value, owner=owner)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return values

    def site(self, kind: str, message: str, node: ast.AST) -> int:
        """A check's number; what failed there and where it stands are kept for the trace."""
        new = Site(kind, message, self.scope.function.source(node))
        if new not in self.sites:
            self.sites.append(new)
        return self.sites.index(new)

    # --- locals

    def local(self, node: ast.Name) -> Value:
        """What a local stands for here."""
        if node.id in self.scope.bound:
            self.facts.ask(("bound", self.scope.prefix, node.id))
            return self.scope.bound[node.id]
        id_ = self.scope.variable(node.id)
        if self.loop is not None:
            self.loop.reads(id_)
        if id_ not in self.env.assigned:
            raise self.refused(
                node, f"{node.id} may have no value here", f"give {node.id} a value on every way"
            )
        hold = id_ if node.id in self.scope.holds else None
        if hold and id_ not in self.env.owned:
            raise self.refused(
                node,
                f"{node.id} is used after its reference was given up",
                "copy it to a plain local before, if only its identity is needed",
            )
        known = self.env.types[id_]
        if known.single:
            return Val(ir.const(known.lo), known, absolute(known) or (id_,), hold)
        return Val(ir.name(id_), known, self.env.aliases.get(id_, (id_,)), hold)

    # --- fields and elements

    def cell_of(self, declared: Field[Any], struct: type[Struct], length: int = 1) -> Cell:
        """The cell of a field of a struct class."""
        key = f"{struct.__name__}.{declared.name}"
        found = self.cells.get(key)
        if found is None:
            of = declared.type_in(self.state)
            count = self.state.count_(struct) * length
            found = Cell(key, struct, declared.name, declared, of, count, length)
            self.cells[key] = found
        return found

    def deref(self, value: Val, node: ast.AST, message: str = "") -> ast.expr:
        """The number of the element that a reference names; a violation where it is null."""
        if value.type.lo >= 1:
            return value.expr
        if isinstance(value.expr, ast.Name):
            known = self.env.types.get(value.expr.id, value.type)
            if known.lo >= 1:
                return value.expr
            self.env.types[value.expr.id] = replace(known, lo=min(1, known.hi))
        said = message or f"a field of null is used: {ast.unparse(node)}"
        site = self.site("null", said, node)
        return ir.call("nonnull", value.expr, site)

    def read(self, cell: Cell, owner: Val, at: ast.expr, length: int, node: ast.AST) -> Val:
        """The value of a field of an element."""
        index = ir.plus(ir.times(ir.plus(self.deref(owner, node), -1), length), at)
        self.touch(cell, owner, at, write=False, node=node)
        key = self.along(owner.key, cell) if length == 1 else None
        of = cell.type
        if of.kind == "ref" and owner.type.epoch:
            of = replace(of, epoch=owner.type.epoch)
        fixed = self.fixed(cell)
        if fixed is not None and ir.total(index):
            self.folded = True
            return Val(ir.const(fixed), replace(of, lo=fixed, hi=fixed), key)
        source = self.scope.function.source(node)
        return Val(ir.cell(cell.key + "'" * owner.type.epoch, index, source), of, key)

    def elements(self, elems: Elems, node: ast.AST) -> Value:
        """What an element declaration gives: the element itself for an Embed."""
        if not isinstance(elems.declared, Embed):
            owner = elems.owner
            if owner.type.lo < 1 or not ir.total(owner.expr):
                number = self.deref(owner, node)
                owner = self.spill(number, replace(owner.type, lo=1), owner.key)
            return replace(elems, owner=owner)
        return self.element(elems, ir.const(0), 0, node)

    def element(self, elems: Elems, at: ast.expr, position: int | None, node: ast.AST) -> Val:
        """A reference to one element of a declaration of structs."""
        place = self.state.elements_.place(elems.owner.type.of, elems.declared)
        owner = self.deref(elems.owner, node)
        first = ir.plus(ir.times(ir.plus(owner, -1), place.count), place.base)
        number = ir.plus(first, at)
        item = place.declared.item
        assert isinstance(item, type)
        count = self.state.count_(item)
        known = ir.value_of(number)
        of = Type("ref", known or 1, known or count, item, elems.owner.type.epoch)
        key = absolute(of)
        if key is None and elems.owner.key is not None and position is not None:
            name = elems.declared.name
            steps = (name,) if isinstance(elems.declared, Embed) else (name, position)
            key = (*elems.owner.key, *steps)
        return Val(number, of, key)

    def position(self, elems: Elems, node: ast.Subscript) -> ast.expr:
        """The position that an index names, checked."""
        declared = elems.declared
        index = self.value(node.slice)
        key = declared.keys()
        if key is not None:
            if index.type.kind != "ref" or index.type.of not in (key, None):
                raise self.refused(
                    node, f"{declared.name} is a Map over {key.__name__}, not {index.type}"
                )
            message = f"null is no index of {declared.name}"
            return ir.plus(self.deref(index, node.slice, message), -1)
        if index.type.kind not in ("int", "bool"):
            raise self.refused(
                node,
                f"an Array is indexed by a number, and this is {index.type}",
                "a Map, for elements as keys",
            )
        item = declared.item
        if isinstance(item, type) and item.interchangeable_:
            raise self.refused(
                node,
                f"{item.__name__} is interchangeable: its elements have no numbers",
                "choose(...), a for over all of them, or a Ref",
            )
        n = declared.count(self.state)
        if n and types.integer(0, n - 1).includes(index.type):
            return index.expr
        site = self.site("index", f"{declared.name} has the indices 0..{n - 1}", node)
        return ir.call("within", index.expr, 0, n - 1, site)

    def item(self, elems: Elems, node: ast.Subscript) -> Val:
        """The element that an index names."""
        at = self.position(elems, node)
        if isinstance(elems.declared.item, Field):
            return self.read(*self.field_item(elems), at, elems.declared.count(self.state), node)
        return self.element(elems, at, ir.value_of(at), node)

    def field_item(self, elems: Elems) -> tuple[Cell, Val]:
        """The cell behind an Array or Map of fields, and the element that has it."""
        declared = elems.declared
        assert isinstance(declared.item, Field)
        struct = elems.owner.type.of
        assert struct is not None and issubclass(struct, Struct)
        length = declared.count(self.state)
        declared.item.name, declared.item.struct = declared.name, declared.struct
        return self.cell_of(declared.item, struct, length), elems.owner

    def iterate(self, value: Value, node: ast.expr) -> list[Callable[[], Value]]:
        """The elements that a for, a choose or a quantifier runs over, in order."""
        if isinstance(value, Elems):
            n = value.declared.count(self.state)
            if isinstance(value.declared.item, Field):
                cell, owner = self.field_item(value)

                def read(i: int) -> Value:
                    return self.read(cell, owner, ir.const(i), n, node)

                return [functools.partial(read, i) for i in range(n)]
            element = functools.partial(self.element, value)
            return [functools.partial(element, ir.const(i), i, node) for i in range(n)]
        if isinstance(value, Static):
            try:
                return [functools.partial(Static, v) for v in value.value]
            except TypeError:
                pass
        raise self.refused(
            node,
            "this is nothing to run over",
            "an Array, a Map, a range or a tuple of constants, or an enum class",
        )

    # --- stores

    def locate(self, node: ast.expr) -> Spot:
        """What an assignment's target names.

        Raises:
            Refused: the target is no field.
        """
        if isinstance(node, ast.Attribute):
            base = self.lower(node.value)
            if isinstance(base, Val):
                struct = self.struct_of(base, node)
                if struct is Lock:
                    raise self.refused(
                        node, "a lock's holder is not assigned", "acquire(), release()"
                    )
                declared = declarations(struct).get(node.attr)
                if isinstance(declared, Field):
                    return self._at(self.cell_of(declared, struct), base, ir.const(0), 1, node)
                if isinstance(declared, Element):
                    raise self.refused(
                        node, "elements are never assigned", "assign to their fields"
                    )
                if isinstance(vars_of(struct).get(node.attr), Const):
                    raise self.refused(
                        node, f"{node.attr} is a constant of the scenario", "a field, if it changes"
                    )
                raise self.refused(node, f"{struct.__name__} declares no field {node.attr}")
        if isinstance(node, ast.Subscript):
            base = self.lower(node.value)
            if isinstance(base, Elems) and isinstance(base.declared.item, Field):
                at = self.position(base, node)
                n = base.declared.count(self.state)
                return self._at(*self.field_item(base), at, n, node)
        raise self.refused(
            node, "this cannot be assigned to", "one local, or one field of an element"
        )

    def _at(self, cell: Cell, owner: Val, at: ast.expr, length: int, node: ast.AST) -> Spot:
        index = ir.plus(ir.times(ir.plus(self.deref(owner, node), -1), length), at)
        return Spot(cell, index, owner, at)

    def how(self, value: Val) -> str | None:
        """How a value is given: by which operator, as which constant, or None for otherwise."""
        if self.operator == "" and isinstance(value.expr, ast.Constant):
            return f"= {ir.value_of(value.expr)}"
        return self.operator or None

    def _writes(self, cell: str) -> None:
        if cell not in self.written:
            self.written.add(cell)
            self.facts.learn(("written", cell))

    def store(self, spot: Spot, value: Val, node: ast.AST) -> None:
        """Append the store, checked against the field's bounds."""
        cell, owner = spot.cell, spot.owner
        if self.in_property or self.reading:
            what = "a property" if self.in_property else "what a step waits for or chooses from"
            raise self.refused(node, f"{what} changes nothing")
        if not types.compatible(cell.type, value.type):
            raise self.refused(node, f"{cell.key} is a {cell.type}, and this is a {value.type}")
        expr = value.expr
        if not cell.type.includes(value.type):
            kind = "null" if cell.type.kind == "ref" else "bounds"
            says = "may not be null" if kind == "null" else f"is {cell.type}"
            site = self.site(kind, f"{cell.key} {says}", node)
            expr = ir.call("within", expr, cell.type.lo, cell.type.hi, site)
        self.touch(cell, owner, spot.at, write=True, node=node)
        if self.loop is not None:
            self.loop.change(cell.key, self.how(value), owner.key)
        self._writes(cell.key)
        self.out.append(ir.assign(ast.Subscript(ir.name(cell.key), spot.index, ast.Store()), expr))


def absolute(of: Type) -> Key | None:
    """The key of an element whose number is known."""
    if of.kind == "ref" and of.single and of.lo and of.of is not None:
        return ("#", of.of, of.lo)
    return None


def _stable(expr: ast.expr) -> bool:
    """Whether statements that come in between cannot change what an expression gives."""
    return isinstance(expr, ast.Constant | ast.Name)
