"""Bounded model checking: paths of 0, 1, 2, ... steps, until one is a counterexample.

Shorter paths come first, so what is found is as short as what the other engines find. Nothing is
said of paths that are longer than those that were asked for.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import partial

import z3

from mcheck.explorer.bounded.relation import Lowered, Relation
from mcheck.explorer.bounded.shown import Ask, End, Path, Shown
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.bounded.unrolled import Unrolled
from mcheck.explorer.bounded.vain import Spoilt, Vain
from mcheck.explorer.deadlock import blocked, hangs_in, stuck_in
from mcheck.explorer.findings import Finding
from mcheck.explorer.limits import Stopped, Watch
from mcheck.explorer.shortest import Level, leading_to
from mcheck.lang.contract import Executable, Property
from mcheck.lang.errors import ModelError

ENGINE = "z3"


class Search:
    """Looks for a counterexample of up to `most` steps; what it has found, as `Searched` says it.

    depth: no path of so many steps is a counterexample; -1 before even that of none is judged.
    path: the counterexample that is found; remark: what is to be said of the choice of it.
    """

    engine: str = ENGINE
    states = transitions = 0
    unexpanded = 1

    def __init__(self, executable: Lowered, most: int, watch: Watch) -> None:
        self.executable: Executable = executable
        self.lowered, self.most, self.watch = executable, most, watch
        self.counts = [[0] * len(actor.labels) for actor in executable.actors]
        self.open_covers: list[Property] = []
        self.depth = -1
        self.path: Path | None = None
        self.remark = ""

    def run(self) -> str:
        """Search; what stopped it before its end, or an empty text."""
        try:
            self.tick()
            self.relation = _relation(self.lowered)
            self._unrolled = Unrolled(self.relation, Solver(self.tick))
            self._spoilt = Spoilt(self.relation, Solver(self.tick))
            self._unrolled.solver.add(self._unrolled.one_of(self.executable.initial, 0))
            while self.path is None and self.depth < self.most:
                self._look(self.depth + 1)
        except Stopped as reason:
            return str(reason)
        except KeyboardInterrupt:
            return "an interrupt"
        return ""

    def tick(self) -> None:
        """Keep the limits, and tell how far the search is."""
        if self.watch.due():
            self.watch.look(0, 0, max(self.depth, 0), 0)

    def _look(self, length: int) -> None:
        """Is a path of this length a counterexample? All shorter ones are none."""
        unrolled = self._unrolled
        wrong = unrolled.anything_wrong(length)
        if self._ends(length, unrolled.solver.solution, wrong, self._wrong):
            return
        unrolled.solver.add(z3.Not(wrong))
        if length:
            unrolled.lengthen()
        vain = Vain(unrolled, length, self._spoilt)
        if not self._ends(length, vain.solution, vain.formula, lambda _: vain.ends):
            unrolled.solver.add(z3.Not(z3.And(vain.formula, *vain.unspoilt)))
            self.depth = length

    def _ends(
        self, length: int, ask: Ask, ended: z3.BoolRef, ends: Callable[[int], list[End]]
    ) -> bool:
        """Whether a path of that length ends so; if one does, find the one that is shown.

        ask: for a path that does; ends: the ways to end so, each for itself; it is called only if
        there is such a path.
        """
        model = ask(ended)
        if model is None:
            return False
        shown = Shown(self._unrolled, length, ends(length), ask)
        self.path = shown.first(model)
        try:
            self.path = shown.best(model)
        except Stopped as reason:
            self.remark = f"stopped by {reason}"
        except KeyboardInterrupt:
            self.remark = "interrupted"
        return True

    def _wrong(self, length: int) -> list[End]:
        """The ways to end in a wrong state, or with a wrong move."""
        unrolled = self._unrolled
        last = unrolled.at(self.relation.moves, length - 1) if length else z3.BoolVal(True)
        ends: list[End] = []
        for what in self.relation.wrong:
            formula = unrolled.wrong(what, length)
            if formula is not None:
                ends.append(End(what, z3.And(last, formula) if what.ends else formula))
        return ends

    # --- what is asked of a search when it has ended

    def findings(self) -> list[Finding]:
        return [] if self.path is None else [self.path.finding]

    def levels_before(self) -> Iterator[Level]:
        assert self.path is not None
        *before, last = self.path.states
        if self.path.finding.actor is not None:
            before.append(last)
        for state in reversed(before):
            yield partial(leading_to, self.executable, [state])

    def stuck_in(self, state: int) -> int:
        return blocked(self.executable, state)

    def hangs_in(self, state: int) -> int:
        return hangs_in(self.executable, state)

    def look_ahead(self, state: int) -> int:
        return stuck_in(self.executable, state, lambda found: self.tick())


def _relation(lowered: Lowered) -> Relation:
    try:
        return Relation(lowered)
    except (RecursionError, ctypes.ArgumentError) as error:
        if "RecursionError" not in f"{type(error).__name__}: {error}":
            raise
        raise ModelError("a step is too long for z3: its terms are too deep") from None
