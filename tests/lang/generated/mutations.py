"""Mistakes that the lowering could have. Each replaces one function of it by one that is wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mcheck.lang import build, ir, layout
from mcheck.lang.emit.expressions import Text
from mcheck.lang.emit.python import Writer
from mcheck.lang.lower import liveness
from mcheck.lang.lower.accesses import Accesses
from mcheck.lang.lower.calls import Calls
from mcheck.lang.lower.cells import Cells
from mcheck.lang.lower.cfg import Node, Wait
from mcheck.lang.lower.expressions import Expressions
from mcheck.lang.lower.helpers import Helpers
from mcheck.lang.lower.statements import Statements
from mcheck.lang.lower.values import Val
from mcheck.lang.program import Cell, Exit
from mcheck.lang.types import BOOL

Plant = Callable[[pytest.MonkeyPatch], None]
MUTATIONS: dict[str, Plant] = {}


def mutation(plant: Plant) -> Plant:
    """Put a mistake on the list, under the name of the function that plants it."""
    MUTATIONS[plant.__name__] = plant
    return plant


@mutation
def locals_that_live_together_share_bits(patch: pytest.MonkeyPatch) -> None:
    def none(lowered: object) -> set[frozenset[str]]:
        return set()

    patch.setattr(layout, "interference", none)


@mutation
def a_guard_is_no_use_of_a_local(patch: pytest.MonkeyPatch) -> None:
    original = liveness.before

    def forgetful(node: Node, after: frozenset[str]) -> frozenset[str]:
        if isinstance(node, Wait):
            return original(replace(node, until=None), after)
        return original(node, after)

    patch.setattr(liveness, "before", forgetful)


@mutation
def both_sides_of_a_short_circuit_are_evaluated(patch: pytest.MonkeyPatch) -> None:
    def eager(
        self: Expressions, op: ast.boolop, parts: Sequence[Callable[[], ast.expr]], *_: object
    ) -> ast.expr:
        return ir.both(op, [self.spill(part(), BOOL).expr for part in parts])

    patch.setattr(Expressions, "short_circuit", eager)


@mutation
def what_was_read_before_a_side_effect_is_read_after_it(patch: pytest.MonkeyPatch) -> None:
    def unspilled(self: Cells, parts: Sequence[Callable[[], Any]]) -> list[Any]:
        return [part() for part in parts]

    patch.setattr(Cells, "in_order", unspilled)


@mutation
def a_procedure_returns_to_the_next_caller(patch: pytest.MonkeyPatch) -> None:
    original = Calls._set_return

    def off_by_one(self: Calls, callee: Any, index: int) -> None:
        original(self, callee, (index + 1) % len(callee.sites))

    patch.setattr(Calls, "_set_return", off_by_one)


@mutation
def the_filter_of_a_choice_is_dropped(patch: pytest.MonkeyPatch) -> None:
    original = Writer.step

    def unfiltered(self: Writer, step: Any, name: str, *, traced: bool) -> list[str]:
        choices = [replace(c, filter=None) for c in step.choices]
        return original(self, replace(step, choices=choices), name, traced=traced)

    patch.setattr(Writer, "step", unfiltered)


@mutation
def bounds_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    _drop_check(patch, "within")


@mutation
def null_is_not_checked(patch: pytest.MonkeyPatch) -> None:
    _drop_check(patch, "nonnull")


def _drop_check(patch: pytest.MonkeyPatch, dropped: str) -> None:
    original = Text._call

    def unchecked(self: Text, function: str, args: list[ast.expr]) -> str:
        return self.text(args[0]) if function == dropped else original(self, function, args)

    patch.setattr(Text, "_call", unchecked)


@mutation
def a_store_does_not_clear_the_old_value(patch: pytest.MonkeyPatch) -> None:
    original = Text.store

    def unmasked(self: Text, key: str, index: ast.expr, value: ast.expr, full: int) -> list[str]:
        stored = original(self, key, index, value, full)
        return [re.sub(r"^t = t & [^|]+ \|", "t = t |", line) for line in stored]

    patch.setattr(Text, "store", unmasked)


@mutation
def loops_leave_out_the_last_element(patch: pytest.MonkeyPatch) -> None:
    original = Expressions.iterate

    def shorter(self: Expressions, value: Any, node: ast.expr) -> list[Any]:
        elements = original(self, value, node)
        return elements[:-1] if len(elements) > 1 else elements

    patch.setattr(Expressions, "iterate", shorter)


@mutation
def leaks_are_not_noticed(patch: pytest.MonkeyPatch) -> None:
    def careless(self: Statements, id_: str, node: ast.AST, message: str) -> None:
        self.env.owned.discard(id_)

    patch.setattr(Statements, "leak_check", careless)


@mutation
def a_helper_has_the_type_of_its_first_return(patch: pytest.MonkeyPatch) -> None:
    original = Helpers._result

    def narrow(self: Helpers, result: Any, values: list[Any], graph: Any) -> Any:
        first = next((v for v in values if v is not None), None)
        joined = original(self, result, values, graph)
        if first is None:
            return joined
        assert isinstance(joined, Val) and isinstance(joined.expr, ast.Name)
        self.env.types[joined.expr.id] = first.type
        return replace(joined, type=first.type)

    patch.setattr(Helpers, "_result", narrow)


@mutation
def dead_locals_are_kept(patch: pytest.MonkeyPatch) -> None:
    original = Writer._after

    def uncleared(self: Writer, e: Exit) -> str:
        return original(self, replace(e, touched=()))

    patch.setattr(Writer, "_after", uncleared)


@mutation
def division_truncates(patch: pytest.MonkeyPatch) -> None:
    original = Text.text

    def truncated(self: Text, e: ast.expr) -> str:
        if not isinstance(e, ast.BinOp) or not isinstance(e.op, ast.FloorDiv | ast.Mod):
            return original(self, e)
        a, b = self.text(e.left), self.text(e.right)
        quotient = f"int({a} / {b})"
        return quotient if isinstance(e.op, ast.FloorDiv) else f"({a} - {quotient} * {b})"

    patch.setattr(Text, "text", truncated)


@mutation
def a_local_is_narrowed_too_far(patch: pytest.MonkeyPatch) -> None:
    original = Expressions._narrow

    def further(self: Expressions, name: str, op: ast.cmpop, n: int) -> None:
        original(self, name, op, n - 1 if isinstance(op, ast.Lt) else n)

    patch.setattr(Expressions, "_narrow", further)


@mutation
def a_field_that_a_step_writes_is_a_constant(patch: pytest.MonkeyPatch) -> None:
    original = build._fold

    def forgetful(cells: dict[str, Cell], written: set[str], starts: list[Any]) -> None:
        original(cells, set(sorted(written)[1:]), starts)

    patch.setattr(build, "_fold", forgetful)


@mutation
def a_field_that_a_step_writes_keeps_its_first_value(patch: pytest.MonkeyPatch) -> None:
    def forgetful(self: Accesses, cell: Cell) -> int | None:
        return self.settled(cell) if self.protected else None

    patch.setattr(Accesses, "fixed", forgetful)


@mutation
def only_one_initial_state_is_looked_at(patch: pytest.MonkeyPatch) -> None:
    original = build.settled

    def hasty(starts: list[Any]) -> Callable[[Cell], int | None]:
        return original(starts[:1])

    patch.setattr(build, "settled", hasty)


@mutation
def the_wrong_way_of_an_else_is_taken(patch: pytest.MonkeyPatch) -> None:
    def swapped(a: ast.expr) -> ast.expr:
        known = ir.value_of(a)
        return a if known is None else ir.const(not known)

    patch.setattr(ir, "negate", swapped)
