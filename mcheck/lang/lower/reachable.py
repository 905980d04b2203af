"""Which labels a process could have by its text, and which of them its scenario rules out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcheck.lang.lower.cfg import Call, For, Graph, Node, Test, Wait, procedure_graph
from mcheck.lang.lower.liveness import nodes_of
from mcheck.lang.lower.lowering import Lowering
from mcheck.lang.procedures import as_procedure


class Texts:
    """The procedures that the text of a process can call, lowered or not.

    missing: labels that the text has and no step leads to: they can never run.
    cut: labels that only a constant of the scenario, or an empty array, keeps from running; or,
        in a model that declares its protection, a field that never changes in it.
    """

    def __init__(self, lowered: Lowering) -> None:
        """Look through the text of the process."""
        self.lowered = lowered
        self.graphs: dict[str, Graph] = {}
        self.found: set[tuple[str, int]] = set()
        self._follow(lowered.root.name, lowered.root.graph)
        self.missing: list[tuple[Graph, str, Wait]] = []
        self.cut: set[str] = set()
        self._behind()
        excused = lowered.protected and lowered.folded
        for name, graph in self.graphs.items():
            for number, wait in enumerate(graph.waits):
                if (name, number) in lowered.numbers:
                    continue
                if (name, number) in self.found and not excused:
                    self.missing.append((graph, name, wait))
                else:
                    self.cut.add(f"{name}.{wait.label}")

    def _follow(self, name: str, graph: Graph) -> None:
        if name in self.graphs:
            return
        self.graphs[name] = graph
        todo: list[Node] = [graph.entry]
        seen: set[int] = set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            todo.extend(self._successors(name, node))
            if isinstance(node, Wait):
                self.found.add((name, graph.waits.index(node)))
            if isinstance(node, Call):
                self._called(graph, node)

    def _successors(self, name: str, node: Node) -> Iterator[Node]:
        """Where a node may go on: by the text, unless a constant of the scenario decides."""
        lowered = name in self.lowered.routines
        visited = [s for s in node.successors() if (id(node), id(s)) in self.lowered.visited]
        decided = isinstance(node, For) or (isinstance(node, Test) and self._by_constant(node))
        yield from visited if lowered and decided and visited else node.successors()

    def _by_constant(self, node: Test) -> bool:
        assert isinstance(node.ast, ast.If | ast.While)
        constants = self.lowered.state.constants_
        return any(
            isinstance(n, ast.Attribute) and n.attr in constants for n in ast.walk(node.ast.test)
        )

    def _called(self, graph: Graph, node: Call) -> None:
        found = self._callee(graph, node)
        if found is not None:
            self._follow(*found)

    def _callee(self, graph: Graph, node: Call) -> tuple[str, Graph] | None:
        asked = as_procedure(graph.function.meant(node.call.func))
        if asked is None:
            return None
        known = self.lowered.routines.get(asked.__name__)
        if known is not None:
            return known.name, known.graph
        chosen = self.lowered.edition.get(asked.__name__, asked)
        return asked.__name__, procedure_graph(chosen.function)

    def _behind(self) -> None:
        """The procedures that are called only where no way leads: all their labels are cut."""
        todo = list(self.graphs.values())
        while todo:
            graph = todo.pop()
            calls = [node for node in nodes_of(graph) if isinstance(node, Call)]
            for found in filter(None, (self._callee(graph, call) for call in calls)):
                if found[0] not in self.graphs:
                    self.graphs[found[0]] = found[1]
                    todo.append(found[1])
