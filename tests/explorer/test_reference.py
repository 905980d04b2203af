"""The reference engine: counts, levels, verdicts, and the same answer on every run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcheck.explorer import Result, Verdict, check
from mcheck.lang.errors import ModelError
from tests.explorer.graphs import Fails, Graph, Process


def counter(name: str, index: int, top: int) -> Process:
    """Counts component `index` of the state up to `top`, then it is done."""

    def step(state: tuple[int, ...]) -> list[tuple[int, ...]]:
        if state[index] == top:
            return []
        return [(*state[:index], state[index] + 1, *state[index + 1 :])]

    return Process(
        name,
        step,
        at=lambda state: "done" if state[index] == top else "count",
        rest=frozenset({"done"}),
    )


def counters(*tops: int) -> Graph:
    """Independent processes: a grid of states."""
    processes = [counter(f"p{index}", index, top) for index, top in enumerate(tops)]
    return Graph(processes, [(0,) * len(tops)])


def timeless(result: Result) -> Result:
    """Without what differs from run to run."""
    return replace(result, seconds=0.0, peak_bytes=0)


def test_a_grid_of_states_is_counted_exactly() -> None:
    result = check(counters(3, 4))
    assert result.verdict == Verdict.HOLDS
    assert (result.states, result.transitions, result.depth) == (4 * 5, 3 * 5 + 4 * 4, 7)
    assert result.labels == {"p0.count": 3 * 5, "p1.count": 4 * 4}
    assert (result.engine, result.scenario, result.scope) == ("reference", "graph", {"n": 1})
    assert result.bits == 64
    assert result.peak_bytes > 1_000_000
    assert not result.unreached and not result.undecided and result.trace is None


def test_a_label_of_several_actors_is_counted_once_for_all() -> None:
    graph = counters(3, 4)
    graph = Graph([replace(p, procedure="count") for p in graph.processes], graph.start)
    assert check(graph).labels == {"count.count": 31}


def test_all_initial_states_are_searched_and_judged() -> None:
    graph = Graph([counter("p0", 0, 2)], [(1,), (0,)])
    assert check(graph).states == 3
    result = check(graph.claim("always", "not_one", lambda s: s != (1,)))
    assert (result.property, result.transitions, result.depth) == ("not_one", 0, 0)
    assert result.trace is not None
    assert result.trace.events == ()
    assert result.trace.start == {"v0": "1"}


def test_no_initial_state_is_an_error() -> None:
    result = check(Graph([], []))
    assert result.verdict == Verdict.ERROR
    assert "no initial state" in result.why


def test_a_violation_comes_with_the_shortest_trace_and_the_finished_level() -> None:
    result = check(counters(9, 9).claim("always", "small", lambda s: sum(s) < 3))
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "small")
    assert result.why == "small is false in the last state: small is so."
    # Levels 0 to 2 are expanded, with 1, 2 and 3 states and two transitions each.
    assert (result.states, result.transitions, result.depth) == (1 + 2 + 3 + 4, 12, 3)
    assert result.trace is not None
    assert (result.trace.depth, result.trace.switches) == (3, 0)
    assert result.offenders in {("(3, 0)",), ("(0, 3)",)}
    assert not result.unreached and not result.uncovered


def test_a_trace_tells_who_did_what() -> None:
    result = check(counters(2).claim("always", "small", lambda s: s[0] < 2))
    assert result.trace is not None
    first, last = result.trace.events
    assert (first.actor, first.process, first.label, first.inside) == (0, "p0", "count", ("p0",))
    assert first.choices == (("way", "0"),)
    assert [(c.name, c.before, c.after) for c in first.changed] == [("v0", "0", "1")]
    assert str(first.source) == "graph.py:1"
    assert last.state is not None
    assert result.trace.failure is None


def test_a_failing_step_is_a_violation_and_no_transition() -> None:
    process = Process("p", lambda s: [s + 1] if s < 2 else [Fails("assert"), 0, Fails("leak")])
    result = check(Graph([process], [0]))
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "assert")
    assert (result.states, result.transitions) == (3, 3)
    assert result.why == "p fails"
    assert result.trace is not None and result.trace.failure is not None
    assert result.trace.failure.kind == "assert"
    assert [e.label for e in result.trace.events] == ["run"] * 3
    last = result.trace.events[-1]
    assert (last.state, last.changed, last.choices) == (None, (), (("way", "0"),))


def test_a_failing_step_can_move() -> None:
    """A step that only fails is no deadlock, though it has no successor."""
    result = check(Graph([Process("p", lambda _: [Fails("bounds")])], [0]))
    assert result.property == "bounds"


def test_a_step_claim_is_judged_on_transitions_to_known_states_too() -> None:
    process = Process("p", lambda s: [(s + 1) % 3])
    result = check(Graph([process], [0]).step_claim("grows", lambda s, t: t > s))
    assert (result.property, result.states, result.transitions) == ("grows", 3, 3)
    assert result.why == "grows is false for the last step: grows is so."
    assert result.offenders == ("0",)
    assert result.trace is not None
    assert [e.changed[0].after for e in result.trace.events] == ["1", "2", "0"]


def test_a_step_claim_is_not_asked_about_states() -> None:
    process = Process("p", lambda s: [(s + 1) % 3])
    result = check(Graph([process], [0]).step_claim("changes", lambda s, t: t != s))
    assert result.verdict == Verdict.HOLDS


@pytest.mark.parametrize("kind", ["always", "step", "cover"])
def test_a_property_that_goes_wrong_is_an_error_with_a_trace(kind: str) -> None:
    def holds(state: tuple[int, ...]) -> bool:
        if state[0] == 2:
            raise ModelError("model.py:7: null dereference")
        return kind != "cover"

    graph = counters(4)
    if kind == "step":
        graph = graph.step_claim("asks", lambda _, after: holds(after))
    else:
        graph = graph.claim("always" if kind == "always" else "cover", "asks", holds)
    result = check(graph)
    assert (result.verdict, result.property) == (Verdict.ERROR, "asks")
    assert result.why == "model.py:7: null dereference"
    assert result.trace is not None and result.trace.depth == 2


def test_errors_then_failures_by_kind_then_properties_in_order_are_shown_first() -> None:
    def broken(state: int) -> bool:
        if state == 1:
            raise ModelError("broken")
        return False

    def claims(process: Process) -> Graph:
        graph = Graph([process], [0]).claim("always", "second", lambda s: s == 0)
        return graph.claim("always", "also", lambda s: s == 0)

    good = claims(Process("p", lambda _: [1]))
    failing = claims(Process("p", lambda s: [1, Fails("leak"), Fails("assert")] if not s else []))
    assert check(good).property == "second"
    assert check(failing).property == "assert"
    assert check(failing.claim("cover", "asks", broken)).property == "asks"


@pytest.mark.parametrize("wrong", [{(2, 1), (2, 2)}, {(1, 3), (1, 0)}, {(0, 2), (0, 1)}])
def test_the_order_within_a_level_changes_nothing(wrong: set[tuple[int, int]]) -> None:
    nodes = [(level, way) for level in range(3) for way in range(4)]

    def graph(direction: int) -> Graph:
        def step(state: tuple[int, int]) -> list[tuple[int, int]]:
            return [(state[0] + 1, way) for way in range(4)[::direction]] if state[0] < 2 else []

        process = Process("p", step, rest=frozenset({"run"}))
        model = Graph([process], nodes[:4][::direction], order=nodes)
        return model.claim("always", "claim", lambda state: state not in wrong)

    there, back = check(graph(1)), check(graph(-1))
    assert there.trace is not None and back.trace is not None
    assert [e.state for e in there.trace.events] == [e.state for e in back.trace.events]
    assert there.trace.initial == back.trace.initial
    assert (there.states, there.transitions) == (back.states, back.transitions)
    assert there.offenders == (str(min(wrong)),)


def test_the_same_result_on_every_run() -> None:
    graph = counters(5, 5, 5).claim("always", "small", lambda s: max(s) - min(s) < 4)
    assert timeless(check(graph)) == timeless(check(graph))


def test_any_other_exception_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        check(counters(2).claim("always", "odd", lambda s: 1 // s[0] > 0))


def test_a_model_that_goes_wrong_elsewhere_is_an_error_too() -> None:
    def step(_: int) -> list[int]:
        raise ModelError("model.py:3: no such thing")

    graph = Graph([Process("p", lambda _: [])], [0])
    graph.processes = [Process("p", step)]
    graph.actors = [graph._actor(0)]
    result = check(graph)
    assert (result.verdict, result.why) == (Verdict.ERROR, "model.py:3: no such thing")
