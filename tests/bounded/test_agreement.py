"""z3 and the reference engine say the same of the examples, of small models and of the kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcheck.explorer import Verdict, bounded, reference
from mcheck.scenarios import SCENARIOS
from mcheck.zoo import BUGS
from tests.bounded.agreement import SMALL, agree, agree_on, differences
from tests.bounded.kernel import MISTAKES
from tests.bounded.models import once_hit, small
from tests.examples.listing import BY_NAME
from tests.native.generated import drawn

STEPS = 12
FEWER = {"philosophers.philosophers": 9, "philosophers.left_first": 8}
"""Examples that take long; with all steps they are for those who have time."""
DEEPER = {"buffer.if_instead_of_while": 15}
SLOWER = {"buffer.one_condition": 27}
"""Examples whose counterexamples are longer, and how long they are."""

SMALLEST = ["munmap-first-fault", "munmap-first-file-fault"]
PROGRAMS = 25

# The comparison itself


def test_the_comparison_sees_whatever_a_result_says() -> None:
    executable = BY_NAME["refcount.leak"].compile()
    result = reference.check(executable)
    assert result.trace is not None
    others = [
        replace(result, verdict=Verdict.HOLDS),
        replace(result, verdict=Verdict.BOUNDED, trace=None),
        replace(result, property="assert"),
        replace(result, why="because"),
        replace(result, offenders=("o",)),
        replace(result, trace=replace(result.trace, events=result.trace.events[:-1])),
    ]
    assert all(differences(executable, result, other, STEPS) for other in others)
    assert not differences(executable, result, replace(result, engine="z3", seconds=9.0), STEPS)
    found_too_early = differences(executable, result, result, result.trace.depth - 1)
    assert found_too_early == ["VIOLATED leak, where there is nothing"]


def test_a_cover_that_fails_after_it_was_hit_is_left_out() -> None:
    """z3 looks at it in every state, others only until it has been hit."""
    executable = once_hit.compile()
    assert bounded.check(executable, depth=3).verdict is Verdict.ERROR
    assert reference.check(executable).verdict is Verdict.VIOLATED
    assert agree(executable, 3).property == "low"


# Models


@pytest.mark.parametrize("name", BY_NAME)
def test_examples(name: str) -> None:
    result = agree(BY_NAME[name].compile(), FEWER.get(name, STEPS))
    assert result.engine == "z3"
    assert result.verdict in (Verdict.BOUNDED, Verdict.VIOLATED)


@pytest.mark.parametrize(("name", "steps"), DEEPER.items())
def test_examples_with_a_long_counterexample(name: str, steps: int) -> None:
    executable = BY_NAME[name].compile()
    assert agree(executable, steps - 1).verdict is Verdict.BOUNDED
    assert agree(executable, steps).verdict is Verdict.VIOLATED


@pytest.mark.slow
@pytest.mark.parametrize("name", FEWER)
def test_examples_that_take_long(name: str) -> None:
    agree(BY_NAME[name].compile(), STEPS)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "steps"), SLOWER.items())
def test_examples_with_a_longer_counterexample(name: str, steps: int) -> None:
    assert agree(BY_NAME[name].compile(), steps).verdict is Verdict.VIOLATED


def test_what_is_found_is_found_at_no_smaller_depth() -> None:
    for name in ("counters.unlocked", "peterson.giving_way_first", "ticket.two_steps"):
        executable = BY_NAME[name].compile()
        result = bounded.check(executable, depth=STEPS)
        assert result.trace is not None
        shallow = bounded.check(executable, depth=result.trace.depth - 1)
        assert (shallow.verdict, shallow.depth) == (Verdict.BOUNDED, result.trace.depth - 1)
        assert result.depth == result.trace.depth - 1


def test_small_models(tmp_path: Path) -> None:
    verdicts = [
        agree(model.compile(), STEPS + 1, limits=SMALL).property
        for model in small(tmp_path).values()
    ]
    kinds = {"deadlock", "hang", "leak", "null", "choose", "divide", "lock", "bounds", "local"}
    assert kinds <= set(verdicts)


def test_generated_programs(tmp_path: Path) -> None:
    tally = agree_on(drawn(PROGRAMS), tmp_path, 6)
    assert tally.models >= PROGRAMS * 3 // 4, tally
    assert len(tally.said) >= 5, tally
    assert {0, 1, 2} <= set(tally.lengths), tally


@pytest.mark.slow
def test_many_generated_programs(tmp_path: Path) -> None:
    agree_on(drawn(400, same=False), tmp_path, 8)


# The kernel


@pytest.mark.parametrize("name", SMALLEST)
def test_scenarios_of_the_kernel(name: str) -> None:
    assert agree(SCENARIOS[name].model.compile(), STEPS).verdict is Verdict.BOUNDED


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_kernel(name: str) -> None:
    result = agree(MISTAKES[name].compile(), 15)
    assert result.verdict is Verdict.VIOLATED
    assert result.trace is not None
    assert result.trace.depth == 15


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_bugs_of_the_kernel_take_longer_than_that(name: str) -> None:
    assert agree(BUGS[name].model.compile(), STEPS).verdict is Verdict.BOUNDED


@pytest.mark.slow
def test_the_bug_with_the_shortest_counterexample() -> None:
    bug = BUGS["pagecache-no-freeze"]
    assert agree(bug.model.compile(), 39).property == bug.violates
