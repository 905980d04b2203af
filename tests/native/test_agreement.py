"""Both engines say the same of the examples, the benchmark, the kernel and its bugs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.migration import M, M_no_flush, S, migration
from mcheck.explorer import Limits, Result, Verdict, native, reference
from mcheck.lang import Model
from mcheck.scenarios import SCENARIOS, Size
from mcheck.zoo import BUGS
from tests.examples.listing import BY_NAME
from tests.native.agreement import agree, by_native, differences

NO_FLUSH = migration.configure("S-no-flush", objects=1, frames=2, cpus=1, flush=False)

SMALLEST = ["munmap-first-fault", "munmap-first-file-fault"]
LARGER_BUGS = [
    "wait-on-freed-page",
    *("dirty-after-visible", "anon-vma-uaf-unmapped", "flush-left-out", "restored-writable"),
]
"""Those whose scenarios take long to compile."""
ENOUGH = Limits(states=30_000)

# The comparison itself


def test_the_comparison_sees_whatever_a_result_says() -> None:
    result = reference.check(BY_NAME["refcount.leak"].compile())
    assert result.trace is not None
    others: list[Result] = [
        replace(result, verdict=Verdict.HOLDS),
        replace(result, property="assert"),
        replace(result, states=result.states + 1),
        replace(result, labels={}),
        replace(result, undecided=("deadlock",)),
        replace(result, trace=None),
        replace(result, trace=replace(result.trace, events=result.trace.events[:-1])),
        replace(result, offenders=("o",)),
    ]
    assert all(differences(result, other) for other in others)
    same = replace(result, engine="native", seconds=9.0, peak_bytes=9, figures={"workers": 2})
    assert not differences(result, same)


# Models


@pytest.mark.parametrize("name", BY_NAME)
def test_examples(name: str) -> None:
    agree(BY_NAME[name].compile(), flags=("-O0",))


@pytest.mark.parametrize(
    ("model", "states", "verdict"), [(S, 88_644, "HOLDS"), (NO_FLUSH, 551, "VIOLATED")]
)
def test_the_benchmark(model: Model[Any], states: int, verdict: str) -> None:
    result = agree(model.compile())
    assert (result.states, result.verdict.value) == (states, verdict)


@pytest.mark.parametrize("name", [name for name in BUGS if name not in LARGER_BUGS])
def test_bugs_of_the_kernel(name: str) -> None:
    assert agree(BUGS[name].model.compile()).property == BUGS[name].violates


@pytest.mark.parametrize("name", SMALLEST)
def test_scenarios_of_the_kernel(name: str) -> None:
    assert agree(SCENARIOS[name].model.compile()).verdict is Verdict.HOLDS


# Limits of states: what is covered is the same, however it is searched


@pytest.mark.parametrize("most", [0, 1, 100, 1_203, 1_362, 1_363])
def test_a_limit_of_states_is_the_same_limit(most: int) -> None:
    for name in ("philosophers.philosophers", "philosophers.left_first"):
        agree(BY_NAME[name].compile(), limits=Limits(states=most))


def test_a_limit_of_states_in_the_middle_of_much() -> None:
    result = agree(S.compile(), limits=Limits(states=20_000))
    assert result.verdict is Verdict.BOUNDED
    assert 20_000 < result.states < 40_000
    assert "stopped by the limit of 20,000 states: all states up to depth " in result.why


# The order of what one thread finds


def test_one_worker_finds_states_level_by_level() -> None:
    executable = BY_NAME["philosophers.philosophers"].compile()
    _, states = by_native(executable, workers=1)
    assert states[0] in executable.initial
    limits = [Limits(states=most) for most in (1, 60, 500)]
    firsts = [by_native(executable, workers=1, limits=limit)[1] for limit in limits]
    assert [states[: len(first)] for first in firsts] == firsts
    assert 1 < len(firsts[0]) < len(firsts[1]) < len(firsts[2]) < len(states)


# What a result says besides


def test_what_is_measured() -> None:
    executable = S.compile()
    results = [native.check(executable, workers=count) for count in (1, 2)]
    for count, result in enumerate(results, 1):
        assert result.engine == "native"
        assert result.figures["workers"] == count
        assert 0 < result.figures["search_seconds"] < result.seconds
        assert 0 < result.figures["compile_seconds"] < result.seconds
        words = -(-executable.bits // 64)
        assert result.figures["engine_bytes"] >= result.states * (8 * words + 8)
        assert result.peak_bytes > 0


# What takes longer


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGER_BUGS)
def test_larger_bugs_of_the_kernel(name: str) -> None:
    assert agree(BUGS[name].model.compile()).property == BUGS[name].violates


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_all_scenarios_of_the_kernel(name: str) -> None:
    agree(SCENARIOS[name].model.compile(), limits=ENOUGH)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, each in SCENARIOS.items() if each.size is Size.DEFAULT]
)
def test_default_scenarios_with_any_number_of_workers(name: str) -> None:
    executable = SCENARIOS[name].model.compile()
    first, *others = (native.check(executable, workers=count) for count in (1, 2, 3, 5))
    assert first.verdict is Verdict.HOLDS
    assert not [differ for other in others if (differ := differences(first, other))]


@pytest.mark.slow
@pytest.mark.parametrize("model", [M, M_no_flush], ids=lambda m: m.name)
def test_the_larger_benchmark(model: Model[Any]) -> None:
    agree(model.compile())
