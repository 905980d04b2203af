"""The normal form: Python's own syntax trees, restricted to integers.

Expressions: Constant(int), Name (a local or a temporary), Subscript(Name(cell), index), BinOp,
UnaryOp(Not | USub), BoolOp, Compare with one operator, IfExp, and Call of one of

    nonnull(x, site)         x, which must not be 0
    within(x, lo, hi, site)  x, which must lie in lo..hi
    nonzero(x, site)         x, which must not be 0 (a divisor)
    min(...), max(...)

Statements: Assign to a Name or a cell, If, Assert(test, Constant(site)), and
Expr(Call(goto, [Constant(exit)])), with which every path of a step ends. A site is an index into
the program's list of checks: what fails there, and where that stands.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

from mcheck.lang.contract import Source

IR = ast.expr


def const(n: int) -> ast.Constant:
    """An integer."""
    return ast.Constant(int(n))


def name(id_: str) -> ast.Name:
    """A local or a temporary."""
    return ast.Name(id_, ast.Load())


def cell(key: str, index: IR, source: Source | None = None) -> ast.Subscript:
    """One stored field of one element; source: where the model's text reads it."""
    read = ast.Subscript(name(key), index, ast.Load())
    if source is not None:
        _origins[read] = source
    return read


_origins: WeakKeyDictionary[ast.Subscript, Source] = WeakKeyDictionary()


def origin(read: ast.Subscript) -> Source | None:
    """Where the model's text reads a cell."""
    return _origins.get(read)


def value_of(e: IR) -> int | None:
    """The integer that an expression is, if that is plain to see."""
    return int(e.value) if isinstance(e, ast.Constant) and isinstance(e.value, int) else None


_FOLD: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: operator.mod,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
}
_COMPARE: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def binary(a: IR, op: ast.operator, b: IR) -> IR:
    """An operation, computed where both sides are known."""
    x, y = value_of(a), value_of(b)
    divides = isinstance(op, ast.FloorDiv | ast.Mod)
    if x is not None and y is not None and not (divides and y == 0):
        return const(_FOLD[type(op)](x, y))
    if isinstance(op, ast.Add | ast.Sub) and y == 0:
        return a
    if isinstance(op, ast.Add) and x == 0:
        return b
    if isinstance(op, ast.Mult) and 1 in (x, y):
        return b if x == 1 else a
    return ast.BinOp(a, op, b)


def plus(a: IR, b: IR | int) -> IR:
    """A sum."""
    return binary(a, ast.Add(), const(b) if isinstance(b, int) else b)


def times(a: IR, n: int) -> IR:
    """A multiple."""
    return binary(a, ast.Mult(), const(n))


def compare(a: IR, op: ast.cmpop, b: IR) -> IR:
    """A comparison as 0 or 1, computed where both sides are known."""
    x, y = value_of(a), value_of(b)
    if x is not None and y is not None:
        return const(_COMPARE[type(op)](x, y))
    return ast.Compare(a, [op], [b])


def equal(a: IR, b: IR) -> IR:
    """Equality, 0 or 1."""
    return compare(a, ast.Eq(), b)


def negate(a: IR) -> IR:
    """The opposite of a truth."""
    known = value_of(a)
    if known is not None:
        return const(not known)
    if isinstance(a, ast.UnaryOp) and isinstance(a.op, ast.Not):
        return a.operand
    return ast.UnaryOp(ast.Not(), a)


def both(op: ast.boolop, parts: list[IR]) -> IR:
    """The conjunction or disjunction of 0/1 values."""
    stops = isinstance(op, ast.Or)
    kept: list[IR] = []
    for part in parts:
        known = value_of(part)
        if known is None:
            kept.append(part)
        elif bool(known) is stops:
            kept.append(const(stops))
            break
    if not kept:
        return const(not stops)
    return kept[0] if len(kept) == 1 else ast.BoolOp(op, kept)


def call(function: str, *arguments: IR | int) -> ast.Call:
    """A check, min or max."""
    args = [const(a) if isinstance(a, int) else a for a in arguments]
    return ast.Call(name(function), args, [])


def assign(target: IR, value: IR) -> ast.Assign:
    """An assignment."""
    return ast.Assign([target], value, lineno=0)


def require(test: IR, site: int) -> ast.Assert:
    """Fail at the site unless the test holds."""
    return ast.Assert(test, const(site))


def goto(exit_number: int) -> ast.Expr:
    """The end of a path."""
    return ast.Expr(call("goto", exit_number))


def goto_number(s: ast.stmt) -> int | None:
    """Which exit a statement takes, if it is a goto."""
    if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call):
        f = s.value.func
        if isinstance(f, ast.Name) and f.id == "goto":
            return value_of(s.value.args[0])
    return None


def total(e: IR) -> bool:
    """Whether evaluating the expression can never fail."""
    match e:
        case ast.Constant() | ast.Name():
            return True
        case ast.Subscript():
            return total(e.slice)
        case ast.BinOp():
            return total(e.left) and total(e.right)
        case ast.UnaryOp():
            return total(e.operand)
        case ast.BoolOp():
            return all(map(total, e.values))
        case ast.Compare():
            return total(e.left) and total(e.comparators[0])
        case ast.IfExp():
            return total(e.test) and total(e.body) and total(e.orelse)
        case ast.Call(func=ast.Name(id="min" | "max")):
            return all(map(total, e.args))
        case _:
            return False


def names_read(node: ast.AST) -> Iterator[str]:
    """The locals and temporaries that a normal-form tree reads."""
    if isinstance(node, ast.Subscript):
        yield from names_read(node.slice)
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.Call):
        for argument in node.args:
            yield from names_read(argument)
    else:
        for child in ast.iter_child_nodes(node):
            yield from names_read(child)
