"""The exported benchmark model is the one that was written by hand for SPIN and for Rumur.

Both our engines, and every export, are made from the same lowered steps: an error in the lowering
is the same in all of them. What was written by hand has no part in it, and shows it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bench
from bench.migration import S, migration
from mcheck.explorer import Verdict
from mcheck.lang import Model, ir
from mcheck.lang.program import Exit, Process, Program, Step
from tests.export.agreement import by_rumur, by_spin, ours, rumur_agrees, spin_agrees
from tests.export.checkers import Answer, rumur, spin

BENCH = Path(next(iter(bench.__path__)))

SMALL = migration.configure("small", objects=1, frames=2, cpus=2, gups=0)
NO_FLUSH = migration.configure("no flush", objects=1, frames=2, cpus=1, flush=False)
COUNTS = {"S": (88_644, 316_656), "small": (27_428, 99_024)}
"""States and transitions."""


def constants(model: Model[Any]) -> dict[str, int]:
    """A model's constants by the names that they have in the models written by hand."""
    names = {"NO": "objects", "NP": "frames", "C": "cpus", "D": "gups"}
    found = {short: int(model.constants[name]) for short, name in names.items()}
    return found | {"BUG": int(not model.constants["flush"])}


def generator() -> ModuleType:
    """bench/murphi/gen.py."""
    spec = importlib.util.spec_from_file_location("gen", BENCH / "murphi" / "gen.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_hand_in_spin(model: Model[Any], folder: Path) -> Answer:
    flags = [f"-D{name}={value}" for name, value in constants(model).items()]
    return spin((BENCH / "spin" / "mig.pml").read_text(), folder, *flags)


def by_hand_in_rumur(model: Model[Any], folder: Path) -> Answer:
    return rumur(generator().filled(*constants(model).values()), folder)


@pytest.mark.parametrize("model", [S, SMALL], ids=lambda m: m.name)
def test_the_export_is_the_model_that_was_written_by_hand(
    model: Model[Any], tmp_path: Path
) -> None:
    program = model.lower()
    result = ours(model, program)
    assert (result.states, result.transitions) == COUNTS[model.name]
    exported = by_spin(model, program, tmp_path)
    spin_agrees(program, result, exported)
    assert exported == by_hand_in_spin(model, tmp_path)
    exported = by_rumur(model, program, tmp_path)
    rumur_agrees(result, exported)
    assert exported == by_hand_in_rumur(model, tmp_path)


def test_the_lost_write_is_found_as_early(tmp_path: Path) -> None:
    program = NO_FLUSH.lower()
    result = ours(NO_FLUSH, program)
    assert result.trace is not None and result.trace.depth == 20
    spin_agrees(program, result, by_spin(NO_FLUSH, program, tmp_path))
    rumur_agrees(result, by_rumur(NO_FLUSH, program, tmp_path))
    # By hand, SPIN judges a state at the end of the step that leads there: one step earlier.
    assert by_hand_in_spin(NO_FLUSH, tmp_path).depth == 19
    assert by_hand_in_rumur(NO_FLUSH, tmp_path).depth == 20


# Errors of the lowering


def step_of(program: Program, procedure: str, label: str) -> tuple[Process, Step]:
    return next(
        (process, step)
        for process in program.processes
        for step in process.steps
        if (step.procedure, step.label) == (procedure, label)
    )


def a_live_local_is_cleared(program: Program) -> None:
    """Which CPU's entry has been unmapped is forgotten: it is always the first that flushes."""
    _, step = step_of(program, "migrator", "unmap")
    kept = step.exits[0]
    live = tuple(id_ for id_ in kept.live if id_ != "migrator.c")
    assert len(live) < len(kept.live)
    step.exits[step.exits.index(kept)] = Exit(kept.label, live, kept.touched)


def a_guard_is_inverted(program: Program) -> None:
    """A fault waits for an unlocked page, and goes on while it is locked."""
    _, step = step_of(program, "cpu", "migration wait")
    assert step.guard is not None
    step.guard = ir.negate(step.guard)


def a_guard_is_lost(program: Program) -> None:
    """The migrator does not wait for the lock of the page."""
    step_of(program, "migrator", "lock old")[1].guard = None


def a_store_is_lost(program: Program) -> None:
    """The count is frozen without being set to 0."""
    step_of(program, "migrator", "unfreeze")[1].body.pop(0)


def a_path_ends_at_the_wrong_label(program: Program) -> None:
    """A page is put back without its lock being given up."""
    process, step = step_of(program, "migrator", "drop new")
    wrong = step_of(program, "migrator", "putback old")[1]
    assert process.steps[wrong.number] is wrong
    step.exits[:] = [Exit(wrong.number, e.live, e.touched) for e in step.exits]


ERRORS: list[Callable[[Program], None]] = [
    a_live_local_is_cleared,
    a_guard_is_inverted,
    a_guard_is_lost,
    a_store_is_lost,
    a_path_ends_at_the_wrong_label,
]


def planted(error: Callable[[Program], None]) -> Program:
    """The small model with an error in the lowering."""
    program = SMALL.lower()
    error(program)
    return program


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_an_error_in_the_lowering_is_found(
    error: Callable[[Program], None], tmp_path: Path
) -> None:
    program = planted(error)
    result = ours(SMALL, program)
    exported = by_spin(SMALL, program, tmp_path)
    spin_agrees(program, result, exported)  # what is made from the same steps has the same error
    hand = by_hand_in_spin(SMALL, tmp_path)
    assert hand.failed is None
    assert exported != hand
    ours_counted = (result.states, result.transitions)
    assert result.verdict is not Verdict.HOLDS or ours_counted != (
        hand.states,
        hand.transitions - 1,
    )


def test_locals_that_share_bits_wrongly_are_found(tmp_path: Path) -> None:
    """An export gives every local a variable of its own, so the layout has no part in it."""
    program = SMALL.lower()
    process, step = step_of(program, "migrator", "lock old")
    first, second = process.variables["migrator.old"], process.variables["migrator.new"]
    assert {first.id, second.id} <= set(step.live)
    assert first.offset != second.offset
    second.offset = first.offset
    result = ours(SMALL, program)
    exported = by_spin(SMALL, program, tmp_path)
    assert exported.failed is None
    assert (exported.states, exported.transitions - 1) == COUNTS[SMALL.name]
    assert result.states != exported.states
