"""A mistake in an export is noticed: its counts or its verdict are others."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from mcheck.lang import ir
from mcheck.lang.emit.guarded import commands, infix, steps, variables
from mcheck.lang.emit.guarded.infix import Infix
from mcheck.lang.emit.guarded.steps import StepWriter
from tests.examples.listing import BY_NAME
from tests.export.agreement import by_rumur, by_spin, ours, rumur_agrees, spin_agrees

Plant = Callable[[pytest.MonkeyPatch], None]


def dead_locals_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(variables, "kept_at", lambda process: {})  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]


def the_filter_of_a_choice_is_dropped(patch: pytest.MonkeyPatch) -> None:
    original = commands._alternative

    def unfiltered(*arguments: object) -> tuple[ast.expr, ast.expr]:
        return original(*arguments)[0], ir.const(1)  # pyright: ignore[reportArgumentType]

    patch.setattr(commands, "_alternative", unfiltered)


def bounds_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps, "checks", lambda e: iter(()))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]


def a_comparison_is_inclusive(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(infix._ORDER, ast.Lt, "<=")


def nobody_holds_anything(patch: pytest.MonkeyPatch) -> None:
    original = Infix._name

    def forgetful(self: Infix, name: str) -> str:
        return "0" if name.startswith("hold:") else original(self, name)

    patch.setattr(Infix, "_name", forgetful)


def guards_are_dropped(patch: pytest.MonkeyPatch) -> None:
    def unguarded(self: StepWriter, e: ast.expr) -> str:
        return "true"

    patch.setattr(StepWriter, "guard", unguarded)


MISTAKES: dict[str, Plant] = {
    "refcount.refcount": nobody_holds_anything,
    "ticket.ticket": dead_locals_are_kept,
    "buffer.buffer": the_filter_of_a_choice_is_dropped,
    "buffer.if_instead_of_while": bounds_are_not_checked,
    "buffer.one_condition_all": a_comparison_is_inclusive,
    "philosophers.philosophers": guards_are_dropped,
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = BY_NAME[name]
    program = model.lower()
    result = ours(model, program)
    spin_agrees(program, result, by_spin(model, program, tmp_path))
    MISTAKES[name](monkeypatch)
    spin, rumur = by_spin(model, program, tmp_path), by_rumur(model, program, tmp_path)
    with pytest.raises(AssertionError):
        spin_agrees(program, result, spin)
    with pytest.raises(AssertionError):
        rumur_agrees(result, rumur)
