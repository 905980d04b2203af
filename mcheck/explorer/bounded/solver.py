"""A solver that is watched while it thinks: it keeps the limits, reports, and hears Ctrl-C."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import z3

from mcheck.explorer.limits import Stopped

_LOOK_SECONDS = 0.1


class Solver:
    """An incremental SAT-based solver for bit-vectors.

    tick: called a few times a second while it thinks; raises `Stopped` to end that.
    """

    def __init__(self, tick: Callable[[], None]) -> None:
        self.tick = tick
        self._solver = z3.SolverFor("QF_FD")
        # A C handler for Ctrl-C would leave Python without the interrupt.
        self._solver.set("ctrl_c", False)
        # Python may throw formulas away while the thread is at work.
        z3.Z3_enable_concurrent_dec_ref(z3.main_ctx().ref())
        self._thread = ThreadPoolExecutor(1)
        self._names: dict[int, tuple[z3.BoolRef, z3.BoolRef]] = {}

    def add(self, *formulas: z3.BoolRef) -> None:
        """What has to be true in all solutions from now on."""
        self._solver.add(*formulas)

    def solution(self, *assumed: z3.BoolRef) -> z3.ModelRef | None:
        """A solution in which also the assumptions are true, for this once; None if there is none.

        Raises:
            Stopped: a limit is reached, or z3 gives up. There may or may not be a solution.
        """
        self.tick()
        names = [self._name(formula) for formula in assumed]
        asked: Future[z3.CheckSatResult] | None = None
        try:
            asked = self._thread.submit(self._solver.check, *names)
            while not wait([asked], _LOOK_SECONDS).done:
                self.tick()
        except BaseException:
            if asked is not None:
                self._end(asked)
            raise
        try:
            answer = asked.result()
        except (z3.Z3Exception, MemoryError) as error:
            raise Stopped(f"z3, which gives up ({_line(error)})") from None
        if answer == z3.unknown:
            raise Stopped(f"z3, which does not know ({_line(self._solver.reason_unknown())})")
        return self._solver.model() if answer == z3.sat else None

    def _name(self, formula: z3.BoolRef) -> z3.BoolRef:
        """A variable that stands for a formula which is only assumed."""
        key = formula.get_id()
        if key not in self._names:
            name = z3.Bool(f"assumed{len(self._names)}")
            self._solver.add(z3.Implies(name, formula))
            self._names[key] = name, formula  # kept, so that its number is given to no other
        return self._names[key][0]

    def _end(self, asked: Future[z3.CheckSatResult]) -> None:
        """The thread must be done before anything else, however often somebody presses Ctrl-C."""
        while not asked.done():
            with contextlib.suppress(KeyboardInterrupt):
                self._solver.interrupt()
                wait([asked], _LOOK_SECONDS)


def _line(of: object) -> str:
    return " ".join(str(of).split())
