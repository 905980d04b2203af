"""`mcheck check --engine z3`: what is printed, exit codes, and options that do not go together."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.toys import ROOT

COUNTERS = "examples/counters.py:counters"


def mcheck(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What a command prints, and its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "mcheck", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def by_z3(target: str, *options: str) -> subprocess.CompletedProcess[str]:
    return mcheck("check", target, "--engine", "z3", *options)


def test_nothing_is_found() -> None:
    made = by_z3(COUNTERS, "--depth", "5")
    assert made.returncode == 3
    assert made.stdout.startswith("BOUNDED counters: depth 5, not exhausted in ")
    assert " states" not in made.stdout
    text = " ".join(made.stdout.split())
    assert "why: stopped by the depth: no counterexample of up to 5 steps; longer ones " in text
    assert "undecided: deadlock, " in text


def test_a_proof() -> None:
    made = by_z3(COUNTERS, "--depth", "8", "--induction", "--property", "nothing_lost")
    assert made.returncode == 0
    text = " ".join(made.stdout.split())
    assert "HOLDS counters: proved by induction: nothing_lost (7 steps), no step fails" in text
    assert "; not judged: deadlock, unreached labels, all_added (left out) scope: " in text
    assert "exhausted" not in text


def test_a_counterexample_can_be_replayed() -> None:
    made = by_z3("examples/counters.py:unlocked", "--depth", "12")
    assert made.returncode == 1
    assert "VIOLATED unlocked: nothing_lost; found in " in made.stdout
    assert "depth 4, shortest" in made.stdout
    token = made.stdout.split()[-1]
    again = mcheck("replay", token)
    assert again.returncode == 1
    assert "reproduced" in again.stdout


def test_the_race_is_the_one_of_the_other_engines() -> None:
    ours, theirs = (
        mcheck("check", "examples/ticket.py:two_steps", *options).stdout.partition("\n\n")[2]
        for options in (("--engine", "z3", "--depth", "9"), ("--engine", "reference"))
    )
    assert ours == theirs
    assert ours.startswith("VIOLATED first_come_first_served   depth 6, shortest")


def test_several_models_are_a_table() -> None:
    made = by_z3("examples/counters.py", "--depth", "4")
    assert made.returncode == 1
    heading = made.stdout.splitlines()[0]
    assert "states" not in heading
    assert "the depth" in made.stdout


def test_scenarios_in_processes_of_their_own() -> None:
    made = mcheck(
        *("check", "munmap-first-fault", "munmap-first-file-fault", "--jobs", "2"),
        *("--engine", "z3", "--depth", "0"),
    )
    assert (made.returncode, made.stdout.count("no counterexample of up to 0 steps")) == (3, 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--depth", "3"], "--depth goes with --engine z3: others search to the end"),
        (["--induction"], "--induction goes with --engine z3: others search to the end"),
        (
            ["--engine", "z3"],
            "--engine z3 judges paths of up to so many steps: say how many, as in --depth 12",
        ),
        (
            ["--engine", "z3", "--depth", "0", "--induction"],
            "--induction takes a step at least: --depth 1 or more",
        ),
        (
            ["--engine", "z3", "--depth", "3", "--max-states", "9"],
            "--max-states: z3 counts no states; --depth says how far it looks",
        ),
        (
            ["--engine", "z3", "--depth", "3", "--workers", "2"],
            "--workers: z3 has one thread for each model; --jobs is for many models",
        ),
        (["--engine", "z4"], "--engine z4: it is one of auto, native, reference, z3"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], said: str) -> None:
    made = mcheck("check", COUNTERS, *options)
    assert (made.returncode, made.stdout) == (2, "")
    assert said in made.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--induction: box has no property"),
        (["--property", "full"], "--induction: box has only covers to be judged"),
    ],
)
def test_there_is_nothing_to_prove(
    options: list[str], said: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("models")
    cover = "" if not options else "@cover\ndef full(k: Box) -> bool:\n    return k.n == 1\n"
    (folder / "boxes.py").write_text(
        "from __future__ import annotations\n"
        "from mcheck.lang import Int, Model, Proc, State, at, cover, procedure, run\n"
        "class Box(State):\n    n = Int(0, 1)\n"
        "@procedure\ndef fill(k: Box) -> Proc[None]:\n    yield at('fill')\n    k.n = 1\n"
        f"{cover}"
        f"box = Model('box', Box, [run(fill)], [{'full' if options else ''}])\n"
    )
    made = by_z3(str(folder / "boxes.py"), "--depth", "3", "--induction", *options)
    assert (made.returncode, made.stdout) == (2, "")
    assert f"{said}; what can be proved is what is always true, or of every step" in made.stderr


def test_z3_is_loaded_by_those_only_who_ask_for_it() -> None:
    for arguments in (["--help"], ["check", COUNTERS]):
        text = f"import sys; sys.argv[1:] = {arguments!r}\n" + (
            "from mcheck.cli import main\n"
            "try:\n    main()\n"
            "finally:\n    print('z3' in sys.modules, file=sys.stderr)\n"
        )
        made = subprocess.run(
            [sys.executable, "-c", text], cwd=ROOT, check=False, capture_output=True, text=True
        )
        assert made.stderr.split()[-1] == "False", made.stderr
