"""Simulation: random walks by direct execution."""

from __future__ import annotations

import pytest

from mcheck.explorer import Result, Trace, Verdict, check, simulate
from mcheck.lang import Model, always, cover
from mcheck.lang.direct import Direct
from tests.explorer.boxes import Box, adder, box, careful, closer, grows, opener, small, tiny
from tests.explorer.test_reference import timeless


@cover
def all_four(k: Box) -> bool:
    """The number is as large as it gets."""
    return k.total == 4


@cover
def never(k: Box) -> bool:
    """Out of reach."""
    return k.total == 9


@always
def far_off(k: Box) -> bool:
    """Divides by nothing as soon as the number is 3."""
    return 6 // (3 - k.total) > -9


def is_a_walk(model: Model[Box], trace: Trace) -> bool:
    """Do the events lead from state to state as the steps say?"""
    executable = model.compile()
    state = trace.initial
    for event in trace.events:
        actor = executable.actors[event.actor]
        out: list[tuple[int, tuple[tuple[str, str], ...]]] = []
        actor.traced[(state >> actor.pc_shift) & actor.pc_mask](state, out, [])
        if event.state is None:
            return trace.failure is not None
        if (event.state, event.choices) not in out:
            return False
        state = event.state
    return True


def test_nothing_found_is_bounded_and_says_how_much_was_tried() -> None:
    model = box(adder, tiny, all_four, never)
    result = simulate(model, seed=1, walks=50, steps=100)
    whole = check(model.compile())
    assert (result.verdict, result.engine, result.seed) == (Verdict.BOUNDED, "simulation", 1)
    assert result.why == "simulation of 50 walks of at most 100 steps"
    assert (result.transitions, result.depth) == (50 * 4, 4)
    assert 0 < result.states <= whole.states
    assert set(result.labels) == {"adder.read", "adder.add"}
    assert sum(result.labels.values()) == result.transitions
    assert result.uncovered == ("never",)
    assert result.undecided == ("deadlock", "cover never")


def test_the_same_seed_gives_the_same_walks() -> None:
    def run(seed: int) -> Result:
        return timeless(simulate(box(adder, tiny), seed=seed, walks=5))

    assert run(3) == run(3)
    assert len({str(run(seed).labels) + str(run(seed).states) for seed in range(20)}) > 1


def test_without_a_seed_one_is_drawn_and_told() -> None:
    model = box(adder, small)
    first = simulate(model)
    assert first.seed is not None
    assert timeless(simulate(model, seed=first.seed)) == timeless(first)


@pytest.mark.parametrize(("model", "name"), [
    (box(adder, small), "small"),
    (box(adder, grows), "grows"),
    (box(careful), "assert"),
    (box(closer), "deadlock"),
])  # fmt: skip
def test_a_violation_comes_with_the_walk_that_leads_to_it(model: Model[Box], name: str) -> None:
    result = simulate(model, seed=1)
    assert (result.verdict, result.property) == (Verdict.VIOLATED, name)
    assert "not a shortest one" in result.why
    assert result.trace is not None and is_a_walk(model, result.trace)
    whole = check(model.compile())
    assert whole.property == name
    assert whole.trace is not None and result.trace.depth >= whole.trace.depth


def test_a_failing_step_ends_the_trace() -> None:
    trace = simulate(box(careful), seed=1).trace
    assert trace is not None and trace.failure is not None
    assert trace.failure.kind == "assert"
    assert trace.events[-1].state is None


def test_a_walk_on_which_a_daemon_can_free_somebody_is_no_deadlock() -> None:
    result = simulate(box(closer, daemons=[opener]), seed=1, walks=20, steps=50)
    assert result.verdict == Verdict.BOUNDED
    assert result.depth == 50


def test_a_property_that_goes_wrong_is_an_error() -> None:
    result = simulate(box(adder, far_off), seed=1)
    assert (result.verdict, result.property) == (Verdict.ERROR, "far_off")
    assert "far_off" in result.why
    assert result.trace is not None


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    enabled = Direct.enabled

    def interrupted(self: Direct) -> list[int]:
        nonlocal asked
        asked += 1
        if asked == 12:
            raise KeyboardInterrupt
        return enabled(self)

    monkeypatch.setattr(Direct, "enabled", interrupted)
    result = simulate(box(adder, tiny), seed=1, walks=50)
    assert result.verdict == Verdict.BOUNDED
    assert result.why == "simulation of 2 walks of at most 1,000 steps, stopped by an interrupt"
