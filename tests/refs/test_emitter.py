"""The steps as z3 terms and the steps as Python do the same, in every reachable state."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
import z3

from mcheck.lang.emit import smt
from mcheck.lang.emit.python import PythonProgram
from mcheck.lang.emit.smt import Path, Steps, number
from mcheck.lang.program import Instance, Process, Step
from tests.refs.cache import cache
from tests.refs.states import reachable


def successors(
    executable: PythonProgram, process: Process, instance: Instance, step: Step, state: int
) -> set[int]:
    """The states after a step, as the terms say."""
    program = executable.program
    pairs: list[tuple[Any, Any]] = [(z3.Int("process"), z3.IntVal(instance.number))]
    if instance.me is not None:
        pairs.append((z3.Int("me"), z3.IntVal(instance.me)))
    for id_ in process.variables:
        value = executable.local(process, instance, id_, state)
        pairs.append((z3.Int(id_), z3.IntVal(value)))
    for key, cell in program.cells.items():
        array: Any = z3.K(z3.IntSort(), z3.IntVal(0))
        for i in range(cell.count):
            array = z3.Store(array, i, executable.number(cell, i, state))
        pairs.append((z3.Array(key, z3.IntSort(), z3.IntSort()), array))
    found: set[int] = set()
    for path in Steps(program.cells, lambda _: True).paths(step):
        items = [z3.Int(c.item) for c in step.choices]
        solver = z3.SimpleSolver()
        solver.add(*(z3.substitute(c, *pairs) for c in path.conditions))
        while solver.check() == z3.sat:
            model = solver.model()
            chosen = [(i, model.eval(i, model_completion=True)) for i in items]
            found.add(packed(executable, (process, instance), path, [*pairs, *chosen], state))
            solver.add(z3.Or([i != v for i, v in chosen] or [z3.BoolVal(False)]))
    return found


def packed(
    executable: PythonProgram,
    of: tuple[Process, Instance],
    path: Path,
    pairs: list[tuple[Any, Any]],
    state: int,
) -> int:
    """The state after a path, as the engine packs it."""
    process, instance = of

    def value(term: Any) -> int:
        return z3.simplify(z3.substitute(number(term), *pairs)).as_long()

    def put(offset: int, bits: int, n: int) -> None:
        nonlocal state
        state = state & ~((1 << bits) - 1 << offset) | n << offset

    for key in {key for key, _ in path.stores}:
        cell = executable.program.cells[key]
        for i in range(cell.count):
            n = value(path.after.cell(key, i))
            put(cell.offset + i * cell.type.bits, cell.type.bits, n - cell.type.lo)
    assert path.exit is not None
    locals_ = {id_: value(path.after.local(id_)) for id_ in path.exit.live}
    for v in process.variables.values():
        if v.procedure in path.exit.touched:
            put(instance.base + v.offset, v.type.bits, 0)
    for id_, n in locals_.items():
        v = process.variables[id_]
        put(instance.base + v.offset, v.type.bits, n - v.type.lo)
    put(instance.pc_offset, process.pc_bits, path.exit.label)
    return state


def disagreements() -> int:
    """In how many states and steps terms and Python differ."""
    executable = cache.compile()
    wrong = 0
    for state in reachable(executable, 5_000)[:60]:
        for (process, instance), actor in zip(executable.instances, executable.actors, strict=True):
            at = state >> actor.pc_shift & actor.pc_mask
            out: list[int] = []
            actor.steps[at](state, out, [])
            step = process.steps[at]
            wrong += successors(executable, process, instance, step, state) != set(out)
    return wrong


def test_terms_and_python_agree() -> None:
    assert disagreements() == 0


def one_more(a: Any, b: Any) -> Any:
    return a == b + 1


@pytest.mark.parametrize("wrong", [operator.ne, one_more])
def test_a_wrong_comparison_is_found(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Any, Any], Any]
) -> None:
    comparisons = smt._COMPARE
    monkeypatch.setitem(comparisons, smt.ast.Eq, wrong)
    assert disagreements() > 0


def test_a_store_that_is_left_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    store = z3.Store

    def forgetful(array: Any, index: Any, value: Any) -> Any:
        emitted = z3.is_int_value(value) and value.sexpr() == "1"
        return array if emitted else store(array, index, value)

    monkeypatch.setattr(smt.z3, "Store", forgetful)
    assert disagreements() > 0
