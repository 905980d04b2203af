"""Time, memory, threads or patience come to an end: what was found by then is told."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from bench.migration import S
from mcheck.explorer import Limits, Result, Verdict, native
from mcheck.explorer.machine import resident_bytes, usable_cores
from tests.cli.toys import ROOT
from tests.examples.listing import BY_NAME
from tests.native import waiting
from tests.native.agreement import agree
from tests.native.altered import alter
from tests.native.endless import endless

pytestmark = pytest.mark.usefixtures("quickly")

MIB = 1 << 20
LARGE = 400 * MIB
"""What a search may take that is not expected to take so much."""


def is_bounded(result: Result, by: str) -> None:
    """Insist that a search was ended by something, and says what was covered."""
    assert result.verdict is Verdict.BOUNDED
    covered = r": all states up to depth \d+ are searched, [\d,]+ states are left to expand"
    assert re.fullmatch(f"stopped by {by}{covered}", result.why), result.why
    assert result.undecided[0] == "deadlock"
    assert sum(result.labels.values()) == result.transitions


# Time


@pytest.mark.parametrize("workers", [1, 2])
def test_a_limit_of_time(workers: int) -> None:
    executable = endless.compile()
    native.check(executable, limits=Limits(states=1))  # which compiles it
    start = time.perf_counter()
    limits = Limits(seconds=0.7, memory_bytes=4 * LARGE)
    result = native.check(executable, limits=limits, workers=workers)
    is_bounded(result, r"the limit of 0\.7 s")
    assert result.states > 10_000
    assert time.perf_counter() - start < 30


def test_no_time_at_all() -> None:
    result = native.check(endless.compile(), limits=Limits(seconds=0))
    assert result.verdict is Verdict.BOUNDED
    assert "the limit of 0 s" in result.why
    assert result.transitions == 0


# Memory


@pytest.mark.parametrize("workers", [1, 3])
def test_a_limit_of_memory(workers: int) -> None:
    limit = resident_bytes() + 60 * MIB
    result = native.check(endless.compile(), limits=Limits(memory_bytes=limit), workers=workers)
    is_bounded(result, f"the memory limit of {limit / MIB:,.0f} MiB")
    assert result.states > 100_000
    assert result.figures["engine_bytes"] < 60 * MIB
    assert resident_bytes() < limit + 60 * MIB


def test_an_index_that_cannot_grow_is_filled() -> None:
    """2 ** 19 slots, sparse up to 163,840 states; there is no memory for eight times as many."""
    limits = Limits(memory_bytes=resident_bytes() + 30 * MIB)
    result = native.check(endless.compile(), limits=limits, workers=1)
    assert result.verdict is Verdict.BOUNDED
    assert "the memory limit" in result.why
    assert 13 / 16 * 2**19 - 1_000 < result.states <= 13 / 16 * 2**19


def test_less_memory_than_there_is_already() -> None:
    result = native.check(endless.compile(), limits=Limits(memory_bytes=1))
    assert result.verdict is Verdict.BOUNDED
    assert "the memory limit of 0 MiB" in result.why


def test_its_share_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcheck.explorer.native import search

    monkeypatch.setattr(search, "available_bytes", lambda: 160 * MIB)
    result = native.check(endless.compile(), share=3)
    is_bounded(result, r"its share of the free memory, 40 MiB")
    assert 10 * MIB < result.figures["engine_bytes"] < 40 * MIB


def test_what_fits_is_not_affected() -> None:
    limits = Limits(memory_bytes=resident_bytes() + LARGE, seconds=1000)
    assert agree(S.compile(), limits=limits).verdict is Verdict.HOLDS


WITH_LITTLE_SPACE = """
import resource, sys
from mcheck.cli import main
from mcheck.loading import loaded, prepared
import mcheck.explorer.native, mcheck.report.race, mcheck.report.summary, tabulate
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
most = used + int(sys.argv.pop(1)) * (1 << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
main()
"""


@pytest.mark.parametrize("left", [30, 100, 300, 2_000])
def test_little_address_space(left: int) -> None:
    target = "tests/native/endless.py:endless"
    arguments = ["check", target, "--engine", "native", "--max-memory", "600M", "--workers", "2"]
    made = subprocess.run(
        [sys.executable, "-c", WITH_LITTLE_SPACE, str(left), *arguments, "--max-seconds", "2"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert "Traceback" not in made.stderr and "internal error" not in made.stderr, made.stderr
    assert made.returncode in (2, 3), made
    if made.returncode == 3:
        assert made.stdout.startswith("BOUNDED endless: "), made
        assert re.search(r"why: stopped by .*(memory|limit of)", made.stdout), made.stdout
    else:
        assert made.stderr.count("\n") == 1, made.stderr


# Interrupts


def started(*arguments: str) -> subprocess.Popen[str]:
    """A search that does not end by itself, and that has begun."""
    target = "tests/native/endless.py:endless"
    process = subprocess.Popen(
        [sys.executable, "-m", "mcheck", "check", target, "--engine", "native", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while threads_of(process.pid) < 2:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    return process


def threads_of(process: int) -> int:
    return len(list(Path(f"/proc/{process}/task").iterdir()))


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_a_search_with_what_was_found(workers: int) -> None:
    process = started("--workers", str(workers), "--max-memory", "2G")
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    assert time.monotonic() - start < 20
    assert "stopped by an interrupt: all states up to depth " in out
    found = re.match(r"BOUNDED endless: ([\d,]+) states, ([\d,]+) transitions, depth (\d+)", out)
    assert found is not None, out
    states, transitions, depth = (int(number.replace(",", "")) for number in found.groups())
    assert states > 10_000 and transitions > states and depth > 3
    assert "Traceback" not in err


@pytest.mark.parametrize("later", [0.002, 0.01])
def test_ctrl_c_again_while_it_ends(later: float) -> None:
    process = started("--max-memory", "2G")
    process.send_signal(signal.SIGINT)
    time.sleep(later)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (3, 130), out + err


INTERRUPTED = """
import sys
from mcheck.explorer import Limits, native
from mcheck.explorer.native.library import Search
from tests.native.endless import endless
where = sys.argv[1]
original = getattr(Search, where)
calls = 0

def interrupted(self, *arguments):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        raise KeyboardInterrupt
    return original(self, *arguments)

setattr(Search, where, interrupted)
limits = Limits(seconds=0.5 if where == "stop" else None, memory_bytes=2 << 30)
try:
    print(native.check(endless.compile(), limits=limits, workers=2).why)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(("where", "call"), [("stop", 1), ("wait", 1), ("wait", 3), ("figures", 2)])
def test_an_interrupt_that_comes_at_a_bad_moment(where: str, call: int) -> None:
    # Its threads must have ended before the memory is given back that they use.
    made = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, where, str(call)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.returncode == 0, made
    assert "interrupt" in made.stdout or "the limit of 0.5 s" in made.stdout, made


# Progress


def test_progress_is_told_while_it_runs() -> None:
    told: list[tuple[float, ...]] = []
    limits = Limits(seconds=1.5, memory_bytes=4 * LARGE)
    executable = endless.compile()
    native.check(executable, limits=Limits(states=1))  # which compiles it

    def progress(*figures: float) -> None:
        told.append(figures)

    result = native.check(executable, limits=limits, progress=progress, workers=2)
    assert len(told) >= 3
    for before, after in pairwise(told):
        assert all(a <= b for a, b in zip(before[:3], after[:3], strict=True))
    states, transitions, depth, left, seconds, resident = told[-1]
    assert 0 < left < states <= result.states
    assert 0 < transitions <= result.transitions
    assert 0 < depth <= result.depth
    assert 0 < seconds <= result.seconds
    assert 0 < resident <= result.peak_bytes


# Threads


@pytest.mark.parametrize("workers", [0, 1, 8, 64, 1_000])
def test_any_number_of_workers(workers: int) -> None:
    result = agree(BY_NAME["philosophers.philosophers"].compile(), workers=[workers])
    assert result.states == 1_363


def test_how_many_workers_there_are() -> None:
    executable = BY_NAME["counters.counters"].compile()
    figures = [native.check(executable, workers=n).figures["workers"] for n in (None, 1, 5)]
    assert figures == [usable_cores(), 1, 5]
    assert native.check(executable, workers=1_000).figures["workers"] == 64


@pytest.mark.parametrize("given", [1, 2])
def test_fewer_threads_than_asked_for(given: int, monkeypatch: pytest.MonkeyPatch) -> None:
    call = "if (pthread_create(&worker->thread, NULL, run, worker)) break;"
    alter(monkeypatch, "glue.c", call, call.replace("(pthread", f"(started == {given} || pthread"))
    agree(BY_NAME["philosophers.philosophers"].compile(), workers=[5])
    agree(BY_NAME["philosophers.left_first"].compile(), workers=[5])


def test_no_threads_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    call = "if (pthread_create(&worker->thread, NULL, run, worker)) break;"
    alter(monkeypatch, "glue.c", call, "break;")
    result = native.check(BY_NAME["counters.counters"].compile())
    assert result.verdict is Verdict.BOUNDED
    assert "the system, which gives no threads" in result.why


def test_the_system_gives_no_threads() -> None:
    if os.getuid() == 0:
        pytest.skip("root may have any number of threads")
    target = "examples/counters.py:counters"
    made = subprocess.run(
        [sys.executable, "-m", "mcheck", "check", target, "--engine", "native", "--workers", "9"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (1, 1)),
        timeout=60,
    )
    assert made.returncode in (0, 2, 3), made
    assert "Traceback" not in made.stderr


# The end of a search, in which it is decided who waits in vain


@pytest.mark.parametrize("workers", [1, 2])
def test_a_limit_while_it_is_decided_who_waits_in_vain(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alter(monkeypatch, "search.h", "if (news) return SETTLE;", "return SETTLE;")
    executable = waiting.gates.compile()
    native.check(executable, limits=Limits(states=1))  # which compiles it
    result = native.check(executable, limits=Limits(seconds=0.5), workers=workers)
    assert (result.verdict, result.states) == (Verdict.BOUNDED, 1_440)
    assert result.why.endswith(
        "all states up to depth 164 are searched, who is stuck is not decided"
    )
    assert result.undecided[0] == "deadlock"
