"""Lowering of statements, and of plain helper functions, which run within their caller's step."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.cells import Scope
from mcheck.lang.cfg import Builder, Do, For, Graph, Node, Return, Test
from mcheck.lang.declare import Lock
from mcheck.lang.expressions import Expressions
from mcheck.lang.procedures import Hold
from mcheck.lang.source import function_of, keep_asserts
from mcheck.lang.types import Type
from mcheck.lang.values import Env, Method, Static, Val, Value

NEW = "+"
"""The `hold` of a value that brings a reference along which no local owns yet."""


class Statements(Expressions):
    """The part of the lowering that runs through statements."""

    inlining: tuple[Any, ...]
    visited: set[tuple[int, int]]
    trail: dict[int, int]

    def block(self, body: list[ast.stmt]) -> None:
        """Lower statements that run through."""
        for s in body:
            self.statement(s)

    def statement(self, s: ast.stmt) -> None:
        """Lower one statement that runs through; refuse what the language does not have."""
        self.ghosts = []
        match s:
            case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
                pass
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
                raise self.refused(s, *_REFUSED.get(type(s), (f"{type(s).__name__} is not part of the language", "the language reference lists what there is")))
        self.no_ghost(s)

    def no_ghost(self, node: ast.AST) -> None:
        """Refuse a ghost that was read for anything but a ghost."""
        if self.ghosts:
            raise self.refused(
                node, f"the protocol reads a ghost: {ast.unparse(self.ghosts[0])}",
                "ghosts are read by properties, and to compute ghosts",
            )

    def _assign(self, target: ast.expr, value: Value, s: ast.stmt) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, self.as_val(value, s), s)
            return
        new = self.as_val(value, s)
        if new.hold == NEW:
            raise self.refused(s, "the new reference has no owner", "a Held local first")
        mark = len(self.out)
        cell, index, owner = self.locate(target)
        if len(self.out) > mark and not isinstance(new.expr, ast.Constant | ast.Name):
            kept = self.fresh(new.type)
            self.out.insert(mark, ir.assign(kept.expr, new.expr))
            new = replace(new, expr=kept.expr)
        if cell.field.ghost:
            self.ghosts = []
        self.store(cell, index, owner, new, s)

    def bind(self, name: str, value: Val, node: ast.AST) -> None:
        """Give a local a value."""
        if name in self.scope.bound:
            raise self.refused(node, f"{name} is given by the model and cannot be changed")
        id_ = self.scope.variable(name)
        if name in self.scope.holds:
            self._take_over(id_, name, value, node)
        elif value.hold == NEW:
            raise self.refused(
                node, f"the reference that {name} is given has no owner",
                f"{name}: Held[...] = ... (or Temporary, Speculative, Pinned)",
            )
        self.env.locks = frozenset(k for k in self.env.locks if k[0] != id_)
        self.out.append(ir.assign(ir.name(id_), value.expr))
        self.env.types[id_] = value.type
        self.env.assigned.add(id_)

    def _take_over(self, id_: str, name: str, value: Val, node: ast.AST) -> None:
        self.leak_check(id_, node, f"{name} is overwritten while it owns a reference")
        if value.hold not in (None, NEW):
            self.env.owned.discard(value.hold)
        elif value.hold is None and value.type != types.NULL:
            raise self.refused(
                node, f"{name} owns a reference, but this brings none along",
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
        if isinstance(s.target, ast.Name):
            old = ast.copy_location(ast.Name(s.target.id, ast.Load()), s.target)
            a, b = self.in_order([lambda: self.number(old), lambda: self.number(s.value)])
            self.bind(s.target.id, self.arithmetic(s.op, a, b, s), s)
            return
        cell, index, owner = self.locate(s.target)
        ghost = cell.field.ghost
        if not ir.total(index):
            index = self.spill(index, types.integer(0, cell.count)).expr
        old = Val(ir.cell(cell.key, index), cell.type)
        if old.type.kind not in ("int", "bool"):
            raise self.refused(s, f"a {cell.type} is nothing to compute with", "an assignment")
        old, b = self.in_order([lambda: old, lambda: self.number(s.value)])
        if ghost:
            self.ghosts = []
        self.store(cell, index, owner, self.arithmetic(s.op, old, b, s), s)

    def _call_statement(self, node: ast.Call) -> None:
        function = self.lower(node.func)
        if isinstance(function, Method) and function.function in (Lock.acquire, Lock.release):
            self.lock_change(
                function.element, node, acquire=function.function is Lock.acquire
            )
            return
        value = self.lower_Call(node)
        if isinstance(value, Val) and value.hold == NEW:
            raise self.refused(node, "the reference that this returns is lost", "x: Held[...] = ...")

    def _if(self, s: ast.If) -> None:
        test = self.test(s.test)
        self.no_ghost(s.test)
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
        if branches[0] or branches[1]:
            self.out.append(ast.If(test, branches[0], branches[1]))

    def merge(self, ends: list[Env], node: ast.AST) -> Env:
        """What is known where several ways come together."""
        result = ends[0].copy()
        for other in ends[1:]:
            if result.owned != other.owned:
                name = min(result.owned ^ other.owned).rsplit(".", 1)[-1]
                raise self.refused(
                    node, f"{name} is given up on one way only",
                    f"give {name} up on every way, or set it to null where it owns nothing",
                )
            result.assigned &= other.assigned
            result.locks &= other.locks
            result.touched |= other.touched
            result.crossed = result.crossed or other.crossed
            extra = [a for a in other.accesses if a not in result.accesses]
            result.accesses = (*result.accesses, *extra)
            for name in list(result.types):
                mine, its = result.types[name], other.types.get(name)
                joined = types.join(mine, its) if its is not None else None
                if joined is None:
                    del result.types[name]
                    result.assigned.discard(name)
                else:
                    result.types[name] = joined
        return result

    def _unroll(self, s: ast.For) -> None:
        if not isinstance(s.target, ast.Name) or s.orelse:
            raise self.refused(s, "a for binds one local and has no else", "for x in ...")
        if self.scope.variable(s.target.id) in self.env.owned:
            raise self.refused(s, "a for cannot bind a hold")
        for element in self.iterate(self.lower(s.iter), s.iter):
            self.bind(s.target.id, self.as_val(element(), s), s)
            self.block(s.body)

    def _assert(self, s: ast.Assert) -> None:
        message = f"assert {ast.unparse(s.test)}"
        if s.msg is not None:
            if not isinstance(s.msg, ast.Constant) or not isinstance(s.msg.value, str):
                raise self.refused(s, "an assert's message is a plain text", 'assert x, "why"')
            message = s.msg.value
        test = self.test(s.test)
        self.no_ghost(s)
        if ir.value_of(test) != 1:
            self.out.append(ir.require(test, self.site("assert", message, s)))
            self.refine(test, True)

    # --- plain helper functions

    def inline(self, function: Any, arguments: list[Value], node: ast.AST) -> Value:
        """What a helper returns; its statements run here, as part of this step."""
        graph = self._helper(function, node)
        parameters = graph.function.parameters
        if len(parameters) != len(arguments):
            raise self.refused(
                node, f"{graph.function.name} takes {len(parameters)} arguments, not {len(arguments)}",
                "every argument, by position",
            )
        self.temporaries += 1
        scope = Scope(graph.function, f"@{self.temporaries}", {}, graph.holds, graph)
        for name, value in zip(parameters, arguments, strict=True):
            self._pass(scope, name, value, node)
        outer, self.scope = self.scope, scope
        self.inlining = (*self.inlining, function)
        try:
            return self._body(graph)
        finally:
            self.scope, self.inlining = outer, self.inlining[:-1]

    def _helper(self, function: Any, node: ast.AST) -> Graph:
        if not inspect.isfunction(function):
            raise self.refused(
                node, f"{function!r} is no function of the model", "a plain def, or a procedure"
            )
        if function in self.inlining:
            raise self.refused(node, f"{function.__name__} calls itself", "a while or a for")
        return helper_graph(function)

    def _pass(self, scope: Scope, name: str, value: Value, node: ast.AST) -> None:
        """Bind a parameter: as it stands where nothing can change it, else in a local."""
        changes = name in scope.holds or _rebinds(scope.function.tree, name)
        if not isinstance(value, Val) and not changes:
            scope.bound[name] = value
            return
        val = self.as_val(value, node)
        id_ = scope.variable(name)
        if changes:
            outer, self.scope = self.scope, scope
            self.bind(name, val if val.hold or name not in scope.holds else self._plain(val, node), node)
            self.scope = outer
            return
        if val.hold == NEW:
            raise self.refused(node, "the reference that is passed has no owner", "a Held local first")
        simple = isinstance(val.expr, ast.Constant | ast.Name)
        at_once = scope.graph is not None and isinstance(scope.graph.entry, Return)
        if not simple and not (at_once and ir.total(val.expr)):
            self.out.append(ir.assign(ir.name(id_), val.expr))
            self.env.types[id_] = val.type
            val = replace(val, expr=ir.name(id_))
        scope.bound[name] = replace(val, hold=None)

    def _plain(self, val: Val, node: ast.AST) -> Val:
        if val.type == types.NULL:
            return val
        raise self.refused(
            node, "a parameter that takes over a reference is given something that owns none",
            "a Held local",
        )

    def _body(self, graph: Graph) -> Value:
        entry = graph.entry
        while isinstance(entry, Do) and _is_docstring(entry.ast) and entry.next is not None:
            entry = entry.next
        if isinstance(entry, Return):
            return self.returned(entry)
        ends: list[Env] = []
        values: list[Val | None] = []
        result = self.fresh(types.integer(0, 0))

        def end(node: Return) -> None:
            value = self.returned(node)
            if isinstance(value, Static) and value.value is None:
                values.append(None)
            else:
                val = self.as_val(value, node.ast)
                values.append(val)
                self.out.append(ir.assign(result.expr, val.expr))
            ends.append(self.env)

        saved = self.trail
        self.trail = {}
        self.run_plain(entry, end)
        self.trail = saved
        self.env = self.merge(ends, graph.function.tree)
        return self._result(result, values, graph)

    def _result(self, result: Val, values: list[Val | None], graph: Graph) -> Value:
        given = [v for v in values if v is not None]
        if not given:
            return Static(None)
        if len(given) < len(values):
            raise graph.function.refused(
                graph.function.tree, f"{graph.function.name} returns a value on some ways only",
                "return on every way",
            )
        of: Type = given[0].type
        for value in given[1:]:
            of = self.joined(of, value.type, graph.function.tree)
        assert isinstance(result.expr, ast.Name)
        self.env.types[result.expr.id] = of
        hold = NEW if any(v.hold for v in given) else None
        return Val(result.expr, of, None, hold)

    def returned(self, node: Return) -> Value:
        """What a helper's return gives; holds that end with it must be null."""
        value: Value = Static(None) if node.value is None else self.lower(node.value)
        if isinstance(value, Val):
            if value.hold is not None and value.hold != NEW:
                if self._owns_result():
                    self.env.owned.discard(value.hold)
                    value = replace(value, hold=NEW)
                else:
                    value = replace(value, hold=None)
            elif value.hold is None and value.type == types.NULL and self._owns_result():
                value = replace(value, hold=NEW)
        self.end_of_scope(node.ast)
        return value

    def _owns_result(self) -> bool:
        annotation = self.scope.function.annotation(self.scope.function.tree.returns)
        marks = getattr(annotation, "__metadata__", ())
        inner = getattr(annotation, "__args__", ())
        nested = [m for a in inner for m in getattr(a, "__metadata__", ())]
        return any(isinstance(m, Hold) for m in (*marks, *nested))

    def end_of_scope(self, node: ast.AST) -> None:
        """The holds of the function that ends here are over."""
        for name in self.scope.holds:
            id_ = self.scope.variable(name)
            message = f"{self.scope.function.name} returns while {name} owns a reference"
            self.leak_check(id_, node, message)

    def run_plain(self, node: Node | None, end: Callable[[Return], None]) -> None:
        """Follow a helper's graph; every way ends at a Return."""
        while node is not None:
            match node:
                case Return():
                    end(node)
                    return
                case Do():
                    assert isinstance(node.ast, ast.stmt)
                    self.statement(node.ast)
                    node = node.next
                case Test():
                    node = self.fork(node, lambda n: self.run_plain(n, end))
                case For():
                    node = self.next_element(node, lambda n: self.run_plain(n, end))
                case _:
                    raise self.refused(node.ast, "a helper has no yields")

    def fork(self, node: Test, follow: Callable[[Node | None], None]) -> Node | None:
        """Take the way that a test tells, or both, each by itself; None where both were taken."""
        assert isinstance(node.ast, ast.If | ast.While)
        self.ghosts = []
        test = self.test(node.ast.test)
        self.no_ghost(node.ast.test)
        known = ir.value_of(test)
        self.trail[id(node)] = self.trail.get(id(node), 0) + 1
        if node.loop and self.trail[id(node)] > (1 if known is None else 1000):
            raise self.refused(
                node.ast, "this loop can go round without a yield",
                'yield at("label") inside it, on every way round; or a for over fixed elements',
            )
        if known is not None:
            chosen = node.next if known else node.orelse
            self.follow(node, chosen)
            return chosen
        self.branch([(test, node.next), (None, node.orelse)], node, follow)
        return None

    def branch(
        self,
        ways: list[tuple[ast.expr | None, Node | None]],
        node: Node,
        follow: Callable[[Node | None], None],
    ) -> None:
        """Both ways of a test, each with what is known there."""
        test = ways[0][0]
        assert test is not None
        start, trail = self.env, self.trail
        bodies: list[list[ast.stmt]] = []
        for (_, target), truth in zip(ways, (True, False), strict=True):
            self.env, self.trail = start.copy(), dict(trail)
            self.refine(test, truth)
            self.follow(node, target)
            with self.collecting() as out:
                follow(target)
            bodies.append(out)
        self.env, self.trail = start, trail
        self.out.append(ast.If(test, bodies[0], bodies[1]))

    def follow(self, node: Node, target: Node | None) -> None:
        """Note that control can go from one node to another."""
        if target is not None:
            self.visited.add((id(node), id(target)))

    def next_element(self, node: For, follow: Callable[[Node | None], None]) -> Node | None:
        """Bind a for's next element, or leave the loop where there is none."""
        s = node.ast
        assert isinstance(s, ast.For) and isinstance(s.target, ast.Name)
        domain = self.iterate(self.lower(s.iter), s.iter)
        if not domain:
            self.follow(node, node.after)
            return node.after
        values = [self.as_val(element(), s) for element in domain]
        if node.first:
            self.bind(s.target.id, values[0], s)
            self.follow(node, node.next)
            return node.next
        return self.advance(node, values, s.target.id, follow)

    def advance(
        self, node: For, values: list[Val], name: str, follow: Callable[[Node | None], None]
    ) -> Node | None:
        """Go from the present element of a for to the next one."""
        known = self.env.types[self.scope.variable(name)]
        numbers = [ir.value_of(v.expr) for v in values]
        if known.single and known.lo in numbers:
            at = numbers.index(known.lo)
            if at + 1 == len(values):
                self.follow(node, node.after)
                return node.after
            self.bind(name, values[at + 1], node.ast)
            self.follow(node, node.next)
            return node.next
        self._walk(node, values, name, follow)
        return None

    def _walk(
        self, node: For, values: list[Val], name: str, follow: Callable[[Node | None], None]
    ) -> None:
        """The present element is known only when the step runs: compare, one by one or at once."""
        current = ir.name(self.scope.variable(name))
        numbers = [ir.value_of(v.expr) for v in values]
        first, last = numbers[0], numbers[-1]
        if first is not None and numbers == list(range(first, first + len(numbers))):
            after = Val(ir.plus(current, 1), replace(values[0].type, lo=first + 1, hi=last or 0))
            pairs = [(values[-1], None), (None, after)]
        else:
            pairs = [*zip(values, [*values[1:], None], strict=True)]
        self._step(node, name, pairs, current, follow)

    def _step(
        self,
        node: For,
        name: str,
        pairs: list[tuple[Val | None, Val | None]],
        current: ast.expr,
        follow: Callable[[Node | None], None],
    ) -> None:
        (here, then), rest = pairs[0], pairs[1:]
        start, trail = self.env, dict(self.trail)
        self.env = start.copy()
        with self.collecting() as taken:
            if then is not None:
                self.bind(name, then, node.ast)
            target = node.after if then is None else node.next
            self.follow(node, target)
            follow(target)
        if here is None or not rest:
            self.out.extend(taken)
            return
        self.env, self.trail = start.copy(), trail
        with self.collecting() as other:
            self._step(node, name, rest, current, follow)
        self.out.append(ast.If(ir.equal(current, here.expr), taken, other))


@functools.lru_cache(maxsize=None)
def helper_graph(function: Callable[..., Any]) -> Graph:
    """The graph of a plain helper function."""
    keep_asserts(function)
    return Builder(function_of(function), generator=False).build()


def _is_docstring(s: ast.AST) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)


def _rebinds(tree: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for n in ast.walk(tree)
    )


_REFUSED: dict[type[ast.stmt], tuple[str, str]] = {
    ast.With: ("`with` is not part of the language", "acquire and release in steps of their own"),
    ast.Try: ("`try` is not part of the language", "a value that tells, and an if"),
    ast.Raise: ("`raise` is not part of the language", "assert, for what must never happen"),
    ast.Assign: ("several targets at once are not part of the language", "one assignment each"),
    ast.Delete: ("`del` is not part of the language", "= null"),
    ast.Match: ("`match` is not part of the language", "if ... elif ... else"),
    ast.Global: ("`global` is not part of the language", "a field of the state"),
    ast.Nonlocal: ("`nonlocal` is not part of the language", "a field of the state"),
    ast.Import: ("an import inside a step", "import at the top of the file"),
    ast.ImportFrom: ("an import inside a step", "import at the top of the file"),
    ast.FunctionDef: ("a function inside a step", "a function at the top of the file"),
    ast.ClassDef: ("a class inside a step", "a class at the top of the file"),
    ast.Expr: ("an expression that does nothing", "a call, or an assignment"),
    ast.Break: ("break outside a loop", ""),
    ast.Continue: ("continue outside a loop", ""),
}
