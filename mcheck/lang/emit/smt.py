"""The lowered steps as z3 terms: for each way through a step, what holds before and after it.

A cell is an array from index to value, a local is an integer; nothing is bounded unless a
condition says so. Statements without a goto are merged into terms (if-then-else); only where a
step ends in different places, or returns to different callers, does it have several paths.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import z3

from mcheck.lang import ir
from mcheck.lang.program import Cell, Exit, Step

Term: TypeAlias = "int | bool | z3.ArithRef | z3.BoolRef"
"""A value: Python's own where it is known, else a term. Truths may stand for 0 and 1."""


@dataclass(frozen=True)
class Check:
    """Something that must hold, or the step fails there.

    after: how many of the path's conditions stand before it.
    """

    holds: z3.BoolRef
    site: int
    after: int


@dataclass
class World:
    """The fields and the locals at one moment."""

    cells: dict[str, z3.ArrayRef]
    locals: dict[str, Term]

    def copy(self) -> World:
        """The same, to be changed."""
        return World(dict(self.cells), dict(self.locals))

    def local(self, name: str) -> Term:
        """A local; by its own name where nothing has been assigned to it yet."""
        if name not in self.locals:
            self.locals[name] = z3.Int(name)
        return self.locals[name]

    def cell(self, key: str, index: Term) -> z3.ArithRef:
        """What a cell has at an index."""
        return simple(z3.Select(self.array(key), number(index)))

    def array(self, key: str) -> z3.ArrayRef:
        """All of a cell."""
        if key not in self.cells:
            self.cells[key] = z3.Array(key, z3.IntSort(), z3.IntSort())
        return self.cells[key]


@dataclass
class Path:
    """One way through a step.

    conditions: what is decided on the way (guard, choices, branches); checks: what must hold
    besides, or the step fails; before, after: the fields and locals; stores: which cells are
    written, at which index (in terms of before), in order; exit: where it ends.
    """

    before: World
    after: World
    conditions: list[z3.BoolRef] = field(default_factory=list[z3.BoolRef])
    checks: list[Check] = field(default_factory=list[Check])
    stores: list[tuple[str, z3.ArithRef]] = field(default_factory=list[tuple[str, z3.ArithRef]])
    exit: Exit | None = None

    def copy(self) -> Path:
        """The same, to go another way from here."""
        return replace(
            self,
            after=self.after.copy(),
            conditions=list(self.conditions),
            checks=list(self.checks),
            stores=list(self.stores),
        )


def simple(term: Any) -> Any:
    """The term, simplified."""
    return z3.simplify(term)


def number(value: Term) -> z3.ArithRef:
    """A value as an integer term."""
    if isinstance(value, bool | int):
        return z3.IntVal(int(value))
    if isinstance(value, z3.BoolRef):
        return z3.If(value, z3.IntVal(1), z3.IntVal(0))
    return value


def truth(value: Term) -> z3.BoolRef:
    """Whether a value is not 0."""
    if isinstance(value, bool | int):
        return z3.BoolVal(bool(value))
    return value if isinstance(value, z3.BoolRef) else value != 0


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


_BITWISE: dict[type[ast.operator], str] = {
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
BITWISE = frozenset(_BITWISE.values())
"""Functions of two integers without a bound, of which z3 knows nothing: `words.py` does."""


def _bitwise(name: str) -> z3.FuncDeclRef:
    return z3.Function(name, z3.IntSort(), z3.IntSort(), z3.IntSort())


class Steps:
    """Executes the steps of a program symbolically.

    assumed: whether a check, by the number of its site, is taken to hold on a path that goes
    on; a check that is not assumed is recorded all the same.
    """

    def __init__(self, cells: Mapping[str, Cell], assumed: Callable[[int], bool]) -> None:
        self.cells, self.assumed = cells, assumed
        self.guards: list[z3.BoolRef] = []

    def paths(self, step: Step) -> Iterator[Path]:
        """All ways through a step that are not plainly impossible."""
        start = World({}, {})
        path = Path(start, start.copy())
        self._run_all(step.guard_before, path)
        if step.guard is not None and not self._decide(path, truth(self._value(step.guard, path))):
            return
        for choice in step.choices:
            self._run_all(choice.before, path)
            item = z3.Int(choice.item)
            values = [item == number(self._value(v, path)) for v in choice.values]
            path.after.locals[choice.item] = item
            if not self._decide(path, z3.Or(values)):
                return
            self._run_all(choice.before_filter, path)
            kept = choice.filter
            if kept is not None and not self._decide(path, truth(self._value(kept, path))):
                return
            path.after.locals[choice.variable] = item
        yield from self._follow(step, step.body, path)

    def _decide(self, path: Path, condition: z3.BoolRef) -> bool:
        """Go on under a condition; False if it can never hold."""
        condition = simple(condition)
        if z3.is_false(condition):
            return False
        if not z3.is_true(condition):
            path.conditions.append(condition)
        return True

    def _follow(self, step: Step, body: Sequence[ast.stmt], path: Path) -> Iterator[Path]:
        """Run statements to where the step ends, in each way that there is."""
        for i, s in enumerate(body):
            exit_number = ir.goto_number(s)
            if exit_number is not None:
                path.exit = step.exits[exit_number]
                yield path
                return
            if isinstance(s, ast.If) and _leaves(s):
                test = truth(self._value(s.test, path))
                for condition, branch in ((test, s.body), (z3.Not(test), s.orelse)):
                    way = path.copy()
                    if self._decide(way, condition):
                        yield from self._follow(step, [*branch, *body[i + 1 :]], way)
                return
            self._run(s, path)

    def _run_all(self, body: Sequence[ast.stmt], path: Path) -> None:
        for s in body:
            self._run(s, path)

    def _run(self, s: ast.stmt, path: Path) -> None:
        match s:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                path.after.locals[name] = self._value(value, path)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=key), slice=index)]):
                at = simple(number(self._value(index, path)))  # if both fail, this one is told
                value = number(self._value(s.value, path))
                path.after.cells[key] = z3.Store(path.after.array(key), at, value)
                path.stores.append((key, at))
            case ast.If():
                self._merge(s, path)
            case ast.Assert(msg=ast.Constant(value=int() as site)):
                self.check(path, truth(self._value(s.test, path)), site)
            case _:
                raise AssertionError(ast.dump(s))

    def _merge(self, s: ast.If, path: Path) -> None:
        """Both branches of an If that no path leaves the step from, as one."""
        test = simple(truth(self._value(s.test, path)))
        known = True if z3.is_true(test) else False if z3.is_false(test) else None
        if known is not None:
            self._run_all(s.body if known else s.orelse, path)
            return
        start = path.after
        ends: list[World] = []
        for condition, branch in ((test, s.body), (z3.Not(test), s.orelse)):
            path.after = start.copy()
            self.guards.append(condition)
            self._run_all(branch, path)
            self.guards.pop()
            ends.append(path.after)
        yes, no = ends
        path.after = World({}, {})
        for key in {**yes.cells, **no.cells}:
            a, b = yes.array(key), no.array(key)
            path.after.cells[key] = a if a.eq(b) else z3.If(test, a, b)
        for name in {**yes.locals, **no.locals}:
            c, d = yes.local(name), no.local(name)
            same = c is d or (not isinstance(c, z3.ExprRef) and type(c) is type(d) and c == d)
            path.after.locals[name] = c if same else z3.If(test, number(c), number(d))

    def check(self, path: Path, holds: z3.BoolRef, site: int) -> None:
        """Note that something must hold here, under what is decided on the way to it."""
        for guard in self.guards:
            holds = z3.Implies(guard, holds)
        holds = simple(holds)
        if not z3.is_true(holds):
            path.checks.append(Check(holds, site, len(path.conditions)))
            if self.assumed(site):
                path.conditions.append(holds)

    def _value(self, e: ast.expr, path: Path) -> Term:
        match e:
            case ast.Constant(value=int() as n):
                return int(n)
            case ast.Name(id=name):
                return path.after.local(name)
            case ast.Subscript(value=ast.Name(id=key)):
                return self._read(key, self._value(e.slice, path), path)
            case ast.BinOp():
                return self._binary(e, path)
            case ast.UnaryOp():
                return z3.Not(truth(self._value(e.operand, path)))
            case ast.BoolOp():
                return self._bool(e, path)
            case ast.Compare():
                a, b = self._value(e.left, path), self._value(e.comparators[0], path)
                return _COMPARE[type(e.ops[0])](number(a), number(b))
            case ast.IfExp():
                test = truth(self._value(e.test, path))
                a, b = self._under(test, e.body, path), self._under(z3.Not(test), e.orelse, path)
                return z3.If(test, number(a), number(b))
            case ast.Call(func=ast.Name(id=function)):
                return self._call(function, e.args, path)
            case _:
                raise AssertionError(ast.dump(e))

    def _read(self, key: str, index: Term, path: Path) -> Term:
        cell = self.cells[key]
        if cell.constant is not None:
            known = simple(number(index))
            if z3.is_int_value(known):
                at: int = known.as_long()
                if 0 <= at < cell.count:  # where it is not, the index is checked, and that fails
                    return cell.constant[at]
            if len(set(cell.constant)) == 1:
                return cell.constant[0]
        return path.after.cell(key, index)

    def _binary(self, e: ast.BinOp, path: Path) -> Term:
        a, b = self._value(e.left, path), self._value(e.right, path)
        if isinstance(a, int) and isinstance(b, int):
            known = ir.value_of(ir.binary(ir.const(a), e.op, ir.const(b)))
            assert known is not None
            return known
        x, y = number(a), number(b)
        match e.op:
            case ast.Add():
                return x + y
            case ast.Sub():
                return x - y
            case ast.Mult():
                return x * y
            # z3 rounds so that the remainder is not negative, Python towards minus infinity
            case ast.FloorDiv():
                return z3.If(y > 0, x / y, (-x) / (-y))
            case ast.Mod():
                return z3.If(y > 0, x % y, -((-x) % (-y)))
            case _:
                return _bitwise(_BITWISE[type(e.op)])(x, y)

    def _bool(self, e: ast.BoolOp, path: Path) -> Term:
        stops = isinstance(e.op, ast.Or)
        parts: list[z3.BoolRef] = []
        for value in e.values:
            part = truth(self._value(value, path))
            parts.append(part)
            self.guards.append(z3.Not(part) if stops else part)
        del self.guards[len(self.guards) - len(parts) :]
        return z3.Or(parts) if stops else z3.And(parts)

    def _under(self, guard: z3.BoolRef, e: ast.expr, path: Path) -> Term:
        """An expression that is evaluated only where the guard holds."""
        self.guards.append(guard)
        value = self._value(e, path)
        self.guards.pop()
        return value

    def _call(self, function: str, args: list[ast.expr], path: Path) -> Term:
        if function in ("min", "max"):
            values = [number(self._value(a, path)) for a in args]
            found = values[0]
            for v in values[1:]:
                found = z3.If(v < found if function == "min" else v > found, v, found)
            return found
        value = number(self._value(args[0], path))
        site = ir.value_of(args[-1])
        assert site is not None
        if function in ("nonnull", "nonzero"):
            self.check(path, value != 0, site)
        else:
            lo, hi = ir.value_of(args[1]), ir.value_of(args[2])
            assert lo is not None and hi is not None
            self.check(path, self.within(value, lo, hi, site), site)
        return value

    def within(self, value: z3.ArithRef, lo: int, hi: int, site: int) -> z3.BoolRef:
        """That a number is within bounds."""
        return z3.And(value >= lo, value <= hi)


def _leaves(s: ast.If) -> bool:
    """Whether some way through a statement ends the step."""
    return any(isinstance(n, ast.stmt) and ir.goto_number(n) is not None for n in ast.walk(s))
