"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mcheck import __version__
from mcheck.explorer import reference
from mcheck.explorer.result import Result as Checked
from mcheck.explorer.result import Verdict
from tests.cli.running import mcheck, refused, timeless
from tests.cli.toys import TOY, toy
from tests.report.made import result

STUCK = """

@procedure
def wait(k: Sum, me: int) -> Proc[None]:
    \"\"\"Wait for what never comes.\"\"\"
    yield at("wait", until=lambda: k.total == 9)
    k.total = 0


stuck = Model("stuck", Sum, [run(wait, each=Sum.workers)], unreached=frozenset({"wait.wait"}))
"""


# check


def test_a_model_that_holds(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:holding")
    assert made.exit_code == 0
    assert made.stderr == ""
    assert timeless(made.stdout).splitlines() == [
        "HOLDS holding: 8 states, 12 transitions, depth 2, exhausted in 0.00 s",
        "  scope: workers=2",
        "  engine: reference",
    ]


def test_a_model_that_is_violated_shows_its_race_and_how_to_replay_it(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:broken")
    assert made.exit_code == 1
    assert made.stderr == ""
    lines = timeless(made.stdout).splitlines()
    assert lines[:-1] == [
        "VIOLATED broken: small; 8 states, 12 transitions, found in 0.00 s",
        "  scope: workers=2",
        "  engine: reference",
        "",
        "VIOLATED small   depth 2, shortest   broken, workers=2",
        "  #  CPU0 add()  CPU1 add()  changed",
        "  1  add n=2                 total: 0 -> 2",
        "  2              add n=2     total: 2 -> 4",
        "why: small is false in the last state: The sum is below four.",
    ]
    assert re.fullmatch("replay: mcheck replay [0-9a-f]{12}", lines[-1])


def test_several_models_have_a_table_and_the_worst_exit_code(tmp_path: Path) -> None:
    made = mcheck("check", toy(tmp_path))
    assert made.exit_code == 1
    lines = timeless(made.stdout).splitlines()
    assert lines[:9] == [
        "scenario  verdict   property  states  transitions  depth  seconds",
        "--------  --------  --------  ------  -----------  -----  -------",
        "holding   HOLDS                    8           12      2     0.00",
        "broken    VIOLATED  small          8           12      2     0.00",
        "",
        "1 HOLDS, 1 VIOLATED; engine reference",
        "scope of all: workers=2",
        "",
        "VIOLATED small   depth 2, shortest   broken, workers=2",
    ]
    assert lines[-1].startswith("replay: mcheck replay ")


def test_constants_are_set_and_shown(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:holding", "--set", "workers=3")
    assert made.exit_code == 0
    assert "  scope: workers=3" in made.stdout.splitlines()


def test_a_property_that_is_left_out_is_not_claimed(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:broken", "--property", "natural")
    assert made.exit_code == 0
    assert made.stdout.splitlines()[0].endswith("; 2 claims left out")
    assert made.stdout.splitlines()[-1] == "  undecided: small (left out), three (left out)"


def test_a_bounded_search_says_what_stopped_it(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:holding", "--max-states", "3")
    assert made.exit_code == 3
    assert made.stdout.startswith("BOUNDED holding: ")
    assert "  why: stopped by the limit of 3 states: " in made.stdout


def test_limits_of_time_and_memory_are_passed_on(tmp_path: Path) -> None:
    path = toy(tmp_path)
    timed = mcheck("check", f"{path}:holding", "--max-seconds", "0")
    assert timed.exit_code == 3
    assert "stopped by the limit of 0 s" in timed.stdout
    large = mcheck("check", f"{path}:holding", "--max-memory", "1K", "--set", "workers=6")
    assert (large.exit_code, "memory limit" in large.stdout) in ((3, True), (0, False))


def test_a_deadlock_is_shown_without_a_step(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path, 'toy.py', TOY, STUCK)}:stuck")
    assert made.exit_code == 1
    assert "VIOLATED deadlock   depth 0, shortest   stuck, workers=2\nwhy: " in made.stdout


def test_no_line_is_wider_than_the_width(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:broken", "--width", "50")
    assert made.exit_code == 1
    assert max(map(len, made.stdout.splitlines())) <= 50


def test_a_race_as_a_line_an_event(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:broken", "--format", "lines")
    assert made.exit_code == 1
    numbered = [line for line in made.stdout.splitlines() if re.match(r"\d+ ", line)]
    assert [line.split()[0] for line in numbered] == [str(n) for n in range(len(numbered))]
    assert numbered[0].startswith("0 start [")
    assert "replay: mcheck replay " in made.stdout


def test_json_has_one_object_a_check_and_nothing_else(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY, "print('noise')")
    made = mcheck("check", path, "--format", "json")
    assert made.exit_code == 1
    objects = [json.loads(line) for line in made.stdout.splitlines()]
    assert [(o["scenario"], o["verdict"], o["property"]) for o in objects] == [
        ("holding", "HOLDS", None),
        ("broken", "VIOLATED", "small"),
    ]
    assert [event["process"] for event in objects[1]["trace"]["events"]] == ["CPU0", "CPU1"]
    assert re.fullmatch("noise\nmcheck: replay: mcheck replay [0-9a-f]{12}\n", made.stderr)


def test_for_a_commit_log_there_is_nothing_but_what_is_pasted(tmp_path: Path) -> None:
    bad = toy(tmp_path, "bad.py", TOY.replace("k.total + n", "str(n)"))
    path = toy(tmp_path)
    made = mcheck("check", f"{bad}:holding", path, "--format", "kernel")
    assert made.exit_code == 2
    assert timeless(made.stdout).splitlines() == [
        "/*",
        " * mcheck: HOLDS holding: 8 states, 12 transitions, depth 2, exhausted in",
        " * 0.00 s; workers=2",
        " */",
        "",
        "CPU0 add()                     CPU1 add()",
        "----------                     ----------",
        "add n=2 (total: 0 -> 2)",
        "                               add n=2 (total: 2 -> 4)",
        "",
        "small is false in the last state: The sum is below four.",
        "",
        "Found by mcheck: small; broken, workers=2; 2 steps",
    ]
    assert made.stderr.startswith(f"mcheck: ERROR holding: {bad}:")
    assert re.search("\nmcheck: replay: mcheck replay [0-9a-f]{12}\n$", made.stderr)


def test_a_model_that_is_refused_does_not_stop_the_others(tmp_path: Path) -> None:
    bad = toy(tmp_path, "bad.py", TOY.replace("k.total + n", "str(n)"))
    good = toy(tmp_path, "good.py")
    made = mcheck("check", f"{bad}:holding", f"{good}:holding")
    assert made.exit_code == 2
    assert made.stderr.startswith(f"mcheck: ERROR holding: {bad}:")
    assert re.search(r"^holding +HOLDS +8 +12 ", made.stdout, re.MULTILINE)
    assert re.search(r"^holding +ERROR$", made.stdout, re.MULTILINE)
    as_json = mcheck("check", f"{bad}:holding", "--format", "json")
    assert as_json.exit_code == 2
    assert as_json.stderr == ""
    assert json.loads(as_json.stdout)["verdict"] == "ERROR"
    assert str(bad) in json.loads(as_json.stdout)["why"]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ("HOLDS", 0),
        ("HOLDS BOUNDED", 3),
        ("BOUNDED VIOLATED HOLDS", 1),
        ("VIOLATED ERROR BOUNDED", 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdicts: str, code: int
) -> None:
    results = iter([result(Verdict(name)) for name in verdicts.split()])

    def judged(*_: object, **__: object) -> Checked:
        return next(results)

    monkeypatch.setattr(reference, "check", judged)
    target = f"{toy(tmp_path)}:holding"
    assert mcheck("check", *[target] * len(verdicts.split())).exit_code == code


def test_an_interrupted_search_is_bounded_and_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: object, level: object, fresh: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reference._Search, "_expand", interrupted)
    made = mcheck("check", toy(tmp_path))
    assert made.exit_code == 3
    assert "\nBOUNDED holding: 1 state, 0 transitions, depth 0, " in made.stdout
    assert "  why: stopped by an interrupt" in made.stdout
    assert made.stderr == "mcheck: interrupted; not checked: broken\n"


def test_an_interrupt_before_the_first_verdict_says_what_is_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reference, "check", interrupted)
    made = mcheck("check", toy(tmp_path))
    assert (made.exit_code, made.stdout) == (130, "")
    assert made.stderr == "mcheck: interrupted; not checked: holding, broken\n"


def test_an_interrupt_outside_of_a_search_has_the_exit_code_of_shells(tmp_path: Path) -> None:
    made = mcheck("check", toy(tmp_path, "bad.py", "raise KeyboardInterrupt"))
    assert (made.exit_code, made.stdout) == (130, "")
    assert made.stderr == "mcheck: interrupted before there was a result\n"


def test_an_internal_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a\nb")

    monkeypatch.setattr(reference, "check", fails)
    made = mcheck("check", toy(tmp_path))
    assert made.exit_code == 4
    assert made.stderr.splitlines() == [
        f"mcheck: ERROR {name}: internal error: RuntimeError: a b "
        f"(set MCHECK_DEBUG=1 for the traceback)"
        for name in ("holding", "broken")
    ]
    monkeypatch.setenv("MCHECK_DEBUG", "1")
    assert "Traceback (most recent call last)" in mcheck("check", toy(tmp_path)).stderr


def test_a_recording_that_cannot_be_written_is_told_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(tmp_path / "occupied"))
    made = mcheck("check", f"{toy(tmp_path)}:broken")
    assert made.exit_code == 1
    assert made.stderr.startswith("mcheck: not recorded for replay: ")
    assert made.stderr.count("\n") == 1
    assert "VIOLATED small" in made.stdout
    assert "replay: " not in made.stdout


# list


def test_models_are_listed(tmp_path: Path) -> None:
    made = mcheck("list", toy(tmp_path))
    assert made.exit_code == 0
    assert made.stdout.splitlines() == [
        "model    constants  processes  properties",
        "-------  ---------  ---------  --------------",
        "holding  workers=2  CPU0       always natural",
        "                    CPU1       cover three",
        "broken   workers=2  CPU0       always natural",
        "                    CPU1       always small",
        "                               cover three",
        "",
        "procedures of holding, each with the labels of its steps",
        f"{tmp_path}/toy.py",
        "  18 add  add",
        "",
        "procedures of broken, each with the labels of its steps",
        f"{tmp_path}/toy.py",
        "  18 add  add",
    ]


def test_a_procedure_is_listed_where_it_stands_if_it_is_replaced_or_never_called(
    tmp_path: Path,
) -> None:
    toy(tmp_path)
    mine = """
from mcheck.lang import Model, Proc, at, procedure, run
from toy import Sum, add

@procedure
def spare(k: Sum) -> Proc[None]:
    yield at("spare")

@procedure
def add_once(k: Sum, me: int) -> Proc[None]:
    yield at("look")
    if k.workers > 9:
        yield from spare(k)
    yield at("store")
    k.total = k.total + 1

mine = Model("mine", Sum, [run(add, each=2)]).replace(add=add_once)
"""
    made = mcheck("list", toy(tmp_path, "mine.py", mine))
    assert (made.exit_code, made.stderr) == (0, "")
    assert made.stdout.partition("\n\n")[2].splitlines() == [
        "procedures of mine, each with the labels of its steps",
        f"{tmp_path}/mine.py",
        "  9 add  look, store",
        "not run in it: spare",
    ]


def test_a_model_that_is_refused_is_told_beside_the_list(tmp_path: Path) -> None:
    bad = toy(tmp_path, "bad.py", TOY.replace("k.total + n", "str(n)"))
    made = mcheck("list", f"{bad}:broken", f"{toy(tmp_path)}:holding")
    assert made.exit_code == 2
    assert made.stderr.startswith(f"mcheck: broken: {bad}:")
    assert "holding" in made.stdout


# What is wrong with a command line


def test_help_and_version() -> None:
    assert mcheck("--version").stdout == f"mcheck {__version__}\n"
    for arguments in ([], ["check"], ["list"], ["replay"], ["simulate"]):
        made = mcheck(*arguments, "--help")
        assert made.exit_code == 0
        assert made.stdout.startswith("Usage: mcheck")


def test_no_arguments_show_the_help_and_are_wrong() -> None:
    made = mcheck()
    assert (made.exit_code, made.stdout) == (2, "")
    assert made.stderr.startswith("Usage: mcheck")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("chek x", "The commands are check, list, replay, simulate, export, cache, refs."),
        ("check x.py", "no such file: x.py"),
        ("check x.py --frmat json", "--format"),
        ("check x.py --format xml", "'xml' is not one of 'text', 'lines', 'json', 'kernel'"),
        ("check x.py --max-states 0", "'--max-states'"),
        ("check x.py --max-states many", "'--max-states'"),
        ("check x.py --max-seconds -1", "'--max-seconds'"),
        ("check x.py --width 39", "40"),
        ("check x.py --max-memory 4Q", "--max-memory 4Q: write a size such as 4G, 500M or 1.5G"),
        ("check x.py --max-memory 0", "--max-memory 0: write a size"),
        ("check x.py --max-memory G", "--max-memory G: write a size"),
        ("check pair --set n", "--set n: write NAME=VALUE, as in --set cpus=3"),
        ("list x.py", "no such file: x.py"),
        ("simulate x.py --walks 0", "'--walks'"),
        ("simulate x.py --seed x", "'--seed'"),
        ("simulate", "Missing argument"),
        ("replay", "Missing argument 'TOKEN'"),
        ("check x.py --jobs 0", "'--jobs'"),
        ("check x.py --size ci", "--size chooses among all scenarios: leave it out, or the names"),
        ("check --size cii", "no size 'cii' (did you mean ci?); there are default, ci, deep"),
        ("list x.py --matrix", "--matrix goes without targets"),
        ("list --set n=1", "--set goes with a target"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(arguments: str, says: str) -> None:
    assert says in refused(*arguments.split())


def test_names_that_a_model_does_not_have(tmp_path: Path) -> None:
    path = toy(tmp_path)
    assert "(did you mean workers?); it has workers" in refused("check", path, "--set", "wokers=1")
    assert "it has natural, three" in refused("check", path, "--property", "x")
    assert "it has holding, broken" in refused("check", f"{path}:x")


def test_a_file_that_raises_is_told_in_one_line(tmp_path: Path) -> None:
    path = toy(tmp_path, "bad.py", "x = 1\n1 / 0")
    assert refused("check", path) == f"{path}:2: ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("text", "size"), [("4G", 2**32), ("500MB", 500 * 2**20), ("1.5gib", 3 * 2**29), ("7", 7)]
)
def test_sizes(text: str, size: int) -> None:
    from mcheck.cli.answers import size_in_bytes

    assert size_in_bytes(text) == size
