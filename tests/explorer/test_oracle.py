"""The engine agrees with a naive search on random graphs; engines with a mistake do not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcheck.explorer import Limits, Verdict, check, deadlock, reference, shortest
from mcheck.explorer.deadlock import Freer, blocked, freers, hangs_in, members, stuck_in
from mcheck.explorer.findings import Finding
from mcheck.explorer.shortest import Level
from mcheck.lang.contract import Actor, Executable, Label
from tests.explorer.oracle import (
    Table,
    disagreement,
    hanging_states,
    random_table,
    stuck_states,
)


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_verdict_and_trace_are_those_of_a_naive_search(chance: random.Random, hang: bool) -> None:
    table = random_table(chance, hang=hang)
    assert disagreement(table, check(table.graph())) == ""


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_deadlock_and_hang_are_what_the_definitions_say(chance: random.Random, hang: bool) -> None:
    table = random_table(chance, flaws=False, hang=hang)
    graph = table.graph()
    assert disagreement(table, check(graph)) == ""
    hanging = hanging_states(table)
    for state, stuck in stuck_states(table).items():
        assert set(members(stuck_in(graph, graph.packed[state]))) == stuck
        assert set(members(hangs_in(graph, graph.packed[state]))) == hanging[state] >= stuck


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 6), st.booleans())
def test_a_bounded_search_never_claims_too_much(
    chance: random.Random, states: int, hang: bool
) -> None:
    table = random_table(chance, hang=hang)
    whole = check(table.graph())
    part = check(table.graph(), limits=Limits(states=states))
    assert part.states <= whole.states
    if part.verdict == Verdict.BOUNDED:
        assert whole.states > states
    else:
        assert (part.verdict, part.trace is None) == (whole.verdict, whole.trace is None)


Mutate = Callable[[pytest.MonkeyPatch], None]


def no_other_process_counts(patch: pytest.MonkeyPatch) -> None:
    """Deadlock only where nothing moves at all: the naive definition."""

    def settle(_: Executable, waiting: dict[int, int], __: object) -> None:
        for state in waiting:
            waiting[state] = 0

    patch.setattr(reference, "settle", settle)


def blocked_is_stuck(patch: pytest.MonkeyPatch) -> None:
    """Deadlock wherever a process waits."""

    def settle(_: Executable, __: dict[int, int], ___: object) -> None:
        """Leaves who is blocked."""

    patch.setattr(reference, "settle", settle)


def one_pass_forward(patch: pytest.MonkeyPatch) -> None:
    """News of who can move on is not carried back until nothing changes."""

    def settle(executable: Executable, waiting: dict[int, int], _: object) -> None:
        deadlock._settle_some(freers(executable), waiting, list(waiting))

    patch.setattr(reference, "settle", settle)


def daemons_count(patch: pytest.MonkeyPatch) -> None:
    """A daemon that waits is taken for a deadlock."""

    def bits(executable: Executable, index: int) -> int:
        count = len(executable.actors) if executable.hang else 0
        return 1 << index | 1 << index + count

    patch.setattr(deadlock, "_bits", bits)


def rest_does_not_count(patch: pytest.MonkeyPatch) -> None:
    """A process at rest is taken for a deadlock."""

    def waits(executable: Executable, index: int) -> list[int]:
        return [deadlock._bits(executable, index)] * len(executable.actors[index].labels)

    patch.setattr(reference, "waits", waits)


def everybody_works(patch: pytest.MonkeyPatch) -> None:
    """What a process at rest would begin frees others from a hang."""

    def begins(_: Actor, __: Label) -> bool:
        return False

    patch.setattr(deadlock, "begins", begins)


def daemons_begin_too(patch: pytest.MonkeyPatch) -> None:
    """A daemon at rest is taken for one that begins something new."""

    def begins(_: Actor, label: Label) -> bool:
        return label.rest

    patch.setattr(deadlock, "begins", begins)


def no_hang_is_evident(patch: pytest.MonkeyPatch) -> None:
    """A hang is only reported when all states are found."""

    def nobody_works(_: object, __: int, ___: int) -> bool:
        return False

    patch.setattr(reference, "nobody_works", nobody_works)


def evident_in_spite_of_daemons(patch: pytest.MonkeyPatch) -> None:
    """A hang is reported at once although a daemon moves."""

    def freers(executable: Executable) -> list[Freer]:
        actors = zip(deadlock.freers(executable), executable.actors, strict=True)
        return [row for row, actor in actors if not actor.daemon]

    patch.setattr(reference, "freers", freers)


def no_look_ahead(patch: pytest.MonkeyPatch) -> None:
    """An evident hang is never called a deadlock."""

    def look_ahead(_: reference._Search, __: int) -> int:
        return 0

    patch.setattr(reference._Search, "look_ahead", look_ahead)


def hangs_are_deadlocks(patch: pytest.MonkeyPatch) -> None:
    """What a process at rest would begin frees nobody from a deadlock either."""

    def frees_nobody(executable: Executable) -> list[Freer]:
        return [
            (bits, shift, mask, steps, [-1 if part else 0 for part in spared])
            for bits, shift, mask, steps, spared in freers(executable)
        ]

    patch.setattr(deadlock, "freers", frees_nobody)


def freed_while_searching(patch: pytest.MonkeyPatch) -> None:
    """While states are found, what a process at rest begins frees others from a hang."""

    class Unseen(int):
        def __ror__(self, other: int) -> int:
            return other

    def hangs_part(executable: Executable) -> int:
        return Unseen(1) if executable.hang else 0

    patch.setattr(reference, "hangs_part", hangs_part)


def any_shortest_trace(patch: pytest.MonkeyPatch) -> None:
    """Switches are not counted."""

    def then(_: shortest._Arrival, __: int) -> int:
        return 0

    patch.setattr(shortest._Arrival, "then", then)


def greedy_switches(patch: pytest.MonkeyPatch) -> None:
    """Only one last actor is remembered for each state."""

    def then(self: shortest._Arrival, actor: int) -> int:
        lowest = self.last & -self.last if self.last > 0 else 1 << actor
        return self.switches if lowest >> actor & 1 else self.switches + 1

    patch.setattr(shortest._Arrival, "then", then)


def first_found(patch: pytest.MonkeyPatch) -> None:
    """The level is not finished: only the first thing found is a candidate."""
    patch.setattr(reference, "wrong_moves", _first_of(reference.wrong_moves))
    patch.setattr(reference, "wrong_states", _first_of(reference.wrong_states))


def _first_of(function: Callable[..., list[Finding]]) -> Callable[..., list[Finding]]:
    def first(*arguments: object) -> list[Finding]:
        return function(*arguments)[:1]

    return first


def no_failures(patch: pytest.MonkeyPatch) -> None:
    """A state in which a step fails is searched like any other."""

    def wrong_moves(_: Executable, __: object) -> list[Finding]:
        return []

    patch.setattr(reference, "wrong_moves", wrong_moves)


def wrong_levels(patch: pytest.MonkeyPatch) -> None:
    """The levels are handed on in the wrong order."""
    levels_before = reference._Search.levels_before

    def reverse(self: reference._Search) -> Iterator[Level]:
        return reversed(list(levels_before(self)))

    patch.setattr(reference._Search, "levels_before", reverse)


MUTANTS: list[Mutate] = [
    no_other_process_counts,
    blocked_is_stuck,
    one_pass_forward,
    daemons_count,
    rest_does_not_count,
    everybody_works,
    daemons_begin_too,
    no_hang_is_evident,
    evident_in_spite_of_daemons,
    no_look_ahead,
    hangs_are_deadlocks,
    freed_while_searching,
    any_shortest_trace,
    greedy_switches,
    first_found,
    no_failures,
    wrong_levels,
]


def sample(*, flaws: bool) -> Iterator[Table]:
    """Always the same random models. In half of them hangs are looked for."""
    chance = random.Random(1)
    while True:
        yield random_table(chance, flaws=flaws, hang=False)
        yield random_table(chance, flaws=flaws, hang=True)


def agrees(table: Table) -> bool:
    """Does the engine answer as the naive search does? It may also break down."""
    try:
        return disagreement(table, check(table.graph())) == ""
    except (AssertionError, ValueError, KeyError):
        return False


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_an_engine_with_a_mistake_is_found_out(
    mutate: Mutate, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = [*islice(sample(flaws=True), 500), *islice(sample(flaws=False), 500)]
    mutate(monkeypatch)
    assert not all(agrees(table) for table in tables)


def test_the_sample_finds_nothing_wrong_with_the_engine_itself() -> None:
    verdicts: set[str | None] = set()
    for flaws in (True, False):
        for table in islice(sample(flaws=flaws), 500):
            result = check(table.graph())
            assert disagreement(table, result) == ""
            verdicts.add(result.property)
    assert {None, "deadlock", "hang", "assert", "leak", "state", "step"} <= verdicts


def test_blocked_is_what_the_step_functions_say() -> None:
    for table in islice(sample(flaws=True), 100):
        graph = table.graph()
        for state in range(table.size):
            assert set(members(blocked(graph, graph.packed[state]))) == table.blocked(state)
