"""Plain helper functions, which run within their caller's step."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.declare.state import Lock
from mcheck.lang.lower.accesses import Scope
from mcheck.lang.lower.cfg import Do, Graph, Return, helper_graph
from mcheck.lang.lower.paths import Paths
from mcheck.lang.lower.values import NEW, Env, Method, Static, Val, Value
from mcheck.lang.procedures import Hold
from mcheck.lang.types import Type


class Helpers(Paths):
    """The part of the lowering that inlines helper functions."""

    inlining: tuple[Any, ...]

    def inline(self, function: Any, arguments: list[Value], node: ast.AST) -> Value:
        """What a helper returns; its statements run here, as part of this step."""
        scope, graph = self._enter_helper(function, arguments, node)
        outer, self.scope = self.scope, scope
        self.inlining = (*self.inlining, function)
        try:
            return self._body(graph)
        finally:
            self.scope, self.inlining = outer, self.inlining[:-1]

    def inline_then(
        self, function: Any, arguments: list[Value], node: ast.AST, then: Callable[[Value], None]
    ) -> None:
        """Run a helper and go on after each of its returns by itself, with what is known there."""
        scope, graph = self._enter_helper(function, arguments, node)
        outer, trail = self.scope, self.trail

        def end(at: Return) -> None:
            value = self.returned(at)
            inside = (self.scope, self.inlining)
            self.scope, self.inlining, self.trail = outer, self.inlining[:-1], dict(trail)
            then(value)
            self.scope, self.inlining = inside

        self.scope, self.trail = scope, {}
        self.inlining = (*self.inlining, function)
        self.run_plain(graph.entry, end)
        self.scope, self.inlining, self.trail = outer, self.inlining[:-1], trail

    def _enter_helper(
        self, function: Any, arguments: list[Value], node: ast.AST
    ) -> tuple[Scope, Graph]:
        graph = self._helper(function, node)
        parameters = graph.function.parameters
        if len(parameters) != len(arguments):
            raise self.refused(
                node,
                f"{graph.function.name} takes {len(parameters)} arguments, not {len(arguments)}",
                "every argument, by position",
            )
        self.temporaries += 1
        scope = Scope(graph.function, f"@{self.temporaries}", {}, graph.holds, graph)
        for name, value in zip(parameters, arguments, strict=True):
            self._pass(scope, name, value, node)
        return scope, graph

    def called_helper(self, call: ast.Call) -> Callable[..., Any] | None:
        """The helper that a call calls, or None if it calls anything else."""
        target = call.func
        if isinstance(target, ast.Name):
            if target.id in self.scope.function.locals:
                return None
            found = self.scope.function.names.get(target.id)
        else:
            before = self.env.copy()
            with self.collecting():
                value = self.lower(target)
            self.env = before
            found = value.function if isinstance(value, Method) else getattr(value, "value", None)
        plain = inspect.isfunction(found) and found not in (Lock.acquire, Lock.release)
        known = plain and self.builtin(found) is None
        return found if known and not inspect.isgeneratorfunction(found) else None

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
            self.blamed = outer
            self.bind(
                name, val if val.hold or name not in scope.holds else self._plain(val, node), node
            )
            self.scope, self.blamed = outer, None
            return
        if val.hold == NEW:
            raise self.refused(
                node, "the reference that is passed has no owner", "a Held local first"
            )
        simple = isinstance(val.expr, ast.Constant | ast.Name)
        entry = scope.graph.entry if scope.graph is not None else None
        at_once = isinstance(entry, Return) and not any(
            isinstance(n, ast.Call) for n in ast.walk(entry.value or ast.Pass())
        )
        if not simple and not (at_once and ir.total(val.expr)):
            self.out.append(ir.assign(ir.name(id_), val.expr))
            self.env.types[id_] = val.type
            val = replace(val, expr=ir.name(id_))
        scope.bound[name] = replace(val, hold=None)

    def _plain(self, val: Val, node: ast.AST) -> Val:
        if val.type == types.NULL:
            return val
        raise self.refused(
            node,
            "a parameter that takes over a reference is given something that owns none",
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
                graph.function.tree,
                f"{graph.function.name} returns a value on some ways only",
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


@cache
def changes_locks(function: Callable[..., Any]) -> bool:
    """Whether a helper's own text acquires or releases locks and has several returns."""
    tree = helper_graph(function).function.tree
    nodes = list(ast.walk(tree))
    changes = any(isinstance(n, ast.Attribute) and n.attr in ("acquire", "release") for n in nodes)
    return changes and any(isinstance(n, ast.Return) for n in nodes)


def _is_docstring(s: ast.AST) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)


@cache
def _rebinds(tree: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for n in ast.walk(tree)
    )
