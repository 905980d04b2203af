"""Lowering of statements, and of plain helper functions, which run within their caller's step."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from mcheck.lang import ir, types
from mcheck.lang.declare.state import Lock
from mcheck.lang.lower.cells import absolute
from mcheck.lang.lower.expressions import Expressions
from mcheck.lang.lower.liveness import reads
from mcheck.lang.lower.unordered import Unordered
from mcheck.lang.lower.values import NEW, Elems, Env, Method, Static, Val, Value, merged
from mcheck.lang.lower.wording import statement_refused


class Statements(Expressions):
    """The part of the lowering that runs through statements."""

    def block(self, body: list[ast.stmt]) -> None:
        """Lower statements that run through."""
        for s in body:
            self.statement(s)

    def statement(self, s: ast.stmt) -> None:
        """Lower one statement that runs through; refuse what the language does not have."""
        match s:
            case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
                pass
            case ast.Assign(targets=[ast.Tuple() | ast.List()]):
                raise self.refused(s, "several targets at once", "one assignment each")
            case ast.Assign(targets=[target]):
                self._assign(target, self.lower(s.value), s)
            case ast.AnnAssign() if s.value is None:
                pass
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self.lower(value), s)
            case ast.AugAssign():
                self._augment(s)
            case ast.Expr(value=ast.Call() as call):
                self._call_statement(call)
            case ast.If():
                self._if(s)
            case ast.For():
                self._unroll(s)
            case ast.Assert():
                self._assert(s)
            case _:
                raise self.refused(s, *statement_refused(s))

    def _assign(self, target: ast.expr, value: Value, s: ast.stmt) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, self.as_val(value, s), s)
            return
        new = self.as_val(value, s)
        if new.hold == NEW:
            raise self.refused(s, "the new reference has no owner", "a Held local first")
        if not ir.total(new.expr):  # it fails, if it does, before the target is looked at
            new = replace(new, expr=self.spill(new.expr, new.type).expr)
        mark = len(self.out)
        spot = self.locate(target)
        if len(self.out) > mark and not isinstance(new.expr, ast.Constant | ast.Name):
            kept = self.fresh(new.type)
            self.out.insert(mark, ir.assign(kept.expr, new.expr))
            new = replace(new, expr=kept.expr)
        outer, self.operator = self.operator, ""
        self.store(spot, new, s)
        self.operator = outer

    def bind(self, name: str, value: Val, node: ast.AST) -> None:
        """Give a local a value."""
        if name in self.scope.bound:
            raise self.refused(node, f"{name} is given by the model and cannot be changed")
        id_ = self.scope.variable(name)
        if name in self.scope.holds:
            self._take_over(id_, name, value, node)
        elif value.hold == NEW:
            raise self.refused(
                node,
                f"the reference that {name} is given has no owner",
                f"{name}: Held[...] = ... (or Temporary, Speculative, Pinned)",
            )
        if self.loop is not None and self.scope.prefix[0] != "@":
            self.loop.change(id_, self.how(value))
        self.rebound(id_)
        self.out.append(ir.assign(ir.name(id_), value.expr))
        self.env.types[id_] = value.type
        self.env.assigned.add(id_)
        if value.key is not None and value.key[0] != id_:
            self.env.aliases[id_] = value.key

    def _take_over(self, id_: str, name: str, value: Val, node: ast.AST) -> None:
        self.leak_check(id_, node, f"{name} is overwritten while it owns a reference")
        if value.hold not in (None, NEW):
            self.env.owned.discard(value.hold)
        elif value.hold is None and value.type != types.NULL:
            raise self.refused(
                node,
                f"{name} owns a reference, but this brings none along",
                "hold(...) where the reference was just taken",
            )
        self.env.owned.add(id_)

    def leak_check(self, id_: str, node: ast.AST, message: str) -> None:
        """A hold that ends here must be null: fail the step where it is not."""
        if id_ not in self.env.owned:
            return
        self.env.owned.discard(id_)
        known = self.env.types[id_]
        if known.hi == 0:
            return
        site = self.site("leak", f"{message}, and nobody put it", node)
        self.out.append(ir.require(ir.equal(ir.name(id_), ir.const(0)), site))

    def _augment(self, s: ast.AugAssign) -> None:
        self.operator = type(s.op).__name__ if isinstance(s.op, _COMMUTES) else None
        self._augmented(s)
        self.operator = ""

    def _augmented(self, s: ast.AugAssign) -> None:
        if isinstance(s.target, ast.Name):
            name = ast.copy_location(ast.Name(s.target.id, ast.Load()), s.target)
            loop, self.loop = self.loop, None  # what += reads of its target is part of the change
            old = self.number(name)
            self.loop = loop
            a, b = self.in_order([lambda: old, lambda: self.number(s.value)])
            self.bind(s.target.id, self.arithmetic(s.op, a, b, s), s)
            return
        spot = self.locate(s.target)
        cell = spot.cell
        if not isinstance(spot.index, ast.Constant | ast.Name):
            kept = self.spill(spot.index, types.integer(0, cell.count))
            spot = replace(spot, index=kept.expr)
        present = Val(ir.cell(cell.key, spot.index, self.scope.function.source(s)), cell.type)
        if present.type.kind not in ("int", "bool"):
            raise self.refused(s, f"a {cell.type} is nothing to compute with", "an assignment")
        old, b = self.in_order([lambda: present, lambda: self.number(s.value)])
        self.store(spot, self.arithmetic(s.op, old, b, s), s)

    def _call_statement(self, node: ast.Call) -> None:
        function = self.lower(node.func)
        if isinstance(function, Method) and function.function in (Lock.acquire, Lock.release):
            self.lock_change(function.element, node, acquire=function.function is Lock.acquire)
            return
        if isinstance(function, Static) and function.value in (print, breakpoint):
            calls = [n for a in node.args for n in ast.walk(a) if isinstance(n, ast.Call)]
            if calls:
                raise self.refused(
                    node, "print() and breakpoint() are for direct execution only", "no calls in it"
                )
            return
        value = self.lower_Call(node)
        if isinstance(value, Val) and value.hold == NEW:
            raise self.refused(
                node, "the reference that this returns is lost", "x: Held[...] = ..."
            )
        self.dropped(value)

    def dropped(self, value: Value) -> None:
        """A value that nobody looks at: computing it may fail all the same."""
        if isinstance(value, Val) and not ir.total(value.expr):
            self.spill(value.expr, value.type)

    def _if(self, s: ast.If) -> None:
        test = self.test(s.test)
        known = ir.value_of(test)
        if known is not None:
            self.block(s.body if known else s.orelse)
            return
        start = self.env
        ends: list[Env] = []
        branches: list[list[ast.stmt]] = []
        for body, truth in ((s.body, True), (s.orelse, False)):
            self.env = start.copy()
            self.refine(test, truth)
            with self.collecting() as out:
                self.block(body)
            branches.append(out)
            ends.append(self.env)
        self.env = self.merge(ends, s)
        if branches[0] or branches[1] or not ir.total(test):
            self.out.append(ast.If(test, branches[0], branches[1]))

    def merge(self, ends: list[Env], node: ast.AST) -> Env:
        """What is known where several ways come together."""
        result, conflict = merged(ends)
        if conflict:
            name = conflict.rsplit(".", 1)[-1]
            raise self.refused(
                node,
                f"{name} is given up on one way only",
                f"give {name} up on every way, or set it to null where it owns nothing",
            )
        return result

    def _unroll(self, s: ast.For) -> None:
        if not isinstance(s.target, ast.Name) or s.orelse:
            raise self.refused(s, "a for binds one local and has no else", "for x in ...")
        over = self.domain(s)
        if isinstance(over, Elems) and not isinstance(over.owner.expr, ast.Constant | ast.Name):
            owner = self.spill(self.deref(over.owner, s), over.owner.type, over.owner.key)
            over = Elems(replace(owner, type=replace(owner.type, lo=1)), over.declared)
        struct = interchangeable(over)
        if struct is not None:
            self._unordered(s, struct, self.iterate(over, s.iter))
            return
        for element in self.iterate(over, s.iter):
            self.bind(s.target.id, self.as_val(element(), s), s)
            self.block(s.body)

    def _unordered(self, s: ast.For, struct: str, elements: list[Callable[[], Value]]) -> None:
        """A for over interchangeable elements: its outcome may not depend on their order."""
        assert isinstance(s.target, ast.Name)
        variable = self.scope.variable(s.target.id)
        private = {variable} | {self.scope.variable(n) for n in plainly_assigned(s.body)}
        outer, self.loop = self.loop, None
        loop = Unordered(struct, private)
        for element in elements:
            self.env.assigned -= private
            self.bind(s.target.id, self.as_val(element(), s), s)
            loop.element = absolute(self.env.types[variable]) or (variable,)
            self.loop = loop
            self.block(s.body)
            self.loop = None
        self.loop = outer
        self.env.assigned -= private
        if loop.depends():
            raise self.refused(
                s,
                f"{struct} is interchangeable, but what this for does depends on the order of its "
                f"elements: {loop.depends()}",
                "choose(...), or changes of the element itself, +=, or one constant",
            )

    def domain(self, s: ast.For) -> Value:
        """What a for runs over; its body must not change which elements these are."""
        changed = stored_names(s.body) & reads(s.iter)
        if changed:
            name = min(changed)
            raise self.refused(
                s, f"{name} tells what this for runs over, and is changed in it", "another local"
            )
        return self.lower(s.iter)

    def _assert(self, s: ast.Assert) -> None:
        source = self.scope.function.source(s)
        message = linecache.getline(source.file, source.line).strip()
        if s.msg is not None:
            if not isinstance(s.msg, ast.Constant) or not isinstance(s.msg.value, str):
                raise self.refused(s, "an assert's message is a plain text", 'assert x, "why"')
            message = s.msg.value
        test = self.test(s.test)
        if ir.value_of(test) != 1:
            self.out.append(ir.require(test, self.site("assert", message, s)))
            self.refine(test, True)


_COMMUTES = (ast.Add, ast.Sub, ast.BitAnd, ast.BitOr, ast.BitXor)


def plainly_assigned(body: list[ast.stmt]) -> set[str]:
    """The names that statements give values that are not constants: private to each round."""
    found: set[str] = set()
    for s in [n for statement in body for n in ast.walk(statement)]:
        match s:
            case ast.Assign(targets=[ast.Name(id=name)]) if not isinstance(s.value, ast.Constant):
                found.add(name)
            case ast.For(target=ast.Name(id=name)):
                found.add(name)
            case _:
                pass
    return found


def stored_names(body: list[ast.stmt]) -> set[str]:
    """The names that statements give a value."""
    return {name for s in body for name in _stored_in(s)}


@cache
def _stored_in(statement: ast.stmt) -> frozenset[str]:
    return frozenset(
        n.id
        for n in ast.walk(statement)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )


def interchangeable(over: Value) -> str | None:
    """The name of the interchangeable struct whose elements a for runs over, if it does."""
    item = over.declared.item if isinstance(over, Elems) else None
    return item.__name__ if isinstance(item, type) and item.interchangeable_ else None
