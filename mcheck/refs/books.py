"""All that is known of a counted struct, for more to be asked: who holds, owns and locks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import z3

from mcheck.refs.equations import F, Holder, Unknown
from mcheck.refs.frames import Frame
from mcheck.refs.frozen import Frozen, instances
from mcheck.refs.owners import Owned, Owners
from mcheck.refs.proof import Query
from mcheck.refs.solvers import possible
from mcheck.refs.ways import Way

UNLOCKED = "who puts the last reference has not locked what is freed"


@dataclass(frozen=True)
class Book:
    """The ledgers of one counted struct: frozen has that of references and that of counts of 0.

    bit: the lock bit of the struct, if it has one; locks: who has it; lost: that cannot be told,
    though what is freed has to be unlocked.
    """

    frozen: Frozen
    bit: Owned | None
    locks: Owners
    lost: bool = False

    def given(
        self, way: Way, frames: Sequence[Frame], base: z3.BoolRef | None = None
    ) -> list[z3.BoolRef]:
        """What is known before a way, by all ledgers and facts.

        base: what is so then, if not all that is so whenever the way is gone.
        """
        given = self.frozen.given(way, frames, base)
        if self.bit is not None:
            for local in self.lockers(frames):
                is_set = self.bit.there(way.path.before, local) == 1
                given.append(z3.Implies(local != 0, is_set))
        return given

    def lockers(self, frames: Sequence[Frame]) -> Iterator[z3.ArithRef]:
        """The locals that have locked what they name."""
        holders = (Holder(frame.place, id_) for frame in frames for id_ in frame.live)
        return (z3.Int(h.variable) for h in holders if h in self.locks.places)

    def unlocked(self, ways: Sequence[Way]) -> list[Query]:
        """Ask of every last put whether the process may have locked what it frees."""
        return [query for way in ways for query in self._last_put(way)]

    def _last_put(self, way: Way) -> Iterator[Query]:
        key = self.frozen.of.cell.key
        if key not in way.stored or not way.before or not (self.locks.places or self.lost):
            return
        before, after = way.path.before.cell(key, F - 1), way.path.after.cell(key, F - 1)
        hidden = [z3.Int(h.variable) != F for h in self._debtors(way.after)]
        put = [before >= 1, after == 0, *hidden]
        if not self.lost:
            yield self._asked(way, list(way.before), put)
        elif possible([*self.given(way, way.before), *put]) != z3.unsat:
            yield Query(way, UNLOCKED, proved=False)

    def _debtors(self, frames: Sequence[Frame]) -> Iterator[Holder]:
        """The locals that owe what they have hidden of a frozen count."""
        holders = (Holder(frame.place, id_) for frame in frames for id_ in frame.live)
        return (h for h in holders if self.frozen.table.held.get(h, 0) < 0)

    def _asked(self, way: Way, frames: list[Frame], put: list[z3.BoolRef]) -> Query:
        """Whether the way can be gone so by who has locked f: asked for all callers on the way."""
        above = self.frozen.table.above(way, frames)
        if above:
            asked = [self._asked(way, [*frames, frame], put) for frame in above]
            return next((query for query in asked if not query.proved), asked[0])
        locked = [local == F for local in self.lockers(frames)]
        answer = z3.unsat
        if locked:
            count = way.path.before.cell(self.frozen.of.cell.key, F - 1)
            given = [*self.given(way, frames), *put, count >= self._known(way, frames)]
            answer = possible([*given, z3.Or(locked)])
        via = tuple(frame.place.procedure for frame in frames[1:])
        return Query(way, UNLOCKED, answer == z3.unsat, answer == z3.unknown, via)

    def _known(self, way: Way, frames: Sequence[Frame]) -> z3.ArithRef:
        """How many references to f a process knows of: its own, and those of fields."""
        table = self.frozen.table
        held: dict[Unknown, int] = {
            h: n
            for frame in frames
            for id_ in frame.live
            if (n := table.held.get(h := Holder(frame.place, id_), 0)) > 0
        }
        said = table.said(way.process.name, frames)
        there = instances(table.program, table.features, way.process.of, F, said)
        mine = [z3.If(z3.Int(h.variable) == F, n, 0) for h, n in held.items()]  # pyright: ignore
        fields = [z3.If(z3.And(i.there, i.first), table.held[i.feature], 0) for i in there]
        return z3.Sum([*mine, *fields])
