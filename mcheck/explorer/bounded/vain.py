"""Who waits in vain at the end of a path, in a state in which no step fails.

That no step fails whatever it chooses would take a formula as long as there are choices. It is said
of those choices only that make a difference: z3 is asked for a state in which somebody waits in
vain; if a step fails in it after all, then from now on it is also said that this choice does not
fail, which rules out all states in which it does.
"""

from __future__ import annotations

import z3

from mcheck.explorer.bounded.relation import Relation
from mcheck.explorer.bounded.shown import Disagreement, End, in_vain
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.bounded.unrolled import Unrolled
from mcheck.explorer.bounded.ways import BEFORE


class Spoilt:
    """Choices with which a step fails, so that nobody waits in vain; found one by one.

    found: for each, the formula about the state before that says that it fails.
    """

    def __init__(self, relation: Relation, solver: Solver) -> None:
        self.relation, self._solver = relation, solver
        self._solver.add(relation.spoiling)
        self.found: list[z3.BoolRef] = []

    def find(self, state: int) -> None:
        """Find a choice with which a step fails in that state.

        Raises:
            Disagreement: there is none.
        """
        vector, ways = self.relation.vector, self.relation.ways
        model = self._solver.solution(vector.equals(state, BEFORE))
        if model is None:
            raise Disagreement(f"nobody waits in vain in state {state:#x}, and no step fails")
        chosen = [(given, model.eval(given, model_completion=True)) for given in ways.inputs]
        self.found.append(z3.simplify(z3.substitute(self.relation.spoiling, *chosen)))


class Vain:
    """The paths of one length at whose end somebody waits in vain.

    formula: they do, unless a step fails because of what it chooses; ends: in which ways.
    """

    def __init__(self, unrolled: Unrolled, length: int, spoilt: Spoilt) -> None:
        self._unrolled, self._length, self._spoilt = unrolled, length, spoilt
        self._executable = unrolled.relation.executable
        self.ends = [End(w, unrolled.at(w.formula, length)) for w in unrolled.relation.in_vain]
        self.formula = z3.Or([end.formula for end in self.ends])
        self.unspoilt: list[z3.BoolRef] = []
        self._say()

    def solution(self, *assumed: z3.BoolRef) -> z3.ModelRef | None:
        """A path that ends so, of those for which all is true that is assumed; None without any.

        Raises:
            Stopped: a limit is reached, or z3 gives up.
        """
        while True:
            model = self._unrolled.solver.solution(self.formula, *self.unspoilt, *assumed)
            if model is None:
                return None
            state = self._unrolled.state(model, self._length)
            if in_vain(self._executable, state):
                return model
            self._spoilt.find(state)
            self._say()

    def _say(self) -> None:
        """No step fails at the end of the path with those choices that are found by now."""
        new = self._spoilt.found[len(self.unspoilt) :]
        self.unspoilt += [z3.Not(self._unrolled.at(fails, self._length)) for fails in new]
