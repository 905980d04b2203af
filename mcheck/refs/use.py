"""Uses of a counted element: what keeps it from being freed while a step reads or writes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import z3

from mcheck.lang.emit.smt import number
from mcheck.refs.accesses import Accessed, accessed, reads_at, typed
from mcheck.refs.books import Book
from mcheck.refs.calls import Names
from mcheck.refs.candidates import LOCK, ME, Fact, Where, array
from mcheck.refs.equations import Holder, Unknown, holders
from mcheck.refs.features import Feature
from mcheck.refs.frames import Frame, at_call, names
from mcheck.refs.frozen import Frozen, Table
from mcheck.refs.inference import Assumed
from mcheck.refs.owners import Known, Owners, lock_bit, owners, satisfiable, uncounted
from mcheck.refs.solvers import assuming, possible
from mcheck.refs.used import (
    LOCKED_ONLY,
    NAMED,
    NOTHING,
    STRONG,
    UNLESS_NULL,
    UNLESS_ZERO,
    Kept,
    Use,
)
from mcheck.refs.ways import Way, frame_ranges, ranges

if TYPE_CHECKING:
    from mcheck.lang.program import Program
    from mcheck.refs.facts import Facts
    from mcheck.refs.features import Counted
    from mcheck.refs.inference import System


@dataclass
class Uses:
    """Judges every access of a program's steps by the table of a counted struct."""

    program: Program
    of: Counted
    ways: Sequence[Way]
    facts: Facts
    system: System
    table: Mapping[Unknown, int]
    known: Known

    def __post_init__(self) -> None:
        """Find out who owns what, besides references."""
        program, of = self.program, self.of
        self.names = Names(program, of, self.ways)
        self.features = [u for u, n in self.table.items() if isinstance(u, Feature) and n > 0]
        self.weak = [
            c.key
            for c in program.cells.values()
            if c.type.kind == "ref" and c.type.of is of.struct and c.constant is None
        ]
        self.bit = lock_bit(program, of)
        more = self.system, self.facts, self.names, self.table, self.known
        self.owned = owners(program, of, uncounted(program, of), *more)
        known = self.bit is not None and self._asked_of_all()
        self.locks = owners(program, of, self.bit, *more) if self.bit and known else Owners()
        bits = self.bit.cells if self.bit and known and not self.locks.places else frozenset[str]()
        self.lost = any(way.stored & bits for way in self.ways)

    def _asked_of_all(self) -> bool:
        """Whether on every way from a put to a free list the lock bit is asserted to be clear.

        Without that, the bit keeps nobody from freeing what is locked.
        """
        asserting = {id(way) for way in self.ways if self._asserted(way)}
        leaving: dict[Where, list[Way]] = defaultdict(list)
        for way in self.ways:
            for frame in way.before[:1]:
                leaving[way.process.name, frame.place].append(way)
        todo = [way for way in self.ways if self.of.cell.key in way.stored]
        seen = set(map(id, todo))
        while todo:
            way = todo.pop()
            if id(way) in asserting:
                continue
            if self._frees(way):
                return False
            after = [w for f in way.after[:1] for w in leaving[way.process.name, f.place]]
            todo += [w for w in after if id(w) not in seen]
            seen |= set(map(id, after))
        return bool(asserting)

    def _frees(self, way: Way) -> bool:
        """Whether a way puts something on the free list."""
        free = {feature.cell for feature in self.owned.features}
        stored = [way.path.after.cell(key, at) for key, at in way.path.stores if key in free]
        return any(not z3.is_int_value(value) or value.as_long() for value in stored)

    def _asserted(self, way: Way) -> bool:
        """Whether a step asserts that the lock bit of what is nobody's any more is clear."""
        assert self.bit is not None
        mine = [
            id_ for f in way.before for id_ in f.live if Holder(f.place, id_) in self.owned.places
        ]
        bits = [self.bit.there(way.path.before, z3.Int(id_)) for id_ in mine]
        said = way.asserted
        return bool(said) and any(possible([*said, bit != 0]) == z3.unsat for bit in bits)

    def book(self, assumed: Sequence[Assumed], *, owned: bool = True) -> Book:
        """All that is known of the struct, for more to be asked.

        assumed: wherever it holds; owned: whether it is proved who owns a count of 0.
        """
        more = self.names, self.table, self.owned if owned else Owners(), assumed
        frozen = Frozen(Table(self.program, self.of, self.facts, *more))
        return Book(frozen, self.bit, self.locks, self.lost)

    def all(self) -> list[Use]:
        """Every use, once for each kind of process that has it."""
        return self.of_ways(self.ways)

    def of_ways(self, ways: Sequence[Way]) -> list[Use]:
        """The uses of some ways."""
        found: dict[tuple[str, str, str, str], Use] = {}
        for way in ways:
            if way.step is None:
                continue
            for access in accessed(self.program, self.of, way):
                for kept in self._judged(way, access):
                    use = Use(
                        str(way.origin),
                        access.name,
                        kept.by,
                        way.process.name.strip("{}"),
                        kept.via,
                        way.origin.source,
                        access.reads,
                        access.writes,
                        names(access.element) | kept.besides,
                        kept.known,
                    )
                    there = found.get(use.place)
                    found[use.place] = use if there is None else there.joined(use)
        return sorted(found.values())

    def _judged(self, way: Way, access: Accessed) -> Iterator[Kept]:
        """What keeps an element; for each call from which nothing does, what is there instead."""
        said = [*way.path.conditions, *ranges(way), *typed(self.program, access.element)]
        said.insert(0, self._there(access))
        if possible(self._given(way, way.before, said)) == z3.unsat:
            return  # an element of another struct with the same part
        frames = list(way.before)
        by = self._kept(way, access, frames, said)
        if by is not None:
            yield Kept(by)
            return
        weak = UNLESS_ZERO if self._unless_zero(way, access) else None
        yield from dict.fromkeys(self._through_calls(way, access, frames, said, weak))

    def _there(self, access: Accessed) -> z3.BoolRef:
        """That what is accessed is an element, or part of one, and not part of something else."""
        return z3.And(access.element >= 1, access.element <= self.of.number)

    def _through_calls(
        self,
        way: Way,
        access: Accessed,
        frames: list[Frame],
        said: list[z3.BoolRef],
        weak: str | None,
    ) -> Iterator[Kept]:
        procedure = frames[-1].place.procedure
        callers = way.process.callers.get(procedure, [])
        if not callers or weak == UNLESS_ZERO:
            there = self._there(access)
            others = [term for term in self._given(way, frames, said) if term is not said[0]]
            if access.part and possible([*others, z3.Not(there)]) == z3.sat:
                return  # nobody knows whose part it is
            via = " < ".join(f.place.procedure for f in frames[len(way.before) :][:2])
            named = Kept(weak) if weak else self._named(way, access, frames, said)
            yield replace(named, via=via)
            return
        for site in range(len(callers)):
            frame = at_call(way.process, procedure, site)
            if (way.process.name, frame.place) not in self.facts.at:
                continue
            more = [*frames, frame]
            own = [*said, *frame_ranges(way.process, frame)]
            by = self._kept(way, access, more, own)
            if by is not None:
                yield Kept(by)
            else:
                yield from self._through_calls(way, access, more, own, weak)

    def _given(self, way: Way, frames: Sequence[Frame], said: list[z3.BoolRef]) -> list[z3.BoolRef]:
        same = self.names.within(way.process.name, frames)
        return [*said, *same, *self._facts(way, frames)]

    def _facts(self, way: Way, frames: Sequence[Frame]) -> Iterator[z3.BoolRef]:
        for frame in frames:
            yield from (fact.term for fact in self._facts_at(way, frame))

    def _facts_at(self, way: Way, frame: Frame) -> Iterable[Fact]:
        return self.facts.at.get((way.process.name, frame.place), ())

    def _kept(
        self, way: Way, access: Accessed, frames: Sequence[Frame], said: list[z3.BoolRef]
    ) -> str | None:
        """What keeps an element, as far as these frames know."""
        offers = {by: list(self._offers(by, way, access.element, frames, said)) for by in STRONG}
        for by, terms in offers.items():
            if any(z3.is_true(z3.simplify(t)) for t in terms):
                return by
        every = [t for terms in offers.values() for t in terms]
        if not every:
            return None
        with assuming(self._given(way, frames, said)) as solver:
            if satisfiable(solver, [z3.Not(z3.Or(every))]):
                return None
            for by, terms in offers.items():
                if terms and not satisfiable(solver, [z3.Not(z3.Or(terms))]):
                    return by
        return next(by for by, terms in offers.items() if terms)

    def _offers(
        self,
        by: str,
        way: Way,
        element: z3.ArithRef,
        frames: Sequence[Frame],
        said: list[z3.BoolRef],
    ) -> Iterator[z3.BoolRef]:
        """The cases in which something of a kind keeps an element."""
        owning = [(Holder(frame.place, id_), id_) for frame in frames for id_ in frame.live]
        match by:
            case "hold":
                yield from self._held(way, frames, element)
            case "own":
                yield from (z3.Int(i) == element for h, i in owning if h in self.owned.places)
                for feature in self.owned.features:
                    yield array(feature.cell)[element - 1] != 0
            case "lock bit":
                yield from (z3.Int(i) == element for h, i in owning if h in self.locks.places)
            case "list":
                for feature in self.features:
                    if feature.how == "listed":
                        length = self.program.cells[feature.cell].length
                        yield array(feature.cell)[(ME - 1) * length + element - 1] == 1
            case _:
                terms: list[z3.ExprRef] = [element, *said, *self._facts(way, frames)]
                for feature in self.features:
                    if feature.how == "names":
                        yield from self._naming(feature, element, terms)

    def _held(
        self, way: Way, frames: Sequence[Frame], element: z3.ArithRef
    ) -> Iterator[z3.BoolRef]:
        """The cases in which the process has more references to an element than it owes."""
        there = [h for f in frames for h in holders(way.process, self.of, f, way.path.before)]
        counts = [(number(value), self.table.get(holder, 0)) for holder, value in there]
        if all(n >= 0 for _, n in counts):
            yield from (local == element for local, n in counts if n)
        else:
            yield z3.Sum([z3.If(local == element, n, 0) for local, n in counts if n]) > 0

    @staticmethod
    def _naming(
        feature: Feature, element: z3.ArithRef, terms: list[z3.ExprRef]
    ) -> Iterator[z3.BoolRef]:
        """The cases in which a field that terms speak of names an element."""
        for at in reads_at(terms, feature.cell):
            named = array(feature.cell)[at] == element
            if feature.sibling:
                named = z3.And(named, array(feature.sibling)[at] == feature.of)
            yield named

    def _named(
        self, way: Way, access: Accessed, frames: Sequence[Frame], said: list[z3.BoolRef]
    ) -> Kept:
        """The field that names an element for sure without standing for a reference, if any."""
        terms: list[z3.ExprRef] = [access.element, *said, *self._facts(way, frames)]
        there = [Holder(frame.place, id_) for frame in frames for id_ in frame.live]
        with assuming(self._given(way, frames, said)) as solver:
            for holder in there:
                if self.table.get(holder, 0) > 0:
                    local = z3.Int(holder.variable)
                    other = satisfiable(solver, [local != 0, local != access.element])
                    if not other and satisfiable(solver, [local != 0]):
                        by = UNLESS_NULL.format(holder.variable.rsplit(".", 1)[-1])
                        return Kept(by, besides=frozenset({holder.variable}))
            for key in self.weak:
                cases = list(self._naming(Feature(key, "names"), access.element, terms))
                if cases and not satisfiable(solver, [z3.Not(z3.Or(cases))]):
                    return Kept(NAMED.format(key))
        known = [fact for frame in frames for fact in self._facts_at(way, frame)]
        if not any(LOCK in fact.cells for fact in known):
            return Kept(NOTHING)
        return Kept(LOCKED_ONLY, known=self._told(way, access, frames))

    def _told(self, way: Way, access: Accessed, frames: Sequence[Frame]) -> frozenset[str]:
        """What locks tell of an element: which they are, and the facts that speak of it.

        With what else is known of the same places.
        """
        facts = [fact for frame in frames for fact in self._facts_at(way, frame) if not fact.own]
        first = self.names.first(way.process.name, frames)
        mine = {first.get(name, name) for name in names(access.element)}
        about = mine | {name for name, same in first.items() if same in mine}
        naming = [f for f in facts if f.names - f.cells & about and LOCK not in f.cells]
        places = {at.get_id() for fact in naming for at in fact.index}
        near = [f for f in facts if any(at.get_id() in places for at in f.index)]
        return frozenset(str(f) for f in [*facts, *near] if LOCK in f.cells or f in near)

    def _unless_zero(self, way: Way, access: Accessed) -> bool:
        """Whether all that a way does is to take a reference, because the count is not 0.

        Or to take none, because it is.
        """
        key = self.of.cell.key
        if set(access.reads | access.writes) != {key}:
            return False
        count = array(key)[access.element - 1]
        with assuming([*way.path.conditions, access.element != 0]) as solver:
            if not access.writes:
                return not satisfiable(solver, [count != 0])
            more = way.path.after.cell(key, access.element - 1) == count + 1
            return not satisfiable(solver, [z3.Not(z3.And(count != 0, more))])
