"""Following a function's graph: tests that fork a path, fors that bind one element at a time."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from mcheck.lang import ir
from mcheck.lang.declare.fields import Field
from mcheck.lang.lower.cfg import Do, For, Node, Return, Test
from mcheck.lang.lower.statements import Statements, interchangeable, stored_names
from mcheck.lang.lower.values import Elems, Val, Value


class Paths(Statements):
    """The part of the lowering that follows one path, or several, through a graph."""

    visited: set[tuple[int, int]]
    trail: dict[int, int]

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
                    raise AssertionError(node)  # the graph of a helper has no other nodes

    def fork(self, node: Test, follow: Callable[[Node | None], None]) -> Node | None:
        """Take the way that a test tells, or both, each by itself; None where both were taken."""
        assert isinstance(node.ast, ast.If | ast.While)
        test = self.test(node.ast.test)
        known = ir.value_of(test)
        self.trail[id(node.ast)] = self.trail.get(id(node.ast), 0) + 1
        if node.loop and self.trail[id(node.ast)] > (1 if known is None else 1000):
            raise self.refused(
                node.ast,
                "this loop can go round without a yield",
                "a for over fixed elements; or, in a procedure, "
                'yield at("label") inside it, on every way round',
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
        over = self.domain(s)
        if isinstance(over, Elems) and any(
            isinstance(n, ast.Subscript) for n in ast.walk(over.owner.expr)
        ):
            raise self.refused(
                s,
                "what this for runs over is read from the state, and may change meanwhile",
                "x = ...; for e in x.elements",
            )
        if interchangeable(over) is not None:
            raise self.refused(
                s,
                f"{interchangeable(over)} is interchangeable: this for visits them in an order",
                "choose(...) among those not yet visited; or a for that runs through in one step",
            )
        domain = self.iterate(over, s.iter)
        if not domain:
            self.follow(node, node.after)
            return node.after
        values = [self.as_val(element(), s) for element in domain]
        at = 0 if node.first else self.trail.get(id(s), -2) + 1
        self._new_round(s)
        if at < 0:
            self._positions_by_value(s, over, values)
            rounds = self.trail.get(-id(s), 0)
            if rounds + 1 >= len(values):
                self.follow(node, node.after)
                return node.after
            self.trail[-id(s)] = rounds + 1
            self._walk(node, values, s.target.id, follow)
            return None
        target = node.next if at < len(values) else node.after
        if target is node.next:
            self.bind(s.target.id, values[at], s)
            self.trail[id(s)] = at
        self.follow(node, target)
        return target

    def _new_round(self, s: ast.For) -> None:
        """What loops inside a for's body did in an earlier round does not count in this one."""
        for inner in _loops_inside(s):
            self.trail.pop(id(inner), None)
            self.trail.pop(-id(inner), None)

    def _positions_by_value(self, s: ast.For, over: Value, values: list[Val]) -> None:
        """After a yield, where a for stands is told by its local: it must tell that clearly."""
        assert isinstance(s.target, ast.Name)
        numbers = [ir.value_of(v.expr) for v in values]
        fields = isinstance(over, Elems) and isinstance(over.declared.item, Field)
        if fields or (None not in numbers and len(set(numbers)) < len(numbers)):
            raise self.refused(
                s,
                "a for with a yield inside runs over values that may be alike",
                "a for over elements, a range, an enum or a tuple of different constants",
            )
        if s.target.id in stored_names(s.body):
            raise self.refused(
                s,
                f"{s.target.id} is changed inside its own for, which has a yield",
                "another local",
            )

    def _walk(
        self, node: For, values: list[Val], name: str, follow: Callable[[Node | None], None]
    ) -> None:
        """The present element is known only when the step runs: compare, one by one or at once."""
        current = ir.name(self.scope.variable(name))
        numbers = [ir.value_of(v.expr) for v in values]
        first, last = numbers[0], numbers[-1]
        if first is not None and numbers == list(range(first, first + len(numbers))):
            after = Val(ir.plus(current, 1), replace(values[0].type, lo=first + 1, hi=last or 0))
            pairs: list[tuple[Val | None, Val | None]] = [(values[-1], None), (None, after)]
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


@cache
def _loops_inside(s: ast.For) -> list[ast.stmt]:
    """The statements of which a path counts the rounds."""
    inside = [n for child in s.body for n in ast.walk(child)]
    return [n for n in inside if isinstance(n, ast.For | ast.While | ast.If)]
