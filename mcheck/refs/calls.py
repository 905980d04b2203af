"""What else an element is called: in the same procedure, and by the callers of a procedure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import z3

from mcheck.lang.emit.smt import number
from mcheck.lang.program import Program
from mcheck.refs.accesses import memory
from mcheck.refs.features import Counted
from mcheck.refs.frames import Frame, Place, names
from mcheck.refs.solvers import possible
from mcheck.refs.ways import Way

Call = tuple[str, str, Place]
"""A kind of process, a procedure, and the place at which it is called."""
Known = Mapping[str, Mapping[str, z3.ArithRef]]
"""For a local, the terms over a caller's locals, by their text, one of which it is."""


class Names:
    """Which locals are the same element, all through a call or at a place."""

    def __init__(self, program: Program, of: Counted, ways: Sequence[Way]) -> None:
        """Look at every way that enters a procedure, and at every way inside."""
        self.structs = {cell.struct for cell, _ in memory(program, of).values()}
        self.calls: dict[Call, list[list[tuple[Place, Known]]]] = defaultdict(list)
        self.changing: set[tuple[str, str]] = set()
        self.alike: dict[tuple[str, Place], set[tuple[str, str]]] = {}
        for way in ways:
            before = {frame.place for frame in way.before}
            inside = {frame.place.procedure for frame in way.before}
            for i, frame in enumerate(way.after):
                callers = way.after[i + 1 :]
                kind, procedure = way.process.name, frame.place.procedure
                if procedure in inside and (not callers or callers[0].place in before):
                    self.changing |= {(kind, id_) for id_ in self._changed(way, frame)}
                elif callers:
                    said = [(above.place, self._known(way, frame, above)) for above in callers]
                    self.calls[kind, procedure, callers[0].place].append(said)
        self.at_calls = {call: list(_all_say(entries)) for call, entries in self.calls.items()}
        self._find_alike(ways)

    def known(
        self, kind: str, frames: Sequence[Frame]
    ) -> Iterator[tuple[str, Mapping[str, z3.ArithRef]]]:
        """What is equal between the locals of frames that stand on each other: one of which it is.

        Also of locals that are not used any more: their last values then.
        """
        for i, frame in enumerate(frames):
            for one, other in sorted(self.alike.get((kind, frame.place), ())):
                yield one, {other: z3.Int(other)}
            if i + 1 == len(frames):
                return
            call = kind, frame.place.procedure, frames[i + 1].place
            for above, (place, known) in zip(
                frames[i + 1 :], self.at_calls.get(call, ()), strict=False
            ):
                if above.place == place:
                    yield from (x for x in known.items() if (kind, x[0]) not in self.changing)

    def within(self, kind: str, frames: Sequence[Frame]) -> Iterator[z3.BoolRef]:
        """The same as terms."""
        for mine, yours in self.known(kind, frames):
            yield z3.Or([z3.Int(mine) == other for other in yours.values()])

    def first(self, kind: str, frames: Sequence[Frame]) -> dict[str, str]:
        """For each local that is the same as another one, one name for all of them."""
        found: dict[str, str] = {}

        def name(id_: str) -> str:
            return name(found[id_]) if id_ in found else id_

        for mine, yours in self.known(kind, frames):
            if len(yours) == 1:
                one, other = name(mine), name(next(iter(yours)))
                if one != other:
                    found[one] = other
        return {id_: name(id_) for id_ in found}

    def _refs(self, way: Way, locals_: Iterable[str]) -> Iterator[str]:
        for id_ in locals_:
            variable = way.process.variables.get(id_)
            kind = variable.type if variable is not None else None
            if kind is not None and kind.kind == "ref" and kind.of in self.structs:
                yield id_

    def _changed(self, way: Way, frame: Frame) -> set[str]:
        """The locals of a frame that have another value after a way."""
        return {
            id_
            for id_ in self._refs(way, frame.live)
            if not number(way.path.after.local(id_)).eq(z3.Int(id_))
        }

    def _known(self, way: Way, callee: Frame, caller: Frame) -> Known:
        """Which locals of a caller a procedure has been given."""
        prefix = f"{caller.place.procedure}."
        there = [*caller.live, *(id_ for frame in way.before for id_ in frame.live)]
        there += way.path.after.locals
        callers = [id_ for id_ in dict.fromkeys(there) if id_.startswith(prefix)]
        values = {id_: number(way.path.after.local(id_)) for id_ in self._refs(way, callers)}
        kept = {id_ for id_ in callers if number(way.path.after.local(id_)).eq(z3.Int(id_))}
        found: dict[str, Mapping[str, z3.ArithRef]] = {}
        for mine in self._refs(way, callee.live):
            same: dict[str, z3.ArithRef] = {}
            for part in _parts(number(way.path.after.local(mine))):
                name = next((id_ for id_, value in values.items() if value.eq(part)), "")
                if name:
                    same[name] = z3.Int(name)
                elif names(part) <= kept:
                    same[str(part)] = part
                else:
                    break
            else:
                found[mine] = same
        return found

    # Two locals of the same frame

    def _find_alike(self, ways: Sequence[Way]) -> None:
        """Take all locals of a frame to be the same, and drop what some way does not keep."""
        into: dict[tuple[str, Place], list[tuple[Way, Frame]]] = defaultdict(list)
        for way in ways:
            for frame in way.after:
                refs = sorted(self._refs(way, frame.live))
                where = way.process.name, frame.place
                if len(refs) > 1:
                    into[where].append((way, frame))
                    self.alike[where] = {(a, b) for a in refs for b in refs if a < b}
        changed = True
        while changed:
            changed = False
            for where, entries in into.items():
                for way, _ in entries:
                    kept = {p for p in self.alike[where] if self._kept(way, *p)}
                    changed = changed or kept != self.alike[where]
                    self.alike[where] = kept

    def _kept(self, way: Way, one: str, other: str) -> bool:
        """Whether two locals are the same after a way, if those known to be so were before."""
        first, second = number(way.path.after.local(one)), number(way.path.after.local(other))
        if first.eq(second):
            return True
        known = [
            z3.Int(a) == z3.Int(b)
            for frame in way.before
            for a, b in self.alike.get((way.process.name, frame.place), ())
        ]
        plain = z3.is_const(first) and z3.is_const(second)
        if plain and not known:
            return False
        given = [*known, *([] if plain else way.path.conditions)]
        return possible([*given, first != second]) == z3.unsat


def _parts(term: z3.ArithRef) -> Iterator[z3.ArithRef]:
    """The values that a term may have, where it decides between several."""
    if term.decl().name() == "if":
        for child in term.children()[1:]:
            yield from _parts(child)
    else:
        yield term


def _all_say(entries: list[list[tuple[Place, Known]]]) -> Iterator[tuple[Place, Known]]:
    """What every way into a call says, frame by frame upward, as far as all show the same."""
    for levels in zip(*entries, strict=False):
        if len({place for place, _ in levels}) > 1:
            return
        first, *others = [known for _, known in levels]
        both = dict(first)
        for known in others:
            both = {id_: {**yours, **known[id_]} for id_, yours in both.items() if id_ in known}
        yield levels[0][0], both
