"""Which locals a procedure still needs at each of its points."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import cache

from mcheck.lang.lower.cfg import Call, Do, For, Graph, Node, Return, Test, Wait


@cache
def reads(node: ast.AST | None) -> frozenset[str]:
    """The names that a tree reads, without those that its comprehensions bind themselves."""
    if node is None:
        return frozenset()
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        found: set[str] = set()
        bound: set[str] = set()
        for generator in node.generators:
            found |= reads(generator.iter) - bound
            bound |= {n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name)}
            for condition in generator.ifs:
                found |= reads(condition) - bound
        return frozenset(found | (reads(node.elt) - bound))
    if isinstance(node, ast.Name):
        return frozenset([node.id]) if isinstance(node.ctx, ast.Load) else frozenset()
    found = set[str]()
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        found.add(node.target.id)
    if isinstance(node, ast.AnnAssign):
        return reads(node.value) | (reads(node.target) if node.value else frozenset[str]())
    for child in ast.iter_child_nodes(node):
        found |= reads(child)
    return frozenset(found)


def _surely_written(s: ast.AST) -> frozenset[str]:
    """The names that a statement gives a value whatever happens."""
    match s:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return frozenset({name})
        case ast.AnnAssign(target=ast.Name(id=name)) if s.value is not None:
            return frozenset({name})
        case _:
            return frozenset()


def through(body: Sequence[ast.AST], after: frozenset[str]) -> frozenset[str]:
    """What is live before statements that run through, given what is live after them."""
    for s in reversed(body):
        match s:
            case ast.If():
                ways = through(s.body, after) | through(s.orelse, after)
                after = reads(s.test) | ways
            case ast.For(target=ast.Name(id=name)):
                again = after | (through(s.body, after) - {name})
                again |= through(s.body, again) - {name}
                after = reads(s.iter) | again
            case _:
                after = reads(s) | (after - _surely_written(s))
    return after


def before(node: Node, after: frozenset[str]) -> frozenset[str]:
    """What is live before a node, given what is live after it."""
    match node:
        case Do():
            return through([node.ast], after)
        case Test():
            assert isinstance(node.ast, ast.If | ast.While)
            return reads(node.ast.test) | after
        case For():
            assert isinstance(node.ast, ast.For) and isinstance(node.ast.target, ast.Name)
            name = node.ast.target.id
            if node.first:
                return reads(node.ast.iter) | (after - {name})
            return reads(node.ast.iter) | after | {name}
        case Wait():
            for name, call in reversed(node.choices):
                after = (after - {name}) | reads(call)
            return after | reads(node.until)
        case Call():
            return reads(node.call) | (after - {node.target})
        case Return():
            return reads(node.value)
        case _:
            return after


def nodes_of(graph: Graph) -> list[Node]:
    """Every node of a graph, each once."""
    found: dict[int, Node] = {}
    todo = [graph.entry]
    while todo:
        node = todo.pop()
        if id(node) not in found:
            found[id(node)] = node
            todo.extend(node.successors())
    return list(found.values())


def live(graph: Graph, taken: Callable[[Node, Node], bool]) -> dict[int, frozenset[str]]:
    """What is live before each node, by the node's id, over the edges that can be taken."""
    nodes = nodes_of(graph)
    after_each = [(n, [id(s) for s in n.successors() if taken(n, s)]) for n in reversed(nodes)]
    result: dict[int, frozenset[str]] = {id(n): frozenset() for n in nodes}
    names = graph.function.locals
    changed = True
    while changed:
        changed = False
        for node, following in after_each:
            after = frozenset[str]().union(*(result[s] for s in following))
            new = before(node, after) & names
            if new != result[id(node)]:
                result[id(node)] = new
                changed = True
    return result
