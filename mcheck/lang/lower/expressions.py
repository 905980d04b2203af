"""Lowering of expressions: from model text to integers, with every check made explicit."""

from __future__ import annotations

import ast
import enum
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.declare.state import Lock
from mcheck.lang.declare.structs import Null, Struct
from mcheck.lang.errors import Refused
from mcheck.lang.lower.attributes import Attributes
from mcheck.lang.lower.values import NEW, Env, Method, Static, Val, Value
from mcheck.lang.lower.wording import describe, expression_refused
from mcheck.lang.procedures import as_procedure
from mcheck.lang.types import BOOL, Type


class Expressions(Attributes):
    """The part of the lowering that turns an expression into a value."""

    def lower(self, node: ast.expr) -> Value:
        """The value of an expression; statements it needs first are appended to the output."""
        method: Callable[[Any], Value] | None = getattr(self, f"lower_{type(node).__name__}", None)
        if method is None:
            raise self.refused(node, *expression_refused(node))
        return method(node)

    def value(self, node: ast.expr) -> Val:
        """The value of an expression that must be a number, flag, member or reference."""
        return self.as_val(self.lower(node), node)

    def as_val(self, value: Value, node: ast.AST) -> Val:
        """A value as something that can be computed with."""
        if isinstance(value, Val):
            return value
        if isinstance(value, Static):
            match value.value:
                case enum.Enum() as member:
                    n = list(type(member)).index(member)
                    return Val(ir.const(n), Type("enum", n, n, type(member)))
                case bool() as flag:
                    return Val(ir.const(flag), Type("bool", int(flag), int(flag)))
                case int() as n:
                    return Val(ir.const(n), types.integer(n, n))
                case Null():
                    return Val(ir.const(0), types.NULL)
                case _:
                    pass
        raise self.refused(
            node,
            f"{describe(value)} is no value of the language",
            "a number, a flag, a member of an enum, an element or null",
        )

    def test(self, node: ast.expr) -> ast.expr:
        """The truth of an expression, 0 or 1."""
        if isinstance(node, ast.BoolOp):
            parts = [lambda n=n: self.test(n) for n in node.values]
            return self.short_circuit(node.op, parts, node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ir.negate(self.test(node.operand))
        return self.truth(self.value(node), node)

    def truth(self, value: Val, node: ast.AST) -> ast.expr:
        """Whether a value counts as true, 0 or 1."""
        if value.type.kind == "bool":
            return value.expr
        if value.type.kind == "enum":
            raise self.refused(node, f"a {value.type} is neither true nor false", "compare it")
        return ir.compare(value.expr, ast.NotEq(), ir.const(0))

    def short_circuit(
        self, op: ast.boolop, parts: list[Callable[[], ast.expr]], node: ast.AST
    ) -> ast.expr:
        """`a and b`, `a or b`: a later part is looked at only where the earlier ones let it."""
        stops = isinstance(op, ast.Or)
        done: list[ast.expr] = []
        skipped: list[Env] = []
        for i, part in enumerate(parts):
            if i:
                skipped.append(self.env.copy())
                self.refine(done[-1], not stops)
            with self.collecting() as before:
                expr = part()
            if before and done:
                result = self._and_then(op, done, before, [lambda e=expr: e, *parts[i + 1 :]], node)
                self.env = self.merge([*skipped, self.env], node)
                return result
            self.out.extend(before)
            done.append(expr)
            if ir.value_of(expr) is not None and bool(ir.value_of(expr)) is stops:
                break
        self.env = self.merge([*skipped, self.env], node)
        return ir.both(op, done)

    def _and_then(
        self,
        op: ast.boolop,
        done: list[ast.expr],
        before: list[ast.stmt],
        rest: list[Callable[[], ast.expr]],
        node: ast.AST,
    ) -> ast.expr:
        """The rest of a chain needs statements first: they run where the chain gets so far."""
        result = self.spill(ir.both(op, done), BOOL)
        with self.collecting() as inner:
            inner.extend(before)
            inner.append(ir.assign(result.expr, self.short_circuit(op, rest, node)))
        stops = isinstance(op, ast.Or)
        condition = ir.negate(result.expr) if stops else result.expr
        self.out.append(ast.If(condition, inner, []))
        return result.expr

    def refine(self, test: ast.expr, truth: bool) -> None:
        """Narrow what is known of the locals by a test that came out so."""
        match test:
            case ast.UnaryOp(op=ast.Not()):
                self.refine(test.operand, not truth)
            case ast.BoolOp() if isinstance(test.op, ast.And) is truth:
                for part in test.values:
                    self.refine(part, truth)
            case ast.Name(id=name) if name in self.env.types:
                self._narrow(name, ast.NotEq() if truth else ast.Eq(), 0)
            case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[other]):
                n = ir.value_of(other)
                if name in self.env.types and n is not None:
                    self._narrow(name, op if truth else _OPPOSITE[type(op)](), n)
            case _:
                pass

    def _narrow(self, name: str, op: ast.cmpop, n: int) -> None:
        known = self.env.types[name]
        lo, hi = known.lo, known.hi
        match op:
            case ast.Eq():
                lo, hi = max(lo, n), min(hi, n)
            case ast.NotEq():
                lo, hi = lo + (n == lo), hi - (n == hi)
            case ast.Lt() | ast.LtE():
                hi = min(hi, n - isinstance(op, ast.Lt))
            case ast.Gt() | ast.GtE():
                lo = max(lo, n + isinstance(op, ast.Gt))
            case _:
                pass
        if lo <= hi:
            self.env.types[name] = replace(known, lo=lo, hi=hi)

    # --- one method for each kind of expression

    def lower_Constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool | int):
            return Static(node.value)
        raise self.refused(
            node, f"{node.value!r} is no value of the language", "a number or a flag"
        )

    def lower_Name(self, node: ast.Name) -> Value:
        return (
            self.local(node)
            if node.id in self.scope.function.locals or (node.id in self.scope.bound)
            else Static(self.scope.function.lookup(node))
        )

    def lower_UnaryOp(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return Val(ir.negate(self.test(node.operand)), BOOL)
        if isinstance(node.op, ast.USub | ast.UAdd):
            known = self.lower(node.operand)
            if isinstance(known, Static) and isinstance(known.value, int):
                return Static(-known.value if isinstance(node.op, ast.USub) else +known.value)
            operand = self.number(node.operand)
            if isinstance(node.op, ast.UAdd):
                return operand
            minus = ir.binary(ir.const(0), ast.Sub(), operand.expr)
            return Val(minus, types.integer(-operand.type.hi, -operand.type.lo))
        raise self.refused(node, "~ is not part of the language", "arithmetic, or `not`")

    def lower_BinOp(self, node: ast.BinOp) -> Value:
        left, right = self.in_order([lambda: self.lower(node.left), lambda: self.lower(node.right)])
        a, b = self.as_number(left, node.left), self.as_number(right, node.right)
        result = self.arithmetic(node.op, a, b, node)
        known = ir.value_of(result.expr)
        if known is not None and isinstance(left, Static) and isinstance(right, Static):
            return Static(known)
        return result

    def lower_BoolOp(self, node: ast.BoolOp) -> Value:
        def flag(part: ast.expr) -> ast.expr:
            value = self.value(part)
            if value.type.kind != "bool":
                raise self.refused(
                    part, "`and` and `or` give a flag here, and this is none", "compare it"
                )
            return value.expr

        parts = [lambda n=n: flag(n) for n in node.values]
        return Val(self.short_circuit(node.op, parts, node), BOOL)

    def lower_Compare(self, node: ast.Compare) -> Value:
        if len(node.ops) == 1:
            a, b = self.in_order(
                [lambda n=n: self.lower(n) for n in (node.left, node.comparators[0])]
            )
            return Val(self.comparison(node.ops[0], a, b, node), BOOL)
        previous: list[Value] = [self._kept(self.lower(node.left))]

        def part(op: ast.cmpop, right: ast.expr) -> ast.expr:
            left = previous.pop()
            previous.append(self._kept(self.lower(right)))
            return self.comparison(op, left, previous[0], node)

        pairs = zip(node.ops, node.comparators, strict=True)
        parts = [functools.partial(part, op, right) for op, right in pairs]
        return Val(self.short_circuit(ast.And(), parts, node), BOOL)

    def _kept(self, value: Value) -> Value:
        """A value that is looked at again later, computed once."""
        if not isinstance(value, Val) or isinstance(value.expr, ast.Constant | ast.Name):
            return value
        return replace(self.spill(value.expr, value.type, value.key), hold=value.hold)

    def lower_IfExp(self, node: ast.IfExp) -> Value:
        test = self.test(node.test)
        known = ir.value_of(test)
        if known is not None:
            return self.lower(node.body if known else node.orelse)
        start = self.env
        ends: list[Env] = []
        branches: list[tuple[list[ast.stmt], Val]] = []
        for part, truth in ((node.body, True), (node.orelse, False)):
            self.env = start.copy()
            self.refine(test, truth)
            with self.collecting() as before:
                value = self.value(part)
            branches.append((before, value))
            ends.append(self.env)
        self.env = self.merge(ends, node)
        (then, a), (orelse, b) = branches
        joined = self.joined(a.type, b.type, node)
        hold = NEW if NEW in (a.hold, b.hold) else None
        if not then and not orelse:
            return Val(ast.IfExp(test, a.expr, b.expr), joined, hold=hold)
        result = self.fresh(joined)
        then.append(ir.assign(result.expr, a.expr))
        orelse.append(ir.assign(result.expr, b.expr))
        self.out.append(ast.If(test, then, orelse))
        return replace(result, hold=hold)

    def lower_Call(self, node: ast.Call) -> Value:
        function = self.lower(node.func)
        if isinstance(function, Method):
            if function.function in (Lock.acquire, Lock.release):
                raise self.refused(node, f"{function.function.__name__}() stands alone")
            return self.inline(function.function, [function.element, *self.arguments(node)], node)
        if not isinstance(function, Static):
            raise self.refused(node, f"{describe(function)} cannot be called")
        procedure = as_procedure(function.value)
        if procedure is not None:
            name = procedure.__name__
            raise self.refused(node, f"{name} is a procedure", f"yield from {name}(...)")
        builtin = self.builtin(function.value)
        if builtin is not None:
            return builtin(node)
        return self.inline(function.value, self.arguments(node), node)

    def arguments(self, node: ast.Call) -> list[Value]:
        """The arguments of a call, in order; keywords are sorted in by the callee."""
        if any(isinstance(a, ast.Starred) for a in node.args) or node.keywords:
            raise self.refused(node, "arguments are given by position", "f(a, b)")
        return list(self.in_order([lambda a=a: self.lower(a) for a in node.args]))

    def number(self, node: ast.expr) -> Val:
        """The value of an expression that is computed with."""
        return self.as_number(self.lower(node), node)

    def as_number(self, found: Value, node: ast.expr) -> Val:
        """A value as something that arithmetic can take."""
        value = self.as_val(found, node)
        if value.type.kind in ("int", "bool"):
            return value
        of = value.type.of
        if isinstance(of, type) and issubclass(of, Struct) and of.interchangeable_:
            raise self.refused(
                node,
                f"{of.__name__} is interchangeable: nothing is computed with a reference to it",
            )
        raise self.refused(node, f"a {value.type} is nothing to compute with", "a number")

    def lower_Tuple(self, node: ast.Tuple) -> Value:
        parts = [self.lower(e) for e in node.elts]
        if all(isinstance(p, Static) for p in parts):
            return Static(tuple(p.value for p in parts if isinstance(p, Static)))
        raise self.refused(node, "a tuple of values that are not constants", "locals of their own")

    def struct_of(self, value: Val, node: ast.AST) -> type[Struct]:
        """The struct class of the element that a value refers to."""
        of = value.type.of
        if value.type == types.NULL:
            raise self.refused(node, "this is always null here: it has no fields")
        if value.type.kind != "ref" or of is None:
            raise self.refused(node, f"a {value.type} has no fields", "an element of a struct")
        assert issubclass(of, Struct)
        return of

    def joined(self, a: Type, b: Type, node: ast.AST) -> Type:
        """The type of something that is one or the other."""
        joined = types.join(a, b)
        if joined is None:
            raise self.refused(node, f"this is a {a} on one way and a {b} on the other")
        return joined

    def refused(self, node: ast.AST, problem: str, instead: str = "") -> Refused:
        """An error at a place in the function that is lowered now."""
        scope = self.blamed or self.scope
        return scope.function.refused(node, f"in {scope.function.name}: {problem}", instead)


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}
