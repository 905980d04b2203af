"""k-induction: what holds in k states in a row holds in the next one, wherever they begin.

With a search that has found nothing wrong on paths of up to k steps, that proves it for paths of
any length. Only paths without a state that comes twice have to be looked at, as a shortest
counterexample is one. They begin in any state in which everything has one of its values.

Claims are tried together, so that each may lean on the others. Those that fail are dropped until
the rest carries itself; what is proved is taken for granted when more steps are tried.
"""

from __future__ import annotations

import z3

from mcheck.explorer.bounded.relation import Wrong
from mcheck.explorer.bounded.search import Search
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.bounded.unrolled import Unrolled
from mcheck.explorer.findings import Rank
from mcheck.explorer.limits import Stopped

NO_FAILURE = "no step fails"
COVERS = "covers can be evaluated"


class Induction:
    """An attempt to prove that nothing ever goes wrong, but for processes that wait in vain.

    proved: the claims that are proved, each with the number of steps that it took; open: the
    others; tried: up to how many steps these have been tried in vain.
    """

    def __init__(self, base: Search) -> None:
        self._base = base
        self._wrong: dict[str, list[Wrong]] = {}
        for claim in base.executable.properties:
            if claim.kind != "cover":
                self._wrong[claim.name] = []
        self._wrong[NO_FAILURE] = []
        for what in base.relation.wrong:
            self._wrong.setdefault(_claim(base, what), []).append(what)
        self.proved: dict[str, int] = {}
        self.tried = 0

    @property
    def open(self) -> list[str]:
        """The claims that are not proved, in the model's order."""
        return [name for name in self._wrong if name not in self.proved]

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
        self._solver = self._unrolled.solver
        self._solver.add(self._unrolled.inside(0))
        for steps in range(1, self._base.most + 1):
            self._unrolled.lengthen()
            self._solver.add(self._unrolled.inside(steps))
            for name in self._inductive(steps):
                self.proved[name] = steps
            if not self.open:
                return
            self.tried = steps
            for name, since in self.proved.items():
                places = range(steps + 1) if since == steps else (steps,)
                self._solver.add(*(self._right(name, place) for place in places))
            # The last state may come a second time: it is the end, and may be so in a step claim.
            self._solver.add(*(self._unrolled.differ(steps, i) for i in range(steps)))

    def _inductive(self, steps: int) -> list[str]:
        """The open claims that hold after so many steps in which they all hold."""
        names = self.open
        while names:
            held = [self._right(name, place) for name in names for place in range(steps)]
            broken = {name: z3.Not(self._right(name, steps, at_the_end=True)) for name in names}
            model = self._solver.solution(*held, z3.Or(list(broken.values())))
            if model is None:
                return names
            names = [
                name
                for name in names
                if not z3.is_true(model.eval(broken[name], model_completion=True))
            ]
        return []

    def _right(self, name: str, place: int, *, at_the_end: bool = False) -> z3.BoolRef:
        """A claim about the state at a place and the move to it holds.

        That no step fails is asked only of the last state: from all others a step is made.
        """
        formulas: list[z3.BoolRef] = []
        for what in self._wrong[name]:
            if what.ends or at_the_end:
                formula = self._unrolled.wrong(what, place if what.ends else place + 1)
                if formula is not None:
                    formulas.append(formula)
        return z3.Not(z3.Or(formulas))


def _claim(base: Search, what: Wrong) -> str:
    """The claim that something wrong is against."""
    if what.rank == Rank.FAILURE:
        return NO_FAILURE
    return COVERS if base.executable.properties[what.order].kind == "cover" else what.name
