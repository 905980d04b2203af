"""The pytest plugin: what passes, and what is shown of what does not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mcheck.explorer import Result, check, engines
from mcheck.explorer.limits import Limits
from mcheck.lang.contract import Executable
from mcheck.loading import catalogue
from mcheck.report.race import race_table
from tests.cli import fakes
from tests.cli.running import timeless
from tests.cli.toys import TOY, toy

pytest_plugins = ["pytester"]

QUICKLY = ("-p", "no:hypothesispytest")
"""Of the plugins that are installed, one imports for seconds what no test here needs."""

Says = Callable[[str], list[str]]
"""Runs a test that has this one statement; gives what pytest shows of it, without the heading."""

HEAD = """
from mcheck.explorer import Limits
import toy


def test_it(mcheck):
"""


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester) -> None:
    """Scenarios of a few states, and a model file beside the test."""
    monkeypatch.setattr(catalogue, "source", fakes.plain)
    toy(pytester.path)


def passes(pytester: pytest.Pytester, *statements: str) -> bool:
    """Whether a test that has these statements passes."""
    pytester.makepyfile(HEAD + "".join(f"    {line}\n" for line in statements))
    return pytester.runpytest_inprocess(*QUICKLY).parseoutcomes() == {"passed": 1}


@pytest.fixture
def shown(pytester: pytest.Pytester) -> Says:
    def run(statement: str) -> list[str]:
        pytester.makepyfile(f"{HEAD}    {statement}\n")
        result = pytester.runpytest_inprocess(*QUICKLY)
        assert result.parseoutcomes() == {"failed": 1}
        lines = [timeless(line) for line in result.outlines]
        begin = next(i for i, line in enumerate(lines) if " test_it " in line and "__" in line)
        end = next(i for i, line in enumerate(lines) if "short test summary" in line)
        return lines[begin + 1 : end]

    return run


@pytest.mark.parametrize(
    "statement",
    [
        'mcheck("pair").holds()',
        'mcheck("pair").holds(states=8, transitions=12, depth=2)',
        'mcheck("pair", constants={"workers": 3}).holds(states=20)',
        "mcheck(toy.holding).holds(depth=2)",
        'mcheck("too-much").violates("small", depth=2)',
        'mcheck("pair+too-much").violates("small", ends=["CPU1 add.add"])',
        'mcheck("too-much", properties=["natural", "met"]).holds()',
        'mcheck(toy.broken).violates("small", ends=["CPU0 add.add", "CPU1 add.add"])',
        'mcheck(toy.unmet).violates("cover three")',
        'mcheck("large", limits=Limits(states=10)).bounded(depth=2)',
    ],
)
def test_what_is_as_expected_passes(pytester: pytest.Pytester, statement: str) -> None:
    toy(pytester.path, "toy.py", TOY, "unmet = holding.configure('unmet', workers=1)")
    assert passes(pytester, statement)


def test_a_violation_is_shown_as_the_race_and_nothing_else(shown: Says) -> None:
    model = fakes.TOO_MUCH.model
    race = race_table(check(model.compile())).replace("too-much", "too-much, variant too-much", 1)
    table = shown('mcheck("too-much").holds()')
    assert table[0].startswith("VIOLATED small   depth 2, shortest   folio, ")
    assert table[2:] == [*race.splitlines()[2:], "by hand: mcheck check too-much"]


def test_a_race_is_shown_too_where_another_is_expected(shown: Says) -> None:
    lines = shown('mcheck(toy.broken).violates("natural")')
    assert lines[0].startswith("expected VIOLATED natural, found VIOLATED broken: small; ")
    assert lines[1].startswith("VIOLATED small   depth 2, shortest   broken")
    assert lines[-1] == "why: small is false in the last state: The sum is below four."


def test_other_counts_are_told_line_by_line(shown: Says) -> None:
    assert shown('mcheck("pair").holds(states=1_008, depth=2)') == [
        "HOLDS pair, but not as it is pinned",
        "expected states=1_008, depth=2",
        "found    states=8, depth=2",
        "if that is right, pin it: .holds(states=8, depth=2)",
    ]


def test_another_race_is_told_and_shown(shown: Says) -> None:
    lines = shown('mcheck("too-much").violates("small", depth=3, ends=["CPU7 add.add"])')
    assert lines[:6] == [
        "VIOLATED too-much, but not as it is pinned",
        "expected depth=3, ends=['CPU7 add.add']",
        "found    depth=2, ends=['CPU1 add.add']",
        "if that is right, pin it: .violates('small', depth=2, ends=['CPU1 add.add'])",
        "",
        lines[5],
    ]
    assert lines[5].startswith("VIOLATED small   depth 2")


def test_a_model_that_holds_violates_nothing(shown: Says) -> None:
    assert shown('mcheck("pair", constants={"workers": 3}).violates("small")') == [
        "expected VIOLATED small, found HOLDS pair: 20 states, 48 transitions, depth 3, "
        "exhausted in 0.00 s",
        "by hand: mcheck check pair --set=workers=3",
    ]


def test_a_bounded_search_does_not_hold(shown: Says) -> None:
    lines = shown('mcheck("large", limits=Limits(states=10)).holds()')
    assert lines[0].startswith("expected HOLDS, found BOUNDED large: 27 ")
    assert lines[1].startswith("stopped by the limit of 10 states: all states up to depth 2 ")
    assert len(lines) == 2


def test_a_search_that_comes_to_its_end_is_not_bounded(shown: Says) -> None:
    lines = shown('mcheck("pair", limits=Limits(states=10)).bounded()')
    assert lines[0].startswith("expected BOUNDED, found HOLDS pair: 8 states")


def test_what_is_wrong_with_a_model_is_shown(shown: Says, pytester: pytest.Pytester) -> None:
    toy(pytester.path, "toy.py", TOY.replace("k.total = k.total + n", "k.total = len(str(n))"))
    lines = shown("mcheck(toy.holding).violates('natural')")
    assert lines[0].startswith(f"ERROR holding: {pytester.path / 'toy.py'}:")
    assert "k.total = len(str(n))" in lines[1]


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ('mcheck("pear")', "no scenario or variant 'pear' (did you mean pair?); mcheck list "),
        (
            'mcheck(toy.holding, replace={"add": toy.add})',
            "holding: add is replaced by itself, which changes nothing",
        ),
        ('mcheck(toy.broken, constants={"work": 3})', "broken has no constant work"),
        (
            'mcheck("pair", properties=["smal"])',
            "pair has no property 'smal' (did you mean small?)",
        ),
        ('mcheck("pair", replace={"ad": toy.add})', "no procedure of pair is called ad "),
        ('mcheck("pair").violates("smal")', "no property 'smal' (did you mean small?); there are "),
        (
            'mcheck("pair").violates("met")',
            "no property 'met'; there are natural, small, cover met, deadlock, ",
        ),
        ('mcheck("toy.py")', "toy.py has several models: name one, as in "),
    ],
)
def test_a_wrong_name_is_told_in_a_line(shown: Says, statement: str, line: str) -> None:
    lines = shown(statement)
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_a_test_that_expects_nothing_fails(shown: Says, pytester: pytest.Pytester) -> None:
    assert shown('mcheck("pair")') == ["nothing is expected of pair: say .holds(), or what else"]
    assert passes(pytester, 'asked = mcheck("pair")', "asked.holds()")


def test_what_is_expected_gives_the_result(pytester: pytest.Pytester) -> None:
    statement = 'trace = mcheck("too-much").violates("small").trace'
    assert passes(pytester, statement, "assert len(trace.events) == 2")


def count_searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that are searched from now on."""
    names: list[str] = []

    def counted(executable: Executable, **options: Any) -> Result:
        names.append(executable.name)
        return check(executable, **options)

    monkeypatch.setattr(engines, "check", counted)
    return names


def test_equal_searches_are_made_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = count_searches(monkeypatch)
    pytester.makepyfile("""
        from tests.cli.fakes import PAIR, add_too_much

        def test_by_name(mcheck):
            mcheck("pair").holds()

        def test_again(mcheck):
            mcheck("pair").holds(states=8)

        def test_as_a_model(mcheck):
            mcheck(PAIR.model).holds()

        def test_changed(mcheck):
            mcheck("pair", replace={"add": add_too_much}).violates("small")

        def test_changed_again(mcheck):
            mcheck("pair", replace={"add": add_too_much}).violates("small")
        """)
    assert pytester.runpytest_inprocess(*QUICKLY).parseoutcomes() == {"passed": 5}
    assert searched == ["pair", "pair"]


@pytest.mark.parametrize(
    "other",
    ['constants={"workers": 3}', 'properties=["natural", "met"]', "limits=Limits(states=99)"],
)
def test_searches_that_differ_are_not_taken_for_each_other(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    searched = count_searches(monkeypatch)
    assert passes(pytester, 'mcheck("pair").holds()', f'mcheck("pair", {other}).holds()')
    assert searched == ["pair", "pair"]


def test_ctrl_c_ends_the_session(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(executable: Executable, *, limits: Limits) -> Result:
        def press(*_: float) -> None:
            raise KeyboardInterrupt

        return check(executable, limits=limits, progress=press)

    monkeypatch.setattr(catalogue, "source", fakes.slow)
    monkeypatch.setattr(engines, "check", interrupted)
    pytester.makepyfile(f'{HEAD}    mcheck("slow1").bounded()\n')
    with pytest.raises(KeyboardInterrupt):
        pytester.runpytest_inprocess(*QUICKLY)


def in_a_process(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    command: Sequence[str] = [sys.executable, "-m", "pytest", *arguments]
    return pytester.run(*command, timeout=60)


def test_a_session_that_does_not_use_it_does_not_import_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_it():
            mine = {name for name in sys.modules if name.startswith("mcheck")}
            assert mine == {"mcheck", "mcheck.pytest_plugin"}
        """)
    assert in_a_process(pytester).parseoutcomes() == {"passed": 1}


def test_it_works_in_several_processes(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile("""
        import toy

        def test_one(mcheck):
            mcheck(toy.holding).holds(depth=2)

        def test_two(mcheck):
            mcheck(toy.broken).holds()
        """)
    result = in_a_process(pytester, "-n", "2")
    assert result.parseoutcomes() == {"passed": 1, "failed": 1}
    result.stdout.fnmatch_lines(["VIOLATED small   depth 2*", "why: small is false*"])
