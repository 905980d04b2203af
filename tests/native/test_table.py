"""The table of states: too small at first, full of collisions, growing under several threads."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.migration import S
from mcheck.explorer import Limits, Verdict
from mcheck.explorer.native.compiler import CannotCompile, compiled
from mcheck.lang.emit.python import PythonProgram
from tests.examples.listing import BY_NAME
from tests.native import reckoning, waiting
from tests.native.agreement import Disagreement, agree, by_native
from tests.native.altered import alter

pytestmark = pytest.mark.usefixtures("quickly")

TINY = ("-DFIRST_SLOTS=2",)
COLLIDING = ("-DHASH_BITS=4",)
BOTH = (*TINY, "-DHASH_BITS=7")


def philosophers() -> PythonProgram:
    return BY_NAME["philosophers.philosophers"].compile()


# A table that is too small


@pytest.mark.parametrize("slots", [1, 2, 64, 1024])
def test_the_table_grows_before_it_is_full(slots: int) -> None:
    result = agree(philosophers(), flags=(f"-DFIRST_SLOTS={slots}",))
    assert (result.states, result.transitions, result.depth) == (1_363, 5_650, 18)


def test_it_grows_many_times_under_several_workers() -> None:
    executable = S.compile()
    first, states = by_native(executable, workers=1, flags=TINY)
    assert (first.states, first.transitions, first.depth) == (88_644, 316_656, 95)
    for workers in (1, 2, 3, 5):
        result, found = by_native(executable, workers=workers, flags=TINY)
        assert (result.verdict, result.transitions) == (Verdict.HOLDS, 316_656)
        assert (result.labels, result.depth) == (first.labels, 95)
        assert len(found) == len(states) and set(found) == set(states)


def test_it_grows_without_a_change_of_order() -> None:
    orders = [by_native(philosophers(), workers=1, flags=flags)[1] for flags in [(), TINY]]
    assert orders[0] == orders[1]


def test_who_waits_in_vain_is_found_in_a_table_that_has_grown() -> None:
    for model in (waiting.gates, waiting.gates_open, waiting.office_with_a_daemon):
        agree(model.compile(), flags=BOTH)


def test_more_initial_states_than_the_table_has_room_for() -> None:
    agree(reckoning.playing_for_ever.compile(), flags=TINY)


@pytest.mark.parametrize("most", [1, 100, 700])
def test_limits_of_states_while_it_grows(most: int) -> None:
    result = agree(philosophers(), limits=Limits(states=most), flags=TINY)
    assert result.verdict is Verdict.BOUNDED


@pytest.mark.parametrize(
    "flag", ["FIRST_SLOTS=0", "FIRST_SLOTS=1000", "HASH_BITS=0", "HASH_BITS=65"]
)
def test_a_size_that_cannot_work_is_not_compiled(flag: str) -> None:
    with pytest.raises(CannotCompile):
        compiled("philosophers", philosophers().c(), (f"-D{flag}",))


# States that have the same hash


@pytest.mark.parametrize("flags", [COLLIDING, BOTH], ids=["one table", "growing"])
def test_states_with_the_same_hash_are_told_apart(flags: Sequence[str]) -> None:
    result = agree(philosophers(), flags=tuple(flags))
    assert (result.states, result.transitions) == (1_363, 5_650)
    agree(reckoning.playing_for_ever.compile(), flags=tuple(flags))
    agree(BY_NAME["philosophers.left_first"].compile(), flags=tuple(flags))


# What these tests would notice

WRONG = {
    "the growing table forgets a state": (
        "search.h",
        "at < me->count; at += BATCH",
        "at + 1 < me->count; at += BATCH + 1",
        TINY,
    ),
    "the table never grows": (
        "search.h",
        "if (states + slack(search) > most) return 0;",
        "if (states > 1000) { search->why = MEMORY; return 1; }",
        TINY,
    ),
    "a hash is taken for a state": (
        "table.h",
        "return !differ;",
        "return 1;",
        COLLIDING,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source, text, other, flags = WRONG[name]
    alter(monkeypatch, source, text, other)
    with pytest.raises(Disagreement):
        agree(philosophers(), flags=flags)


# Races


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_growing_under_several_workers_again_and_again(workers: int) -> None:
    executable = S.compile()
    for _ in range(100):
        result, found = by_native(executable, workers=workers, flags=TINY)
        assert (result.verdict, result.states) == (Verdict.HOLDS, 88_644)
        assert result.transitions == 316_656
        assert len(set(found)) == 88_644
