"""Random graphs as models, and what an engine must answer about them, found in a naive way."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from mcheck.explorer import Result, Trace, Verdict
from tests.explorer.graphs import Fails, Graph, Process

Move = tuple[int, int | Fails]
"""Which actor moves, and where to."""


@dataclass
class Table:
    """A model with states 0 to size - 1, as tables.

    moves: by actor and state: the outcomes of the step.
    resting: the (actor, state) in which the actor is at rest.
    wrong_states, wrong_steps: what the claims "state" and "step" forbid.
    hang: hangs are looked for.
    """

    size: int
    start: list[int]
    moves: list[list[list[int | Fails]]]
    resting: set[tuple[int, int]]
    daemons: set[int]
    wrong_states: set[int]
    wrong_steps: set[tuple[int, int]]
    hang: bool = False

    def graph(self) -> Graph:
        """The model as an executable."""
        processes = [self._process(actor) for actor in range(len(self.moves))]
        graph = Graph(processes, self.start, order=list(range(self.size)), hang=self.hang)
        graph = graph.claim("always", "state", lambda state: state not in self.wrong_states)
        return graph.step_claim("step", self._allowed)

    def _allowed(self, before: int, after: int) -> bool:
        return (before, after) not in self.wrong_steps

    def _process(self, actor: int) -> Process:
        def at(state: int) -> str:
            return "idle" if (actor, state) in self.resting else "busy"

        def step(state: int) -> list[int | Fails]:
            return self.moves[actor][state]

        return Process(
            f"p{actor}",
            step,
            at,
            rest=frozenset({"idle"}),
            daemon=actor in self.daemons,
        )

    def outcomes(self, state: int) -> Iterator[Move]:
        """All moves from a state, failing ones too."""
        for actor, moves in enumerate(self.moves):
            for outcome in moves[state]:
                yield actor, outcome

    def work(self, state: int) -> Iterator[Move]:
        """All moves from a state, but those of processes (no daemons) that are at rest."""
        for actor, outcome in self.outcomes(state):
            if actor in self.daemons or (actor, state) not in self.resting:
                yield actor, outcome

    def blocked(self, state: int) -> set[int]:
        """Who cannot move in the state, and would have to."""
        return {
            actor
            for actor, moves in enumerate(self.moves)
            if not moves[state] and actor not in self.daemons and (actor, state) not in self.resting
        }


def random_table(
    chance: random.Random, *, flaws: bool = True, largest: int = 7, hang: bool = False
) -> Table:
    """A small model. Without flaws it can only deadlock, or hang."""
    size = chance.randint(1, largest)
    actors = chance.randint(1, 3)
    states = range(size)

    def moves() -> list[int | Fails]:
        found: list[int | Fails] = [
            chance.randrange(size) for _ in range(chance.choice([0, 0, 1, 1, 2]))
        ]
        return [*found, Fails(chance.choice(["leak", "assert"]))] if flawed() else found

    def flawed() -> bool:
        return flaws and chance.random() < 0.4 / largest

    return Table(
        size,
        sorted(chance.sample(states, min(size, chance.randint(1, 2)))),
        [[moves() for _ in states] for _ in range(actors)],
        {(a, s) for a in range(actors) for s in states if chance.random() < 0.6},
        {actor for actor in range(actors) if chance.random() < 0.25},
        {state for state in states if flawed()},
        {(s, t) for s in states for t in states if flawed()},
        hang,
    )


def stuck_states(table: Table) -> dict[int, set[int]]:
    """For each reachable state: the actors that can never move again, by the definition."""
    return _blocked_later(table, table.outcomes)


def hanging_states(table: Table) -> dict[int, set[int]]:
    """For each reachable state: the actors that only somebody at rest could free, or nobody."""
    return _blocked_later(table, table.work)


def _blocked_later(table: Table, moves: Callable[[int], Iterator[Move]]) -> dict[int, set[int]]:
    """For each reachable state: the actors that are blocked wherever the moves lead."""
    later = _later(table, moves)
    return {
        state: table.blocked(state).intersection(*(table.blocked(t) for t in later[state]))
        for state in _reachable(table)
    }


def _reachable(table: Table) -> set[int]:
    later = _later(table, table.outcomes)
    return {state for start in table.start for state in later[start]}


def _later(table: Table, moves: Callable[[int], Iterator[Move]]) -> dict[int, set[int]]:
    """For each state: the states that the moves lead to from there, itself among them."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(table.size))
    for state in range(table.size):
        graph.add_edges_from((state, t) for _, t in moves(state) if isinstance(t, int))
    return {state: {state, *_descendants(graph, state)} for state in range(table.size)}


def _descendants(graph: nx.DiGraph[int], state: int) -> set[int]:
    found: set[int] = nx.descendants(graph, state)  # pyright: ignore[reportUnknownMemberType]
    return found


@dataclass(frozen=True)
class Wrong:
    """A trace of minimal length, and what is wrong at its end.

    states: all of the trace; the last one is None if the last step fails.
    rank: of failures, properties, deadlock and hang, as they are preferred.
    step: it is the last step that is wrong, not the last state.
    """

    states: tuple[int | None, ...]
    actors: tuple[int, ...]
    name: str
    rank: tuple[int, ...]
    step: bool = False

    @property
    def switches(self) -> int:
        return sum(a != b for a, b in pairwise(self.actors))

    def key(self, packed: dict[Hashable, int]) -> tuple[object, ...]:
        """The smallest is shown."""
        numbers = [-1 if state is None else packed[state] for state in self.states]
        judged = (numbers[-2], numbers[-1], self.actors[-1]) if self.step else (numbers[-1], -1, -1)
        way = (numbers[0], *zip(self.actors, numbers[1:], strict=True))
        return (self.switches, self.rank, self.name, judged, way)


Path = tuple[tuple[int, ...], tuple[int, ...]]
"""States and actors."""


def shortest_wrong(table: Table) -> list[Wrong]:
    """All traces of minimal length to anything wrong; every path is tried."""
    paths: list[Path] = [((state,), ()) for state in table.start]
    for _ in range(table.size + 1):
        wrong = [w for path in paths for w in _wrong_at_end(table, path)]
        wrong = wrong or [w for path in paths for w in _evidently_in_vain(table, path)]
        if wrong:
            return wrong
        wrong = [w for path in paths for w in _wrong_move(table, path)]
        if wrong:
            # A wrong state reached with as many steps is as wrong.
            longer = [w for path in _longer(table, paths) for w in _wrong_at_end(table, path)]
            return wrong + longer
        paths = _longer(table, paths)
    return _shortest_in_vain(table)


def _shortest_in_vain(table: Table) -> list[Wrong]:
    """The shortest traces to a state in which somebody is stuck, or hangs."""
    paths: list[Path] = [((state,), ()) for state in table.start]
    stuck = stuck_states(table)
    hanging = hanging_states(table) if table.hang else stuck
    for _ in range(table.size + 1):
        found = [
            Wrong(*path, "deadlock", (3,)) if stuck[path[0][-1]] else Wrong(*path, "hang", (4,))
            for path in paths
            if hanging[path[0][-1]]
        ]
        if found:
            return found
        paths = _longer(table, paths)
    return []


def _evidently_in_vain(table: Table, path: Path) -> Iterator[Wrong]:
    """Somebody waits, and nobody moves: nobody at all, or only processes at rest."""
    state = path[0][-1]
    moves = list(table.outcomes(state))
    if table.blocked(state):
        if not moves:
            yield Wrong(*path, "deadlock", (3,))
        elif table.hang and not list(table.work(state)) and not _fails(moves):
            yield Wrong(*path, "hang", (4,))


def _fails(moves: list[Move]) -> bool:
    return any(isinstance(outcome, Fails) for _, outcome in moves)


def _longer(table: Table, paths: list[Path]) -> list[Path]:
    """The paths with one more step, as far as they visit no state twice."""
    return [
        ((*states, target), (*actors, actor))
        for states, actors in paths
        for actor, target in table.outcomes(states[-1])
        if isinstance(target, int) and target not in states
    ]


def _wrong_at_end(table: Table, path: Path) -> Iterator[Wrong]:
    states, actors = path
    if states[-1] in table.wrong_states:
        yield Wrong(states, actors, "state", (2, 0))


def _wrong_move(table: Table, path: Path) -> Iterator[Wrong]:
    states, actors = path
    for actor, target in table.outcomes(states[-1]):
        if isinstance(target, Fails):
            yield Wrong((*states, None), (*actors, actor), target.kind, (1, 0), step=True)
        elif (states[-1], target) in table.wrong_steps:
            yield Wrong((*states, target), (*actors, actor), "step", (2, 1), step=True)


def disagreement(table: Table, result: Result) -> str:
    """What is wrong with an engine's answer; empty if nothing is."""
    wrong = shortest_wrong(table)
    if not wrong:
        covered = result.property is None or result.property.startswith("unreached ")
        return "" if covered else f"{result.property} is found where nothing is wrong"
    if result.verdict != Verdict.VIOLATED or result.trace is None:
        return f"{wrong[0].name} is overlooked"
    packed = table.graph().packed
    best = min(wrong, key=lambda w: w.key(packed))
    trace = result.trace
    numbers = [None if state is None else packed[state] for state in best.states]
    if result.property != _called(table, best):
        return f"{result.property} is shown, not {_called(table, best)}"
    if [trace.initial, *(event.state for event in trace.events)] != numbers:
        return f"the trace does not lead along {best.states}"
    if [event.actor for event in trace.events] != list(best.actors):
        return f"the trace is not made by {best.actors}"
    if result.property in ("deadlock", "hang") and _told(result) != _in_vain(table, result, best):
        return f"it is not {_told(result)} who waits in vain"
    return _wrong_choices(table, trace, best)


def _told(result: Result) -> set[int]:
    """Who waits in vain, as the sentence says."""
    return {int(actor) for actor in re.findall(r"p(\d+) waits at", result.why)}


def _in_vain(table: Table, result: Result, wrong: Wrong) -> set[int]:
    """Who waits in vain, by the definition."""
    end = wrong.states[-1]
    assert end is not None
    return (stuck_states if result.property == "deadlock" else hanging_states)(table)[end]


def _called(table: Table, wrong: Wrong) -> str:
    """What is shown: a hang in a state where somebody is stuck is called a deadlock."""
    end = wrong.states[-1]
    if wrong.name == "hang" and end is not None and stuck_states(table)[end]:
        return "deadlock"
    return wrong.name


def _wrong_choices(table: Table, trace: Trace, best: Wrong) -> str:
    """The choices of each event must lead where it leads, and be the first ones that do."""
    for event, before, after in zip(trace.events, best.states, best.states[1:], strict=False):
        assert before is not None
        outcomes = table.moves[event.actor][before]
        if after is None:
            way = next(i for i, outcome in enumerate(outcomes) if isinstance(outcome, Fails))
        else:
            way = outcomes.index(after)
        if event.choices != (("way", str(way)),):
            return f"{event.choices} does not lead to {after}"
    return ""
