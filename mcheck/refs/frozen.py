"""What is frozen stays 0: nobody else changes a count that a process has taken to 0.

A count of 0 is somebody's: of the process that freed the element or froze its count, or of the
free list. This is a ledger of its own, of a thing that there is at most once:

    [count of f is 0] = locals that own f + [f is on the free list]

It is proved like the ledger of references, by one query a way. What is known of other processes
comes from both ledgers. Whoever has a reference to f has it while the count is not 0: were it 0
because of a freeze, then the fields that the freezer knows of would explain all that it has
hidden, and nothing would be left for the reference. That they do is asked for each place at
which something is frozen.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import z3

from mcheck.lang.program import Program
from mcheck.refs.calls import Names
from mcheck.refs.candidates import ME, Fact, Where, array, reads_of
from mcheck.refs.equations import F, Holder, Unknown, changes
from mcheck.refs.facts import Facts
from mcheck.refs.features import Counted, Feature, bounds, own_index, times
from mcheck.refs.frames import Frame, Place, at_call
from mcheck.refs.inference import Assumed
from mcheck.refs.owners import Owners
from mcheck.refs.proof import Query
from mcheck.refs.solvers import possible
from mcheck.refs.ways import Way, frame_ranges

EXPLAINED = "the fields that are known explain what is frozen"
OWNED = "a count of 0 changes as who owns it"
ZERO = "the frozen count is 0"


@dataclass(frozen=True)
class Instance:
    """A reference of one field that a process may know of.

    there: whether it stands for the element; first: whether no instance before it is the same.
    """

    feature: Feature
    there: z3.BoolRef
    first: z3.BoolRef


def instances(
    program: Program,
    what: Sequence[Feature],
    kind: type | None,
    f: z3.ArithRef,
    said: Sequence[Fact],
) -> list[Instance]:
    """The references of fields to f that facts speak of, and those of the process's own lists."""
    found: list[Instance] = []
    for feature in what:
        cell = program.cells[feature.cell]
        if feature.how == "listed":
            if cell.struct is kind:
                flag = array(cell.key)[(ME - 1) * cell.length + f - 1]
                found.append(Instance(feature, flag == 1, z3.BoolVal(val=True)))
        elif feature.how == "names":
            before: list[z3.ArithRef] = []
            for at in _read(said, cell.key):
                there = array(cell.key)[at] == f
                if feature.sibling:
                    there = z3.And(there, array(feature.sibling)[at] == feature.of)
                first = z3.And([at != other for other in before])
                found.append(Instance(feature, there, first))
                before.append(at)
    return found


def _read(said: Sequence[Fact], key: str) -> list[z3.ArithRef]:
    """The places of a field that facts speak of."""
    pairs = {(at.get_id(), at) for fact in said for k, at in reads_of(fact.term) if k == key}
    return [at for _, at in sorted(pairs, key=lambda pair: pair[0])]


@dataclass(frozen=True)
class Table:
    """What is known of the references to a counted struct, for more to be asked.

    names: which locals are the same; held: the table; owned: who owns a count of 0; assumed: at
    each place at which it holds; trusted: the steps that get a reference, and the locals by
    which they do, of which it may be assumed that the count is not 0 then.
    """

    program: Program
    of: Counted
    facts: Facts
    names: Names
    held: Mapping[Unknown, int]
    owned: Owners
    assumed: Sequence[Assumed]
    trusted: Collection[tuple[str, str]] = ()

    @functools.cached_property
    def features(self) -> list[Feature]:
        """The fields that stand for references."""
        return [u for u, n in self.held.items() if isinstance(u, Feature) and n > 0]

    def said(self, kind: str, frames: Sequence[Frame]) -> list[Fact]:
        """What is known and assumed at places."""
        places = {frame.place for frame in frames}
        found = [fact for place in places for fact in self.facts.at.get((kind, place), ())]
        return found + [a.fact for a in self.assumed if a.place in places]

    def keeping(
        self, way: Way, frames: Sequence[Frame], but: Collection[str] = ()
    ) -> Iterator[z3.BoolRef]:
        """The cases in which a process knows of a reference to f, before a way.

        but: the fields that others may count on.
        """
        at = [(Holder(frame.place, id_), id_) for frame in frames for id_ in frame.live]
        mine = [z3.Int(id_) != F for h, id_ in at if self.held.get(h, 0) < 0]
        yield from (z3.Int(id_) == F for h, id_ in at if self.held.get(h, 0) > 0)
        said = self.said(way.process.name, frames)
        said += [Fact(c, frozenset(), ()) for c in way.path.conditions]
        for i in instances(self.program, self.features, way.process.of, F, said):
            if i.feature.cell not in but:
                yield z3.And(i.there, *mine)

    def given(
        self, way: Way, frames: Sequence[Frame], base: z3.BoolRef | None = None
    ) -> list[z3.BoolRef]:
        """What a process knows before a way, of itself and of an element f.

        base: what is so then, if not all that is so whenever the way is gone.
        """
        said = self.said(way.process.name, frames)
        given = [F >= 1, self.of.number >= F, way.base if base is None else base]
        given += [*bounds(self.program, way.path), *(fact.term for fact in said)]
        for frame in frames[len(way.before) :]:
            given += frame_ranges(way.process, frame)
        return [*given, *self.names.within(way.process.name, frames)]

    def above(self, way: Way, frames: Sequence[Frame]) -> list[Frame]:
        """From where the outermost of some frames may have been called."""
        if not frames:
            return []
        procedure = frames[-1].place.procedure
        number = len(way.process.callers.get(procedure, []))
        sites = [at_call(way.process, procedure, site) for site in range(number)]
        return [f for f in sites if (way.process.name, f.place) in self.facts.at]


class Frozen:
    """Proves that frozen counts stay 0, from the table of references and that of who owns a 0."""

    def __init__(self, table: Table) -> None:
        """Prepare to ask; of the assumptions, none about counts are used."""
        counts = table.of.cell.key
        kept = [a for a in table.assumed if counts not in a.fact.cells]
        self.table = replace(table, assumed=kept)
        self.program, self.of, self.facts = table.program, table.of, table.facts
        self.owned = table.owned
        self.zero: dict[Unknown, int] = dict.fromkeys(
            [*table.owned.places, *table.owned.features], 1
        )
        self.needed: dict[tuple[Place, str], Assumed] = {}
        """What had to be trusted."""

    def prove(self, ways: Sequence[Way], wanted: Sequence[Assumed]) -> list[Query]:
        """Ask for every place with something frozen, for every way, and for what is wanted."""
        found = [*self._explained(), *(q for way in ways for q in self._owned(way))]
        return [*found, *(q for assumed in wanted for q in self._zero(assumed))]

    def begins(self, beginnings: Sequence[Mapping[str, list[int]]]) -> bool:
        """Whether the ledger of who owns a 0 holds in the initial states."""
        return all(
            (values[self.of.cell.key][f - 1] == 0)
            == sum(times(self.program, self.of, u, values, f) for u in self.owned.features)
            for values in beginnings
            for f in range(1, self.of.number + 1)
        )

    # What is frozen is explained by fields

    def _hidden(self) -> Iterator[tuple[Where, Frame, str, int]]:
        """The locals that name something frozen: where, and how much of its count is hidden."""
        for where, frame in self.facts.frames.items():
            for id_ in frame.live:
                hidden = -self.table.held.get(Holder(frame.place, id_), 0)
                if hidden > 0:
                    yield where, frame, id_, hidden

    @functools.cached_property
    def counted_on(self) -> frozenset[str]:
        """The fields by which those who froze know what is hidden: to others they say nothing."""
        found = (i for at in self._hidden() for i in self._counting(*at[:3]))
        return frozenset(i.feature.cell for i in found if i.feature.how == "names")

    def _counting(self, where: Where, frame: Frame, id_: str) -> list[Instance]:
        """The references of fields that are known at a place to what a local names."""
        kind = self.facts.kinds[where[0]].of
        said = self.table.said(where[0], [frame])
        return instances(self.program, self.table.features, kind, z3.Int(id_), said)

    def _explained(self) -> Iterator[Query]:
        for where, frame, id_, hidden in self._hidden():
            yield self._enough(where, frame, id_, hidden)

    def _enough(self, where: Where, frame: Frame, id_: str, hidden: int) -> Query:
        """At a place the known references of fields are as many as are hidden there."""
        way = self.facts.leaving[where][0]
        said = self.table.said(way.process.name, [frame])
        there = self._counting(where, frame, id_)
        known = z3.Sum(
            [z3.If(z3.And(i.there, i.first), self.table.held[i.feature], 0) for i in there]
        )
        given = [fact.term for fact in said]
        given += [*frame_ranges(way.process, frame), z3.Int(id_) >= 1]
        owns = Holder(frame.place, id_) in self.owned.places
        answer = possible([*given, known < hidden])
        return Query(way, EXPLAINED, owns and answer == z3.unsat, answer == z3.unknown)

    # Who owns a count of 0

    def _owned(self, way: Way) -> Iterator[Query]:
        key = self.of.cell.key
        free = list(self.owned.features)
        parts = changes(self.program, self.of, way, free).explained(self.zero)
        if not parts and key not in way.stored:
            return
        before, after = way.path.before.cell(key, F - 1), way.path.after.cell(key, F - 1)
        one = z3.If(after == 0, 1, 0) - z3.If(before == 0, 1, 0)
        wrong = z3.Not(one == z3.Sum(parts))
        query = self._answer(way, list(way.before), [wrong])
        if not query.proved:
            trusted = list(self._trusted(way))
            if trusted:
                said = [z3.Implies(z3.Int(id_) == F, a.fact.term) for id_, a in trusted]
                query = self._answer(way, list(way.before), [wrong, *said])
                self.needed.update(((a.place, id_), a) for id_, a in trusted)
        yield query

    def _trusted(self, way: Way) -> Iterator[tuple[str, Assumed]]:
        """That the count of what a step gets a reference to is not 0, if that is trusted."""
        key = self.of.cell.key
        for id_ in way.before[0].live if way.before else ():
            at = z3.simplify(z3.Int(id_) - 1)
            asked = any(k == key and stored.eq(at) for k, stored in way.path.stores)
            if asked and (str(way.origin), id_.rsplit(".", 1)[-1]) in self.table.trusted:
                fact = Fact(array(key)[at] >= 1, frozenset({key}), (at,))
                yield id_, Assumed(way.before[0].place, fact)

    def _answer(self, way: Way, frames: list[Frame], wrong: list[z3.BoolRef]) -> Query:
        """Ask with what the given frames know; if that is too little, also those above them."""
        answer = possible([*self.given(way, frames), *wrong])
        sites = self.table.above(way, frames) if answer != z3.unsat else []
        if not sites:
            return Query(way, OWNED, answer == z3.unsat, answer == z3.unknown)
        asked = [self._answer(way, [*frames, site], wrong) for site in sites]
        return next((query for query in asked if not query.proved), asked[0])

    def given(
        self, way: Way, frames: Sequence[Frame], base: z3.BoolRef | None = None
    ) -> list[z3.BoolRef]:
        """What is known before a way, by both ledgers and all facts."""
        count = way.path.before.cell(self.of.cell.key, F - 1)
        given = [count >= 0, *self.table.given(way, frames, base)]
        at = [(Holder(frame.place, id_), id_) for frame in frames for id_ in frame.live]
        owning = [z3.If(z3.Int(id_) == F, 1, 0) for h, id_ in at if h in self.owned.places]
        owning += [self._free(way, feature) for feature in self.owned.features]
        given.append(z3.Sum(owning) <= z3.If(count == 0, 1, 0))
        keeping = self.table.keeping(way, frames, self.counted_on)
        return [*given, *(z3.Implies(there, count >= 1) for there in keeping)]

    def _free(self, way: Way, feature: Feature) -> z3.ArithRef:
        """Whether f is on the free list before a way."""
        cell = self.program.cells[feature.cell]
        offset = own_index(self.program, self.of, cell) or 0
        value = way.path.before.cell(cell.key, F - 1 + offset)
        return z3.If(value == feature.value, z3.IntVal(1), z3.IntVal(0))

    # What is wanted

    def _zero(self, assumed: Assumed) -> Iterator[Query]:
        """What is said of a count where something is frozen follows from who owns it."""
        key = self.of.cell.key
        for where, frame in self.facts.frames.items():
            if frame.place == assumed.place:
                way = self.facts.leaving[where][0]
                zero = [
                    array(key)[z3.Int(id_) - 1] == 0
                    for id_ in frame.live
                    if Holder(frame.place, id_) in self.owned.places
                ]
                answer = possible([*zero, z3.Not(assumed.fact.term)])
                yield Query(way, ZERO, answer == z3.unsat, answer == z3.unknown)
