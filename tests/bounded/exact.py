"""Compares the formulas of one move with what the steps as Python do, state by state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import z3

from mcheck.explorer.bounded.relation import Relation, Wrong
from mcheck.explorer.bounded.shown import in_vain
from mcheck.explorer.bounded.ways import AFTER, BEFORE
from mcheck.explorer.findings import Rank, wrong_moves, wrong_states
from mcheck.explorer.moves import moves
from mcheck.lang.emit.python import PythonProgram

_VAIN = (Rank.DEADLOCK, Rank.HANG)


class Formulas:
    """The formulas about one move of a model, to be asked about known states."""

    def __init__(self, executable: PythonProgram) -> None:
        self.executable = executable
        self.relation = Relation(executable)
        self._vector = self.relation.vector
        self._inside = _solver(self._vector.inside(BEFORE))
        self._moves = _solver(self.relation.moves)
        self._spoilt = _solver(self.relation.spoiling)
        self._wrong = [(what, self._when(what)) for what in self.relation.wrong]
        self._vain = [(what, _solver(what.formula)) for what in self.relation.in_vain]

    def differences(self, states: Iterable[int]) -> list[str]:
        """In which states, all of which can be reached, formulas and Python differ, and how."""
        return [
            f"in state {state:#x} {what}: {found}, and not {expected}"
            for state in states
            for what, found, expected in self._of(state)
            if found != expected
        ]

    def _when(self, what: Wrong) -> z3.Solver:
        return _solver(what.formula, *([self.relation.moves] if what.moves and what.ends else []))

    def _of(self, state: int) -> Iterable[tuple[str, Any, Any]]:
        actors = range(len(self.executable.actors))
        yield "is inside", self._is(self._inside, state), True
        targets = {(a, t) for a in actors for t in moves(self.executable.actors[a], state)[0]}
        yield "moves", self._targets(state), targets
        expected = [*wrong_moves(self.executable, [state])]
        expected += wrong_states(self.executable, ("always", "cover"), [state])
        names = {(f.rank, f.order, f.name, f.actor) for f in expected}
        found = {
            (*what.preference, actor)
            for what, solver in self._wrong
            for actor in (actors if what.moves else [None])
            if self._is(solver, state, actor)
        }
        yield "is wrong", found, names
        spoilt = self._is(self._spoilt, state)
        vain = [w.name for w, s in self._vain if not spoilt and self._is(s, state)]
        yield "waits", vain[:1], [f.name for f in in_vain(self.executable, state)]

    def _is(self, solver: z3.Solver, state: int, actor: int | None = None) -> bool:
        asked = [self._vector.equals(state, BEFORE)]
        if actor is not None:
            asked.append(self.relation.ways.who == actor)
        return solver.check(*asked) == z3.sat

    def _targets(self, state: int) -> set[tuple[int, int]]:
        """Who can move from a state, and to which one."""
        found: set[tuple[int, int]] = set()
        self._moves.push()
        self._moves.add(self._vector.equals(state, BEFORE))
        while self._moves.check() == z3.sat:
            model = self._moves.model()
            who = self.relation.ways.who
            actor = model.eval(who, model_completion=True).as_long()
            target = self._vector.state(model, AFTER)
            found.add((actor, target))
            self._moves.add(z3.Not(z3.And(who == actor, self._vector.equals(target, AFTER))))
        self._moves.pop()
        return found


def _solver(*formulas: z3.BoolRef) -> z3.Solver:
    """One that knows nothing of bits only, so that both kinds are compared as well."""
    solver = z3.SolverFor("QF_BV")
    solver.add(*formulas)
    return solver
