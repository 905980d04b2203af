"""The command line on built-in scenarios: what runs, what is shown, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mcheck.loading import catalogue
from mcheck.loading.catalogue import Catalogue
from mcheck.scenarios.catalogue import Size
from tests.cli import fakes
from tests.cli.running import mcheck, refused, timeless
from tests.cli.toys import toy


def run_with(monkeypatch: pytest.MonkeyPatch, source: Callable[[], Catalogue]) -> None:
    monkeypatch.setattr(catalogue, "source", source)


def checked(*arguments: str | Path) -> list[str]:
    """The names of what is checked, in order."""
    made = mcheck("check", *arguments, "--format", "json", "--jobs", "1")
    return [json.loads(line)["scenario"] for line in made.stdout.splitlines()]


# check


def test_without_a_name_the_default_scenarios_are_one_table() -> None:
    made = mcheck("check")
    assert (made.exit_code, made.stderr) == (0, "")
    assert timeless(made.stdout).splitlines() == [
        "scenario  verdict  states  transitions  depth  seconds  about",
        "--------  -------  ------  -----------  -----  -------  -------------------------",
        "pair      HOLDS         8           12      2     0.00  2 CPUs add to one counter",
        "triple    HOLDS        20           48      3     0.00  3 CPUs add to one counter",
        "",
        "2 HOLDS; edition folio; engine reference",
    ]


def test_violations_in_the_table_are_followed_by_their_races(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_with(monkeypatch, fakes.broken)
    made = mcheck("check")
    assert made.exit_code == 1
    lines = timeless(made.stdout).splitlines()
    assert [line.split()[:2] for line in lines[2:5]] == [
        ["pair", "HOLDS"],
        ["bad", "VIOLATED"],
        ["triple", "HOLDS"],
    ]
    assert lines[6] == "2 HOLDS, 1 VIOLATED; edition folio; engine reference"
    assert lines[8].startswith("VIOLATED small   depth 2, shortest   ")
    assert lines[-1].startswith("replay: mcheck replay ")
    assert made.stdout.count("VIOLATED small ") == 1


def test_one_scenario_is_shown_as_a_model_file_is() -> None:
    made = mcheck("check", "pair")
    assert made.exit_code == 0
    assert timeless(made.stdout).splitlines() == [
        "HOLDS pair: 8 states, 12 transitions, depth 2, exhausted in 0.00 s",
        "  scope: edition folio, workers=2",
        "  engine: reference",
    ]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("", "pair triple"),
        ("--size default", "pair triple"),
        ("--size ci", "large"),
        ("--size deep", "leaving"),
        ("--edition 4.8", "old_pair"),
        ("--property small", "pair triple"),
        ("--property small --property met", "pair triple"),
        ("triple large pair", "triple large pair"),
        ("pair pair", "pair pair"),
        ("old_pair --edition 4.8", "old_pair"),
        ("--variant too-much", "too-much"),
        ("triple pair --variant too-much", "triple+too-much pair+too-much"),
        ("scenario:pair", "pair"),
        ("scenario:pair+too-much", "pair+too-much"),
        ("variant:too-much", "too-much"),
        ("pair+too-much too-much", "pair+too-much too-much"),
    ],
)
def test_what_is_checked(arguments: str, names: str) -> None:
    assert checked(*arguments.split()) == names.split()


def test_scenarios_and_files_go_together(tmp_path: Path) -> None:
    path = f"{toy(tmp_path)}:holding"
    assert checked(path, "pair", path) == ["holding", "pair", "holding"]
    made = mcheck("check", path, "pair")
    about = [line.split("  ")[-1].strip() for line in made.stdout.splitlines()[:4]]
    assert about == ["about", "-" * 25, "workers=2", "2 CPUs add to one counter"]


def test_a_file_of_a_scenario_s_name_is_named_with_its_suffix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    toy(tmp_path, "pair.py")
    (tmp_path / "triple").mkdir()
    assert checked("pair", "triple") == ["pair", "triple"]
    assert checked("pair.py") == ["holding", "broken"]


def test_a_clear_file_target_needs_no_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> Catalogue:
        raise AssertionError("the kernel is imported")

    run_with(monkeypatch, never)
    path = toy(tmp_path)
    assert mcheck("check", f"{path}:holding").exit_code == 0
    assert mcheck("check", "pair").exit_code == 4


def test_a_planted_bug_is_violated_and_named() -> None:
    made = mcheck("check", "--variant", "too-much")
    assert made.exit_code == 1
    assert "\n  scope: edition folio, variant too-much, workers=2\n" in made.stdout
    assert (
        "\nVIOLATED small   depth 2, shortest   folio, variant too-much, workers=2\n" in made.stdout
    )
    as_json = json.loads(mcheck("check", "--variant", "too-much", "--format", "json").stdout)
    assert (as_json["edition"], as_json["variant"], as_json["property"]) == (
        "folio",
        "too-much",
        "small",
    )


def test_constants_are_set_and_told_in_the_table() -> None:
    made = mcheck("check", "pair", "triple", "--set", "workers=1")
    assert made.exit_code == 1  # the cover is not hit any more
    assert "2 CPUs add to one counter; workers=1\n" in made.stdout
    assert made.stdout.count("VIOLATED cover met   folio, ") == 2
    assert made.stdout.count("why: in no reachable state: met\n") == 2


def test_what_is_left_out_is_told_below_the_table() -> None:
    made = mcheck("check", "--property", "small")
    assert made.exit_code == 0
    assert made.stdout.splitlines()[-1] == (
        "undecided: natural (left out), met (left out); in pair, triple"
    )
    assert "undecided" not in mcheck("check").stdout


def test_what_is_bounded_says_why_below_the_table() -> None:
    made = mcheck("check", "--max-states", "9")
    assert made.exit_code == 3
    assert "\n1 HOLDS, 1 BOUNDED; edition folio; " in made.stdout
    assert "\nBOUNDED triple: " in made.stdout
    assert "\n  why: stopped by the limit of 9 states: " in made.stdout
    assert "\nBOUNDED pair: " not in made.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            "check pari",
            "no scenario or variant 'pari' (did you mean pair?); mcheck list shows all",
        ),
        ("check to-much", "no scenario or variant 'to-much' (did you mean too-much?); mcheck list"),
        (
            "check xyz",
            "no scenario or variant 'xyz'; there are large, pair, old_pair, triple, leaving; "
            "variants too-much",
        ),
        ("check scenario:pari", "no scenario 'pari' (did you mean pair?)"),
        ("check pari+too-much", "no scenario 'pari' (did you mean pair?)"),
        ("check pair+to-much", "no variant 'to-much' (did you mean too-much?)"),
        ("check scenario:pair+to-much", "no variant 'to-much' (did you mean too-much?)"),
        ("check variant:x", "no variant 'x'; there are too-much"),
        ("check --variant toomuch", "no variant 'toomuch' (did you mean too-much?)"),
        (
            "check leaving --variant too-much",
            "too-much cannot be put into leaving: no procedure of leaving is called add",
        ),
        ("check x.py --variant too-much", "--variant goes into a scenario, and x.py is none"),
        ("check --edition foli", "no edition 'foli' (did you mean folio?); there are folio, 4.8"),
        ("check pair --edition 4.8", "pair is of edition folio, not 4.8"),
        ("check --variant too-much --edition 4.8", "too-much is of edition folio, not 4.8"),
        (
            "check --edition 4.8 --size ci",
            "edition 4.8 has no scenarios of size ci; it has some of size default",
        ),
        ("check --size c", "no size 'c'"),
        ("check --variant too-much --size ci", "--size chooses among all scenarios"),
        (
            "check --property smal",
            "no property 'smal' (did you mean small?); there are natural, small, met",
        ),
        ("check pair --property smal", "pair has no property 'smal' (did you mean small?)"),
        ("check --set n=1", "pair has no constant n"),
        ("list pari", "no scenario or variant 'pari' (did you mean pair?)"),
        ("simulate pari", "no scenario or variant 'pari' (did you mean pair?)"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(arguments: str, says: str) -> None:
    assert refused(*arguments.split()).startswith(says)


def test_a_mistake_in_the_kernel_s_own_text_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrong() -> Catalogue:
        from mcheck.loading.modules import explained

        with explained("the built-in scenarios", Path(__file__).parent):
            raise NameError("name 'folio' is not defined")

    run_with(monkeypatch, wrong)
    assert refused("check").endswith("NameError: name 'folio' is not defined")
    assert refused("check").startswith(f"{__file__}:")


def test_the_sizes_are_those_that_scenarios_have() -> None:
    assert tuple(size.value for size in Size) == catalogue.SIZES


# list, replay, simulate


def test_the_catalogue_is_listed() -> None:
    made = mcheck("list")
    assert (made.exit_code, made.stderr) == (0, "")
    assert made.stdout.splitlines() == [
        "scenarios of size default (seconds): what mcheck check runs",
        "name      edition  about",
        "--------  -------  -------------------------",
        "pair      folio    2 CPUs add to one counter",
        "old_pair  4.8      2 CPUs add to one counter",
        "triple    folio    3 CPUs add to one counter",
        "",
        "scenarios of size ci (minutes): mcheck check --size ci",
        "name   edition  about",
        "-----  -------  -------------------------",
        "large  folio    4 CPUs add to one counter",
        "",
        "scenarios of size deep (as long as one lets it): mcheck check --size deep",
        "name     edition  about",
        "-------  -------  --------------------------------",
        "leaving  folio    one CPU leaves the counter alone",
        "",
        "editions of the protocol: mcheck check --edition NAME",
        "name   title",
        "-----  -----------------------",
        "folio  Linux 6.1 (the default)",
        "4.8    Linux 4.8",
        "",
        "variants, bugs that were in the kernel: mcheck check --variant NAME",
        "name      year  title",
        "--------  ----  ----------",
        "too-much  2008  adds three",
    ]


def test_the_matrix_has_proofs_reasons_and_what_is_missing() -> None:
    made = mcheck("list", "--matrix")
    assert (made.exit_code, made.stderr) == (0, "")
    assert made.stdout.splitlines() == [
        "actor    file     anon",
        "-------  -------  ------",
        "read()   pair     triple",
        "         large",
        "write()  MISSING  (1)",
        "fork()   MISSING  (2)",
        "",
        "(1) the counter is never written",
        "(2) no fork here",
    ]


def test_scenarios_are_listed_as_models_are(tmp_path: Path) -> None:
    made = mcheck("list", "pair", f"{toy(tmp_path)}:holding")
    assert made.exit_code == 0
    table = made.stdout.partition("\n\n")[0]
    assert [line.split()[0] for line in table.splitlines() if line[:1].isalpha()] == [
        "model",
        "pair",
        "holding",
    ]


@pytest.mark.parametrize(
    "arguments",
    ["--variant too-much", "triple --variant too-much", "variant:too-much", "bad"],
)
def test_a_violation_of_a_scenario_is_replayed(
    arguments: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if arguments == "bad":
        run_with(monkeypatch, fakes.broken)
    made = mcheck("check", *arguments.split())
    assert made.exit_code == 1
    again = mcheck("replay", made.stdout.split()[-1])
    assert (again.exit_code, again.stderr) == (1, "")
    assert again.stdout.splitlines()[-1] == "reproduced: small is violated as recorded"


def test_a_recording_of_a_scenario_that_is_gone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    run_with(monkeypatch, fakes.broken)
    token = mcheck("check", "bad").stdout.split()[-1]
    run_with(monkeypatch, fakes.plain)
    assert refused("replay", token).startswith("no scenario 'bad'; there are large, pair, ")


def test_scenarios_are_simulated() -> None:
    made = mcheck("simulate", "pair", "triple", "--seed", "1", "--walks", "3")
    assert made.exit_code == 3
    assert "2 BOUNDED; edition folio; engine simulation, seed 1" in made.stdout
    found = mcheck("simulate", "scenario:pair+too-much", "--seed", "1")
    assert found.exit_code == 1
    assert mcheck("replay", found.stdout.split()[-1]).exit_code == 1
