"""Lowering of comparisons: what may be compared with what, and how."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import cast

from mcheck.lang import ir, types
from mcheck.lang.lower.builtin import Builtins
from mcheck.lang.lower.values import Static, Val, Value


class Comparisons(Builtins):
    """The part of the lowering that compares."""

    def comparison(self, op: ast.cmpop, a: Value, b: Value, node: ast.Compare) -> ast.expr:
        """One comparison, 0 or 1."""
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(b, Static) or not isinstance(
                b.value, tuple | frozenset | set | range
            ):
                raise self.refused(node, "`in` takes a tuple", "x in (A, B)")
            left = self.as_val(a, node)
            if not ir.total(left.expr):
                left = self.spill(left.expr, left.type)
            members = [self.as_val(Static(v), node) for v in cast("Iterable[object]", b.value)]
            found = ir.both(
                ast.Or(), [self._equal(left, member, node, ast.Eq()) for member in members]
            )
            return found if isinstance(op, ast.In) else ir.negate(found)
        x, y = self.as_val(a, node), self.as_val(b, node)
        if isinstance(op, ast.Is | ast.IsNot):
            if "int" in (x.type.kind, y.type.kind):
                raise self.refused(node, "`is` compares elements, not numbers", "==")
            if x.type.epoch != y.type.epoch and types.NULL not in (x.type, y.type):
                raise self.refused(node, "`is` between the states before and after", "==")
        if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            self._ordered(x, node)
            self._ordered(y, node)
            return ir.compare(x.expr, op, y.expr)
        same = ast.Eq() if isinstance(op, ast.Eq | ast.Is) else ast.NotEq()
        return self._equal(x, y, node, same)

    def _equal(self, x: Val, y: Val, node: ast.AST, op: ast.cmpop) -> ast.expr:
        if not types.compatible(x.type, y.type):
            raise self.refused(node, f"a {x.type} is never a {y.type}", "compare like with like")
        if x.type.hi < y.type.lo or y.type.hi < x.type.lo:
            return (
                ir.const(isinstance(op, ast.NotEq))
                if self.pure(x, y)
                else ir.compare(x.expr, op, y.expr)
            )
        if isinstance(x.expr, ast.Constant) and not isinstance(y.expr, ast.Constant):
            x, y = y, x
        return ir.compare(x.expr, op, y.expr)

    def pure(self, *values: Val) -> bool:
        """Whether dropping the values' computation changes nothing."""
        return all(ir.total(v.expr) for v in values)

    def _ordered(self, value: Val, node: ast.AST) -> None:
        if value.type.kind in ("int", "bool"):
            return
        of = value.type.of
        why = "interchangeable" if getattr(of, "interchangeable_", False) else "no number"
        raise self.refused(node, f"a {value.type} is {why}: it has no order", "== or !=")
