"""Helpers that take or give back locks: each of their returns is followed by itself."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache

from mcheck.lang import ir
from mcheck.lang.lower.calls import Calls
from mcheck.lang.lower.cfg import Do, Node, Test
from mcheck.lang.lower.helpers import changes_locks
from mcheck.lang.lower.values import Method, Value


class Trylocks(Calls):
    """The part of the lowering that keeps a helper's returns apart, as a trylock's must be."""

    def apart(self) -> Callable[[Node | None], None]:
        """Follow one of several ways, and put back afterwards what is kept of a path."""
        raise NotImplementedError

    def told_apart(self, node: Do | Test) -> ast.Call | None:
        """The call of a helper that takes or gives back locks, and whose returns tell which.

        It must be the whole of a test, or of what a local is given; then each of its returns is
        followed by itself, so that what it did there is still known.
        """
        at = node.ast
        call: ast.expr | None = None
        if isinstance(at, ast.If | ast.While):
            call = at.test
            while isinstance(call, ast.UnaryOp) and isinstance(call.op, ast.Not):
                call = call.operand
        elif isinstance(at, ast.Assign) and isinstance(at.targets[0], ast.Name):
            call = at.value
        if not self.protected or not isinstance(call, ast.Call):
            return None
        function = self.called_helper(call)
        return call if function is not None and changes_locks(function) else None

    def each_return(self, node: Do | Test, call: ast.Call) -> None:
        """Go on after each return of a helper by itself."""
        if isinstance(node, Do) and isinstance(node.ast, ast.If):
            node = _taken_apart(node)
        function = self.called_helper(call)
        target = self.lower(call.func)
        arguments = self.arguments(call)
        if isinstance(target, Method):
            arguments = [target.element, *arguments]
        follow = self.apart()

        def after(value: Value) -> None:
            val = self.as_val(value, call)
            if isinstance(node, Do):
                assert isinstance(node.ast, ast.Assign)
                assert isinstance(node.ast.targets[0], ast.Name)
                self.bind(node.ast.targets[0].id, val, node.ast)
                follow(node.next)
                return
            assert isinstance(node.ast, ast.If | ast.While)
            test = self.truth(val, call)
            if ast.unparse(node.ast.test).count("not ") % 2:
                test = ir.negate(test)
            known = ir.value_of(test)
            if known is None:
                self.branch([(test, node.next), (None, node.orelse)], node, follow)
                return
            chosen = node.next if known else node.orelse
            self.follow(node, chosen)
            follow(chosen)

        self.inline_then(function, arguments, call, after)


@cache
def _taken_apart(node: Do) -> Test:
    """An if that would run as a whole, as a test of which each way is followed by itself."""
    assert isinstance(node.ast, ast.If)

    def chain(body: list[ast.stmt]) -> Node | None:
        first = node.next
        for s in reversed(body):
            first = Do(s, first)
        return first

    return Test(node.ast, chain(node.ast.body), orelse=chain(node.ast.orelse))
