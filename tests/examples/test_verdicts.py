"""Every example's verdict, and how many states, transitions and levels lead to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcheck.explorer import Result, Verdict, check, record, replay
from mcheck.lang import Model
from tests.examples.listing import BY_NAME

HOLDS = {
    "buffer.buffer": (244, 410, 25),
    "buffer.one_condition_all": (195, 344, 19),
    "counters.counters": (16, 16, 8),
    "peterson.looking_twice": (48, 96, 10),
    "peterson.peterson": (34, 62, 9),
    "philosophers.philosophers": (1363, 5650, 18),
    "refcount.refcount": (48, 112, 8),
    "ticket.ticket": (204, 468, 15),
}
"""States, transitions, depth."""

VIOLATED = {
    "buffer.if_instead_of_while": ("bounds", 15),
    "buffer.lost_wakeup": ("deadlock", 12),
    "buffer.one_condition": ("deadlock", 27),
    "counters.unlocked": ("nothing_lost", 4),
    "peterson.giving_way_first": ("exclusive", 8),
    "peterson.without_turn": ("deadlock", 4),
    "philosophers.left_first": ("deadlock", 10),
    "refcount.get_of_free": ("no_addition_on_zero", 4),
    "refcount.leak": ("leak", 3),
    "ticket.too_few_numbers": ("first_come_first_served", 7),
    "ticket.two_steps": ("first_come_first_served", 6),
}
"""What is violated, and after how many steps at the earliest."""


def checked(model: Model[Any]) -> Result:
    return check(model.compile(), unreached=model.unreached)


def test_every_example_has_its_verdict_here() -> None:
    assert {*HOLDS, *VIOLATED} == set(BY_NAME)


@pytest.mark.parametrize("name", HOLDS)
def test_it_holds(name: str) -> None:
    result = checked(BY_NAME[name])
    assert result.verdict is Verdict.HOLDS, result.why
    assert (result.states, result.transitions, result.depth) == HOLDS[name]
    assert not result.unreached


@pytest.mark.parametrize("name", VIOLATED)
def test_it_is_violated(name: str) -> None:
    model = BY_NAME[name]
    result = checked(model)
    assert result.verdict is Verdict.VIOLATED
    assert result.trace is not None
    assert (result.property, result.trace.depth) == VIOLATED[name]
    recording = record(replace(result, variant=model.variant), name)
    assert replay(model, recording).reproduced
