"""Lowering of arithmetic, and of the functions that Python and the language bring along."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mcheck.lang import ir, procedures, types
from mcheck.lang.declare.constants import Const
from mcheck.lang.declare.structs import Struct
from mcheck.lang.lower.locks import Locks
from mcheck.lang.lower.values import NEW, Elems, Static, Val, Value
from mcheck.lang.types import BOOL, Type


class Builtins(Locks):
    """The part of the lowering that knows operators and built-in functions."""

    holders: Callable[[type[Struct], str | None], list[str]]

    def as_val(self, value: Value, node: ast.AST) -> Val:
        """A value as something that can be computed with."""
        raise NotImplementedError

    def test(self, node: ast.expr) -> ast.expr:
        """The truth of an expression."""
        raise NotImplementedError

    def number(self, node: ast.expr) -> Val:
        """The value of an expression that is computed with."""
        raise NotImplementedError

    def short_circuit(
        self, op: ast.boolop, parts: list[Callable[[], ast.expr]], node: ast.AST
    ) -> ast.expr:
        """A conjunction or disjunction."""
        raise NotImplementedError

    def arithmetic(self, op: ast.operator, a: Val, b: Val, node: ast.AST) -> Val:
        """The value of an operation, with the bounds that follow from those of its operands."""
        if isinstance(op, ast.FloorDiv | ast.Mod):
            return self._division(op, a, b, node)
        x, y = a.type, b.type
        match op:
            case ast.Add():
                of = types.integer(x.lo + y.lo, x.hi + y.hi)
            case ast.Sub():
                of = types.integer(x.lo - y.hi, x.hi - y.lo)
            case ast.Mult():
                corners = [p * q for p in (x.lo, x.hi) for q in (y.lo, y.hi)]
                of = types.integer(min(corners), max(corners))
            case ast.BitAnd() | ast.BitOr() | ast.BitXor():
                of = self._bitwise(op, x, y, node)
            case ast.LShift() | ast.RShift() if y.lo >= 0 and y.hi < 64:
                left = isinstance(op, ast.LShift)
                corners = [p << q if left else p >> q for p in (x.lo, x.hi) for q in (y.lo, y.hi)]
                of = types.integer(min(corners), max(corners))
            case _:
                raise self.refused(
                    node,
                    f"{type(op).__name__} is not part of the language",
                    "+ - * // % & | ^, or << >> by 0..63",
                )
        return _known(ir.binary(a.expr, op, b.expr), of)

    def _bitwise(self, op: ast.operator, x: Type, y: Type, node: ast.AST) -> Type:
        if x.kind == y.kind == "bool":
            return BOOL
        if x.lo < 0 or y.lo < 0:
            raise self.refused(node, "bits of a number that may be negative", "bounds from 0 up")
        if isinstance(op, ast.BitAnd):
            return types.integer(0, min(x.hi, y.hi))
        return types.integer(0, (1 << max(x.hi, y.hi).bit_length()) - 1)

    def _division(self, op: ast.operator, a: Val, b: Val, node: ast.AST) -> Val:
        x, y, divisor = a.type, b.type, b.expr
        if y.lo <= 0 <= y.hi:
            divisor = ir.call("nonzero", divisor, self.site("divide", "division by zero", node))
        ends = [d for d in (y.lo, y.hi, -1, 1) if d and y.lo <= d <= y.hi] or [1]
        if isinstance(op, ast.FloorDiv):
            corners = [p // d for p in (x.lo, x.hi) for d in ends]
            of = types.integer(min(corners), max(corners))
        else:
            of = types.integer(min(0, y.lo + 1), max(0, y.hi - 1))
            if x.lo >= 0 and y.lo > 0:
                of = types.integer(0, min(x.hi, y.hi - 1))
        return _known(ir.binary(a.expr, op, divisor), of)

    def builtin(self, function: Any) -> Callable[[ast.Call], Value] | None:
        """How a call of a known function is lowered."""
        known: list[tuple[Any, int, Callable[[ast.Call], Value]]] = [
            (all, 1, self._all),
            (any, 1, self._any),
            (sum, 1, self._sum),
            (min, 99, self._extreme),
            (max, 99, self._extreme),
            (abs, 1, self._abs),
            (len, 1, self._len),
            (range, 3, self._range),
            (bool, 1, self._bool),
            (int, 1, lambda n: self.number(n.args[0])),
            (procedures.hold, 1, self._hold),
            (procedures.release, 1, self._release),
            (procedures.racy, 1, self._racy),
            (procedures.holds, 2, self._holds),
            (procedures.choose, 99, self._misplaced),
            (procedures.at, 99, self._misplaced),
        ]
        for f, most, lowered in known:
            if f is function:
                return functools.partial(self._counted, most, lowered)
        return None

    def _counted(self, most: int, lowered: Callable[[ast.Call], Value], node: ast.Call) -> Value:
        """A built-in function's call, if its arguments are as many as it takes."""
        if not 1 <= len(node.args) <= most or (node.keywords and lowered != self._misplaced):
            raise self.refused(
                node,
                f"{ast.unparse(node.func)}() is not called like this here",
                "arguments by position, as many as it takes",
            )
        return lowered(node)

    def _misplaced(self, node: ast.Call) -> Value:
        raise self.refused(
            node,
            f"{ast.unparse(node.func)}() stands in the wrong place",
            'yield at("label"), and right after it x = choose(domain)',
        )

    def quantified(self, node: ast.Call) -> list[Callable[[], tuple[ast.expr | None, ast.expr]]]:
        """For each element of a generator: how to lower its condition, and the expression."""
        if len(node.args) != 1 or not isinstance(node.args[0], ast.GeneratorExp | ast.ListComp):
            raise self.refused(
                node,
                f"{ast.unparse(node.func)}() takes a generator expression",
                "for example any(f.lru for f in k.frame)",
            )
        return self.comprehension(node.args[0])

    def comprehension(
        self, node: ast.GeneratorExp | ast.ListComp
    ) -> list[Callable[[], tuple[ast.expr | None, ast.expr]]]:
        """The instances of a comprehension's element, as functions that bind its names."""
        return self._instances(node, 0, {}, [])

    def _instances(
        self,
        node: ast.GeneratorExp | ast.ListComp,
        depth: int,
        bound: dict[str, Value],
        conditions: list[ast.expr],
    ) -> list[Callable[[], tuple[ast.expr | None, ast.expr]]]:
        if depth == len(node.generators):

            def bind() -> tuple[ast.expr | None, ast.expr]:
                self.scope.bound.update(bound)
                every = ast.BoolOp(ast.And(), conditions) if len(conditions) > 1 else None
                return (every or (conditions[0] if conditions else None)), node.elt

            return [bind]
        generator = node.generators[depth]
        if not isinstance(generator.target, ast.Name) or generator.is_async:
            raise self.refused(node, "a generator binds one name at a time", "for x in ...")
        name = generator.target.id
        saved = dict(self.scope.bound)
        self.scope.bound.update(bound)
        domain = self.iterate(self.lower(generator.iter), generator.iter)
        found: list[Callable[[], tuple[ast.expr | None, ast.expr]]] = []
        for element in domain:
            inner = {**bound, name: element()}
            found += self._instances(node, depth + 1, inner, [*conditions, *generator.ifs])
        self.scope.bound = saved
        return found

    def _bound_test(
        self, instance: Callable[[], tuple[ast.expr | None, ast.expr]], *, every: bool
    ) -> ast.expr:
        saved = dict(self.scope.bound)
        condition, element = instance()
        parts: list[Callable[[], ast.expr]] = []
        if condition is not None:
            parts.append(lambda: self.test(condition))
        parts.append(lambda: self.test(element))
        if every and condition is not None:
            parts[0] = lambda: ir.negate(self.test(condition))
            result = self.short_circuit(ast.Or(), parts, element)
        else:
            result = self.short_circuit(ast.And(), parts, element)
        self.scope.bound = saved
        return result

    def _tests(
        self, instances: list[Callable[[], tuple[ast.expr | None, ast.expr]]], *, every: bool
    ) -> list[Callable[[], ast.expr]]:
        return [functools.partial(self._bound_test, i, every=every) for i in instances]

    def _all(self, node: ast.Call) -> Value:
        instances = self.quantified(node)
        return Val(self.short_circuit(ast.And(), self._tests(instances, every=True), node), BOOL)

    def _any(self, node: ast.Call) -> Value:
        return Val(self.any_of(self.quantified(node), node), BOOL)

    def any_of(
        self, instances: list[Callable[[], tuple[ast.expr | None, ast.expr]]], node: ast.AST
    ) -> ast.expr:
        """Whether one of a comprehension's instances is true."""
        return self.short_circuit(ast.Or(), self._tests(instances, every=False), node)

    def exists(self, instances: list[Callable[[], tuple[ast.expr | None, ast.expr]]]) -> ast.expr:
        """Whether a list has any element at all; all of it is computed, as Python does."""
        found: list[ast.expr] = []
        for instance in instances:
            saved = dict(self.scope.bound)
            condition, _ = instance()
            kept = ir.const(1) if condition is None else self.test(condition)
            if not ir.total(kept):
                kept = self.spill(kept, BOOL).expr
            found.append(kept)
            self.scope.bound = saved
        return ir.both(ast.Or(), found)

    def _sum(self, node: ast.Call) -> Value:
        def term(i: Callable[[], tuple[ast.expr | None, ast.expr]]) -> Val:
            saved = dict(self.scope.bound)
            condition, element = i()
            lowered: ast.expr = element
            if condition is not None:
                lowered = ast.copy_location(ast.IfExp(condition, element, ast.Constant(0)), element)
                ast.fix_missing_locations(lowered)
            result = self.number(lowered)
            self.scope.bound = saved
            return result

        terms = self.in_order([lambda i=i: term(i) for i in self.quantified(node)])
        total: Val = Val(ir.const(0), types.integer(0, 0))
        for value in terms:
            total = self.arithmetic(ast.Add(), total, value, node)
        return total

    def _extreme(self, node: ast.Call) -> Value:
        function = ast.unparse(node.func)
        if len(node.args) == 1:

            def bound(instance: Callable[[], tuple[ast.expr | None, ast.expr]]) -> Val:
                saved = dict(self.scope.bound)
                condition, element = instance()
                if condition is not None:
                    raise self.refused(
                        node,
                        f"{function}() over a filtered domain, which may be empty",
                        f"{function}(x if cond else neutral for ...)",
                    )
                value = self.number(element)
                self.scope.bound = saved
                return value

            instances = self.quantified(node)
            values = self.in_order([functools.partial(bound, i) for i in instances])
        else:
            values = self.in_order([lambda a=a: self.number(a) for a in node.args])
        if not values:
            raise self.refused(node, f"{function}() of nothing", "at least one value")
        pick = min if function == "min" else max
        of = types.integer(pick(v.type.lo for v in values), pick(v.type.hi for v in values))
        if len(values) == 1:
            return values[0]
        return Val(ir.call(function, *[v.expr for v in values]), of)

    def _abs(self, node: ast.Call) -> Value:
        x = self.number(node.args[0])
        minus = self.arithmetic(ast.Sub(), Val(ir.const(0), types.integer(0, 0)), x, node)
        top = max(abs(x.type.lo), abs(x.type.hi))
        least = 0 if x.type.lo <= 0 <= x.type.hi else min(abs(x.type.lo), abs(x.type.hi))
        return Val(ir.call("max", x.expr, minus.expr), types.integer(least, top))

    def _len(self, node: ast.Call) -> Value:
        of = self.lower(node.args[0])
        if isinstance(of, Elems):
            return Static(of.declared.count(self.state))
        if isinstance(of, Static):
            return Static(len(of.value))
        raise self.refused(node, "len() of this is not known", "len() of an Array, Map or tuple")

    def _range(self, node: ast.Call) -> Value:
        bounds = [self.lower(a) for a in node.args]
        known = [b.value for b in bounds if isinstance(b, Static)]
        for value in known:
            if isinstance(value, Const):
                raise self.refused(
                    node,
                    "a constant that is read off its class has no number yet",
                    f"the state's: k.{value.name or '...'}",
                )
        if len(known) == len(bounds) and all(isinstance(value, int) for value in known):
            return Static(range(*known))
        raise self.refused(
            node, "the bounds of a range are constants of the scenario", "a while with a local"
        )

    def _bool(self, node: ast.Call) -> Value:
        return Val(self.test(node.args[0]), BOOL)

    def _hold(self, node: ast.Call) -> Value:
        value = self.as_val(self.lower(node.args[0]), node)
        if value.type.kind != "ref":
            raise self.refused(node, f"hold() of {value.type}: only elements are referred to")
        return replace(value, hold=NEW)

    def _release(self, node: ast.Call) -> Value:
        value = self.as_val(self.lower(node.args[0]), node)
        if value.hold is None:
            raise self.refused(
                node,
                "release() of something that owns no reference",
                "a local declared Held[...], Temporary[...], Speculative[...] or Pinned[...]",
            )
        self.env.owned.discard(value.hold)
        return Val(value.expr, value.type, value.key)

    def _racy(self, node: ast.Call) -> Value:
        self.racing = True
        try:
            return self.lower(node.args[0])
        finally:
            self.racing = False

    def _holds(self, node: ast.Call) -> Value:
        if not self.in_property:
            raise self.refused(node, "holds() is for properties: no process can count holds")
        element = self.as_val(self.lower(node.args[0]), node)
        kind = _kind(node)
        of = element.type.of
        if of is None or not issubclass(of, Struct) or kind == "":
            raise self.refused(
                node,
                "holds() takes an element and a kind of hold",
                'holds(f), or holds(f, "pinned") with one of ' + ", ".join(procedures.HOLD_KINDS),
            )
        names = self.holders(of, kind)
        value = element.expr
        if not isinstance(value, ast.Constant) and (names or not ir.total(value)):
            value = self.spill(value, element.type).expr
        total: ast.expr = ir.const(0)
        for name in names:
            total = ir.plus(total, ir.equal(ir.name(name + "'" * element.type.epoch), value))
        if element.type.lo < 1 and names:  # an empty slot is 0 too, but holds no null
            total = ast.IfExp(ir.equal(value, ir.const(0)), ir.const(0), total)
        return Val(total, types.integer(0, max(1, len(names))))


def _known(expr: ast.expr, of: Type) -> Val:
    """A value that is a constant where its type has one value only."""
    return Val(ir.const(of.lo) if of.single and ir.total(expr) else expr, of)


def _kind(node: ast.Call) -> str | None:
    """The kind of hold that holds() is asked for: None for all, "" for none that there is."""
    if len(node.args) < 2:
        return None
    asked = node.args[1]
    kind = asked.value if isinstance(asked, ast.Constant) else None
    return str(kind) if kind in procedures.HOLD_KINDS else ""
