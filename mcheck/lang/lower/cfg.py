"""A model function as a graph of statements, cut at its yields.

A statement without a yield, a return or a jump inside stays whole (`Do`); all others are taken
apart, so that a path through the graph from one `Wait` to the next is one step.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mcheck.lang.lower.wording import statement_refused
from mcheck.lang.procedures import Hold, Range, at, choose
from mcheck.lang.source import Function, function_of, keep_asserts


@dataclass(eq=False)
class Node:
    """A point of a function. next: where control goes on (None only where it ends)."""

    ast: ast.AST
    next: Node | None = None

    def successors(self) -> Iterator[Node]:
        """The nodes that may follow within the function."""
        if self.next is not None:
            yield self.next


@dataclass(eq=False)
class Do(Node):
    """One statement that runs as a whole."""


@dataclass(eq=False)
class Test(Node):
    """An if or a while: next where it is true, orelse where it is not."""

    orelse: Node | None = None
    loop: bool = False

    def successors(self) -> Iterator[Node]:
        yield from super().successors()
        if self.orelse is not None:
            yield self.orelse


@dataclass(eq=False)
class For(Node):
    """The head of a for over fixed elements: next is the body, after where the loop is left.

    first: reached from outside (bind the first element), not from the body's end.
    """

    after: Node | None = None
    first: bool = True

    def successors(self) -> Iterator[Node]:
        yield from super().successors()
        if self.after is not None:
            yield self.after


@dataclass(eq=False)
class Wait(Node):
    """A yield: a label, at which other processes may run."""

    label: str = ""
    until: ast.expr | None = None
    rest: bool = False
    atomic: str = ""
    choices: list[tuple[str, ast.Call]] = field(default_factory=list[tuple[str, ast.Call]])


@dataclass(eq=False)
class Call(Node):
    """A `yield from`: target is the local that takes the returned value."""

    call: ast.Call = field(default_factory=lambda: ast.Call(ast.Name("?"), [], []))
    target: str | None = None


@dataclass(eq=False)
class Return(Node):
    """The end of the function; the value is None where it returns nothing."""

    value: ast.expr | None = None


@dataclass
class Graph:
    """A function's nodes: where it begins, and its labels in the order of the text.

    holds: the locals that own references, with the kind; ranges: the locals with declared bounds.
    """

    function: Function
    entry: Node
    waits: list[Wait]
    holds: dict[str, str]
    ranges: dict[str, Range]


@dataclass
class _Loop:
    again: Node
    after: Node


class Builder:
    """Builds the graph of one function. `generator` says whether yields are allowed."""

    def __init__(self, function: Function, *, generator: bool) -> None:
        """Remember the function; `build` does the work."""
        self.function = function
        self.generator = generator
        self.waits: list[Wait] = []
        self.holds: dict[str, str] = {}
        self.ranges: dict[str, Range] = {}
        for name in function.parameters:
            self._note(name, function.parameter_annotation(name))
        for node in ast.walk(function.tree):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self._note(node.target.id, function.annotation(node.annotation))

    def _note(self, name: str, annotation: object) -> None:
        """What the annotation of a local says of it."""
        for mark in getattr(annotation, "__metadata__", ()):
            if isinstance(mark, Hold):
                self.holds[name] = mark.kind
            if isinstance(mark, Range):
                self.ranges[name] = mark

    def build(self) -> Graph:
        """The graph of the function."""
        end = Return(self.function.tree)
        entry = self._block(self.function.tree.body, end, None)
        self.waits.sort(
            key=lambda w: (getattr(w.ast, "lineno", 0), getattr(w.ast, "col_offset", 0))
        )
        self._name_labels()
        return Graph(self.function, entry, self.waits, self.holds, self.ranges)

    def _name_labels(self) -> None:
        seen: dict[str, Wait] = {}
        for number, wait in enumerate(self.waits, 1):
            wait.label = wait.label or f"step{number}"
            if wait.label == "done":
                raise self.function.refused(
                    wait.ast, "the label 'done' is where a finished process stands", "another name"
                )
            if wait.label in seen:
                raise self.function.refused(
                    wait.ast,
                    f"the label {wait.label!r} stands twice in {self.function.name}",
                    "a name of its own for each step",
                )
            seen[wait.label] = wait

    def _block(self, body: list[ast.stmt], after: Node, loop: _Loop | None) -> Node:
        """The nodes of a list of statements that go on at `after`; the first of them."""
        node = after
        i = len(body)
        while i:
            i -= 1
            choices: list[tuple[str, ast.Call]] = []
            while (choice := self._choice(body[i])) is not None:
                choices.insert(0, choice)
                if i == 0 or (self._choice(body[i - 1]) is None and not _is_yield(body[i - 1])):
                    raise self.function.refused(
                        body[i],
                        "choose() stands in the middle of a step",
                        "a yield right before it: what a step chooses, it chooses at its head",
                    )
                i -= 1
            node = self._statement(body[i], node, loop)
            if choices:
                assert isinstance(node, Wait)
                node.choices = choices
        return node

    def _choice(self, statement: ast.stmt) -> tuple[str, ast.Call] | None:
        """The local and the call of `x = choose(domain)`."""
        target, value = _assignment(statement)
        if not isinstance(value, ast.Call) or self.function.meant(value.func) is not choose:
            return None
        if not isinstance(target, ast.Name) or len(value.args) != 1 or value.keywords:
            raise self.function.refused(
                statement, "what choose() picks is assigned to one local", "x = choose(domain)"
            )
        return target.id, value

    def _statement(self, s: ast.stmt, after: Node, loop: _Loop | None) -> Node:
        if _is_yield(s):
            assert isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield)
            return self._wait(s, s.value, after)
        target, value = _assignment(s)
        if isinstance(value, ast.YieldFrom):
            return self._call(s, target, value, after)
        if isinstance(s, ast.With | ast.Try | ast.Match | ast.AsyncWith | ast.AsyncFor):
            raise self.function.refused(s, *statement_refused(s))
        match s:
            case ast.Return():
                return self._return(s)
            case ast.If() if not self._simple(s):
                self._no_yield_inside(s.test)
                then = self._block(s.body, after, loop)
                return Test(s, then, self._block(s.orelse, after, loop))
            case ast.While():
                return self._while(s, after)
            case ast.For() if not self._simple(s):
                return self._for(s, after)
            case ast.Break() | ast.Continue() if loop is not None:
                return loop.after if isinstance(s, ast.Break) else loop.again
            case _:
                self._no_yield_inside(s)
                return Do(s, after)

    def _return(self, s: ast.Return) -> Node:
        if isinstance(s.value, ast.YieldFrom):
            self.function.locals.add("@returned")
            name = ast.copy_location(ast.Name("@returned", ast.Load()), s)
            return self._call(s, ast.Name("@returned", ast.Store()), s.value, Return(s, value=name))
        self._no_yield_inside(s)
        return Return(s, value=s.value)

    def _while(self, s: ast.While, after: Node) -> Node:
        if s.orelse:
            raise self.function.refused(s, "while ... else is not part of the language", "a flag")
        self._no_yield_inside(s.test)
        head = Test(s, loop=True, orelse=after)
        head.next = self._block(s.body, head, _Loop(head, after))
        return head

    def _for(self, s: ast.For, after: Node) -> Node:
        if s.orelse:
            raise self.function.refused(s, "for ... else is not part of the language", "a flag")
        if not isinstance(s.target, ast.Name):
            raise self.function.refused(s, "a for binds one local", "for x in ...")
        self._no_yield_inside(s.iter)
        again = For(s, after=after, first=False)
        body = self._block(s.body, again, _Loop(again, after))
        again.next = body
        return For(s, body, after=after, first=True)

    def _wait(self, s: ast.stmt, value: ast.Yield, after: Node) -> Node:
        if not self.generator:
            raise self.function.refused(
                s, f"{self.function.name} yields but is no procedure", "@procedure above it"
            )
        wait = Wait(s, after)
        self.waits.append(wait)
        if value.value is None:
            return wait
        call = value.value
        if not (
            isinstance(call, ast.Call)
            and self.function.meant(call.func) is at
            and len(call.args) == 1
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)
        ):
            raise self.function.refused(s, "a yield yields a label", 'yield at("label")')
        wait.label = call.args[0].value
        for keyword in call.keywords:
            self._wait_option(wait, keyword)
        return wait

    def _wait_option(self, wait: Wait, keyword: ast.keyword) -> None:
        value = keyword.value
        match keyword.arg, value:
            case "until", ast.Lambda() if not ast.unparse(value.args):
                wait.until = value.body
            case "rest", ast.Constant(value=bool() as rest):
                wait.rest = rest
            case "atomic", ast.Constant(value=str() as atomic):
                wait.atomic = atomic
            case _:
                raise self.function.refused(
                    value,
                    f"at() takes no {keyword.arg} like this",
                    'until=lambda: ..., rest=True, atomic="name of the primitive"',
                )

    def _call(
        self, s: ast.stmt, target: ast.expr | None, value: ast.YieldFrom, after: Node
    ) -> Node:
        if not self.generator:
            raise self.function.refused(
                s, f"{self.function.name} calls a procedure but is none", "@procedure above it"
            )
        if not isinstance(value.value, ast.Call):
            raise self.function.refused(s, "yield from calls a procedure", "yield from p(k, ...)")
        if target is not None and not isinstance(target, ast.Name):
            raise self.function.refused(
                s, "what a procedure returns goes to a local first", "x = yield from p(k, ...)"
            )
        return Call(s, after, call=value.value, target=target.id if target else None)

    def _simple(self, s: ast.If | ast.For) -> bool:
        """Whether a compound statement runs through without leaving its step or moving a hold."""
        for node in ast.walk(s):
            if isinstance(
                node,
                ast.Yield | ast.YieldFrom | ast.Return | ast.Break | ast.Continue | ast.While,
            ):
                return False
            if isinstance(node, ast.Name) and node.id in self.holds:
                return False
        return True

    def _no_yield_inside(self, node: ast.AST) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Yield):
                raise self.function.refused(
                    inner, "a yield has no value and stands alone", 'yield at("label")'
                )
            if isinstance(inner, ast.YieldFrom):
                raise self.function.refused(
                    inner, "yield from stands inside an expression", "x = yield from p(k, ...)"
                )


@functools.cache
def procedure_graph(function: Callable[..., Any]) -> Graph:
    """The graph of a procedure."""
    keep_asserts(function)
    return Builder(function_of(function), generator=True).build()


@functools.cache
def helper_graph(function: Callable[..., Any]) -> Graph:
    """The graph of a plain helper function."""
    keep_asserts(function)
    return Builder(function_of(function), generator=False).build()


def _is_yield(s: ast.stmt) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield)


def _assignment(s: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    """The target and the value of a statement that gives a value to one thing, or to none."""
    match s:
        case ast.Assign(targets=[target]):
            return target, s.value
        case ast.AnnAssign():
            return s.target, s.value
        case ast.Expr():
            return None, s.value
        case _:
            return None, None
