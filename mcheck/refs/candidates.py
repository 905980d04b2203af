"""What may hold at a place, to be tried: made from what the text compares, stores and locks."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import z3

from mcheck.lang.program import Program, Variable
from mcheck.refs.features import counted_by
from mcheck.refs.frames import Frame, Place, names
from mcheck.refs.ways import Way

LOCK = "Lock.holder"
ME, PROCESS = z3.Int("me"), z3.Int("process")


@dataclass(frozen=True, eq=False)
class Fact:
    """Something that holds at a place: a term over its locals and the fields.

    cells: the fields it is about; index: where in them, if it is about one place in each;
    own: it is about what only the process itself writes.
    """

    term: z3.BoolRef
    cells: frozenset[str]
    index: tuple[z3.ArithRef, ...]
    own: bool = False

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """The fields and locals that it is about."""
        return names(self.term)

    @functools.cached_property
    def number(self) -> int:
        """The same for the same term."""
        return self.term.get_id()

    def __str__(self) -> str:
        return " ".join(str(self.term).split())


Where = tuple[str, Place]
"""A kind of process, and a place of it."""


def array(key: str) -> z3.ArrayRef:
    """All of a field, as it is before a step."""
    return z3.Array(key, z3.IntSort(), z3.IntSort())


_reads: dict[int, tuple[z3.ExprRef, frozenset[tuple[str, z3.ArithRef]]]] = {}


def reads_of(term: z3.ExprRef) -> frozenset[tuple[str, z3.ArithRef]]:
    """The fields that a term reads as they were before the step: which, and at which index."""
    known = _reads.get(term.get_id())
    if known is not None:
        return known[1]
    children = term.children()
    found = frozenset[tuple[str, z3.ArithRef]]().union(*map(reads_of, children))
    if z3.is_select(term):
        found |= {(key, children[1]) for key in _arrays(children[0])}
    _reads[term.get_id()] = (term, found)
    return found


def _arrays(term: z3.ExprRef) -> Iterator[str]:
    """The fields that an array was made of: before a step, or between its stores."""
    if z3.is_const(term):
        yield term.decl().name()
    elif term.decl().kind() == z3.Z3_OP_STORE:
        yield from _arrays(term.arg(0))
    else:
        for branch in term.children()[1:]:
            yield from _arrays(branch)


Reads = dict[tuple[str, int], z3.ArithRef]
"""What a text reads: the index, by the field and the number of the index."""


def _calls(way: Way) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """The calls that a way enters: caller, callee, and which local becomes which."""
    inside = {frame.place.procedure for frame in way.before}
    for callee, caller in itertools.pairwise(way.after):
        if callee.place.procedure not in inside:
            given = [(way.path.after.locals.get(id_), id_) for id_ in callee.live]
            passed = tuple(
                (value.decl().name(), id_)
                for value, id_ in given
                if isinstance(value, z3.ArithRef) and z3.is_const(value)
                if not z3.is_int_value(value)
            )
            yield caller.place.procedure, callee.place.procedure, passed


class Candidates:
    """Makes the facts that may hold at each place.

    about: the fields that facts are wanted of; listed: those that are lists of elements.
    """

    def __init__(
        self,
        program: Program,
        ways: list[Way],
        frames: Mapping[Where, Frame],
        about: set[str],
        listed: list[str],
    ) -> None:
        """Prepare to look through all ways."""
        self.program, self.ways, self.frames = program, ways, frames
        self.about, self.listed = about, listed
        self.variables: dict[str, dict[str, Variable]] = {
            p.name: p.variables for p in program.processes
        }
        self.interned: dict[int, Fact] = {}
        self.made: dict[tuple[object, ...], Fact] = {}

    def all(self) -> dict[Where, dict[Fact, None]]:
        """The candidates of every place."""
        reads: dict[tuple[str, str], Reads] = defaultdict(dict)
        for way in self.ways:
            found = reads[way.process.name, way.origin.procedure]
            terms: list[z3.ExprRef] = [*way.path.conditions]
            terms += [v for v in way.path.after.locals.values() if isinstance(v, z3.ExprRef)]
            terms += [array(k)[at] for k, at in way.path.stores if k in self.about]
            for term in terms:
                read = [(k, at.get_id(), at) for k, at in reads_of(term) if k in self.about]
                found.update(((k, i), at) for k, i, at in sorted(read, key=lambda r: r[:2]))
        self._pass_on(reads)
        everywhere = [self._intern(f) for f in self._of_lists()]
        writers = {w.process.name for w in self.ways for k, _ in w.path.stores if k in self.listed}
        result: dict[Where, dict[Fact, None]] = {}
        for (kind, place), frame in self.frames.items():
            found = reads[kind, place.procedure].items()
            own = [f for (k, i), at in found for f in self._of(kind, frame, k, i, at)]
            lists = [*everywhere, *self._on_lists(kind, frame)] if kind in writers else []
            result[kind, place] = dict.fromkeys([*lists, *own])
        return result

    def _pass_on(self, reads: Mapping[tuple[str, str], Reads]) -> None:
        """What a procedure reads, those that it calls may know of, by the names of their own."""
        calls = ((w.process.name, *call) for w in self.ways for call in _calls(w))
        passed = dict.fromkeys(calls)
        changed = True
        while changed:
            changed = False
            for kind, caller, callee, names_ in passed:
                found = reads[kind, callee]
                given = dict(names_)
                for (key, _), at in list(reads[kind, caller].items()):
                    mine = names(at) - {"me", "process"}
                    if key != LOCK and mine and mine <= given.keys():
                        pairs = [(z3.Int(n), z3.Int(given[n])) for n in sorted(mine)]
                        there = z3.simplify(z3.substitute(at, *pairs))
                        changed = changed or (key, there.get_id()) not in found
                        found[key, there.get_id()] = there

    def _intern(self, fact: Fact) -> Fact:
        return self.interned.setdefault(fact.term.get_id(), fact)

    def _once(self, tag: tuple[object, ...], make: Callable[[], Fact]) -> Fact:
        """The fact that is made for a tag: terms are slow to make."""
        if tag not in self.made:
            self.made[tag] = self._intern(make())
        return self.made[tag]

    def _of_lists(self) -> Iterator[Fact]:
        """How the lists of a process's own element may relate: for all elements on them."""
        for key in self.listed:
            yield self._all([key], lambda on: on[0] == 0)
        for pair in itertools.permutations(self.listed, 2):
            yield self._all(pair, lambda on: on[0] <= on[1])
        for pair in itertools.combinations(self.listed, 2):
            yield self._all(pair, lambda on: on[0] + on[1] <= 1)

    def _on_lists(self, kind: str, frame: Frame) -> Iterator[Fact]:
        """Whether what a local names is on the process's own lists."""
        for key in self.listed:
            over = counted_by(self.program.cells[key])
            length = self.program.cells[key].length
            for id_ in frame.live:
                of = self.variables[kind][id_].type
                if of.kind == "ref" and of.of is over:
                    for n in (0, 1):
                        make = functools.partial(self._on_list, key, length, id_, n)
                        yield self._once((key, id_, n), make)

    @staticmethod
    def _on_list(key: str, length: int, id_: str, n: int) -> Fact:
        index = z3.simplify((ME - 1) * length + z3.Int(id_) - 1)
        return Fact(array(key)[index] == n, frozenset({key}), (index,), own=True)

    def _all(self, cells: Sequence[str], says: Callable[[list[z3.ArithRef]], z3.BoolRef]) -> Fact:
        """What lists say of each element: says gets whether it is on them."""
        length = self.program.cells[cells[0]].length
        at = [(ME - 1) * length + i for i in range(length)]
        parts = [says([array(key)[i] for key in cells]) for i in at]
        return Fact(z3.And(parts), frozenset(cells), (), own=True)

    def _of(
        self, kind: str, frame: Frame, key: str, number: int, index: z3.ArithRef
    ) -> Iterator[Fact]:
        """What may hold of a field that the text of a procedure reads; number: of the index."""
        if not names(index) <= {*frame.live, "me", "process"}:
            return
        cell = self.program.cells[key]
        own = key in self.listed and "me" in names(index)

        def fact(what: object, says: Callable[[z3.ArithRef], z3.BoolRef]) -> Fact:
            def make() -> Fact:
                return Fact(says(array(key)[index]), frozenset({key}), (index,), own)

            return self._once((key, number, what), make)

        if key == LOCK:
            yield fact("mine", lambda read: read == PROCESS)
            return
        constants = {"enum": range(cell.type.hi + 1), "bool": (0, 1)}.get(cell.type.kind, (0,))
        for n in constants:
            yield fact(n, functools.partial(_equals, n))
        if cell.type.kind == "ref":
            for id_ in frame.live:  # a flag that says whether the field is null
                if self.variables[kind][id_].type.kind == "bool":
                    yield fact(("null", id_), functools.partial(_unless, id_))
        if cell.type.kind in ("ref", "enum"):
            for id_ in frame.live:
                of = self.variables[kind][id_].type
                if of.kind == cell.type.kind and of.of is cell.type.of:
                    yield fact(id_, functools.partial(_is, id_))


def _equals(n: int, read: z3.ArithRef) -> z3.BoolRef:
    return read == n


def _unless(id_: str, read: z3.ArithRef) -> z3.BoolRef:
    return z3.Or(z3.Int(id_) != 0, read == 0)


def _is(id_: str, read: z3.ArithRef) -> z3.BoolRef:
    return read == z3.Int(id_)
