"""The formulas of one move say of each state what the steps as Python do there, and no more."""

from __future__ import annotations

import linecache
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcheck.lang import ModelError
from mcheck.lang.emit.python import PythonProgram
from tests.bounded import near
from tests.bounded.agreement import SMALL
from tests.bounded.exact import Formulas
from tests.bounded.models import small
from tests.bounded.planted import MISTAKES
from tests.lang.generated.checking import load
from tests.native import waiting
from tests.native.agreement import by_reference
from tests.native.generated import drawn

STATES = 6


def differences(executable: PythonProgram, states: int = STATES) -> list[str]:
    """How the formulas differ from Python, in some of the states that can be reached."""
    _, found = by_reference(executable, limits=SMALL)
    some = random.Random(0).sample(sorted(found), min(states, len(found)))
    return Formulas(executable).differences(some)


def differences_of_generated(programs: int, folder: Path, *, same: bool) -> int:
    """How many generated programs are compared; each of them asks for hangs.

    Raises:
        AssertionError: formulas and Python differ.
    """
    count = 0
    for case in drawn(programs, same=same):
        file, models = load(folder, case.text)
        try:
            executable = replace(models[-1], hang=True).compile()
        except ModelError:
            continue
        finally:
            linecache.cache.pop(file, None)
        count += 1
        found = differences(executable)
        assert not found, f"{found[0]} of {case!r}"
    return count


def test_small_models(tmp_path: Path) -> None:
    for name, model in small(tmp_path).items():
        assert not differences(model.compile()), name


@pytest.mark.parametrize("model", [*near.MODELS, waiting.line_with_hangs, waiting.office])
def test_many_states_of_some(model: Any) -> None:
    assert not differences(model.compile(), 60)


def test_generated_programs(tmp_path: Path) -> None:
    assert differences_of_generated(15, tmp_path, same=True) >= 10


@pytest.mark.slow
def test_many_generated_programs(tmp_path: Path) -> None:
    differences_of_generated(300, tmp_path, same=False)


@pytest.mark.parametrize(
    ("name", "model", "what"),
    [
        ("every step leads to the first label", near.office, "moves"),
        ("everybody is at rest", near.office, "waits"),
        ("nobody is at rest", waiting.office, "waits"),
        ("failures are not looked for", near.office, "is wrong"),
        ("what is set is not kept", waiting.office, "moves"),
    ],
)
def test_a_mistake_is_noticed(
    name: str, model: Any, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable = model.compile()
    MISTAKES[name](monkeypatch)
    assert any(f" {what}: " in found for found in differences(executable, 60))
