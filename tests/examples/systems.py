"""Transition systems written by hand, without the modelling language, and a search of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class Explored(Generic[S]):
    """All reachable states with their distances from the start, and how many transitions."""

    distance: dict[S, int]
    transitions: int
    ends: frozenset[S]

    @property
    def counts(self) -> tuple[int, int, int]:
        """States, transitions, depth."""
        return len(self.distance), self.transitions, max(self.distance.values())

    def first(self, wrong: Callable[[S], bool]) -> int | None:
        """The smallest distance of a state that is wrong, or None if there is no such state."""
        return min((d for s, d in self.distance.items() if wrong(s)), default=None)


def explore(start: S, moves: Callable[[S], Iterator[S]]) -> Explored[S]:
    """Search breadth first; `moves` gives one state for each transition."""
    distance = {start: 0}
    transitions = 0
    ends: set[S] = set()
    level = [start]
    while level:
        fresh: list[S] = []
        for state in level:
            successors = list(moves(state))
            transitions += len(successors)
            if not successors:
                ends.add(state)
            for after in successors:
                if after not in distance:
                    distance[after] = distance[state] + 1
                    fresh.append(after)
        level = fresh
    return Explored(distance, transitions, frozenset(ends))


def put(values: tuple[V, ...], i: int, value: V) -> tuple[V, ...]:
    """The tuple with another value at place i."""
    return (*values[:i], value, *values[i + 1 :])
