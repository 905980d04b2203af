"""Whatever ends a search before its depth, the verdict is BOUNDED, and says how far it came."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import z3

from mcheck.explorer import Limits, Result, Verdict, bounded
from mcheck.explorer.bounded import checking, search, shown
from mcheck.explorer.bounded.shown import Disagreement
from mcheck.explorer.bounded.solver import Solver
from mcheck.explorer.limits import Stopped
from mcheck.loading.jobs import Job
from mcheck.loading.outcomes import attempt
from mcheck.loading.targets import Target
from mcheck.report.jsonl import as_object
from mcheck.report.summary import verdict_line
from tests.cli.toys import ROOT
from tests.examples.listing import BY_NAME

PHILOSOPHERS = BY_NAME["philosophers.philosophers"].compile()
LEAK = BY_NAME["refcount.leak"].compile()
COUNTERS = BY_NAME["counters.counters"].compile()


def is_bounded(result: Result, why: str) -> None:
    assert (result.verdict, result.trace) == (Verdict.BOUNDED, None)
    assert result.why == why
    assert "deadlock" in result.undecided
    assert "unreached labels" in result.undecided


def stopping(at: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the solver be ended when it is asked for the time with that number, from 0."""
    asked = iter(range(1_000_000))
    right = Solver.solution

    def solution(self: Solver, *assumed: z3.BoolRef) -> z3.ModelRef | None:
        if next(asked) == at:
            raise error
        return right(self, *assumed)

    monkeypatch.setattr(Solver, "solution", solution)


# What is said without a counterexample


def test_nothing_is_found() -> None:
    result = bounded.check(COUNTERS, depth=3)
    is_bounded(
        result,
        "stopped by the depth: no counterexample of up to 3 steps; longer ones are not looked for",
    )
    assert (result.depth, result.states, result.counted) == (3, 0, False)
    covers = [claim.name for claim in COUNTERS.properties if claim.kind == "cover"]
    assert covers
    assert result.undecided == (
        "deadlock",
        *(f"cover {name}" for name in covers),
        "unreached labels",
    )


def test_a_depth_is_not_negative() -> None:
    with pytest.raises(ValueError, match="a depth cannot be negative: -1"):
        bounded.check(COUNTERS, depth=-1)


def test_labels_that_are_misspelt_are_an_error() -> None:
    result = bounded.check(COUNTERS, depth=1, unreached=frozenset({"worker.wirte"}))
    assert result.verdict is Verdict.ERROR
    assert "did you mean" in result.why
    assert not result.judged()


# Limits


def test_a_limit_of_time() -> None:
    result = bounded.check(PHILOSOPHERS, depth=60, limits=Limits(seconds=2))
    assert 1 <= result.depth < 60
    is_bounded(
        result, f"stopped by the limit of 2 s: no counterexample of up to {result.depth} steps"
    )
    assert result.seconds < 12


def test_no_time_at_all() -> None:
    result = bounded.check(PHILOSOPHERS, depth=5, limits=Limits(seconds=0))
    is_bounded(result, "stopped by the limit of 0 s: nothing is judged")
    assert (result.depth, result.judged(), as_object(result)["depth"]) == (-1, False, None)
    assert "depth" not in verdict_line(result)
    some = bounded.check(PHILOSOPHERS, depth=0)
    assert (some.depth, some.judged(), as_object(some)["depth"]) == (0, True, 0)
    assert "depth 0" in verdict_line(some)


def test_a_limit_of_memory() -> None:
    result = bounded.check(PHILOSOPHERS, depth=60, limits=Limits(memory_bytes=1 << 20))
    assert result.verdict is Verdict.BOUNDED
    assert result.why.startswith("stopped by the memory limit of 1 MiB: ")


def test_z3_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    right = z3.SolverFor

    def hasty(logic: str) -> z3.Solver:
        solver = right(logic)
        solver.set("max_conflicts", 0)
        return solver

    monkeypatch.setattr(z3, "SolverFor", hasty)
    result = bounded.check(PHILOSOPHERS, depth=30)
    assert result.verdict is Verdict.BOUNDED
    assert "stopped by z3, which does not know (" in result.why
    assert f"no counterexample of up to {result.depth} step" in result.why


def test_unknown_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*given: object) -> z3.CheckSatResult:
        return z3.unknown

    def reason(self: z3.Solver) -> str:
        return "tired"

    monkeypatch.setattr(z3.Solver, "check", check)
    monkeypatch.setattr(z3.Solver, "reason_unknown", reason)
    for executable in (LEAK, COUNTERS):
        result = bounded.check(executable, depth=12, induction=True)
        is_bounded(result, "stopped by z3, which does not know (tired): nothing is judged")


def test_z3_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> z3.CheckSatResult:
        raise z3.Z3Exception("out of memory")

    monkeypatch.setattr(z3.Solver, "check", full)
    result = bounded.check(COUNTERS, depth=12)
    is_bounded(result, "stopped by z3, which gives up (out of memory): nothing is judged")


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping(10, KeyboardInterrupt(), monkeypatch)
    result = bounded.check(COUNTERS, depth=12)
    is_bounded(result, "stopped by an interrupt: no counterexample of up to 4 steps")


def test_an_interrupt_while_z3_is_at_work() -> None:
    threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.perf_counter()
    result = bounded.check(PHILOSOPHERS, depth=60)
    assert result.why.startswith("stopped by an interrupt: no counterexample of up to ")
    assert time.perf_counter() - start < 15


def test_progress_is_told() -> None:
    told: list[tuple[float, ...]] = []

    def tell(*figures: float) -> None:
        told.append(figures)

    bounded.check(PHILOSOPHERS, depth=9, progress=tell)
    depths = [figures[2] for figures in told]
    assert told
    assert depths == sorted(depths)
    assert {figures[:2] for figures in told} == {(0, 0)}


# A counterexample is found, and then time is over


@pytest.mark.parametrize("error", [Stopped("the limit of 1 s"), KeyboardInterrupt()])
def test_a_trace_is_shown_though_there_is_no_time_to_choose_one(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = bounded.check(LEAK, depth=12)

    def interrupted(self: shown.Shown, model: z3.ModelRef) -> shown.Path:
        raise error

    monkeypatch.setattr(shown.Shown, "best", interrupted)
    result = bounded.check(LEAK, depth=12)
    assert result.verdict is Verdict.VIOLATED
    assert result.trace is not None
    assert best.trace is not None
    assert result.trace.depth == best.trace.depth
    assert "before the trace with the fewest switches was found" in result.note
    assert not best.note


# The formulas are wrong: nobody is told a verdict then


def outcome_of(executable: Any) -> Any:
    job = Job(Target(executable.model, executable.name))
    return attempt(job, lambda job, _: bounded.check(job.executable, depth=12))


def test_a_path_that_direct_execution_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    right = checking.record

    def wrong(result: Result, name: str) -> Any:
        recording = right(result, name)
        first = recording.steps[0]
        first.changed["object.count"] = "17"
        return recording

    monkeypatch.setattr(checking, "record", wrong)
    with pytest.raises(Disagreement, match="what direct execution does not do"):
        bounded.check(LEAK, depth=12)
    outcome = outcome_of(LEAK)
    assert outcome.internal
    assert outcome.result.verdict is Verdict.ERROR
    assert "internal error: Disagreement: z3 has found" in outcome.result.why


def test_a_violation_that_python_does_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(executable: object, states: object) -> list[object]:
        return []

    monkeypatch.setattr(shown, "wrong_moves", nothing)
    with pytest.raises(Disagreement, match="is not wrong: leak"):
        bounded.check(LEAK, depth=12)


def test_a_start_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    right = search.Unrolled.one_of

    def wrong(self: search.Unrolled, states: object, place: int) -> z3.BoolRef:
        return right(self, [1 << 4], place)

    monkeypatch.setattr(search.Unrolled, "one_of", wrong)
    with pytest.raises(Disagreement, match="is not initial"):
        bounded.check(LEAK, depth=12)


def test_a_step_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(actor: object, state: int) -> tuple[list[int], list[object]]:
        return [], []

    monkeypatch.setattr(shown, "moves", nowhere)
    with pytest.raises(Disagreement, match="no step leads from"):
        bounded.check(LEAK, depth=12)


# On the command line


def test_the_command_is_interrupted() -> None:
    command = [sys.executable, "-m", "mcheck", "check", "examples/philosophers.py:philosophers"]
    command += ["--engine", "z3", "--depth", "60", "--format", "json"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    said = json.loads(out)
    assert (said["verdict"], said["states"], process.returncode) == ("BOUNDED", None, 3), err
    assert said["why"].startswith("stopped by an interrupt: ")
    assert "Traceback" not in err
