"""The command as a process of its own: pipes, encodings, signals, and how fast it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.toys import ROOT, TOY, command, toy

HELP_SECONDS = 2
"""0.07 s where nothing else runs; tests may share the machine."""


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    made = command("check", f"{toy(tmp_path)}:broken", MCHECK_CACHE_DIR=str(tmp_path))
    assert made.returncode == 1
    assert made.stderr == ""
    assert "VIOLATED small" in made.stdout


def test_help_is_instant() -> None:
    times: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        assert command("--help").returncode == 0
        times.append(time.perf_counter() - start)
    # The best of some: other programs may be busy on the same machine.
    assert min(times) < HELP_SECONDS


def test_help_loads_neither_engine_nor_language_nor_rich() -> None:
    code = (
        "import sys\nfrom mcheck.cli import main\nsys.argv = ['mcheck', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = ('rich', 'tabulate', 'platformdirs', 'mcheck.lang', 'mcheck.explorer')\n"
        "print([name for name in sys.modules if name.startswith(heavy)], file=sys.stderr)"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert made.stderr == "[]\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_closed_pipe_is_no_error(tmp_path: Path, form: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    made = subprocess.run(
        [sys.executable, "-m", "mcheck", "check", toy(tmp_path), "--format", form],
        cwd=ROOT,
        env={**os.environ, "MCHECK_CACHE_DIR": str(tmp_path)},
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert made.returncode == 1
    assert "Traceback" not in made.stderr
    assert "BrokenPipe" not in made.stderr


def test_names_that_the_terminal_cannot_show_are_escaped(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY, 'named = holding.configure("\N{GREEK SMALL LETTER MU}")')
    made = command("check", f"{path}:named", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert made.returncode == 0
    assert made.stdout.startswith("HOLDS \\u03bc: ")


def test_ctrl_c_ends_a_search_with_what_was_found(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY.replace("Int(0, 9)", "Int(0, 99)"))
    process = subprocess.Popen(
        [sys.executable, "-m", "mcheck", "check", f"{path}:holding", "--set", "workers=24"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    assert out.startswith("BOUNDED holding: ")
    assert "stopped by an interrupt" in out
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", ["--help", "--version", "list", "check toy.py", "check toy.py --format json"]
)
def test_a_full_disk_is_told_in_a_line(tmp_path: Path, arguments: str) -> None:
    toy(tmp_path)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        made = subprocess.run(
            [sys.executable, "-m", "mcheck", *arguments.split()],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "MCHECK_CACHE_DIR": str(tmp_path)},
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (made.returncode, made.stderr) == (2, "mcheck: cannot write: No space left on device\n")


def test_what_cannot_be_told_is_no_error_either(tmp_path: Path) -> None:
    path = toy(tmp_path)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        made = subprocess.run(
            [sys.executable, "-m", "mcheck", "check", f"{path}:holding", f"{path}:nothing"],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
        )
    assert (made.returncode, made.stdout) == (2, "")
