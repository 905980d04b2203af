"""What a process knows of the fields at each point, because it holds a lock or owns them.

The facts are not written by hand. Candidates are made from the text: what it compares and stores.
All are taken to hold; whatever some step does not preserve is dropped, until all that is left is
preserved by every step (an inductive set, as Houdini finds it). Other processes preserve a fact
of a field if every step that writes the field holds the same lock, or if only the process whose
element it is writes there.
"""

from __future__ import annotations

import functools
import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import z3

from mcheck.lang.emit.smt import World, number
from mcheck.refs.candidates import LOCK, ME, PROCESS, Candidates, Fact, Where, array
from mcheck.refs.features import Counted, features, siblings
from mcheck.refs.frames import Frame, Place, names
from mcheck.refs.solvers import assuming, possible
from mcheck.refs.ways import Way, frame_ranges
from mcheck.refs.whole import Whole

Asked = tuple[Where, Fact, z3.BoolRef]
"""Whether a fact holds at a place: as a term about the state before."""


class Facts:
    """What holds where, in a program."""

    def __init__(self, found: Whole, counts: Sequence[Counted], ways: list[Way]) -> None:
        """Find the facts that the equations of the counted structs may need."""
        program = found.program
        self.program, self.ways = program, ways
        self.kinds = {way.process.name: way.process for way in ways}
        self.empty, self.shared = found.empty, found.shared
        self.beginnings = found.beginnings
        self.counts = {of.cell.key for of in counts}
        offered = [f for of in counts for f in features(program, of, ())]
        named = [f.cell for f in offered if f.how == "names"]
        near = [
            c.key
            for key in named
            for c in siblings(program, program.cells[key])
            if any({key, c.key} <= way.stored for way in ways)
        ]
        self.listed = [f.cell for f in offered if f.how == "listed"]
        self.about = {*named, *near, *self.listed, LOCK, *self.counts}
        self.bases: dict[int, z3.BoolRef] = {}
        self.proved: dict[tuple[object, ...], set[int]] = defaultdict(set)
        """What holds after a path, by the path and what is known before it."""
        self.safe: dict[tuple[str, str], bool] = {}
        self.examples: dict[int, z3.ModelRef | None] = {}
        self.moves: dict[int, dict[str, z3.ExprRef]] = {}
        self.later: dict[tuple[object, ...], z3.BoolRef] = {}
        self.numbers = {id(way): i for i, way in enumerate(ways)}
        self.frames: dict[Where, Frame] = {}
        self.leaving: dict[Where, list[Way]] = defaultdict(list)
        for way in ways:
            for frame in (*way.before, *way.after):
                self.frames[way.process.name, frame.place] = frame
            for frame in way.before:
                self.leaving[way.process.name, frame.place].append(way)
        self.at = Candidates(program, ways, self.frames, self.about, self.listed).all()
        offers = {where: list(facts) for where, facts in self.at.items()}
        self._settle()
        self.dropped: dict[Where, list[Fact]] = {
            where: [f for f in facts if f not in self.at[where]] for where, facts in offers.items()
        }

    # What every step preserves

    def known(self, way: Way) -> list[Fact]:
        """All that is known before a path."""
        return [f for frame in way.before for f in self.at.get((way.process.name, frame.place), ())]

    def _settle(self) -> None:
        changed = True
        while changed:
            todo = list(range(len(self.ways)))  # a heap: what comes first in the text, first
            waiting = set(todo)
            while todo:
                i = heapq.heappop(todo)
                waiting.discard(i)
                way = self.ways[i]
                weakened = {*self._preserved(way), *self._left_alone(way)}
                for j in {self.numbers[id(w)] for where in weakened for w in self.leaving[where]}:
                    if j not in waiting:
                        waiting.add(j)
                        heapq.heappush(todo, j)
            changed = self._protected()

    def _preserved(self, way: Way) -> Iterator[Where]:
        """Drop what a step does not establish where it ends; where anything was dropped."""
        before = dict.fromkeys(self.known(way))
        asked: list[Asked] = []
        for frame in way.after:
            where = way.process.name, frame.place
            for fact in self.at[where]:
                if fact not in before or fact.names & self._moved(way).keys():
                    asked.append((where, fact, self._after(way, fact)))
        yield from self._drop(way, before, asked, ())

    def _flags(self) -> Iterator[z3.BoolRef]:
        """The flags of the process's own lists are 0 or 1."""
        for key in self.listed:
            for i in range(self.program.cells[key].length):
                flag = array(key)[(ME - 1) * self.program.cells[key].length + i]
                yield z3.And(flag >= 0, flag <= 1)

    def _left_alone(self, way: Way) -> Iterator[Where]:
        """Drop what a caller knows, if a step of what it has called may change it."""
        stored = way.stored
        if way.step is None or not stored & self.about:
            return
        mine = {f.place for f in (*way.before, *way.after)}
        known = dict.fromkeys(self.known(way))
        for place in sorted(self._calls_above(way) - mine):
            where = way.process.name, place
            facts = self.at[where]
            asked = [(where, f, self._after(way, f)) for f in facts if f.cells & stored]
            own = list(frame_ranges(way.process, self.frames[where]))
            yield from self._drop(way, {**known, **facts}, asked, own)

    def _drop(
        self,
        way: Way,
        known: Iterable[Fact],
        asked: list[Asked],
        besides: Sequence[z3.BoolRef],
    ) -> Iterator[Where]:
        """Drop the facts that need not hold after a path."""
        if not asked:
            return
        given = {f.number for f in known}
        asked = [a for a in asked if a[2].get_id() not in given and not z3.is_true(a[2])]
        if not asked:
            return
        cells = frozenset[str]().union(*(names(t) for _, _, t in asked))
        useful = {f.number: f.term for f in known if f.cells & cells}
        resting = id(way), tuple(b.get_id() for b in besides), frozenset(useful)
        if {a[2].get_id() for a in asked} <= self.proved[resting]:
            return
        with assuming([self._base(way), *useful.values(), *besides]) as solver:
            while asked:
                solver.add(z3.Not(z3.And([t for _, _, t in asked])))
                answer = solver.check()
                if answer == z3.unsat:
                    self.proved[resting].update(a[2].get_id() for a in asked)
                    return
                if answer == z3.unknown:  # that is no proof of any of them
                    for where, fact, _ in asked:
                        self.at[where].pop(fact, None)
                        yield where
                    return
                model = solver.model()
                kept: list[Asked] = []
                for where, fact, term in asked:
                    if z3.is_true(model.eval(term, model_completion=True)):
                        kept.append((where, fact, term))
                    else:
                        self.at[where].pop(fact, None)
                        yield where
                asked = kept

    def _implied(self, way: Way, known: Iterable[Fact], term: z3.BoolRef) -> bool:
        """Whether a term holds after a path, given what is known before it."""
        term = z3.simplify(term)
        if z3.is_true(term):
            return True
        asked = names(term)
        useful = [f.term for f in known if f.cells & asked]
        return possible([self._base(way), *useful, z3.Not(term)]) == z3.unsat

    def possible(self, way: Way, facts: Sequence[Fact]) -> bool:
        """Whether a path can be gone where some facts hold before it; true if it never can."""
        about = frozenset[str]().union(*map(names, way.path.conditions))
        about = about.union(*(fact.cells for fact in self.known(way)))
        if len(facts) == 1 and not facts[0].cells & about:
            return True  # whatever else is so, the field may have that value
        said = [fact.term for fact in facts]
        given = [self._base(way), *(f.term for f in self.known(way))]
        if id(way) not in self.examples:
            with assuming(given) as solver:
                found = solver.check() == z3.sat
                self.examples[id(way)] = solver.model() if found else None
        example = self.examples[id(way)]
        if example is None or z3.is_true(example.eval(z3.And(said), model_completion=True)):
            return True
        return possible([*given, *said]) == z3.sat

    def _base(self, way: Way) -> z3.BoolRef:
        """What is so whenever a path is gone."""
        if id(way) not in self.bases:
            terms = [way.base]
            if way.stored & {*self.listed}:
                terms += self._flags()
            if way.step is None:
                zero = z3.K(z3.IntSort(), z3.IntVal(0))
                terms += [array(key) == zero for key in self.listed if key in self.empty]
            self.bases[id(way)] = terms[0] if len(terms) == 1 else z3.And(terms)
        return self.bases[id(way)]

    def _moved(self, way: Way) -> dict[str, z3.ExprRef]:
        """What a path changes: by name, the term of the new value."""
        if id(way) not in self.moves:
            self.moves[id(way)] = _moved(way)
        return self.moves[id(way)]

    def _after(self, way: Way, fact: Fact) -> z3.BoolRef:
        """A fact about the state after a path, in terms of the state before it."""
        moved = self._moved(way)
        what = tuple(n for n in sorted(fact.names) if n in moved)
        if not what:
            return fact.term
        key = (fact.number, *((n, moved[n].get_id()) for n in what))
        if key not in self.later:
            pairs = [(array(n) if z3.is_array(moved[n]) else z3.Int(n), moved[n]) for n in what]
            self.later[key] = z3.simplify(z3.substitute(fact.term, *pairs))
        return self.later[key]

    def _calls_above(self, way: Way) -> set[Place]:
        """The calls that a process may be in while it takes a step."""
        assert way.step is not None
        callers = way.process.callers
        found: set[Place] = set()
        todo = [way.step.procedure]
        while todo:
            procedure = todo.pop()
            for call in callers.get(procedure, []):
                place = Place(call.caller, f"{procedure}():{call.first}", call=True)
                if place not in found:
                    found.add(place)
                    todo.append(call.caller)
        return {p for p in found if (way.process.name, p) in self.at}

    # What other processes leave alone

    def _protected(self) -> bool:
        """Drop what other processes may change; whether anything was dropped."""
        lockers, own = self.lockers, self.own
        safe: dict[tuple[str, str], bool] = {}
        dropped = False
        for (kind, _), facts in self.at.items():
            locks = [f.index[0] for f in facts if LOCK in f.cells]
            for fact in list(facts):
                if fact.cells & self.counts:
                    kept = False  # what the count is, is for the ledger to say
                elif LOCK in fact.cells:
                    kept = lockers
                elif fact.own:
                    kept = all((kind, key) in own for key in fact.cells)
                else:
                    key = next(iter(fact.cells))
                    kept = any(self._under(key, fact.index[0], lock, safe) for lock in locks)
                if not kept:
                    del facts[fact]
                    dropped = True
        return dropped

    def protected(self, where: Where, fact: Fact) -> bool:
        """Whether a lock that a process has at a place keeps others from changing a fact."""
        locks = [f.index[0] for f in self.at[where] if LOCK in f.cells]
        (key,) = fact.cells
        return any(self._under(key, fact.index[0], lock, self.safe) for lock in locks)

    def implied(self, way: Way, fact: Fact) -> bool:
        """Whether a fact holds after a path before which it holds."""
        return self._implied(way, [fact, *self.known(way)], self._after(way, fact))

    @functools.cached_property
    def own(self) -> set[tuple[str, str]]:
        """The lists of which every process writes only its own, with who has one."""
        lists = [key for key in self.listed if self._own(key)]
        return {(kind, key) for key in lists for kind in self.kinds if self._alone(kind, key)}

    @functools.cached_property
    def lockers(self) -> bool:
        """No process takes a lock from another."""
        other, at = z3.Int("other"), z3.Int("at")
        return all(
            self._implied(
                way,
                (),
                z3.Implies(
                    z3.And(other != PROCESS, other != 0, array(LOCK)[at] == other),
                    way.path.after.array(LOCK)[at] == other,
                ),
            )
            for way in self.ways
            if LOCK in way.stored
        )

    def _own(self, key: str) -> bool:
        """Every process writes a list only where its own element is, which no other one has."""
        length = self.program.cells[key].length
        if not all(self._alone(kind, key) for kind in self._writers(key)):
            return False
        return all(
            self._implied(way, (), z3.And(at >= (ME - 1) * length, at < ME * length))
            for way in self.ways
            for stored, at in way.path.stores
            if stored == key
        )

    def _alone(self, kind: str, key: str) -> bool:
        """Whether a process is given the element whose list it is, and no other writer of it is."""
        if self.kinds[kind].of is not self.program.cells[key].struct:
            return False
        return not any(frozenset((kind, other)) in self.shared for other in self._writers(key))

    def _writers(self, key: str) -> set[str]:
        return {way.process.name for way in self.ways if key in way.stored}

    def _under(
        self, key: str, at: z3.ArithRef, lock: z3.ArithRef, safe: dict[tuple[str, str], bool]
    ) -> bool:
        """Every step that writes a field holds the lock that stands in the same relation to it."""
        offset = z3.simplify(lock - at)
        fixed = z3.is_int_value(lock)
        if not fixed and not z3.is_int_value(offset):
            return False
        relation = (key, f"@{lock}" if fixed else str(offset))
        if relation not in safe:
            safe[relation] = all(
                self._implied(
                    way,
                    self.known(way),
                    array(LOCK)[lock if fixed else index + offset] == PROCESS,
                )
                for way in self.ways
                for stored, index in way.path.stores
                if stored == key
            )
        return safe[relation]


def _moved(way: Way) -> dict[str, z3.ExprRef]:
    """What a path changes: by name, the term of the new value."""
    after: World = way.path.after
    found: dict[str, z3.ExprRef] = {}
    for key in sorted(way.stored):
        found[key] = after.array(key)
    for name, value in after.locals.items():
        term = number(value)
        if not (z3.is_const(term) and term.decl().name() == name):
            found[name] = term
    return found
