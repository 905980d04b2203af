"""Which of all shortest counterexamples is shown: the same one that the other engines show.

The fewest switches between processes decide, then what is wrong, then packed states. All of that
is asked of the solver; what happens along the path is asked of the steps as Python, so that a path
that they do not take is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import z3

from mcheck.explorer.bounded.relation import Wrong
from mcheck.explorer.bounded.unrolled import Unrolled
from mcheck.explorer.deadlock import blocked, freers, nobody_works
from mcheck.explorer.findings import (
    Finding,
    Rank,
    deadlock,
    hang,
    wrong_moves,
    wrong_states,
)
from mcheck.explorer.moves import moves
from mcheck.lang.contract import Executable

Ask: TypeAlias = Callable[..., z3.ModelRef | None]
"""For a path for which some formulas are true; None if there is none."""


class Disagreement(RuntimeError):
    """The formulas say something else than the steps as Python do: mcheck itself is wrong."""


@dataclass(frozen=True)
class End:
    """One way in which paths of one length may end: what is wrong, and the formula for it."""

    what: Wrong
    formula: z3.BoolRef

    @property
    def state_is_wrong(self) -> bool:
        """It is the last state that is wrong, and not the last move."""
        return not self.what.moves


@dataclass(frozen=True)
class Path:
    """A counterexample: its states up to that in which, or from which, something is wrong."""

    states: tuple[int, ...]
    finding: Finding


class Shown:
    """Chooses among the paths of one length that end in one of some ways.

    ask: for one of these paths for which all is true that is given.
    """

    def __init__(self, unrolled: Unrolled, length: int, ends: Sequence[End], ask: Ask) -> None:
        self._unrolled, self._length, self._ends, self._ask = unrolled, length, ends, ask
        self._executable = unrolled.relation.executable
        self._fixed: list[z3.BoolRef] = []

    def first(self, model: z3.ModelRef) -> Path:
        """The path of a solution, whichever that is."""
        unrolled = self._unrolled
        ends = [e for e in self._ends if z3.is_true(model.eval(e.formula, model_completion=True))]
        if not ends:
            raise Disagreement("nothing is wrong at the end of the path that z3 has found")
        last = self._length if ends[0].state_is_wrong else self._length - 1
        states = [unrolled.state(model, place) for place in range(last + 1)]
        movers = [unrolled.mover(model, move) for move in range(self._length)]
        self._follow(states, movers)
        mover = None if ends[0].state_is_wrong else movers[-1]
        return Path(tuple(states), self._finding(ends[0], states[-1], mover))

    def best(self, model: z3.ModelRef) -> Path:
        """The path that is shown; model: a solution.

        Raises:
            Stopped: a limit is reached before it is found.
        """
        self._fewest_switches(model)
        end = next(e for e in self._ends if self._possible(e.formula))
        self._fix(end.formula)
        last = self._length if end.state_is_wrong else self._length - 1
        state = self._smallest_state(last)
        if end.state_is_wrong:
            finding = self._finding(end, state, None)
        else:
            finding = self._first_mover(end, state)
        return Path(tuple(self._way_to(last)), finding)

    # --- what may still be chosen

    def _solution(self, *asked: z3.BoolRef) -> z3.ModelRef | None:
        return self._ask(*self._fixed, *asked)

    def _possible(self, *asked: z3.BoolRef) -> bool:
        return self._solution(*asked) is not None

    def _fix(self, *chosen: z3.BoolRef) -> None:
        self._fixed += chosen

    def _fewest_switches(self, model: z3.ModelRef) -> None:
        self._fix(z3.Or([end.formula for end in self._ends]))
        switches = self._unrolled.switches(self._length)
        if not switches:
            return
        size = len(switches).bit_length()
        one, none = z3.BitVecVal(1, size), z3.BitVecVal(0, size)
        count = none
        for switch in switches:
            count += z3.If(switch, one, none)
        found: z3.ModelRef | None = model
        fewest = len(switches)
        while found is not None:
            fewest = found.eval(count, model_completion=True).as_long()
            if not fewest:
                break
            found = self._solution(z3.ULT(count, fewest))
        self._fix(count == fewest)

    def _smallest_state(self, place: int) -> int:
        """Fix the state at a place to the smallest one that is possible."""
        packed = 0
        model = self._solution()
        assert model is not None
        for slot in self._unrolled.relation.vector.ordered:
            here = slot.at(str(place))
            least = model.eval(here, model_completion=True).as_long()
            while least and (smaller := self._solution(z3.ULT(here, least))) is not None:
                model = smaller
                least = model.eval(here, model_completion=True).as_long()
            self._fix(here == least)
            packed |= least << slot.offset
        return packed

    def _first_mover(self, end: End, state: int) -> Finding:
        """Which of the moves from a state is shown as the wrong one."""
        found = sorted(self._findings(end, state), key=lambda f: f.preference)
        for finding in found:
            assert finding.actor is not None
            move = [self._unrolled.moves_by(finding.actor, self._length - 1)]
            if finding.target is not None:
                move.append(self._unrolled.is_state(finding.target, self._length))
            if self._possible(*move):
                self._fix(*move)
                return finding
        raise Disagreement(f"no step of state {state:#x} is wrong: {end.what.name}")

    def _way_to(self, last: int) -> Iterator[int]:
        """The states up to a place: the smallest, then the first mover's smallest, and so on."""
        state = self._smallest_state(0)
        yield state
        for place in range(last):
            state = self._next(state, place)
            yield state

    def _next(self, state: int, place: int) -> int:
        for index, actor in enumerate(self._executable.actors):
            mover = self._unrolled.moves_by(index, place)
            if not self._possible(mover):
                continue
            for target in sorted(set(moves(actor, state)[0])):
                there = self._unrolled.is_state(target, place + 1)
                if self._possible(mover, there):
                    self._fix(mover, there)
                    return target
        raise Disagreement(f"no step of state {state:#x} leads on to what z3 has found")

    # --- what Python says of it

    def _follow(self, states: Sequence[int], movers: Sequence[int]) -> None:
        """Make sure that a path can be taken."""
        if states[0] not in self._executable.initial:
            raise Disagreement(f"state {states[0]:#x} is not initial")
        for state, mover, target in zip(states, movers, states[1:], strict=False):
            if target not in moves(self._executable.actors[mover], state)[0]:
                raise Disagreement(f"no step leads from state {state:#x} to {target:#x}")

    def _finding(self, end: End, state: int, mover: int | None) -> Finding:
        """What is wrong, as Python has it."""
        for finding in sorted(self._findings(end, state), key=lambda f: f.preference):
            if finding.actor == mover:
                return finding
        raise Disagreement(f"state {state:#x} is not wrong: {end.what.name}")

    def _findings(self, end: End, state: int) -> Iterator[Finding]:
        what = end.what
        found = (
            in_vain(self._executable, state)
            if what.rank in (Rank.DEADLOCK, Rank.HANG)
            else wrong_moves(self._executable, [state])
            if what.moves
            else wrong_states(self._executable, ("always", "cover"), [state])
        )
        return (f for f in found if (f.rank, f.order, f.name) == what.preference)


def in_vain(executable: Executable, state: int) -> list[Finding]:
    """The deadlock or hang that is plain to see in one state, if there is one and no step fails."""
    if any(f.rank == Rank.FAILURE for f in wrong_moves(executable, [state])):
        return []
    waiting = blocked(executable, state)
    if not waiting:
        return []
    if not any(moves(actor, state)[0] for actor in executable.actors):
        return [deadlock(state)]
    works = not nobody_works(freers(executable), state, waiting)
    return [] if works or not executable.hang else [hang(state)]
