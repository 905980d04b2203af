"""Verdict lines and the table of results: what they say, and what they do not."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcheck.explorer.result import Result, Verdict
from mcheck.report.phrases import duration
from mcheck.report.summary import (
    gaps,
    overview_table,
    shared_scope,
    summary_table,
    totals,
    verdict_line,
    verdict_text,
)
from tests.report.made import moved, result, trace

BOUNDED = result(
    Verdict.BOUNDED,
    states=1000,
    transitions=1,
    depth=5,
    seconds=0.042,
    why="stopped by the limit of 1,000 states: all up to depth 5 is searched, 17 are left",
    undecided=("deadlock", "cover full"),
    unreached=("f.a",),
    uncovered=("full",),
)


def test_what_holds_is_exhausted() -> None:
    assert verdict_line(result(Verdict.HOLDS, scenario="S")) == (
        "HOLDS S: 88,644 states, 316,656 transitions, depth 71, exhausted in 3.1 s"
    )


def test_what_holds_for_some_claims_only_says_so() -> None:
    made = result(Verdict.HOLDS, scenario="S", undecided=("ledger (left out)",))
    assert verdict_text(made).splitlines() == [
        "HOLDS S: 88,644 states, 316,656 transitions, depth 71, exhausted in 3.1 s; "
        "1 claim left out",
        "  scope: cpus=2, flush=true",
        "  engine: reference",
        "  undecided: ledger (left out)",
    ]


def test_what_is_bounded_says_what_it_leaves_open() -> None:
    assert verdict_text(BOUNDED).splitlines() == [
        "BOUNDED folio: 1,000 states, 1 transition, depth 5, not exhausted in 0.04 s",
        "  scope: cpus=2, flush=true",
        "  engine: reference",
        "  why: stopped by the limit of 1,000 states: all up to depth 5 is searched, 17 are left",
        "  covers not hit: full",
        "  undecided: deadlock, cover full",
    ]


def test_what_is_violated_names_the_property() -> None:
    assert verdict_line(result(property="ledger")) == (
        "VIOLATED folio: ledger; 88,644 states, 316,656 transitions, found in 3.1 s"
    )


def test_an_error_says_what_is_wrong() -> None:
    made = result(Verdict.ERROR, why="the model has\n  no initial state")
    assert verdict_line(made) == "ERROR folio: the model has no initial state"


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("undecided", [(), ("deadlock",)])
def test_only_a_search_to_the_end_claims_to_be_exhausted(
    verdict: Verdict, undecided: tuple[str, ...]
) -> None:
    line = verdict_line(result(verdict, undecided=undecided))
    assert (", exhausted in" in line) == (verdict is Verdict.HOLDS)


@pytest.mark.parametrize("verdict", Verdict)
def test_scope_engine_seed_and_reductions_are_always_shown(verdict: Verdict) -> None:
    made = result(
        verdict, edition="folio", variant="mine", scope={"n": 3}, seed=5, reductions=("symmetry",)
    )
    lines = verdict_text(made).splitlines()
    assert "  scope: edition folio, variant mine, n=3" in lines
    assert "  engine: reference, seed 5" in lines
    assert "  reductions: symmetry" in lines


def test_a_model_without_constants_has_a_scope_too() -> None:
    assert "  scope: no constants" in verdict_text(result(scope={})).splitlines()


def test_long_notes_are_folded() -> None:
    made = result(Verdict.HOLDS, unreached=tuple(f"procedure.label_{n}" for n in range(30)))
    assert max(map(len, verdict_text(made, 60).splitlines())) <= 60


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0.00 s"), (0.994, "0.99 s"), (59.94, "59.9 s"), (125.4, "2 min 5 s")],
)
def test_times(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_the_table_has_a_row_a_check() -> None:
    results = [
        result(Verdict.HOLDS, scenario="S"),
        result(property="ledger", scenario="M", seconds=0.5),
        BOUNDED,
    ]
    assert summary_table(results, 120) == dedent(
        """
        scenario  verdict   property  states  transitions  depth  seconds  \
stopped by
        --------  --------  --------  ------  -----------  -----  -------  \
-------------------------
        S         HOLDS               88,644      316,656     71     3.14
        M         VIOLATED  ledger    88,644      316,656     71     0.50
        folio     BOUNDED              1,000            1      5     0.04  \
the limit of 1,000 states
        """
    ).strip("\n")


def test_the_scope_has_what_differs_and_what_is_common_stands_below() -> None:
    results = [
        result(Verdict.HOLDS, scope={"cpus": 2, "passes": 2, "flush": True}),
        result(Verdict.HOLDS, scope={"cpus": 2, "passes": 3, "flush": True}, variant="f=f"),
    ]
    rows = summary_table(results, 80).splitlines()[2:]
    assert [row.partition("3.14  ")[2] for row in rows] == ["passes=2", "variant f=f, passes=3"]
    assert shared_scope(results) == "scope of all: cpus=2, flush=true"
    # Of a single one nothing is common with others.
    assert summary_table(results[:1], 120).endswith("  cpus=2, passes=2, flush=true")
    assert shared_scope(results[:1]) == ""
    assert shared_scope([result(scope={"cpus": 2}), result(scope={"cpus": 3})]) == ""


def test_a_long_scope_is_cut_where_it_can_be_read() -> None:
    names = ("the_first_function", "the_second_function")
    results = [result(Verdict.HOLDS, variant=f"{name}={name}", scope={}) for name in names]
    rows = summary_table(results, 80).splitlines()[2:]
    assert [row.strip() for row in rows if "function" in row.split()[-1]] == [
        "the_first_function=",
        "the_first_function",
        "the_second_function=",
        "the_second_function",
    ]
    assert all(part in " ".join(rows) for part in ("the_first_function=", "the_second_function="))
    assert max(map(len, rows)) <= 80


def test_columns_that_nobody_needs_are_left_out() -> None:
    head = summary_table([result(Verdict.HOLDS), result(Verdict.HOLDS)]).splitlines()[0]
    assert head.split() == [
        "scenario",
        "verdict",
        "states",
        "transitions",
        "depth",
        "seconds",
    ]


def test_an_overview_keeps_names_whole_and_says_in_a_line_what_a_check_is_about() -> None:
    results = [result(Verdict.HOLDS, scenario="a-long-name-of-one"), result(property="ledger")]
    assert overview_table(
        results, ["one page\n moves while it is written", ""], 88
    ).splitlines() == [
        "scenario            verdict   states  transitions  depth  seconds  about",
        "------------------  --------  ------  -----------  -----  -------  ------------------",
        "a-long-name-of-one  HOLDS     88,644      316,656     71     3.14  one page moves ...",
        "folio               VIOLATED  88,644      316,656     71     3.14  cpus=2, flush=true",
    ]


def test_an_overview_shortens_only_what_has_no_room() -> None:
    results = [result(Verdict.HOLDS, scenario="a-long-name-of-one")]
    about = "one page moves while it is written"
    wide = overview_table(results, [about], 100).splitlines()[2]
    assert wide.endswith(f"  {about}")
    # One character less than the line needs.
    less = overview_table(results, [about], len(wide) - 1).splitlines()
    assert [line.partition("3.14  ")[2] for line in less[2:]] == ["one page moves while it is ..."]


def test_what_was_refused_has_no_counts() -> None:
    refused = result(Verdict.ERROR, states=0, transitions=0, depth=0, seconds=0.0, scope={})
    row = summary_table([refused, result(Verdict.HOLDS)]).splitlines()[2]
    assert row.split() == ["folio", "ERROR"]
    # A property that cannot be evaluated is found on the way.
    met = summary_table([result(Verdict.ERROR)]).splitlines()[2]
    assert met.split()[:3] == ["folio", "ERROR", "88,644"]


def test_totals_count_verdicts_and_name_what_is_common() -> None:
    results = [
        result(Verdict.HOLDS, edition="folio"),
        result(Verdict.HOLDS, edition="4.8", engine="native"),
        result(property="p", edition="folio", reductions=("symmetry",)),
        result(Verdict.ERROR, engine="none"),
    ]
    assert totals(results) == (
        "2 HOLDS, 1 VIOLATED, 1 ERROR; edition folio, 4.8; engine reference, native; "
        "reductions symmetry"
    )
    assert max(map(len, totals(results, 50).splitlines())) <= 50


def test_claims_that_are_not_judged_are_told_once_for_all_scenarios() -> None:
    results = [
        result(Verdict.HOLDS, scenario="S", undecided=("ledger (left out)",)),
        result(Verdict.HOLDS, scenario="M", undecided=("ledger (left out)",)),
        result(Verdict.HOLDS, scenario="L"),
        BOUNDED,
    ]
    assert totals(results).splitlines()[1:] == ["undecided: ledger (left out); in S, M"]


def test_gaps_are_what_a_bounded_search_leaves_open() -> None:
    assert gaps(BOUNDED).splitlines() == [
        "BOUNDED folio: 1,000 states, 1 transition, depth 5, not exhausted in 0.04 s",
        "  why: stopped by the limit of 1,000 states: all up to depth 5 is searched, 17 are left",
        "  undecided: deadlock, cover full",
    ]
    assert gaps(result(Verdict.HOLDS, unreached=("f.a",))) == ""


def test_gaps_are_covers_that_a_race_would_hide() -> None:
    race = trace(moved(0, "a"))
    missed = gaps(result(property="deadlock", trace=race, uncovered=("full",), unreached=("f.a",)))
    assert missed.splitlines()[1:] == ["  covers not hit: full"]
    assert gaps(result(property="deadlock", trace=race)) == ""
    # Without a race, the reason has it.
    assert gaps(result(property="cover full", uncovered=("full",))) == ""


TEXTS = st.text("abc_ ", max_size=60)


@given(
    st.lists(
        st.builds(
            result,
            st.sampled_from(Verdict),
            scenario=TEXTS,
            property=TEXTS | st.none(),
            states=st.integers(0, 10**8),
            transitions=st.integers(0, 10**9),
            why=TEXTS,
            scope=st.dictionaries(TEXTS, st.integers(0, 9), max_size=9),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(100, 200),
)
def test_no_line_of_the_table_is_wider_than_the_width(results: list[Result], width: int) -> None:
    assert max(map(len, summary_table(results, width).splitlines())) <= width
