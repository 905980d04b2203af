"""Uses of a counted element: what keeps it from being freed while a step reads or writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import z3

from mcheck.lang.contract import Source
from mcheck.refs.accesses import Accessed, accessed, reads_at
from mcheck.refs.books import Book
from mcheck.refs.calls import Names
from mcheck.refs.candidates import LOCK, ME, Fact, array, reads_of
from mcheck.refs.equations import Holder, Unknown
from mcheck.refs.features import Feature
from mcheck.refs.frames import Frame, at_call
from mcheck.refs.frozen import Frozen, Table
from mcheck.refs.inference import Assumed
from mcheck.refs.owners import Known, Owners, lock_bit, owners, satisfiable, uncounted
from mcheck.refs.solvers import assuming, possible
from mcheck.refs.ways import Way, frame_ranges, ranges

if TYPE_CHECKING:
    from mcheck.lang.program import Program
    from mcheck.refs.facts import Facts
    from mcheck.refs.features import Counted
    from mcheck.refs.inference import System

HOLD, OWN, FIELD, LISTED, BIT = "hold", "own", "field", "list", "lock bit"
STRONG = (OWN, HOLD, LISTED, FIELD, BIT)
"""What keeps an element, as it is told: see docs/refcounts.md."""
UNLESS_ZERO, NAMED, NOTHING = "get unless zero", "named by {}", "nothing"
UNLESS_NULL, LOCKED_ONLY = "{}, unless it is null", "a lock"


@dataclass(frozen=True, order=True)
class Use:
    """An access of elements by one name in one step.

    kind: of process; by: what keeps the element; reads, writes: which fields.
    """

    step: str
    name: str
    by: str
    kind: str
    via: str
    source: Source
    reads: frozenset[str]
    writes: frozenset[str]

    @property
    def kept(self) -> bool:
        """Whether something that counts keeps the element."""
        return self.by in STRONG

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What tells it from other uses."""
        return self.step, self.name, self.by, self.kind

    def __str__(self) -> str:
        does = "writes" if self.writes else "reads"
        fields = ", ".join(sorted(self.writes or self.reads))
        via = f", called by {self.via}" if self.via else ""
        return f"{self.step} at {self.source} {does} {fields} of {self.name}{via}: {self.by}"


@dataclass(frozen=True)
class Unheld:
    """A use that nothing that counts keeps, by all kinds of processes that have it."""

    first: Use
    kinds: tuple[str, ...]

    @property
    def speculative(self) -> bool:
        """Whether the step only gets a reference, unless there is none any more."""
        return self.first.by == UNLESS_ZERO


def unheld(uses: Sequence[Use]) -> list[Unheld]:
    """What is used without anything that counts."""
    found: dict[tuple[str, str, str], list[Use]] = {}
    for use in uses:
        if not use.kept:
            found.setdefault((use.step, use.name, use.by), []).append(use)
    return [Unheld(us[0], tuple(dict.fromkeys(u.kind for u in us))) for us in found.values()]


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
        known = self.bit is not None and any(map(self._asserted, self.ways))
        self.locks = owners(program, of, self.bit, *more) if self.bit and known else Owners()

    def _asserted(self, way: Way) -> bool:
        """Whether a step asserts something about the lock bit of what is nobody's any more.

        Without that, the bit keeps nobody from freeing what is locked.
        """
        assert self.bit is not None
        asserted = [c for c in way.path.checks if self.program.sites[c.site].kind == "assert"]
        mine = [
            id_ for f in way.before for id_ in f.live if Holder(f.place, id_) in self.owned.places
        ]
        bits = [self.bit.there(way.path.before, z3.Int(id_)) for id_ in mine]
        read = {(key, at.get_id()) for check in asserted for key, at in reads_of(check.holds)}
        return any((key, at.get_id()) in read for bit in bits for key, at in reads_of(bit))

    def book(self, assumed: Sequence[Assumed]) -> Book:
        """All that is known of the struct, for more to be asked; assumed: wherever it holds."""
        more = self.names, self.table, self.owned, assumed
        frozen = Frozen(Table(self.program, self.of, self.facts, *more))
        return Book(frozen, self.bit, self.locks)

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
                for by, via in self._judged(way, access):
                    use = Use(
                        str(way.origin),
                        access.name,
                        by,
                        way.process.name.strip("{}"),
                        via,
                        way.origin.source,
                        access.reads,
                        access.writes,
                    )
                    found.setdefault(use.place, use)
        return sorted(found.values())

    def _judged(self, way: Way, access: Accessed) -> Iterator[tuple[str, str]]:
        """What keeps an element; for each call from which nothing does, what is there instead."""
        said = [*way.path.conditions, *ranges(way), *self._bounds(access.element)]
        said.insert(0, self._there(access))
        if possible(self._given(way, way.before, said)) == z3.unsat:
            return  # an element of another struct with the same part
        frames = list(way.before)
        by = self._kept(way, access, frames, said)
        if by is not None:
            yield by, ""
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
    ) -> Iterator[tuple[str, str]]:
        procedure = frames[-1].place.procedure
        callers = way.process.callers.get(procedure, [])
        if not callers or weak == UNLESS_ZERO:
            there = self._there(access)
            others = [term for term in self._given(way, frames, said) if term is not said[0]]
            if access.part and possible([*others, z3.Not(there)]) == z3.sat:
                return  # nobody knows whose part it is
            via = " < ".join(f.place.procedure for f in frames[len(way.before) :][:2])
            yield weak or self._named(way, access, frames, said), via
            return
        for site in range(len(callers)):
            frame = at_call(way.process, procedure, site)
            if (way.process.name, frame.place) not in self.facts.at:
                continue
            more = [*frames, frame]
            own = [*said, *frame_ranges(way.process, frame)]
            by = self._kept(way, access, more, own)
            if by is not None:
                yield by, ""
            else:
                yield from self._through_calls(way, access, more, own, weak)

    def _bounds(self, element: z3.ArithRef) -> Iterator[z3.BoolRef]:
        """The fields that an element is found by have values of their types."""
        for key, at in reads_of(element):
            cell = self.program.cells[key]
            yield z3.And(array(key)[at] >= cell.type.lo, array(key)[at] <= cell.type.hi)

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
        holders = [(Holder(frame.place, id_), id_) for frame in frames for id_ in frame.live]
        match by:
            case "hold":
                yield from self._held(holders, element)
            case "own":
                yield from (z3.Int(i) == element for h, i in holders if h in self.owned.places)
                for feature in self.owned.features:
                    yield array(feature.cell)[element - 1] != 0
            case "lock bit":
                yield from (z3.Int(i) == element for h, i in holders if h in self.locks.places)
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
        self, holders: Sequence[tuple[Holder, str]], element: z3.ArithRef
    ) -> Iterator[z3.BoolRef]:
        """The cases in which the process has more references to an element than it owes."""
        counts = [(z3.Int(id_), self.table.get(holder, 0)) for holder, id_ in holders]
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
    ) -> str:
        """The field that names an element for sure without standing for a reference, if any."""
        terms: list[z3.ExprRef] = [access.element, *said, *self._facts(way, frames)]
        holders = [Holder(frame.place, id_) for frame in frames for id_ in frame.live]
        with assuming(self._given(way, frames, said)) as solver:
            for holder in holders:
                if self.table.get(holder, 0) > 0:
                    local = z3.Int(holder.variable)
                    other = satisfiable(solver, [local != 0, local != access.element])
                    if not other and satisfiable(solver, [local != 0]):
                        return UNLESS_NULL.format(holder.variable.rsplit(".", 1)[-1])
            for key in self.weak:
                cases = list(self._naming(Feature(key, "names"), access.element, terms))
                if cases and not satisfiable(solver, [z3.Not(z3.Or(cases))]):
                    return NAMED.format(key)
        known = [fact for frame in frames for fact in self._facts_at(way, frame)]
        return LOCKED_ONLY if any(LOCK in fact.cells for fact in known) else NOTHING

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
