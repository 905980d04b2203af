"""A path of some length as one formula: the relation, copied for each of its moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import z3

from mcheck.explorer.bounded.relation import Relation, Wrong
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.bounded.ways import AFTER, BEFORE


class Unrolled:
    """The moves 0, 1, ... of one path, as far as they have been added to a solver.

    moves: how many are there.
    """

    def __init__(self, relation: Relation, solver: Solver) -> None:
        self.relation, self.solver = relation, solver
        self.moves = 0
        self._named: dict[int, list[tuple[z3.BitVecRef, z3.BitVecRef]]] = {}

    def lengthen(self) -> None:
        """One more move is made at the end."""
        self.solver.add(self.at(self.relation.moves, self.moves))
        self.moves += 1

    def at(self, formula: z3.BoolRef, move: int) -> z3.BoolRef:
        """A formula about one move, as one about that move; of a state: about the one before it."""
        if move not in self._named:
            self._named[move] = list(self._names(move))
        return z3.substitute(formula, *self._named[move])

    def _names(self, move: int) -> Iterator[tuple[z3.BitVecRef, z3.BitVecRef]]:
        """What every variable of a formula about one move is called for that move."""
        for slot in self.relation.vector.slots.values():
            yield slot.at(BEFORE), slot.at(_moment(move))
            yield slot.at(AFTER), slot.at(_moment(move + 1))
        for given in self.relation.ways.inputs:
            yield given, self.given(given, move)

    def given(self, which: z3.BitVecRef, move: int) -> z3.BitVecRef:
        """An input, as that of one move."""
        return z3.BitVec(f"{which.decl().name()}@{move}", which.size())

    def wrong(self, what: Wrong, length: int) -> z3.BoolRef | None:
        """That is wrong at the end of a path of that length; None if it cannot be so short.

        The last move of a path that ends in a step that fails is not one of those added.
        """
        if what.moves:
            return self.at(what.formula, length - 1) if length else None
        return self.at(what.formula, length)

    def anything_wrong(self, length: int) -> z3.BoolRef:
        """Something is wrong at the end of a path of that length."""
        relation = self.relation
        state = self.at(relation.wrong_state, length)
        if not length:
            return state
        move = self.at(z3.Or(relation.failure, relation.wrong_move), length - 1)
        return z3.Or(move, z3.And(self.at(relation.moves, length - 1), state))

    def is_state(self, state: int, place: int) -> z3.BoolRef:
        """The state at a place of the path, 0 being the first, is this one."""
        return self.relation.vector.equals(state, _moment(place))

    def one_of(self, states: Iterable[int], place: int) -> z3.BoolRef:
        """The state at a place of the path is one of these."""
        return z3.Or([self.is_state(state, place) for state in states])

    def differ(self, one: int, other: int) -> z3.BoolRef:
        """The states at two places are not the same."""
        return self.relation.vector.differs(_moment(one), _moment(other))

    def inside(self, place: int) -> z3.BoolRef:
        """Nothing in the state at a place is out of its range."""
        return self.relation.vector.inside(_moment(place))

    def moves_by(self, actor: int, move: int) -> z3.BoolRef:
        """A move is made by that process."""
        return self.given(self.relation.ways.who, move) == actor

    def switches(self, moves: int) -> list[z3.BoolRef]:
        """For each but the first of so many moves: it is made by another process than the last."""
        who = [self.given(self.relation.ways.who, move) for move in range(moves)]
        return [a != b for a, b in pairwise(who)]

    def state(self, model: z3.ModelRef, place: int) -> int:
        """The packed state that a solution has at a place."""
        return self.relation.vector.state(model, _moment(place))

    def mover(self, model: z3.ModelRef, move: int) -> int:
        """Who makes a move in a solution."""
        which = self.given(self.relation.ways.who, move)
        return model.eval(which, model_completion=True).as_long()


def _moment(place: int) -> str:
    return str(place)
