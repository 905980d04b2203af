"""States in which somebody would wait in vain, but that a step fails, are not gone through."""

from __future__ import annotations

from typing import Any

import pytest
import z3

from mcheck.explorer import Verdict, bounded, reference
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.bounded.vain import Spoilt
from mcheck.explorer.bounded.ways import BEFORE
from mcheck.lang import Model
from tests.bounded import near
from tests.bounded.agreement import agree

MANY = 64**2
"""How many forms there are; each is a state of its own."""
FEW = 400
"""How often z3 may be asked."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each time that z3 is asked something."""
    times: list[int] = []
    right = Solver.solution

    def solution(self: Solver, *assumed: z3.BoolRef) -> z3.ModelRef | None:
        times.append(len(times))
        return right(self, *assumed)

    monkeypatch.setattr(Solver, "solution", solution)
    return times


@pytest.mark.parametrize("model", near.MODELS)
def test_a_step_fails_in_all_of_many_states(model: Model[Any], asked: list[int]) -> None:
    executable = model.compile()
    result = agree(executable, 4)
    assert result.property in ("assert", "divide")
    assert reference.check(executable).states > MANY
    assert len(asked) < FEW


@pytest.mark.parametrize("signed", [0, 3, 126])
@pytest.mark.parametrize("model", near.MODELS)
def test_no_step_fails_in_few_of_many_states(
    model: Model[Any], signed: int, asked: list[int]
) -> None:
    result = agree(model.configure(signed=signed).compile(), 4)
    assert result.verdict is Verdict.VIOLATED
    assert result.property in ("deadlock", "hang")
    assert len(asked) < FEW


def test_one_state_after_another_would_take_longer(
    asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(self: Spoilt, state: int) -> None:
        self.found.append(self.relation.vector.equals(state, BEFORE))

    monkeypatch.setattr(Spoilt, "find", find)
    assert agree(near.doubtful.configure(most=23).compile(), 4).property == "assert"
    assert len(asked) > FEW


def test_what_is_a_failure_for_python_only_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spoilt, "__init__", deaf(Spoilt.__init__))
    with pytest.raises(bounded.Disagreement, match="nobody waits in vain in state 0x"):
        bounded.check(near.doubtful.compile(), depth=4)


def deaf(right: Any) -> Any:
    """Nothing that is chosen spoils anything."""

    def init(self: Spoilt, relation: Any, solver: Solver) -> None:
        right(self, relation, solver)
        solver.add(z3.BoolVal(False))

    return init
