"""What a process knows of the fields at each point, because it holds a lock or owns them.

The facts are not written by hand. Candidates are made from the text: what it compares and stores.
All are taken to hold; whatever some step does not preserve is dropped, until all that is left is
preserved by every step (an inductive set, as Houdini finds it). Other processes preserve a fact
of a field if every step that writes the field holds the same lock, or if only the process whose
element it is writes there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import z3

from mcheck.lang.emit.smt import World, number
from mcheck.lang.program import Program
from mcheck.refs.candidates import LOCK, ME, PROCESS, Candidates, Fact, Where, array
from mcheck.refs.equations import Way, frame_ranges, ranges
from mcheck.refs.features import Counted, features, siblings
from mcheck.refs.frames import Frame, Place, names


class Facts:
    """What holds where, in a program."""

    def __init__(
        self, program: Program, counts: Sequence[Counted], ways: list[Way], empty: frozenset[str]
    ) -> None:
        """Find the facts that the equations of the counted structs may need.

        empty: the fields that are 0 everywhere in all initial states.
        """
        self.program, self.ways, self.empty = program, ways, empty
        self.counts = {of.cell.key for of in counts}
        offered = [f for of in counts for f in features(program, of, ())]
        named = [f.cell for f in offered if f.how == "names"]
        stored = [{k for k, _ in way.path.stores} for way in ways]
        near = [
            c.key
            for key in named
            for c in siblings(program, program.cells[key])
            if any({key, c.key} <= together for together in stored)
        ]
        self.listed = [f.cell for f in offered if f.how == "listed"]
        self.about = {*named, *near, *self.listed, LOCK, *self.counts}
        self.solvers: dict[int, z3.Solver] = {}
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
            todo = dict.fromkeys(range(len(self.ways)))
            numbers = {id(way): i for i, way in enumerate(self.ways)}
            while todo:
                way = self.ways[next(iter(todo))]
                del todo[numbers[id(way)]]
                weakened = [*self._preserved(way), *self._left_alone(way)]
                for where in weakened:
                    todo.update((numbers[id(w)], None) for w in self.leaving[where])
            changed = self._protected()

    def _preserved(self, way: Way) -> Iterator[Where]:
        """Drop what a step does not establish where it ends; where anything was dropped."""
        before = dict.fromkeys(self.known(way))
        moved = _moved(way)
        asked: list[tuple[Where, Fact, z3.BoolRef]] = []
        for frame in way.after:
            where = way.process.name, frame.place
            for fact in self.at[where]:
                if fact not in before or names(fact.term) & moved.keys():
                    asked.append((where, fact, _after(fact, moved)))
        yield from self._drop(way, before, asked, ())

    def _flags(self) -> Iterator[z3.BoolRef]:
        """The flags of the process's own lists are 0 or 1."""
        for key in self.listed:
            for i in range(self.program.cells[key].length):
                flag = array(key)[(ME - 1) * self.program.cells[key].length + i]
                yield z3.And(flag >= 0, flag <= 1)

    def _left_alone(self, way: Way) -> Iterator[Where]:
        """Drop what a caller knows, if a step of what it has called may change it."""
        stored = {key for key, _ in way.path.stores}
        if way.step is None or not stored & self.about:
            return
        mine = {f.place for f in (*way.before, *way.after)}
        moved = {k: v for k, v in _moved(way).items() if k in stored}
        known = dict.fromkeys(self.known(way))
        for place in self._calls_above(way) - mine:
            where = way.process.name, place
            facts = self.at[where]
            asked = [(where, f, _after(f, moved)) for f in facts if f.cells & stored]
            own = list(frame_ranges(way.process, self.frames[where]))
            yield from self._drop(way, {**known, **facts}, asked, own)

    def _drop(
        self,
        way: Way,
        known: Iterable[Fact],
        asked: list[tuple[Where, Fact, z3.BoolRef]],
        besides: Sequence[z3.BoolRef],
    ) -> Iterator[Where]:
        """Drop the facts that need not hold after a path."""
        asked = [(w, f, t) for w, f, t in asked if not z3.is_true(t)]
        if not asked:
            return
        cells = frozenset[str]().union(*(names(t) for _, _, t in asked))
        useful = [f.term for f in known if f.cells & cells]
        while asked:
            wrong = z3.Not(z3.And([t for _, _, t in asked]))
            solver = self._solver(way)
            if solver.check(wrong, *useful, *besides) != z3.sat:
                assert solver.reason_unknown() != "canceled"
                return
            model = solver.model()
            kept: list[tuple[Where, Fact, z3.BoolRef]] = []
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
        return self._solver(way).check(z3.Not(term), *useful) == z3.unsat

    def possible(self, way: Way, said: Sequence[z3.BoolRef]) -> bool:
        """Whether a path can be gone where something holds before it; true if it never can."""
        solver, known = self._solver(way), [f.term for f in self.known(way)]
        if solver.check(*known) != z3.sat:
            return True
        return solver.check(*known, *said) == z3.sat

    def _solver(self, way: Way) -> z3.Solver:
        """What decides on a path."""
        if id(way) not in self.solvers:
            solver = self.solvers[id(way)] = z3.SimpleSolver()
            solver.add(*way.path.conditions, *ranges(way))
            if {k for k, _ in way.path.stores} & {*self.listed}:
                solver.add(*self._flags())
            if way.step is None:
                zero = z3.K(z3.IntSort(), z3.IntVal(0))
                solver.add(*(array(key) == zero for key in self.listed if key in self.empty))
        return self.solvers[id(way)]

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
        lockers = self._locks_are_kept()
        own = {key for key in self.listed if self._own(key)}
        safe: dict[tuple[str, str], bool] = {}
        dropped = False
        for facts in self.at.values():
            locks = [f.index[0] for f in facts if LOCK in f.cells]
            for fact in list(facts):
                if fact.cells & self.counts:
                    continue  # what the count is, is for the ledger to say
                if LOCK in fact.cells:
                    kept = lockers
                elif fact.own:
                    kept = fact.cells <= own
                else:
                    key = next(iter(fact.cells))
                    kept = any(self._under(key, fact.index[0], lock, safe) for lock in locks)
                if not kept:
                    del facts[fact]
                    dropped = True
        return dropped

    def _locks_are_kept(self) -> bool:
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
            if any(key == LOCK for key, _ in way.path.stores)
        )

    def _own(self, key: str) -> bool:
        """Every process writes a list only where its own element is."""
        length = self.program.cells[key].length
        return all(
            self._implied(way, (), z3.And(at >= (ME - 1) * length, at < ME * length))
            for way in self.ways
            for stored, at in way.path.stores
            if stored == key
        )

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
    for key in {key for key, _ in way.path.stores}:
        found[key] = after.array(key)
    for name, value in after.locals.items():
        term = number(value)
        if not (z3.is_const(term) and term.decl().name() == name):
            found[name] = term
    return found


def _after(fact: Fact, moved: Mapping[str, z3.ExprRef]) -> z3.BoolRef:
    """A fact about the state after a path, in terms of the state before it."""
    pairs = [
        (array(n) if z3.is_array(moved[n]) else z3.Int(n), moved[n])
        for n in names(fact.term)
        if n in moved
    ]
    return z3.substitute(fact.term, *pairs)
