"""Lowering of what is reached by a dot or an index: fields, elements, constants, methods."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from mcheck.lang import ir
from mcheck.lang.declare.constants import Const
from mcheck.lang.declare.containers import declarations
from mcheck.lang.declare.fields import Field
from mcheck.lang.declare.state import Lock, vars_of
from mcheck.lang.declare.structs import Null
from mcheck.lang.lower.comparisons import Comparisons
from mcheck.lang.lower.values import Elems, Env, Method, Static, Val, Value
from mcheck.lang.lower.wording import describe
from mcheck.lang.types import BOOL


class Attributes(Comparisons):
    """The part of the lowering that follows dots and indices."""

    def merge(self, ends: list[Env], node: ast.AST) -> Env:
        """What is known where several ways come together."""
        raise NotImplementedError

    def inline(self, function: Any, arguments: list[Value], node: ast.AST) -> Value:
        """What a helper function returns."""
        raise NotImplementedError

    def lower_Attribute(self, node: ast.Attribute) -> Value:
        base = self.lower(node.value)
        if isinstance(base, Static):
            if isinstance(base.value, Null):
                base = self.as_val(base, node)
            else:
                return self._static_attribute(base, node)
        if isinstance(base, Elems | Method):
            raise self.refused(node, f"{describe(base)} has no {node.attr}", "index it first")
        return self.attribute(base, node)

    def _static_attribute(self, base: Static, node: ast.Attribute) -> Value:
        if not hasattr(base.value, node.attr):
            raise self.refused(node, f"{base.value!r} has no {node.attr}")
        return Static(getattr(base.value, node.attr))

    def attribute(self, base: Val, node: ast.Attribute) -> Value:
        """A field, an element declaration, a constant or a method of an element."""
        struct = self.struct_of(base, node)
        declared = vars_of(struct).get(node.attr)
        stored = declarations(struct).get(node.attr)
        if isinstance(stored, Field) and struct is not Lock:
            return self.read(self.cell_of(stored, struct), base, ir.const(0), 1, node)
        if stored is not None and not isinstance(stored, Field):
            return self.elements(Elems(base, stored), node)
        if isinstance(declared, Const) and node.attr in self.either:
            return Val(ir.name(f"{type(self.state).__name__}.{node.attr}"), BOOL)
        if isinstance(declared, Const):
            return Static(self.state.constants_[node.attr])
        if struct is Lock and node.attr in ("held", "mine"):
            return self.lock_test(base, node)
        if isinstance(declared, property) and declared.fget is not None:
            return self.inline(declared.fget, [self.present(base, node)], node)
        if callable(declared):
            return Method(declared, base if struct is Lock else self.present(base, node))
        raise self.refused(
            node, f"{struct.__name__} has no {node.attr}", f"one of {', '.join(vars_of(struct))}"
        )

    def present(self, element: Val, node: ast.AST) -> Val:
        """An element that is not null, or the step fails here."""
        if element.type.lo >= 1:
            return element
        number = self.deref(element, node)
        return self.spill(number, replace(element.type, lo=1), element.key)

    def lower_Subscript(self, node: ast.Subscript) -> Value:
        base = self.lower(node.value)
        if isinstance(base, Static):
            index = self.lower(node.slice)
            if isinstance(index, Static):
                return self._static_item(base, index, node)
        if not isinstance(base, Elems):
            raise self.refused(node, "only an Array or a Map can be indexed")
        return self.item(base, node)

    def _static_item(self, base: Static, index: Static, node: ast.AST) -> Value:
        try:
            return Static(base.value[index.value])
        except (TypeError, LookupError) as e:
            raise self.refused(node, f"{base.value!r}[{index.value!r}]: {e}") from None
