"""Scenarios in processes of their own: the same answers, and nothing hangs or is lost."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcheck.loading import Job, catalogue, loaded, prepared, workers
from mcheck.loading.outcomes import Outcome
from mcheck.loading.workers import How
from tests.cli import fakes
from tests.cli.running import mcheck
from tests.cli.toys import ROOT, toy

FORMATS = ["text", "lines", "json", "kernel"]


def normal(text: str) -> str:
    """What is printed, without the seconds."""
    return re.sub(r'\b\d+\.\d\d\b|(?<="seconds": )[\d.e-]+', "0", text)


def jobs(*names: str) -> list[Job]:
    return prepared(loaded(names))


@pytest.mark.parametrize("form", FORMATS)
def test_the_output_is_the_same_for_any_number_of_processes(
    form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(catalogue, "source", fakes.broken)
    targets = ["triple", f"{toy(tmp_path)}:broken", "bad", "pair"]
    made = [
        mcheck("check", *targets, "--format", form, "--jobs", str(number)) for number in (1, 2, 7)
    ]
    assert len({(one.exit_code, normal(one.stdout), one.stderr) for one in made}) == 1
    assert made[0].exit_code == 1


def test_results_come_in_the_order_of_the_jobs_whichever_is_done_first() -> None:
    names = ["large", "pair", "triple", "pair", "large"]
    found = list(workers.check_all(jobs(*names), How(), 3, visible=False))
    assert [job.model.name for job, _ in found] == names
    assert [outcome.result.scenario for _, outcome in found] == names
    assert [outcome.result.states for _, outcome in found] == [48, 8, 20, 8, 48]


def test_a_worker_that_dies_is_an_internal_error_and_takes_nothing_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "source", fakes.trapped)
    made = mcheck("check", "pair", "large", "triple", "--jobs", "2")
    assert made.exit_code == 4
    assert made.stderr.splitlines() == [
        "mcheck: ERROR pair: internal error: the process that checked it has died: SIGKILL; "
        "if memory is short: --jobs 1, --max-memory",
        "mcheck: ERROR large: internal error: RuntimeError: lost "
        "(set MCHECK_DEBUG=1 for the traceback)",
    ]
    assert re.findall(r"^(\w+) +(ERROR|HOLDS) ", made.stdout, re.MULTILINE) == [
        ("pair", "ERROR"),
        ("large", "ERROR"),
        ("triple", "HOLDS"),
    ]
    alone = mcheck("check", "pair", "large", "triple", "--jobs", "1")
    assert (alone.exit_code, alone.stderr) == (0, "")


def test_what_goes_wrong_in_a_worker_is_told_as_in_the_main_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "source", fakes.refused)
    made = [mcheck("check", "--jobs", number) for number in ("1", "2")]
    assert len({(one.exit_code, normal(one.stdout), one.stderr) for one in made}) == 1
    assert made[0].exit_code == 2
    assert made[0].stderr.startswith("mcheck: ERROR refused: ")
    assert re.search(r"^pair +HOLDS ", made[0].stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("names", "wanted", "count"),
    [
        ("pair", None, 1),
        ("pair triple large", None, 2),
        ("pair triple large", 7, 3),
        ("pair triple large", 1, 1),
        ("pair", 4, 1),
        ("FILE FILE", 4, 1),
        ("FILE FILE pair", None, 1),
        ("FILE pair triple", 4, 2),
    ],
)
def test_how_many_processes_there_are(
    names: str, wanted: int | None, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 2)
    monkeypatch.setattr(sys, "gettrace", lambda: None)
    targets = names.replace("FILE", f"{toy(tmp_path)}:holding").split()
    assert workers.processes(jobs(*targets), wanted) == count


def test_a_debugger_sees_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 2)
    monkeypatch.setattr(sys, "gettrace", lambda: print)
    assert workers.processes(jobs("pair", "triple"), None) == 1
    monkeypatch.setattr(sys, "gettrace", lambda: None)
    assert workers.processes(jobs("pair", "triple"), None) == 2
    monkeypatch.setenv("MCHECK_DEBUG", "1")
    assert workers.processes(jobs("pair", "triple"), None) == 1
    assert workers.processes(jobs("pair", "triple"), 2) == 2


def test_workers_are_sent_names_and_not_models() -> None:
    order = workers._Order(fakes.plain, "scenario:pair", (), (), How(), 1)
    outcome = workers._followed(pickle.loads(pickle.dumps(order)))
    assert isinstance(outcome, Outcome)
    assert (outcome.result.scenario, outcome.result.states) == ("pair", 8)


# Ctrl-C

STARTED = """
import sys
from mcheck.loading import catalogue
from tests.cli import fakes
catalogue.source = fakes.slow
from mcheck.cli import main
print("ready", flush=True)
main()
"""


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A run on scenarios that take minutes, in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, "check", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MCHECK_CACHE_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def children(process: int) -> set[int]:
    """All processes below one."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process:
            found |= {int(stat.parent.name), *children(int(stat.parent.name))}
    return found


def searching(process: subprocess.Popen[str]) -> set[int]:
    """Wait until two workers search, and tell all processes below the main one."""
    helpers = 2  # what starts the workers, and what tidies up after them
    deadline = time.monotonic() + 20
    while len(children(process.pid)) < helpers + 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)
    return children(process.pid)


def gone(processes: set[int]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{number}").exists() for number in processes):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c_ends_all_with_what_was_found(tmp_path: Path, whole_group: bool) -> None:
    process = started(tmp_path, "--jobs", "2")
    below = searching(process)
    if whole_group:  # as a terminal does it
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    assert err == "mcheck: interrupted; not checked: slow2\n"
    assert re.findall(r"^(\w+) +BOUNDED ", out, re.MULTILINE) == ["slow0", "slow1"]
    assert out.count("  why: stopped by an interrupt: ") == 2
    assert gone(below)


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.3, 0.6])
def test_ctrl_c_at_any_time_shows_no_traceback(tmp_path: Path, delay: float) -> None:
    process = started(tmp_path, "--jobs", "2")
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (3, 130), out + err
    assert "Traceback" not in err


def test_workers_end_with_the_main_process(tmp_path: Path) -> None:
    process = started(tmp_path, "--jobs", "2")
    below = searching(process)
    process.kill()
    process.communicate(timeout=60)
    assert gone(below)
