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
    nearly all of them are kept.
    """
    binding: Any = sys.modules["z3.z3"]
    debugging, collecting = binding.Z3_DEBUG, gc.isenabled()
    binding.Z3_DEBUG = False
    gc.disable()
    try:
        yield
    finally:
        binding.Z3_DEBUG = debugging
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
