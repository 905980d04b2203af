"""Small models made by hand: processes over any hashable states, numbered into an executable."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from mcheck.lang.contract import (
    Actor,
    Choices,
    Failure,
    Held,
    Label,
    Property,
    Source,
    StepFunction,
    TracedStep,
)

HERE = Source("graph.py", 1)


@dataclass(frozen=True)
class Fails:
    """Among the successors of a step: a failure of this kind."""

    kind: str
    choices: Choices = ()


@dataclass(frozen=True)
class Process:
    """A process. What it does is a function of the whole state.

    step: the successors, each a state or `Fails`; none if the process cannot move.
    at: the name of the label where it stands.
    rest: labels at which it may stay for ever.
    labels: labels besides those at which it ever stands.
    """

    name: str
    step: Callable[[Any], Iterable[Any]]
    at: Callable[[Any], str] = lambda _: "run"
    rest: frozenset[str] = frozenset()
    daemon: bool = False
    labels: tuple[str, ...] = ()
    procedure: str = ""


@dataclass
class Graph:
    """An executable. A packed state has the state's number above the actors' labels.

    order: all states, in the order of their numbers; found by a search if empty.
    """

    processes: Sequence[Process]
    start: Sequence[Hashable]
    properties: Sequence[Property] = ()
    name: str = "graph"
    constants: dict[str, int | bool] = field(default_factory=lambda: {"n": 1})
    bits: int = 64
    unreached: frozenset[str] = frozenset()
    order: Sequence[Hashable] = ()
    hang: bool = False
    replaced: bool = False

    def __post_init__(self) -> None:
        self.nodes = list(self.order) or _reachable(self.processes, self.start)
        self.labels = [_labels(process, self.nodes) for process in self.processes]
        self.packed = {node: self._pack(number, node) for number, node in enumerate(self.nodes)}
        self.node = {packed: node for node, packed in self.packed.items()}
        self.initial = [self.packed[node] for node in self.start]
        self.actors = [self._actor(index) for index in range(len(self.processes))]

    def describe(self, state: int) -> dict[str, str]:
        node = self.node[state]
        parts = cast("tuple[object, ...]", node if isinstance(node, tuple) else (node,))
        return {f"v{index}": str(part) for index, part in enumerate(parts)}

    def held(self, state: int) -> tuple[Held, ...]:
        return ()

    def where(self, state: int, actor: int) -> tuple[str, ...]:
        del state
        return (self._procedure(actor),)

    def claim(
        self, kind: Literal["always", "cover"], name: str, holds: Callable[[Any], bool]
    ) -> Graph:
        """The same model with one more property of states."""
        return self._with(kind, name, lambda _, after: holds(after))

    def step_claim(self, name: str, holds: Callable[[Any, Any], bool]) -> Graph:
        """The same model with one more property of steps."""
        return self._with("step", name, holds)

    def _with(
        self,
        kind: Literal["always", "step", "cover"],
        name: str,
        holds: Callable[[Any, Any], bool],
    ) -> Graph:
        def evaluate(before: int, after: int) -> bool:
            return holds(self.node[before], self.node[after])

        def offenders(before: int, after: int) -> list[str]:
            return [] if evaluate(before, after) else [str(self.node[after])]

        claim = Property(kind, name, evaluate, offenders, f"{name} is so.\n\nMore about it.")
        return replace(self, properties=[*self.properties, claim], order=self.nodes)

    def _procedure(self, actor: int) -> str:
        return self.processes[actor].procedure or self.processes[actor].name

    def _pack(self, number: int, node: Hashable) -> int:
        packed = number
        for process, labels in zip(reversed(self.processes), reversed(self.labels), strict=True):
            packed = packed << 8 | labels.index(process.at(node))
        return packed

    def _actor(self, index: int) -> Actor:
        process = self.processes[index]
        procedure = self._procedure(index)
        labels = [
            Label(name, procedure, HERE, name in process.rest, blocking=True)
            for name in self.labels[index]
        ]
        step, traced = self._steps(process)
        return Actor(
            process.name,
            process.daemon,
            8 * index,
            0xFF,
            labels,
            [step] * len(labels),
            [traced] * len(labels),
        )

    def _steps(self, process: Process) -> tuple[StepFunction, TracedStep]:
        """The process's step; what it chooses is the position among its outcomes."""

        def traced(state: int, out: list[tuple[int, Choices]], failures: list[Failure]) -> None:
            for way, outcome in enumerate(process.step(self.node[state])):
                choices = (("way", str(way)),)
                if isinstance(outcome, Fails):
                    message = f"{process.name} fails"
                    failures.append(Failure(outcome.kind, message, HERE, choices))
                else:
                    out.append((self.packed[outcome], choices))

        def step(state: int, out: list[int], failures: list[Failure]) -> None:
            pairs: list[tuple[int, Choices]] = []
            traced(state, pairs, failures)
            out.extend(successor for successor, _ in pairs)

        return step, traced


def _reachable(processes: Sequence[Process], start: Sequence[Hashable]) -> list[Hashable]:
    nodes = dict.fromkeys(start)
    todo = list(start)
    while todo:
        node = todo.pop()
        for process in processes:
            for outcome in process.step(node):
                if not isinstance(outcome, Fails) and outcome not in nodes:
                    nodes[outcome] = None
                    todo.append(outcome)
    return list(nodes)


def _labels(process: Process, nodes: Iterable[Hashable]) -> list[str]:
    """The labels at which the process ever stands; "done", if there is one, is the last."""
    names = sorted({process.at(node) for node in nodes} | set(process.labels))
    return sorted(names, key=lambda name: name == "done")
