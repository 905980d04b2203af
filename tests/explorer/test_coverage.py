"""A run that claims exhaustion must have hit every cover and run every label."""

from __future__ import annotations

from dataclasses import replace

from mcheck.explorer import Verdict, check
from tests.explorer.graphs import Graph, Process
from tests.explorer.test_reference import counters


def idle(name: str, *labels: str) -> Process:
    """Has labels, but never moves."""
    return Process(
        name, lambda _: [], at=lambda _: labels[0], rest=frozenset(labels), labels=labels
    )


def test_a_cover_that_is_hit_is_fine() -> None:
    graph = counters(2, 2).claim("cover", "both", lambda s: s == (2, 2))
    assert check(graph.claim("cover", "start", lambda s: s == (0, 0))).verdict == Verdict.HOLDS


def test_a_cover_that_is_never_hit_fails_the_run() -> None:
    graph = counters(2, 2).claim("cover", "one", lambda s: s == (3, 0))
    graph = graph.claim("cover", "start", lambda s: s == (0, 0))
    result = check(graph.claim("cover", "two", lambda s: s == (0, 3)))
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "cover one")
    assert result.why == "in no reachable state: one, two"
    assert result.uncovered == ("one", "two")
    assert result.trace is None


def test_a_label_that_never_runs_fails_the_run() -> None:
    graph = Graph([*counters(2).processes, idle("late", "a", "b", "done")], [(0,)])
    result = check(graph)
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "unreached late.a")
    assert result.why == "never ran: late.a, late.b"
    assert result.unreached == ("late.a", "late.b")
    assert result.labels == {"p0.count": 2, "late.a": 0, "late.b": 0}


def test_a_label_that_another_actor_runs_did_run() -> None:
    both = [replace(process, procedure="same") for process in counters(2).processes]
    other = replace(idle("late", "count"), procedure="same")
    assert check(Graph([*both, other], [(0,)])).verdict == Verdict.HOLDS


def test_labels_may_be_allowed_to_stay_unreached() -> None:
    graph = Graph([*counters(2).processes, idle("late", "a", "b")], [(0,)])
    result = check(graph, unreached=frozenset({"late.a", "late.b"}))
    assert result.verdict == Verdict.HOLDS
    assert result.unreached == ("late.a", "late.b")
    assert check(graph, unreached=frozenset({"late.a"})).property == "unreached late.b"


def test_an_allowance_for_a_label_that_runs_is_an_error() -> None:
    result = check(counters(2, 2), unreached=frozenset({"p0.count"}))
    assert result.verdict == Verdict.ERROR
    assert result.why == "p0.count may stay unreached, but does run: take the allowance away"


def test_an_allowance_for_a_label_that_is_not_there_is_an_error_before_the_search() -> None:
    result = check(counters(2), unreached=frozenset({"p0.cuont", "count", "zzz"}))
    assert (result.verdict, result.states) == (Verdict.ERROR, 0)
    assert result.why == (
        '"count" may stay unreached, but there is no such label (did you mean p0.count?); '
        '"p0.cuont" may stay unreached, but there is no such label (did you mean p0.count?); '
        '"zzz" may stay unreached, but there is no such label'
    )


def test_a_violation_comes_before_what_was_not_seen() -> None:
    graph = counters(2, 2).claim("cover", "never", lambda _: False)
    result = check(graph.claim("always", "small", lambda s: s != (1, 1)))
    assert result.property == "small"
    assert result.uncovered == ()


def test_a_violation_in_the_last_level_has_seen_everything() -> None:
    graph = Graph([Process("p", lambda s: [1] if s == 0 else [])], [0])
    result = check(graph.claim("cover", "never", lambda _: False))
    assert result.property == "deadlock"
    assert result.uncovered == ("never",)


def test_what_a_scenario_says_of_labels_it_says_of_its_own_procedures() -> None:
    graph = replace(counters(2, 2), replaced=True)
    assert check(graph, unreached=frozenset({"p0.count"})).verdict == Verdict.HOLDS
