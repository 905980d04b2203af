"""The trace that is shown: shortest, then the fewest switches, then always the same one."""

from __future__ import annotations

from mcheck.explorer import Trace, check
from tests.explorer.graphs import Fails, Graph, Process
from tests.explorer.test_reference import counters


def trace_of(graph: Graph) -> Trace:
    trace = check(graph).trace
    assert trace is not None
    return trace


def who(trace: Trace) -> list[int]:
    return [event.actor for event in trace.events]


def test_one_process_after_the_other() -> None:
    trace = trace_of(counters(3, 3, 3).claim("always", "claim", lambda s: s != (2, 2, 2)))
    assert (trace.depth, trace.switches) == (6, 2)
    assert sorted(who(trace)) == [0, 0, 1, 1, 2, 2]


def test_a_switch_is_saved_by_looking_ahead() -> None:
    """Two shortest ways; the one on which process 1 makes all its moves at the end is shown."""
    edges: list[dict[str, list[str]]] = [
        {"start": ["a"], "b": ["c"]},
        {"start": ["b"], "a": ["d"], "c": ["end"], "d": ["end"]},
    ]
    processes = [
        Process(f"p{index}", lambda s, e=moves: e.get(s, [])) for index, moves in enumerate(edges)
    ]
    trace = trace_of(Graph(processes, ["start"]).claim("always", "x", lambda s: s != "end"))
    assert who(trace) == [0, 1, 1]


def test_among_several_wrong_states_the_one_with_the_fewest_switches() -> None:
    graph = counters(4, 4).claim("always", "claim", lambda s: sum(s) < 4 or s == (4, 0))
    graph = graph.claim("always", "first", lambda s: s != (2, 2))
    trace = trace_of(graph)
    assert trace.switches == 0
    assert {change.after for event in trace.events for change in event.changed} == set("1234")


def test_the_last_step_that_fails_counts_as_a_switch() -> None:
    """Process 1 can fail after two steps of its own, or after two of process 0."""
    edges: list[dict[tuple[int, int], list[object]]] = [
        {(0, 0): [(1, 0)], (1, 0): [(2, 0)]},
        {(0, 0): [(0, 1)], (0, 1): [(0, 2)], (2, 0): [Fails("assert")], (0, 2): [Fails("leak")]},
    ]
    processes = [
        Process(f"p{index}", lambda s, e=moves: e.get(s, []), rest=frozenset({"run"}))
        for index, moves in enumerate(edges)
    ]
    result = check(Graph(processes, [(0, 0)]))
    assert result.property == "leak"
    assert result.trace is not None and who(result.trace) == [1, 1, 1]


def test_with_equal_switches_the_first_actor_and_the_first_choice() -> None:
    processes = [Process(f"p{index}", lambda s: [s, 1, 1] if s == 0 else []) for index in range(2)]
    trace = trace_of(Graph(processes, [0]).claim("always", "claim", lambda s: s == 0))
    (event,) = trace.events
    assert (event.actor, event.choices) == (0, (("way", "1"),))


def test_a_long_trace() -> None:
    trace = trace_of(counters(2000).claim("always", "claim", lambda s: s[0] < 2000))
    assert trace.depth == 2000


def test_a_path_that_makes_up_for_a_switch_later_is_not_forgotten() -> None:
    """1, 0, 0 and 2, 2, 0 have one switch each, though 2, 2 has none and 1, 0 has one."""
    edges: list[dict[str, list[object]]] = [
        {"a": ["b"], "b": [Fails("assert")]},
        {"start": ["a"]},
        {"start": ["c"], "c": ["b"]},
    ]
    processes = [
        Process(f"p{index}", lambda s, e=moves: e.get(s, []), rest=frozenset({"run"}))
        for index, moves in enumerate(edges)
    ]
    assert who(trace_of(Graph(processes, ["start"]))) == [1, 0, 0]
