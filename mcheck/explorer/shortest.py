"""The trace that is shown: a shortest one, with the fewest switches between processes.

Engines keep no predecessors. Instead the levels are walked backward from what was found, and
of each level those states are kept that lie on a shortest path. Over these few states the
number of switches is minimised forward, level by level, for each (state, last actor).

For a state it is enough to know the fewest switches with which it is reached, and who can make
the last move on such a path. If actor b moves next, the path goes on without a switch if b is
among them, and with one more switch otherwise. A path that reaches the state by b itself with
more switches has at least that one more, so it is never better; if it has exactly one more it is
as good, and that is remembered too, because one of all the best paths is to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mcheck.explorer.findings import Finding
from mcheck.explorer.moves import Row, event, rows, traced_moves
from mcheck.explorer.trace import Event, Trace, references
from mcheck.lang.contract import Choices, Executable, Failure


@dataclass(frozen=True, slots=True)
class _Arrival:
    """How a state is reached: the fewest switches, and by whose last move (sets of bits).

    last: who can make the last move with the fewest switches; near: with one more.
    """

    switches: int
    last: int
    near: int = 0

    def by(self, actor: int) -> int | None:
        """With how many switches the actor can make the last move; None if with too many."""
        if self.last >> actor & 1:
            return self.switches
        return self.switches + 1 if self.near >> actor & 1 else None

    def then(self, actor: int) -> int:
        """How many switches there are once the actor has made the next move."""
        return self.switches if self.last >> actor & 1 else self.switches + 1

    def before(self, actor: int) -> int:
        """Who may have made the last move, on the best paths on which the actor is next."""
        bit = 1 << actor
        return bit if self.last & bit else self.last | self.near & bit

    def also(self, actor: int, switches: int) -> _Arrival:
        """With one more path, on which the actor makes the last move."""
        bit = 1 << actor
        more = switches - self.switches
        if more < 0:
            return _Arrival(switches, bit, self.last & ~bit if more == -1 else 0)
        if more == 0:
            return _Arrival(switches, self.last | bit, self.near & ~bit)
        if more == 1 and not self.last & bit:
            return _Arrival(self.switches, self.last, self.near | bit)
        return self

    def only(self, actors: int) -> _Arrival:
        """Without the paths on which others make the last move."""
        return _Arrival(self.switches, self.last & actors, self.near & actors)


Level: TypeAlias = Callable[[set[int]], set[int]]
"""A level of a search, as it is asked here: which of its states have a successor among these?"""

_Layer = dict[int, _Arrival]
_ANYBODY = -1
"""The set of all actors: the first move of a trace is never a switch."""


def shortest_trace(
    executable: Executable, findings: Sequence[Finding], levels: Iterable[Level]
) -> tuple[Finding, Trace]:
    """Choose the finding to show, and build its trace.

    findings: not empty; the length of a shortest trace is the same for all of them.
    levels: the states at each distance from the initial ones, from the last level but one of the
        traces' states back to the initial states. (A trace of one event: only the initial ones.)
        Each is asked once, before the next one is taken.

    The fewest switches decide, then `Finding.preference`. Of several such traces to the same
    finding the one with the smallest initial state is taken; then, event by event, that with the
    first actor, the smallest packed state, the first choices. So the answer does not depend on
    the order within the levels.
    """
    layers = _arrivals(executable, _on_shortest_paths(findings, levels))
    finding = min(findings, key=lambda f: (_switches(layers, f), f.preference))
    path = _path(executable, layers, finding)
    return finding, _told(executable, finding, path)


def _on_shortest_paths(findings: Sequence[Finding], levels: Iterable[Level]) -> list[set[int]]:
    """The states on shortest paths to the findings, by distance from the initial states."""
    kept = {finding.state for finding in findings if finding.actor is None}
    sources = {finding.state for finding in findings if finding.actor is not None}
    layers = [kept]
    for level in levels:
        kept = level(kept) | sources
        sources = set[int]()
        layers.append(kept)
    layers.reverse()
    return layers


def leading_to(executable: Executable, level: Iterable[int], targets: set[int]) -> set[int]:
    """Those states of a level that have a successor among the targets."""
    found: set[int] = set()
    if not targets:
        return found
    table = rows(executable)
    successors: list[int] = []
    failures: list[Failure] = []
    for state in level:
        for shift, mask, steps in table:
            steps[(state >> shift) & mask](state, successors, failures)
        if not targets.isdisjoint(successors):
            found.add(state)
        successors.clear()
    return found


def _arrivals(executable: Executable, kept: list[set[int]]) -> list[_Layer]:
    """How each of the kept states is reached with the fewest switches."""
    table = rows(executable)
    layers: list[_Layer] = [dict.fromkeys(kept[0], _Arrival(0, _ANYBODY))]
    for targets in kept[1:]:
        layers.append(_next_layer(table, layers[-1], targets))
    return layers


def _next_layer(table: list[Row], layer: _Layer, targets: set[int]) -> _Layer:
    found: _Layer = {}
    successors: list[int] = []
    failures: list[Failure] = []
    for state, arrival in layer.items():
        for actor, (shift, mask, steps) in enumerate(table):
            steps[(state >> shift) & mask](state, successors, failures)
            switches = arrival.then(actor)
            for target in targets.intersection(successors):
                known = found.get(target)
                found[target] = (
                    known.also(actor, switches) if known else _Arrival(switches, 1 << actor)
                )
            successors.clear()
    return found


def _switches(layers: list[_Layer], finding: Finding) -> int:
    """The fewest switches of a shortest trace of the finding."""
    if finding.actor is None:
        return layers[-1][finding.state].switches
    return layers[-2][finding.state].then(finding.actor)


def _path(
    executable: Executable, layers: list[_Layer], finding: Finding
) -> list[tuple[int, int | None]]:
    """The states of the trace up to the finding's state, each with who moves next (or None)."""
    table = rows(executable)
    if finding.actor is not None:
        layers = layers[:-1]
    best = _best_layers(table, layers, finding)
    state = min(best[0])
    last = _ANYBODY
    path: list[tuple[int, int | None]] = []
    for here, there in zip(layers, best[1:], strict=False):
        actor, following = _first_move(table, state, here[state], last, there)
        path.append((state, actor))
        state, last = following, 1 << actor
    return [*path, (state, finding.actor)]


def _best_layers(table: list[Row], layers: list[_Layer], finding: Finding) -> list[_Layer]:
    """The layers, with only what lies on the best paths to the finding."""
    end = layers[-1][finding.state]
    last = end.last if finding.actor is None else end.before(finding.actor)
    best: list[_Layer] = [{finding.state: end.only(last)}]
    for layer in reversed(layers[:-1]):
        best.append(_best_before(table, layer, best[-1]))
    best.reverse()
    return best


def _best_before(table: list[Row], layer: _Layer, there: _Layer) -> _Layer:
    """What is left of a layer, if the best paths go on to what is left of the next one."""
    found: _Layer = {}
    successors: list[int] = []
    failures: list[Failure] = []
    for state, arrival in layer.items():
        last = 0
        for actor, (shift, mask, steps) in enumerate(table):
            steps[(state >> shift) & mask](state, successors, failures)
            if _best_targets(arrival, actor, successors, there):
                last |= arrival.before(actor)
            successors.clear()
        if last:
            found[state] = arrival.only(last)
    return found


def _best_targets(arrival: _Arrival, actor: int, successors: list[int], there: _Layer) -> list[int]:
    """Those successors, by a move of the actor, that continue a best path."""
    switches = arrival.then(actor)
    return [
        target for target in successors if target in there and there[target].by(actor) == switches
    ]


def _first_move(
    table: list[Row], state: int, arrival: _Arrival, last: int, there: _Layer
) -> tuple[int, int]:
    """The first actor that can go on along a best path, and its smallest successor there.

    last: who made the last move, as a set of bits.
    """
    failures: list[Failure] = []
    for actor, (shift, mask, steps) in enumerate(table):
        if arrival.before(actor) & last:
            successors: list[int] = []
            steps[(state >> shift) & mask](state, successors, failures)
            targets = _best_targets(arrival, actor, successors, there)
            if targets:
                return actor, min(targets)
    raise AssertionError(f"no way on from state {state:#x}: a step function is not deterministic")


def _told(executable: Executable, finding: Finding, path: list[tuple[int, int | None]]) -> Trace:
    """The path in the model's names."""
    events: list[Event] = []
    failure: Failure | None = None
    ends = [state for state, _ in path[1:]] + [finding.target]
    for (state, actor), end in zip(path, ends, strict=True):
        if actor is None:
            continue
        if end is None:
            failure = traced_moves(executable.actors[actor], state)[1][finding.index]
            events.append(event(executable, actor, state, None, failure.choices))
        else:
            choices = _choices(executable, actor, state, end)
            events.append(event(executable, actor, state, end, choices))
    start = path[0][0]
    owned = references(executable, [start, *(e.state for e in events if e.state is not None)])
    return Trace(start, executable.describe(start), tuple(events), failure, owned)


def _choices(executable: Executable, actor: int, before: int, after: int) -> Choices:
    """The first choices with which the actor leads from one state to the other."""
    successors, _ = traced_moves(executable.actors[actor], before)
    return next(choices for state, choices in successors if state == after)
