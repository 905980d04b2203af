"""What one move can do, and what can be wrong, as formulas over the states before and after it.

Built once; a search copies them for every depth. Who moves and what is chosen are variables as
well, so one formula stands for all processes, labels, ways through a step and choices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import z3

from mcheck.explorer.bounded import parts
from mcheck.explorer.bounded.vector import Vector
from mcheck.explorer.bounded.ways import AFTER, BEFORE, Place, Ways, failures_of
from mcheck.explorer.deadlock import begins
from mcheck.explorer.findings import Rank
from mcheck.lang.contract import Actor, Executable, Label
from mcheck.lang.emit.smt import Steps
from mcheck.lang.emit.words import Word, Words, constant, stored
from mcheck.lang.program import Claim, Program


class Lowered(Executable, Protocol):
    """An executable that can be had as a program, and as a model that runs directly."""

    @property
    def program(self) -> Program: ...
    @property
    def model(self) -> Any: ...


@dataclass(frozen=True)
class Wrong:
    """One thing that may be wrong, named as in `Finding`, and the formula that says it is.

    moves: it is wrong about a move, not about the state before; ends: that move leads somewhere.
    """

    rank: Rank
    order: int
    name: str
    formula: z3.BoolRef
    moves: bool = False
    ends: bool = True

    @property
    def preference(self) -> tuple[int, int, str]:
        """Sorts what is found with equally good traces; the smallest is shown."""
        return (self.rank, self.order, self.name)


class Relation:
    """All formulas about one move, from `BEFORE` to `AFTER`, and its inputs.

    wrong: all that can be wrong, but for processes that wait in vain; what is shown first comes
    first.
    """

    def __init__(self, executable: Lowered) -> None:
        self.executable = executable
        self.vector = Vector(executable.program)
        self.ways = Ways(executable.program, self.vector)
        found = [*self._failures(), *self._broken()]
        self.wrong = [w for w in sorted(found, key=lambda w: w.preference) if _can_be(w.formula)]

    @cached_property
    def moves(self) -> z3.BoolRef:
        """Somebody makes a move.

        One of the ways is taken, and what it does not put anything into stays as it is.
        """
        puts: dict[int, dict[int, tuple[z3.BitVecRef, list[z3.BoolRef]]]] = {}
        for way in self.ways.taken:
            for offset, value in way.puts.items():
                same = puts.setdefault(offset, {}).setdefault(value.get_id(), (value, []))
                same[1].append(way.taken)
        formulas = [z3.Or([way.taken for way in self.ways.taken])]
        for slot in self.vector.slots.values():
            value = slot.at(BEFORE)
            for put, when in puts.get(slot.offset, {}).values():
                value = z3.If(z3.Or(when), put, value)
            formulas.append(slot.at(AFTER) == value)
        return z3.simplify(z3.And(formulas))

    @cached_property
    def wrong_state(self) -> z3.BoolRef:
        """Something is wrong about the state before."""
        return z3.Or([w.formula for w in self.wrong if not w.moves])

    @cached_property
    def wrong_move(self) -> z3.BoolRef:
        """Somebody makes a move, and something is wrong about that."""
        return z3.And(self.moves, z3.Or([w.formula for w in self.wrong if w.moves and w.ends]))

    @cached_property
    def failure(self) -> z3.BoolRef:
        """A step fails."""
        return z3.Or([w.formula for w in self.wrong if not w.ends])

    @cached_property
    def in_vain(self) -> list[Wrong]:
        """In the state before somebody waits, and nobody moves; or nobody but those at rest.

        The second is wrong only where the model asks for hangs, and no step fails: see `spoiling`.
        """
        waits: list[z3.BoolRef] = []
        works: list[z3.BoolRef] = []
        begins_: list[z3.BoolRef] = []
        fails: list[z3.BoolRef] = []
        for place in self.ways.places:
            able = z3.And(place.here, place.able)
            if self._begins(place):
                begins_.append(able)
                fails += (z3.And(place.here, f) for f in place.fails if not self._chooses(f))
            else:
                works.append(able)
            if self._waits(place):
                waits.append(z3.And(place.here, z3.Not(place.able)))
        hang = z3.simplify(z3.And(z3.Or(waits), z3.Not(z3.Or(works))))
        dead = z3.simplify(z3.And(hang, z3.Not(z3.Or(begins_))))
        found = [Wrong(Rank.DEADLOCK, 0, "deadlock", dead)]
        if self.executable.hang:
            found.append(
                Wrong(Rank.HANG, 0, "hang", z3.simplify(z3.And(hang, *map(z3.Not, fails))))
            )
        return found

    @cached_property
    def spoiling(self) -> z3.BoolRef:
        """A step of somebody at rest fails because of what it chooses.

        Then nobody hangs. It is not said in `in_vain`, which would have to ask for all choices.
        """
        return z3.Or(
            [
                z3.And(place.moves, failed)
                for place in self.ways.places
                if self._begins(place)
                for failed in place.fails
                if self._chooses(failed)
            ]
        )

    def _label(self, place: Place) -> tuple[Actor, Label]:
        actor = self.executable.actors[place.actor]
        return actor, actor.labels[place.label]

    def _waits(self, place: Place) -> bool:
        actor, label = self._label(place)
        return not actor.daemon and not label.rest

    def _begins(self, place: Place) -> bool:
        return begins(*self._label(place))

    def _chooses(self, formula: z3.BoolRef) -> bool:
        """Whether a formula depends on what is chosen."""
        chosen = [(given, z3.BitVecVal(0, given.size())) for given in self.ways.chosen.values()]
        return not z3.substitute(formula, *chosen).eq(formula)

    def _failures(self) -> Iterator[Wrong]:
        for kind, formulas in self.ways.failures.items():
            failed = z3.simplify(z3.Or(formulas))
            yield Wrong(Rank.FAILURE, 0, kind, failed, moves=True, ends=False)

    def _broken(self) -> Iterator[Wrong]:
        """What a property forbids, and where its own evaluation goes wrong."""
        lowered = {claim.name: claim for claim in self.executable.program.claims}
        for order, judged in enumerate(self.executable.properties):
            moves = judged.kind == "step"
            false, mistaken = self._judged(lowered[judged.name])
            yield Wrong(Rank.ERROR, order, judged.name, mistaken, moves)
            if judged.kind != "cover":
                yield Wrong(Rank.PROPERTY, order, judged.name, false, moves)

    def _judged(self, claim: Claim) -> tuple[z3.BoolRef, z3.BoolRef]:
        """When the property is false, and when its evaluation goes wrong."""
        cells = self.executable.program.cells
        later = {f"{key}'": cell for key, cell in cells.items()}
        words = Words(self._hold, self._cell)
        false: list[z3.BoolRef] = []
        mistaken: list[z3.BoolRef] = []
        for path in Steps({**cells, **later}, lambda site: True).paths(parts.claim(claim)):
            for site, failed in failures_of(path, words):
                (false if site == parts.CLAIMED else mistaken).append(failed)
        return z3.simplify(z3.Or(false)), z3.simplify(z3.Or(mistaken))

    def _cell(self, key: str) -> Sequence[Word]:
        cell = self.executable.program.cells[key.removesuffix("'")]
        return self.vector.cell(cell, _moment(key))

    def _hold(self, name: str) -> Word:
        """What a slot of holds has, by the name that properties have for it."""
        if not name.startswith("hold:"):
            return constant(0)  # not set on this path, so not used on it
        _, offset, bits = name.removesuffix("'").split(":")
        content = self.vector.raw(int(offset), int(bits), _moment(name))
        return stored(content, 0, (1 << int(bits)) - 1)


def _moment(name: str) -> str:
    """A step property calls what is there after the step as before it, with a prime."""
    return AFTER if name.endswith("'") else BEFORE


def _can_be(formula: z3.BoolRef) -> bool:
    return not z3.is_false(formula)
