"""What stands around the race table: the line above it, and the reason below."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcheck.explorer.result import Result, Verdict
from mcheck.explorer.trace import Reference
from mcheck.lang.contract import Failure, Source
from mcheck.report.kernel import kernel_block
from mcheck.report.race import race_table
from tests.report.made import SOURCE, copied_while_read, golden, moved, result, trace


@pytest.mark.parametrize("verdict", [Verdict.VIOLATED, Verdict.ERROR])
def test_the_verdict_is_the_results(verdict: Verdict) -> None:
    assert race_table(result(verdict, property="p")).startswith(f"{verdict.value} p ")


def test_a_random_walk_is_not_called_shortest() -> None:
    walked = replace(copied_while_read(), seed=7)
    assert race_table(walked).startswith("VIOLATED ledger   depth 7, seed 7   folio,")


@pytest.mark.parametrize(
    ("known", "head"),
    [
        ({"edition": "4.8", "variant": "no-flush"}, "4.8, folio, variant no-flush"),
        ({"edition": "4.8", "scope": {"cpus": 2}}, "4.8, folio, cpus=2"),
        ({"variant": "move=mine"}, "folio, variant move=mine"),
        # A bug in its own scenario is called by the bug's name.
        (
            {"edition": "4.8", "variant": "no-flush", "scenario": "no-flush"},
            "4.8, variant no-flush",
        ),
    ],
)
def test_edition_and_variant_come_before_the_scenario(known: dict[str, Any], head: str) -> None:
    values: dict[str, Any] = {"scope": {}, **known}
    table = race_table(result(property="p", **values))
    assert table == f"VIOLATED p   {head}"


def test_a_step_that_fails_is_shown_with_its_text(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text("first\n    assert a.refcount > 0  # never\n")
    failure = Failure("assert", "a.refcount > 0 is false", Source(str(file), 2))
    made = trace(moved(0, "a"), moved(0, "put"), failure=failure)
    table = race_table(result(property="assert", why=failure.message, trace=made))
    assert table.splitlines()[2:] == [
        "  1  a",
        "  2  put          fails: assert",
        "why: a.refcount > 0 is false",
        f"at:  {file}:2",
        "     assert a.refcount > 0  # never",
    ]


def test_a_failure_in_a_file_that_is_gone_still_has_its_place() -> None:
    made = trace(moved(0, "a"), failure=Failure("leak", "x is lost", SOURCE))
    assert race_table(result(trace=made)).endswith("\nat:  /elsewhere/model.py:12")


def test_a_violation_in_the_initial_state_has_no_table() -> None:
    assert race_table(result(property="safe", why="x is 1", trace=trace(x="1"))) == golden(
        """
        VIOLATED safe   depth 0, shortest   folio, cpus=2, flush=true
        start: x=1
        why: x is 1
        """
    )


def test_a_violation_without_a_trace_says_why() -> None:
    table = race_table(result(property="cover full", why="in no reachable state: full"))
    assert table == golden(
        """
        VIOLATED cover full   folio, cpus=2, flush=true
        why: in no reachable state: full
        """
    )


SENTENCE = "A.refcount is 3, but 2 references are accounted for: slot[0], CPU0's hold"


def test_sentences_are_the_reason_after_the_promise_they_break() -> None:
    made = result(
        property="ledger",
        why="ledger is false in the last state: A refcount is what refers to the folio.",
        offenders=(SENTENCE, "B is\n free, but used"),
        scope={},
    )
    assert race_table(made).splitlines()[1:] == [
        "why: A refcount is what refers to the folio.",
        f"     {SENTENCE}",
        "     B is free, but used",
    ]
    assert race_table(made, 60).splitlines()[1:] == [
        "why: A refcount is what refers to the folio.",
        "     A.refcount is 3, but 2 references are accounted for:",
        "       slot[0], CPU0's hold",
        "     B is free, but used",
    ]


def owned(*references: Reference, element: str = "A") -> Result:
    """A ledger that does not add up, with these references at the end."""
    made = trace(moved(0, "get"), moved(1, "try_get"))
    return result(
        why="ledger is false in the last state: A refcount is what refers to the folio.",
        offenders=(f"{element}.refcount is 3, but 2 are accounted for; slot[0] leads to C",),
        trace=replace(made, references=references),
        scope={},
    )


HELD = (
    Reference("CPU0", "A", "expected", 0),
    Reference("CPU1", "A", "speculative", 2),
    Reference("CPU1", "B", "expected", 1),
    Reference("CPU1", "C", "expected", 1),
)


def test_who_holds_what_the_reason_names_is_told() -> None:
    assert race_table(owned(*HELD)).splitlines()[-4:] == [
        "     A.refcount is 3, but 2 are accounted for; slot[0] leads to C",
        "     CPU0 holds A (expected), from the start",
        "     CPU1 holds A (speculative), since 2",
        "     CPU1 holds C (expected), since 1",
    ]
    assert " holds " not in race_table(owned())
    # The promise begins with an article.
    assert " holds A " not in race_table(owned(*HELD, element="B"))


def test_in_a_commit_log_a_hold_is_since_a_step_s_label() -> None:
    assert kernel_block(owned(*HELD)).splitlines()[-5:-2] == [
        "CPU0 holds A (expected)",
        "CPU1 holds A (speculative), since try_get",
        "CPU1 holds C (expected), since get",
    ]


def test_a_promise_without_words_still_says_what_is_false() -> None:
    made = result(why="ledger is false in the last state", offenders=(SENTENCE,), scope={})
    assert race_table(made).splitlines()[1:] == [
        "why: ledger is false in the last state",
        f"     {SENTENCE}",
    ]


def test_offenders_that_are_only_named_stand_below_the_whole_reason() -> None:
    why = "ledger is false for the last step: A refcount is what refers to the folio."
    made = result(why=why, offenders=("folio[0]",), scope={})
    assert race_table(made).splitlines()[1:] == [f"why: {why}", "     - folio[0]"]


def test_paths_below_the_working_directory_are_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = result(property="deadlock", why=f"CPU0 waits at f.a ({tmp_path / 'toy.py'}:3)")
    assert race_table(made).endswith("\nwhy: CPU0 waits at f.a (toy.py:3)")
