"""The solver that is asked about single steps: thousands of small questions.

To set one up takes longer than to answer, so all share one, which forgets each question.
"""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

import z3


@functools.cache
def _shared() -> z3.Solver:
    solver = z3.SimpleSolver()
    solver.set("auto_config", False)
    solver.set("arith.solver", 2)  # the older simplex: these questions are small
    solver.push()  # so that it is incremental from the beginning
    return solver


@contextmanager
def quick() -> Generator[None]:
    """While it lasts, terms are made without z3's checks of types, and no garbage is looked for.

    Both take a part of the time that is felt, and find nothing: the terms are well typed, and
    nearly all of them are kept. Nor is z3 asked after each of a million calls whether it failed:
    it tells.

    Raises:
        z3.Z3Exception: a call has failed.
    """
    binding: Any = sys.modules["z3.z3"]
    if not binding.Z3_DEBUG:
        yield
        return
    core: Any = sys.modules["z3.z3core"]
    context: Any = z3.main_ctx()
    failed: list[int] = []

    def check(_: object, ctx: Any) -> None:
        if failed:
            code = failed.pop()
            raise z3.Z3Exception(core.Z3_get_error_msg(ctx, code))

    def fail(_: object, code: int) -> None:
        failed.append(code)

    asking, collecting = core.Elementaries.Check, gc.isenabled()
    told = core.Z3_set_error_handler(context.ref(), fail)
    core.Elementaries.Check = check
    binding.Z3_DEBUG = False
    gc.disable()
    try:
        yield
    finally:
        binding.Z3_DEBUG = True
        core.Elementaries.Check = asking
        core.Z3_set_error_handler(context.ref(), binding.z3_error_handler)
        del told  # alive until here: z3 has called it
        if collecting:
            gc.enable()


@contextmanager
def assuming(terms: Iterable[z3.BoolRef]) -> Generator[z3.Solver]:
    """A solver that takes some terms to hold, for as long as the block lasts; may be nested."""
    solver = _shared()
    solver.push()
    try:
        solver.add(*terms)
        yield solver
    finally:
        solver.pop()


def possible(terms: Iterable[z3.BoolRef]) -> z3.CheckSatResult:
    """Whether some terms can hold together."""
    with assuming(terms) as solver:
        return solver.check()
