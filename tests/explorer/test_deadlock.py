"""Deadlock: a process that is not at rest and can never move again, whatever happens."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mcheck.explorer import Limits, Result, Verdict, check
from mcheck.explorer.deadlock import blocked, members, stuck_in
from tests.explorer.graphs import Fails, Graph, Process

IDLE = frozenset({"idle", "done"})


def waiter(event: str = "never") -> Process:
    """Waits until somebody has set the state to "free"; then it is done."""
    return Process(
        "waiter",
        lambda s: ["over"] if s == event else [],
        at=lambda s: "done" if s == "over" else "wait",
        rest=IDLE,
    )


def ticker(*, daemon: bool, name: str = "ticker") -> Process:
    """Moves for ever, and frees nobody."""
    return Process(
        name,
        lambda s: [{"tick": "tock"}.get(s, "tick")] if s in ("tick", "tock") else [],
        rest=frozenset({"run"}),
        daemon=daemon,
    )


def found(result: Result) -> tuple[Verdict, str | None]:
    return result.verdict, result.property


def test_nothing_moves_and_somebody_is_not_at_rest() -> None:
    result = check(Graph([waiter()], ["start"]))
    assert found(result) == (Verdict.VIOLATED, "deadlock")
    assert result.why == "waiter waits at waiter.wait (graph.py:1), and can never move again"
    assert result.trace is not None and result.trace.depth == 0


def test_everybody_at_rest_is_the_end_and_no_deadlock() -> None:
    idle = Process("idler", lambda _: [], at=lambda _: "idle", rest=IDLE)
    result = check(Graph([idle], ["start"]), unreached=frozenset({"idler.idle"}))
    assert result.verdict == Verdict.HOLDS


def test_a_daemon_that_moves_for_ever_hides_no_deadlock() -> None:
    assert check(Graph([waiter(), ticker(daemon=True)], ["tick"])).property == "deadlock"


def test_a_process_that_moves_for_ever_hides_no_deadlock_of_another() -> None:
    result = check(Graph([waiter(), ticker(daemon=False)], ["tick"]))
    assert result.property == "deadlock"
    assert result.why.startswith("waiter waits at")
    assert result.trace is not None and result.trace.depth == 0


def test_a_daemon_may_free_somebody() -> None:
    environment = Process(
        "environment",
        lambda s: {"tick": ["tock"], "tock": ["tick", "free"]}.get(s, []),
        rest=frozenset({"run"}),
        daemon=True,
    )
    assert check(Graph([waiter("free"), environment], ["tick"])).verdict == Verdict.HOLDS


def test_a_daemon_itself_is_never_stuck() -> None:
    daemon = Process("d", lambda s: [1] if s == 0 else [], daemon=True)
    assert check(Graph([daemon], [0])).verdict == Verdict.HOLDS


def test_a_chance_to_be_freed_is_enough_as_long_as_it_lasts() -> None:
    """Once the chance is missed, the process is stuck: one step after the start."""
    chance = Process(
        "chance",
        lambda s: {"start": ["free", "tick"]}.get(s, []),
        rest=frozenset({"run"}),
    )
    result = check(Graph([waiter("free"), chance, ticker(daemon=True)], ["start"]))
    assert result.property == "deadlock"
    assert result.trace is not None
    assert [event.changed[0].after for event in result.trace.events] == ["tick"]


def test_two_processes_with_two_locks() -> None:
    """Opposite orders; a third process goes on for ever."""

    def locker(me: int, first: int, second: int) -> Process:
        def step(state: tuple[int, ...]) -> list[tuple[int, ...]]:
            place, locks = state[me], list(state[3:])
            if place == 2:
                locks = [0 if owner == me + 1 else owner for owner in locks]
            elif locks[(first, second)[place]] == 0:
                locks[(first, second)[place]] = me + 1
            else:
                return []
            after = [*state[:3], *locks]
            after[me] = (place + 1) % 3
            return [tuple(after)]

        def at(state: tuple[int, ...]) -> str:
            return ("a", "b", "out")[state[me]]

        return Process(f"p{me}", step, at)

    def spin(state: tuple[int, ...]) -> list[tuple[int, ...]]:
        return [(*state[:2], 1 - state[2], *state[3:])]

    spinner = Process("spin", spin, rest=frozenset({"run"}))
    start = [(0, 0, 0, 0, 0)]
    result = check(Graph([locker(0, 0, 1), locker(1, 1, 0), spinner], start))
    assert result.property == "deadlock"
    assert result.why == (
        "p0 waits at p0.b (graph.py:1) and p1 waits at p1.b (graph.py:1), and can never move again"
    )
    assert result.trace is not None and result.trace.depth == 2
    assert check(Graph([locker(0, 0, 1), locker(1, 0, 1), spinner], start)).verdict == Verdict.HOLDS


def test_a_step_that_fails_is_a_move() -> None:
    failing = Process("p", lambda _: [Fails("assert")])
    graph = Graph([failing], [0])
    assert blocked(graph, graph.initial[0]) == 0


def test_a_bounded_search_finds_the_state_where_nothing_moves() -> None:
    climber = Process("climber", lambda s: [s + 1] if s < 50 else [])
    assert check(Graph([climber], [0]), limits=Limits(states=50)).verdict == Verdict.BOUNDED
    assert check(Graph([climber], [0]), limits=Limits(states=51)).property == "deadlock"


@pytest.mark.parametrize("daemon", [True, False])
def test_a_bounded_search_does_not_decide_who_is_stuck_while_others_move(daemon: bool) -> None:
    loop = Process("loop", lambda s: [(s + 1) % 50], rest=frozenset({"run"}), daemon=daemon)
    stuck = Process("stuck", lambda _: [])
    bounded = check(Graph([loop, stuck], [0]), limits=Limits(states=10))
    assert bounded.verdict == Verdict.BOUNDED and "deadlock" in bounded.undecided
    assert check(Graph([loop, stuck], [0])).property == "deadlock"


def test_freedom_is_carried_back_along_a_path_against_the_order_of_discovery() -> None:
    """The only way out leads back and forth between early and late states."""
    size = 40
    far = list(range(1, size))
    path = [node for pair in zip(far, reversed(far), strict=True) for node in pair]

    def jump(state: int) -> list[int]:
        following = [b for a, b in pairwise(path) if a == state]
        return [*([0] if state else far), *following[:1]]

    mover = Process("mover", jump, rest=frozenset({"run"}))
    one_way = Process(
        "waiter",
        lambda s: [size] if s == size // 2 else [],
        at=lambda s: "done" if s == size else "wait",
        rest=frozenset({"done"}),
    )
    assert check(Graph([mover, one_way], [0])).verdict == Verdict.HOLDS


def test_stuck_in_one_state() -> None:
    graph = Graph([waiter("free"), ticker(daemon=True)], ["tick", "free"])
    assert members(stuck_in(graph, graph.packed["tick"])) == [0]
    assert stuck_in(graph, graph.packed["free"]) == 0
