"""k-induction: what holds in k states in a row holds in the next one, wherever they begin.

With a search that has found nothing wrong on paths of up to k steps, that proves it for paths of
any length. Only paths without a state that comes twice have to be looked at, as a shortest
counterexample is one. They begin in any state in which everything has one of its values.
"""

from __future__ import annotations

import z3

from mcheck.explorer.bounded.relation import Wrong
from mcheck.explorer.bounded.search import Search
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.bounded.unrolled import Unrolled
from mcheck.explorer.limits import Stopped


class Induction:
    """An attempt to prove that nothing ever goes wrong, but for processes that wait in vain.

    proved: the number of steps with which it has succeeded; tried: up to how many it has been
    tried in vain; not_inductive: what may go wrong after that many steps.
    """

    def __init__(self, base: Search) -> None:
        self._base = base
        self._wrong = base.relation.wrong
        self.proved: int | None = None
        self.tried = 0
        self.not_inductive: list[str] = []

    def run(self) -> str:
        """Try 1, 2, ... steps, as many as the search has; what stopped it, or an empty text."""
        try:
            self._run()
        except Stopped as reason:
            return str(reason)
        except KeyboardInterrupt:
            return "an interrupt"
        return ""

    def _run(self) -> None:
        self._unrolled = Unrolled(self._base.relation, Solver(self._base.tick))
        solver = self._unrolled.solver
        solver.add(self._unrolled.inside(0))
        self._nothing_wrong(0)
        for steps in range(1, self._base.most + 1):
            self._unrolled.lengthen()
            solver.add(self._unrolled.inside(steps))
            if solver.solution(z3.Or(list(self._goes_wrong(steps).values()))) is None:
                self.proved = steps
                return
            self.tried = steps
            if steps < self._base.most:
                self._nothing_wrong(steps)
                # The state in which something goes wrong is another one anyway.
                solver.add(*(self._unrolled.differ(steps, i) for i in range(steps)))
        self.not_inductive = [
            name
            for name, formula in self._goes_wrong(self.tried).items()
            if solver.solution(formula) is not None
        ]

    def _goes_wrong(self, place: int) -> dict[str, z3.BoolRef]:
        """What may be wrong about the state at a place, the move to it, or a step from it."""
        found: dict[str, list[z3.BoolRef]] = {}
        for what in self._wrong:
            name = what.name if what.ends else f"no step fails ({what.name})"
            formula = self._unrolled.wrong(what, place if what.ends else place + 1)
            if formula is not None:
                found.setdefault(name, []).append(formula)
        return {name: z3.Or(formulas) for name, formulas in found.items()}

    def _nothing_wrong(self, place: int) -> None:
        """A state on the way. Its own step does not fail, as it is made."""
        for what in filter(_ends, self._wrong):
            formula = self._unrolled.wrong(what, place)
            if formula is not None:
                self._unrolled.solver.add(z3.Not(formula))


def _ends(what: Wrong) -> bool:
    return what.ends
