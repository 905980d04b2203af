"""An assumption, made where its lock is taken, and carried to where it is needed.

An assumption is a fact that no lock establishes. But a lock may keep it: then it is enough to
assume it once, at the first place at which that lock is held, and to prove that it still holds
at all places that follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcheck.refs.candidates import Fact, Where
from mcheck.refs.facts import Facts
from mcheck.refs.frames import Frame, Place
from mcheck.refs.inference import Assumed
from mcheck.refs.proof import Query
from mcheck.refs.ways import Way

KEPT = "what is assumed before still holds"


@dataclass(frozen=True)
class Carried:
    """An assumption, all places at which it therefore holds, and what was asked for that."""

    assumed: Assumed
    places: frozenset[Where]
    queries: tuple[Query, ...] = ()


def carried(facts: Facts, assumed: Assumed) -> Carried:
    """The same assumption, made as early as a lock keeps it from there on."""
    kinds = {kind for kind, place in facts.at if place == assumed.place}
    here = frozenset((kind, assumed.place) for kind in kinds)
    best = Carried(assumed, here)
    if assumed.fact.cells & facts.counts or len(assumed.fact.cells) != 1:
        return best
    offered = {
        where
        for where, dropped in facts.dropped.items()
        if assumed.fact in dropped and facts.protected(where, assumed.fact)
    }
    for start in dict.fromkeys(place for _, place in offered):
        found = _from(facts, assumed.fact, offered, start)
        if here <= found.places and len(found.places) > len(best.places):
            best = found
    return best


def _from(facts: Facts, fact: Fact, offered: set[Where], start: Place) -> Carried:
    """The places to which an assumption is carried from another place, whatever way is gone."""
    left = set(offered)
    while True:
        entering = [
            (way, frame)
            for way in facts.ways
            for frame in way.after
            if (way.process.name, frame.place) in left and frame.place != start
        ]
        asked = {id(way): (way, _kept(facts, fact, left, way)) for way, _ in entering}
        lost = {_where(way, frame) for way, frame in entering if not asked[id(way)][1]}
        if not lost:
            queries = tuple(Query(way, KEPT, proved=True) for way, _ in asked.values())
            return Carried(Assumed(start, fact), frozenset(left), queries)
        left -= lost


def _where(way: Way, frame: Frame) -> Where:
    return way.process.name, frame.place


def _kept(facts: Facts, fact: Fact, places: set[Where], way: Way) -> bool:
    """Whether a way comes from a place at which a fact holds, and keeps it."""
    return any(_where(way, frame) in places for frame in way.before) and facts.implied(way, fact)


def at_all(assumptions: Sequence[Carried]) -> list[Assumed]:
    """The assumptions, at each place at which they hold."""
    return [
        Assumed(place, c.assumed.fact)
        for c in assumptions
        for place in dict.fromkeys(p for _, p in sorted(c.places))
    ]
