"""Normal form without statements and checks: what a guard is as one expression, and how it fails.

Other checkers take a transition's guard as an expression. So the statements before a guard or a
choice, and those of a property, are carried out on symbols here; their checks become conditions
under which the transition, or the property, fails.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcheck.lang import ir

Values = Mapping[str, ast.expr]
"""What names stand for. A cell that never changes stands, under `table(key)`, for a tuple."""

Bounds = tuple[int, int]


@dataclass(frozen=True)
class Check:
    """A check that fails at a site if the expression is true; the expression itself cannot fail."""

    site: int
    fails: ast.expr


class Symbols:
    """Carries out statements that change no state. Every value is one without checks."""

    def __init__(self, values: Values) -> None:
        """Begin with what some names stand for."""
        self.values: dict[str, ast.expr] = dict(values)
        self.checks: list[Check] = []
        self._path: list[ast.expr] = []

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Carry out assignments to names, ifs and asserts."""
        for s in body:
            match s:
                case ast.Assign(targets=[ast.Name(id=name)]):
                    self.values[name] = self.value(s.value)
                case ast.Assert(msg=ast.Constant(value=int() as site)):
                    self._check(site, ir.negate(self.value(s.test)))
                case ast.If():
                    self._either(self.value(s.test), s.body, s.orelse)
                case _:
                    raise AssertionError(f"a guard or a property changes state: {ast.dump(s)}")

    def value(self, e: ast.expr) -> ast.expr:
        """The expression in terms of the state, without its checks, which are noted."""
        known = put_in(e, self.values)
        for check in checks(known):
            self._check(check.site, check.fails)
        return bare(known, self.values)

    def _check(self, site: int, fails: ast.expr) -> None:
        condition = ir.both(ast.And(), [*self._path, fails])
        if ir.value_of(condition) != 0:
            self.checks.append(Check(site, condition))

    def _either(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        ways: list[dict[str, ast.expr]] = []
        before = self.values
        for condition, branch in ((test, body), (ir.negate(test), orelse)):
            self.values = dict(before)
            self._path.append(condition)
            self.run(branch)
            self._path.pop()
            ways.append(self.values)
        then, other = ways
        # A name that only one branch assigns is read behind that branch only.
        self.values = {
            name: _if(test, then.get(name, other.get(name)), other.get(name, then.get(name)))
            for name in then | other
        }


def _if(test: ast.expr, then: ast.expr | None, other: ast.expr | None) -> ast.expr:
    assert then is not None and other is not None
    known = ir.value_of(test)
    if known is not None:
        return then if known else other
    return then if then is other else ast.IfExp(test, then, other)


def put_in(e: ast.expr, values: Values) -> ast.expr:
    """The expression with what names stand for in their place, computed as far as possible."""
    if isinstance(e, ast.Name):
        return values.get(e.id, e)
    changed = _inside(e, lambda part: put_in(part, values))
    return _looked_up(changed, values)


def _looked_up(e: ast.expr, values: Values) -> ast.expr:
    """What is at an index that is known, or everywhere, if the expression reads a table."""
    if not isinstance(e, ast.Subscript) or not isinstance(e.value, ast.Name):
        return e
    row = values.get(table(e.value.id.rstrip("'")))
    if not isinstance(row, ast.Tuple):
        return e
    at = ir.value_of(e.slice)
    if at is not None:
        # Beyond the table there is nothing to read, and a check before it that fails.
        return row.elts[at] if 0 <= at < len(row.elts) else ir.const(0)
    same = len({ir.value_of(n) for n in row.elts}) == 1 and ir.total(e.slice)
    return row.elts[0] if same else e


def table(key: str) -> str:
    """The name under which a cell that never changes stands for its values."""
    return f"[{key}]"


def bare(e: ast.expr, values: Values | None = None) -> ast.expr:
    """The expression without its checks; values: the tables of cells that never change."""
    if isinstance(e, ast.Call) and checked(e):
        return bare(e.args[0], values)
    changed = _inside(e, lambda part: bare(part, values))
    return _looked_up(changed, values or {})


def checked(e: ast.Call) -> bool:
    """Whether a call is that of a check, not of min or max."""
    return function_of(e) in ("nonnull", "nonzero", "within")


def function_of(e: ast.Call) -> str:
    """The name of what is called."""
    assert isinstance(e.func, ast.Name), ast.dump(e)
    return e.func.id


def checks(e: ast.expr) -> Iterator[Check]:
    """The checks of an expression, in the order in which they are made."""
    yield from _checks(e, [])


def _checks(e: ast.expr, path: list[ast.expr]) -> Iterator[Check]:
    """path: what must be true for the expression to be evaluated at all."""
    match e:
        case ast.BoolOp():
            before = list(path)
            for part in e.values:
                yield from _checks(part, before)
                value = bare(part)
                before.append(value if isinstance(e.op, ast.And) else ir.negate(value))
        case ast.IfExp():
            test = bare(e.test)
            yield from _checks(e.test, path)
            yield from _checks(e.body, [*path, test])
            yield from _checks(e.orelse, [*path, ir.negate(test)])
        case ast.Call() if checked(e):
            yield from _checks(e.args[0], path)
            site = ir.value_of(e.args[-1])
            assert site is not None
            fails = ir.both(ast.And(), [*path, _fails(e)])
            if ir.value_of(fails) != 0:
                yield Check(site, fails)
        case _:
            for part in _parts(e):
                yield from _checks(part, path)


def _fails(e: ast.Call) -> ast.expr:
    value = bare(e.args[0])
    if function_of(e) != "within":
        return ir.equal(value, ir.const(0))
    below = ir.compare(value, ast.Lt(), e.args[1])
    above = ir.compare(value, ast.Gt(), e.args[2])
    return ir.both(ast.Or(), [below, above])


def _parts(e: ast.expr) -> list[ast.expr]:
    match e:
        case ast.Subscript():
            return [e.slice]
        case ast.Call():
            return e.args
        case _:
            return [child for child in ast.iter_child_nodes(e) if isinstance(child, ast.expr)]


def _inside(e: ast.expr, change: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """The expression with changed parts, computed where they are known."""
    match e:
        case ast.Subscript():
            return ast.Subscript(e.value, change(e.slice), ast.Load())
        case ast.BinOp():
            return _sum(change(e.left), e.op, change(e.right))
        case ast.UnaryOp(op=ast.Not()):
            return ir.negate(change(e.operand))
        case ast.UnaryOp():
            return ir.binary(ir.const(0), ast.Sub(), change(e.operand))
        case ast.BoolOp():
            return ir.both(e.op, [change(part) for part in e.values])
        case ast.Compare():
            return ir.compare(change(e.left), e.ops[0], change(e.comparators[0]))
        case ast.IfExp():
            return _if(change(e.test), change(e.body), change(e.orelse))
        case ast.Call():
            return ast.Call(e.func, [change(part) for part in e.args], [])
        case _:
            return e


def _sum(a: ast.expr, op: ast.operator, b: ast.expr) -> ast.expr:
    """An operation; of an index, what is added to it and taken away again is left out."""
    if not isinstance(op, ast.Add):
        return ir.binary(a, op, b)
    if ir.value_of(a) is not None:
        a, b = b, a
    first = ir.value_of(a.right) if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Add) else None
    second = ir.value_of(b)
    if isinstance(a, ast.BinOp) and first is not None and second is not None:
        return ir.plus(a.left, first + second)
    return ir.binary(a, op, b)


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}


def opposite(e: ast.expr) -> ast.expr:
    """The opposite of a condition, as a person would write it."""
    match e:
        case ast.Compare():
            return ir.compare(e.left, _OPPOSITE[type(e.ops[0])](), e.comparators[0])
        case ast.BoolOp():
            other = ast.Or() if isinstance(e.op, ast.And) else ast.And()
            return ir.both(other, [opposite(part) for part in e.values])
        case ast.Name() | ast.Subscript():
            return ir.equal(e, ir.const(0))
        case _:
            return ir.negate(e)


def bounds(e: ast.expr, of_name: Callable[[str], Bounds | None]) -> Bounds | None:
    """The least and the greatest value of an expression, where that is plain to see.

    of_name: the bounds of a local, or of a cell by its key.
    """
    match e:
        case ast.Constant(value=int() as n):
            return int(n), int(n)
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            return of_name(name)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return 0, 1
        case ast.IfExp():
            return _widest(bounds(e.body, of_name), bounds(e.orelse, of_name))
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            a, b = bounds(e.left, of_name), bounds(e.right, of_name)
            if a is None or b is None:
                return None
            return (a[0] + b[0], a[1] + b[1]) if isinstance(e.op, ast.Add) else _minus(a, b)
        case ast.Call(func=ast.Name(id="within")):
            lo, hi = ir.value_of(e.args[1]), ir.value_of(e.args[2])
            return None if lo is None or hi is None else (lo, hi)
        case ast.Call(func=ast.Name(id="nonnull" | "nonzero")):
            return bounds(e.args[0], of_name)
        case _:
            return None


def _minus(a: Bounds, b: Bounds) -> Bounds:
    return a[0] - b[1], a[1] - b[0]


def _widest(a: Bounds | None, b: Bounds | None) -> Bounds | None:
    return None if a is None or b is None else (min(a[0], b[0]), max(a[1], b[1]))
