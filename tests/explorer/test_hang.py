"""Hang: a process that only others which are at rest could free, where a model asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mcheck.explorer import Limits, Result, Verdict, check
from mcheck.explorer.deadlock import hangs_in, members, stuck_in
from mcheck.lang.contract import Failure
from tests.explorer.graphs import Fails, Graph, Process

IDLE = frozenset({"idle", "done"})


def sleeper(name: str = "sleeper", *, until: str = "awake") -> Process:
    """Waits until somebody has set the state to what it waits for; then it is done."""
    return Process(
        name,
        lambda s: ["over"] if s == until else [],
        at=lambda s: "done" if s == "over" and until == "awake" else "asleep",
        rest=IDLE,
    )


def other(
    moves: dict[str, list[str]], *, idle: Sequence[str] = (), daemon: bool = False
) -> Process:
    """Moves as told; at rest where it is idle."""
    return Process(
        "other",
        lambda s: moves.get(s, []),
        at=lambda s: "idle" if s in idle or s == "over" else "busy",
        rest=IDLE,
        daemon=daemon,
    )


def model(*processes: Process, start: str = "start", hang: bool = True) -> Graph:
    return Graph([sleeper(), *processes], [start], hang=hang)


WAKER = other({"start": ["awake"]}, idle=["start", "awake"])
"""Could wake the sleeper, if it began something new."""


def found(result: Result) -> tuple[Verdict, str | None, int]:
    assert result.trace is not None
    return result.verdict, result.property, result.trace.depth


def right(graph: Graph) -> bool:
    """Nobody waits in vain; a label at which somebody only stands may never run."""
    result = check(graph)
    return result.verdict == Verdict.HOLDS or str(result.property).startswith("unreached ")


def test_only_somebody_at_rest_could_wake_it() -> None:
    result = check(model(WAKER))
    assert found(result) == (Verdict.VIOLATED, "hang", 0)
    assert result.why == (
        "sleeper waits at sleeper.asleep (graph.py:1), and nobody who is still at work can wake "
        "it: only processes that are at rest could, if they began something new"
    )


def test_a_model_has_to_ask() -> None:
    assert right(model(WAKER, hang=False))


def test_somebody_at_work_will_wake_it() -> None:
    worker = other({"start": ["awake"]}, idle=["awake"])
    assert right(model(worker))


def test_a_daemon_may_wake_it_though_it_is_at_rest() -> None:
    daemon = replace(WAKER, daemon=True)
    assert right(model(daemon))


def test_who_is_at_rest_itself_does_not_hang() -> None:
    idler = Process(
        "idler", lambda s: ["over"] if s == "awake" else [], at=lambda _: "idle", rest=IDLE
    )
    assert right(Graph([idler, WAKER], ["start"], hang=True))


def test_several_hang() -> None:
    result = check(Graph([sleeper("a"), sleeper("b"), WAKER], ["start"], hang=True))
    assert result.why.startswith("a waits at a.asleep (graph.py:1) and b waits at b.asleep")
    assert "can wake them: only" in result.why


def test_a_hang_that_is_evident_ends_the_search_with_its_level() -> None:
    """One step from the start the waker is at rest; it could go on for long."""
    count = {str(n): [str(n + 1)] for n in range(1, 50)}
    goes_on = other({"start": ["1"], **count, "50": ["awake"]}, idle=["1"])
    result = check(model(goes_on))
    assert found(result) == (Verdict.VIOLATED, "hang", 1)
    assert result.states == 3


def test_a_hang_while_others_work_for_ever_is_found_at_the_end() -> None:
    turns: dict[str, list[str]] = {"start": ["turn"], "turn": ["start"]}
    waker = other({"start": ["awake"], "turn": ["awake"]}, idle=["start", "turn", "awake"])
    result = check(model(waker, replace(other(turns, idle=["awake"]), name="spinner")))
    assert found(result) == (Verdict.VIOLATED, "hang", 0)
    assert result.states == 4
    assert result.why.startswith("sleeper waits at sleeper.asleep (graph.py:1), and nobody")


def test_a_chance_to_be_woken_is_enough_as_long_as_it_lasts() -> None:
    chance = other({"start": ["awake", "missed"], "missed": ["start"]}, idle=["missed"])
    result = check(model(chance))
    assert found(result) == (Verdict.VIOLATED, "hang", 1)
    busy = other({"start": ["awake", "missed"], "missed": ["start"]}, idle=["awake"])
    assert right(model(busy))


def test_a_daemon_that_moves_for_ever_hides_no_hang() -> None:
    clock = Process(
        "clock",
        lambda s: {"start": ["later"], "later": ["start"]}.get(s, []),
        at=lambda _: "tick",
        daemon=True,
    )
    result = check(model(WAKER, clock))
    assert found(result) == (Verdict.VIOLATED, "hang", 0)


def test_a_deadlock_is_called_so_though_it_is_a_hang_too() -> None:
    """The other is at rest, and could move; but the sleeper waits for something else."""
    useless = other({"start": ["on"], "on": ["off"], "off": ["on"]}, idle=["start", "on", "off"])
    result = check(model(useless))
    assert found(result) == (Verdict.VIOLATED, "deadlock", 0)
    assert result.why == "sleeper waits at sleeper.asleep (graph.py:1), and can never move again"


def test_a_deadlock_beside_a_hang() -> None:
    """Two sleep; the one that nobody can ever wake is named."""
    result = check(Graph([sleeper("a"), sleeper("b", until="never"), WAKER], ["start"], hang=True))
    assert result.property == "deadlock"
    assert result.why.startswith("b waits at b.asleep")


def test_a_step_that_fails_is_shown_first() -> None:
    failing = Process(
        "p", lambda s: [Fails("assert")] if s == "start" else [], at=lambda _: "idle", rest=IDLE
    )
    assert check(model(WAKER, failing)).property == "assert"


def test_who_hangs_in_one_state() -> None:
    graph = model(WAKER)
    state = graph.packed["start"]
    assert members(hangs_in(graph, state)) == [0]
    assert stuck_in(graph, state) == hangs_in(graph, graph.packed["awake"]) == 0


@pytest.mark.parametrize(
    ("hang", "expected"), [(True, ("deadlock", "hang")), (False, ("deadlock",))]
)
def test_a_bounded_search_does_not_decide_who_hangs(hang: bool, expected: tuple[str, ...]) -> None:
    loop = Process("loop", lambda s: [(s + 1) % 50])
    waits = Process("waits", lambda s: [0] if s == 5 else [])
    bounded = check(Graph([loop, waits], [0], hang=hang), limits=Limits(states=10))
    assert bounded.verdict == Verdict.BOUNDED
    assert bounded.undecided == expected


def long_way(*, interrupt: int = 0) -> Graph:
    """A sleeper that one who is at rest wakes after a hundred moves; Ctrl-C may be pressed."""
    count = {str(n): [str(n + 1)] for n in range(100)}
    graph = model(other({"start": ["0"], **count, "100": ["awake"]}, idle=["start"]))
    walker = graph.actors[1]
    asked = 0

    def step(state: int, out: list[int], failures: list[Failure]) -> None:
        nonlocal asked
        asked += 1
        if asked == interrupt:
            raise KeyboardInterrupt
        walker.steps[0](state, out, failures)

    graph.actors[1] = replace(walker, steps=[step] * len(walker.labels))
    return graph


def test_a_limit_before_it_is_known_whether_a_hang_is_a_deadlock() -> None:
    assert check(long_way()).property == "hang"
    result = check(long_way(), limits=Limits(states=50))
    assert found(result) == (Verdict.VIOLATED, "hang", 0)
    assert result.why.endswith(
        "(stopped by the limit of 50 states before it was known whether they could)"
    )
    assert "known" not in check(long_way()).why


def test_ctrl_c_before_it_is_known_whether_a_hang_is_a_deadlock() -> None:
    result = check(long_way(interrupt=40))
    assert found(result) == (Verdict.VIOLATED, "hang", 0)
    assert result.why.endswith("(interrupted before it was known whether they could)")


def test_a_deadlock_of_all_is_one_whatever_the_limits() -> None:
    alone = Graph([sleeper()], ["start"], hang=True)
    result = check(alone, limits=Limits(states=1))
    assert found(result) == (Verdict.VIOLATED, "deadlock", 0)
