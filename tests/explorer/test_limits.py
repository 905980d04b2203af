"""Limits and interrupts: the search ends BOUNDED, and says by what and what it covered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcheck.explorer import Limits, Verdict, check
from mcheck.explorer.limits import Stopped, Watch, resident_bytes
from mcheck.lang.contract import Failure
from tests.explorer.graphs import Graph, Process
from tests.explorer.test_reference import counters, timeless


def test_the_limit_of_states_ends_a_level_and_is_the_same_on_every_run() -> None:
    graph = counters(30, 30)
    results = [check(graph, limits=Limits(states=100)) for _ in range(2)]
    assert timeless(results[0]) == timeless(results[1])
    result = results[0]
    assert result.verdict == Verdict.BOUNDED
    # Level k has k + 1 states: levels 0 to 12 have 91, which is no reason to stop, and 13 has 14.
    assert (result.states, result.depth) == (105, 13)
    assert result.why == (
        "stopped by the limit of 100 states: all states up to depth 13 are searched, "
        "14 states are left to expand"
    )
    assert "deadlock" in result.undecided


def test_a_space_that_is_just_as_large_as_the_limit_is_exhausted() -> None:
    assert check(counters(3, 4), limits=Limits(states=20)).verdict == Verdict.HOLDS
    assert check(counters(3, 4), limits=Limits(states=19)).verdict == Verdict.BOUNDED


def test_what_a_bounded_search_did_not_see_is_listed_as_undecided() -> None:
    late = Process("late", lambda _: [], rest=frozenset({"run"}))
    graph = Graph([*counters(30, 30).processes, late], [(0, 0)])
    graph = graph.claim("cover", "far", lambda s: s == (30, 30))
    graph = graph.claim("cover", "near", lambda s: s == (1, 0))
    result = check(graph, limits=Limits(states=100))
    assert result.uncovered == ("far",)
    assert result.unreached == ("late.run",)
    assert result.undecided == ("deadlock", "cover far", "unreached labels")


def test_a_violation_in_the_level_that_is_too_much_is_still_one() -> None:
    graph = counters(30, 30).claim("always", "small", lambda s: s != (13, 0))
    result = check(graph, limits=Limits(states=93))
    assert (result.verdict, result.property, result.depth) == (Verdict.VIOLATED, "small", 13)
    assert result.trace is not None and result.trace.depth == 13


def test_no_time_at_all() -> None:
    result = check(counters(30, 30), limits=Limits(seconds=0))
    assert result.verdict == Verdict.BOUNDED
    assert (result.states, result.transitions) == (1, 0)
    assert "the limit of 0 s" in result.why


def test_too_much_memory() -> None:
    result = check(counters(30, 30), limits=Limits(memory_bytes=2**20))
    assert result.verdict == Verdict.BOUNDED
    assert "the memory limit of 1 MiB" in result.why


@pytest.mark.parametrize("name", ["states", "seconds", "memory_bytes"])
def test_a_negative_limit_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: -1})


def press_ctrl_c(graph: Graph, times: int) -> Graph:
    """The same model, but Ctrl-C is pressed when the first process is asked so many times."""
    first = graph.actors[0]
    step = first.steps[0]
    asked = 0

    def interrupted(state: int, out: list[int], failures: list[Failure]) -> None:
        nonlocal asked
        asked += 1
        if asked == times:
            raise KeyboardInterrupt
        step(state, out, failures)

    graph.actors[0] = replace(first, steps=[interrupted] * len(first.steps))
    return graph


def test_ctrl_c_gives_a_bounded_verdict_with_counts() -> None:
    result = check(press_ctrl_c(counters(30, 30), 100))
    assert result.verdict == Verdict.BOUNDED
    assert (result.depth, result.transitions) == (13, 2 * 99)
    assert "stopped by an interrupt: all states up to depth 13 are searched" in result.why


def test_ctrl_c_does_not_lose_a_violation_already_found() -> None:
    graph = counters(30, 30).claim("always", "small", lambda s: s != (14, 0))
    result = check(press_ctrl_c(graph, 100))
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "small")
    assert result.trace is not None and result.trace.depth == 14


def test_ctrl_c_while_the_trace_is_built_leaves_the_verdict() -> None:
    graph = counters(30, 30).claim("always", "small", lambda s: s != (14, 0))
    asked = sum(range(1, 15))
    result = check(press_ctrl_c(graph, asked + 3))
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "small")
    assert result.trace is None
    assert "interrupted before its trace was found" in result.why


def test_ctrl_c_while_it_is_decided_who_is_stuck() -> None:
    """Five states, in each of which one process waits: they are all asked about again."""
    loop = Process("loop", lambda s: [(s + 1) % 5], rest=frozenset({"run"}))
    stuck = Process("stuck", lambda _: [])
    result = check(press_ctrl_c(Graph([loop, stuck], [0]), 7))
    assert result.verdict == Verdict.BOUNDED
    assert (result.states, result.transitions) == (5, 5)
    assert "who is stuck is not decided" in result.why
    assert "deadlock" in result.undecided


def test_progress_is_reported_while_the_search_runs() -> None:
    reports: list[tuple[int, int, int, int, float, int]] = []

    def note(*report: *tuple[int, int, int, int, float, int]) -> None:
        reports.append(report)

    check(counters(30, 30), progress=note)
    states, transitions, depth, frontier, seconds, resident = reports[0]
    assert (states, transitions, depth, frontier) == (1, 0, 0, 1)
    assert 0 <= seconds < 60
    assert resident > 2**20


def test_progress_is_not_reported_more_often_than_anybody_can_read() -> None:
    watch = Watch(Limits())
    assert watch.due()
    watch.look(1, 1, 1, 1)
    assert not watch.due()


def test_the_time_is_over_even_if_nobody_looks() -> None:
    with pytest.raises(Stopped, match="0 s"):
        Watch(Limits(seconds=0)).due()


def test_the_resident_set_grows_with_what_is_stored() -> None:
    before = resident_bytes()
    stored = b"x" * 2**25
    assert resident_bytes() - before > len(stored) // 2


def test_the_resident_set_is_known_without_proc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mcheck.explorer.machine._STATM", tmp_path / "missing")
    assert resident_bytes() > 2**20
