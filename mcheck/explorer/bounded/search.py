"""Bounded model checking: paths of 0, 1, 2, ... steps, until one is a counterexample.

Shorter paths come first, so what is found is as short as what the other engines find. Nothing is
said of paths that are longer than those that were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import z3

from mcheck.explorer.bounded.relation import Lowered, Relation
from mcheck.explorer.bounded.shown import End, Path, Shown, in_vain
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.bounded.unrolled import Unrolled
from mcheck.explorer.deadlock import blocked, hangs_in, stuck_in
from mcheck.explorer.findings import Finding
from mcheck.explorer.limits import Stopped, Watch
from mcheck.explorer.shortest import Level, leading_to
from mcheck.lang.contract import Executable, Property

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
            self.relation = Relation(self.lowered)
            self._unrolled = Unrolled(self.relation, Solver(self.tick))
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
        if self._ends(length, self._wrong(length)):
            return
        if length:
            self._unrolled.lengthen()
        if not self._ends(length, self._waits(length)):
            self.depth = length

    def _ends(self, length: int, ends: list[End]) -> bool:
        """Whether a path ends in one of these ways; if so, which one is shown."""
        if not ends:
            return False
        solver = self._unrolled.solver
        ended = z3.Or([end.formula for end in ends])
        model = solver.solution(ended)
        if model is None:
            solver.add(z3.Not(ended))
            return False
        shown = Shown(self._unrolled, length, ends)
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

    def _waits(self, length: int) -> list[End]:
        """The ways to end in a state in which somebody waits in vain.

        If a step fails there, that is what is wrong, and it takes that step more.
        """
        ends = [End(w, self._unrolled.at(w.formula, length)) for w in self.relation.in_vain]
        spared: list[z3.BoolRef] = []
        while ends:
            model = self._unrolled.solver.solution(*spared, z3.Or([e.formula for e in ends]))
            if model is None:
                return []
            state = self._unrolled.state(model, length)
            if in_vain(self.executable, state):
                return [End(e.what, z3.And(e.formula, *spared)) for e in ends]
            spared.append(z3.Not(self._unrolled.is_state(state, length)))
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
