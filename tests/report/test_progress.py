"""Progress: a line on a terminal, and nothing anywhere else."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time

import pytest

from mcheck.report import progress as module
from mcheck.report.progress import Gauge, progress, tally, ticking


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_where_stderr_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with progress("toy") as shown:
        assert shown is None
    assert capfd.readouterr() == ("", "")


def test_nothing_is_shown_if_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress("toy", wanted=False) as shown:
        assert shown is None


def test_a_terminal_shows_states_rate_depth_frontier_and_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    with progress("toy") as shown:
        assert shown is not None
        shown(20_000, 90_000, 7, 1_234, 2.0, 300 * 2**20)
    assert (
        "toy: 20,000 states, 10,000/s, 90,000 transitions, depth 7, frontier 1,234, 300 MiB, 2.0 s"
    ) in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_terminal_shows_how_many_searches_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    with tally(12) as report:
        report(3, ["fault", "compaction"])
    assert "3 of 12 done; searching fault, compaction" in terminal.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_the_tally_is_silent_where_nobody_wants_it(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with tally(12, wanted=not terminal) as report:
        report(3, ["fault"])
    assert stream.getvalue() == ""


def test_what_reports_nothing_is_shown_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "_TICK_SECONDS", 0.01)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    before = threading.active_count()
    with ticking("toy: 9 walks"):
        end = time.monotonic() + 10
        while "toy: 9 walks, 0." not in terminal.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    assert "toy: 9 walks, 0." in terminal.getvalue()
    assert threading.active_count() == before


@pytest.mark.parametrize("terminal", [True, False])
def test_the_time_is_not_shown_where_nobody_wants_it(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with ticking("toy", wanted=not terminal):
        pass
    assert stream.getvalue() == ""


def test_the_rate_is_that_of_the_last_reports() -> None:
    lines: list[str] = []
    gauge = Gauge(lines.append)
    for second in range(1, 30):
        gauge(1000 * min(second, 10), 0, 0, 0, float(second), 0)
    assert "1,000/s" in lines[5]
    assert " 0/s" in lines[-1]


def test_a_first_report_without_time_has_no_rate() -> None:
    lines: list[str] = []
    Gauge(lines.append)(1, 0, 0, 1, 0.0, 0)
    assert lines == ["1 state, 0/s, 0 transitions, depth 0, frontier 1, 0 MiB, 0.00 s"]


def test_rich_is_loaded_only_to_show_something() -> None:
    code = (
        "import sys, mcheck.report.progress as p\n"
        "with p.progress('x'):\n"
        "    assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.PIPE)
