"""The command line: races that are run again, and random walks."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from mcheck.cli import app
from tests.cli.running import mcheck, refused, timeless
from tests.cli.toys import ROOT, TOY, toy

# replay


def token(path: Path) -> str:
    return mcheck("check", f"{path}:broken", "--set", "workers=3").stdout.split()[-1]


def test_a_recorded_violation_is_reproduced(tmp_path: Path) -> None:
    path = toy(tmp_path)
    made = mcheck("replay", token(path))
    assert made.exit_code == 1
    assert made.stderr == ""
    lines = made.stdout.splitlines()
    assert lines[0] == "replaying small in broken, 2 steps"
    assert lines[1].startswith("1 CPU0 add.add n=2 [total: 0 -> 2] ")
    assert lines[2].startswith("2 CPU1 add.add n=2 [total: 2 -> 4] ")
    assert lines[3] == "reproduced: small is violated as recorded"


def test_a_recording_is_found_by_the_beginning_of_its_token_or_as_a_file(
    tmp_path: Path, cache: Path
) -> None:
    name = token(toy(tmp_path))
    assert mcheck("replay", name[:5]).exit_code == 1
    assert mcheck("replay", cache / "recordings" / f"{name}.json").exit_code == 1


def test_a_model_that_was_changed_diverges_where_it_differs(tmp_path: Path) -> None:
    path = toy(tmp_path)
    name = token(path)
    toy(tmp_path, "toy.py", TOY.replace("range(1, 3)", "range(1, 2)"))
    made = mcheck("replay", name)
    assert made.exit_code == 2
    assert made.stdout.splitlines()[-1].startswith("the model has changed: at step 1, n cannot be")


def test_a_model_that_was_moved_is_named(tmp_path: Path) -> None:
    path = toy(tmp_path)
    name = token(path)
    moved = path.rename(tmp_path / "moved.py")
    assert refused("replay", name) == f"no such file: {path} (did you mean {moved}?)"
    assert mcheck("replay", name, "--target", f"{moved}:broken").exit_code == 1
    assert "has several models" in refused("replay", name, "--target", moved)


def test_a_recording_that_is_not_there(cache: Path) -> None:
    hint = "; give the token that check has printed, or a file"
    assert refused("replay", "abc") == f"no recording abc in {cache / 'recordings'}{hint}"
    assert refused("replay", "x.json") == f"no file x.json{hint}"


def test_the_benchmark_without_its_flush_is_violated_and_replayed() -> None:
    made = mcheck("check", ROOT / "bench" / "migration.py:M-no-flush")
    assert made.exit_code == 1
    assert "VIOLATED no_lost_write   depth 22, shortest   M-no-flush, " in made.stdout
    assert max(map(len, made.stdout.splitlines())) <= 100
    again = mcheck("replay", made.stdout.split()[-1])
    assert again.exit_code == 1
    assert again.stdout.endswith("\nreproduced: no_lost_write is violated as recorded\n")


# simulate


def test_random_walks_find_and_can_be_repeated(tmp_path: Path) -> None:
    target = f"{toy(tmp_path)}:broken"
    first = mcheck("simulate", target, "--seed", "3")
    assert first.exit_code == 1
    assert "VIOLATED small   depth 2, seed 3   broken, workers=2" in first.stdout
    assert timeless(mcheck("simulate", target, "--seed", "3").stdout) == timeless(first.stdout)
    assert mcheck("replay", first.stdout.split()[-1]).exit_code == 1


def test_random_walks_never_prove(tmp_path: Path) -> None:
    made = mcheck("simulate", f"{toy(tmp_path)}:holding", "--walks", "5", "--steps", "9")
    assert made.exit_code == 3
    assert made.stdout.startswith("BOUNDED holding: ")
    assert re.search(r"engine: simulation, seed \d+\n", made.stdout)
    assert "  why: simulation of 5 walks of at most 9 steps\n" in made.stdout


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("silent", [False, True])
def test_random_walks_show_that_they_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    flags = ["--no-progress"] if silent else []
    with pytest.raises(SystemExit):
        app(["simulate", f"{toy(tmp_path)}:holding", "--walks", "5", *flags])
    assert ("holding: 5 random walks" in terminal.getvalue()) == (not silent)
