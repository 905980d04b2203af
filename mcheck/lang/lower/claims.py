"""Lowering of properties: plain functions of a state, or of the states before and after a step."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from mcheck.lang import ir
from mcheck.lang.declare.state import State
from mcheck.lang.declare.structs import Struct
from mcheck.lang.errors import ModelError
from mcheck.lang.lower.accesses import Scope
from mcheck.lang.lower.cfg import Return
from mcheck.lang.lower.facts import Facts
from mcheck.lang.lower.helpers import Helpers
from mcheck.lang.lower.values import Env, Static, Val, Value
from mcheck.lang.procedures import source_of
from mcheck.lang.program import Cell, Claim, Site
from mcheck.lang.source import function_of
from mcheck.lang.types import BOOL, Type


class Claims(Helpers):
    """Lowers the properties of a model."""

    def __init__(
        self,
        state: State,
        cells: dict[str, Cell],
        sites: list[Site],
        holders: Callable[[type[Struct], str | None], list[str]],
    ) -> None:
        """Prepare; holders names the slots in which holds of a kind may be."""
        self.state, self.cells, self.sites, self.holders = state, cells, sites, holders
        self.written, self.protected, self.in_property, self.reading = set(), False, True, False
        self.settled, self.facts = lambda cell: None, Facts()
        self.inlining, self.visited, self.trail = (), set(), {}
        self.env, self.out, self.temporaries = Env(), [], 0

    def lower_claim(self, kind: str, function: Callable[..., Any]) -> Claim:
        """The lowered form of one property.

        Raises:
            ModelError: the function does not take the states that its kind has.
        """
        self.env, self.out, self.temporaries = Env(), [], 0
        self.scope = Scope(function_of(function), "")
        parameters = function.__code__.co_argcount
        needed = 2 if kind == "step" else 1
        if parameters != needed:
            raise ModelError(
                f"{source_of(function)}: the {kind} property {function.__name__} takes "
                f"{'the states before and after' if needed == 2 else 'one state'}, "
                f"not {parameters} parameters"
            )
        root = type(self.state)
        states = [
            Val(ir.const(1), Type("ref", 1, 1, root, epoch), ("#", root, 1))
            for epoch in range(needed)
        ]
        value = self.inline(function, list(states), ast.Pass(lineno=0, col_offset=0))
        if not isinstance(value, Val):
            raise ModelError(
                f"{source_of(function)}: {function.__name__} returns nothing; "
                f"return a flag, or a list of what offends"
            )
        return Claim(kind, function.__name__, self.out, value.expr)

    def returned(self, node: Return) -> Value:
        """A property's return: a flag, or a list that is empty where the property holds."""
        if len(self.inlining) > 1:
            return super().returned(node)
        if node.value is None:
            return Static(None)
        if isinstance(node.value, ast.ListComp):
            return Val(ir.negate(self.exists(self.comprehension(node.value))), BOOL)
        if isinstance(node.value, ast.List) and not node.value.elts:
            return Val(ir.const(1), BOOL)
        return Val(self.test(node.value), BOOL)
