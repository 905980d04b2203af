"""Races for commit logs: what they look like, and that they can be pasted."""

from __future__ import annotations

from itertools import groupby
from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from mcheck.explorer.result import Result, Verdict
from mcheck.explorer.trace import Trace
from mcheck.lang.contract import Failure
from mcheck.report.kernel import WIDTH, kernel_block
from mcheck.report.telling import LAST
from tests.report.made import SOURCE, copied_while_read, moved, result, trace
from tests.report.test_race import results


def golden(text: str) -> str:
    return dedent(text).strip("\n")


def drawn(*events: tuple[int, str, str], why: str = "") -> list[str]:
    """The lines of a block; an event is (actor, label, changes with commas between)."""
    made = trace(
        *(moved(actor, label, "work", *filter(None, c.split(", "))) for actor, label, c in events)
    )
    return kernel_block(result(property="p", trace=made, scope={}, why=why)).splitlines()


def test_a_race_looks_as_in_a_commit_log() -> None:
    assert kernel_block(copied_while_read()) == golden(
        """
        CPU0 move_pages()                        CPU1 read()
        -----------------                        -----------
        folio_lock f=A (A.lock: - -> CPU0)
        move_mapping()
          xa_lock_irq (i_pages.lock: - -> CPU0)
          compare
                                                 xas_load i=0 n=1
                                                 folio_try_get (A.refcount: 2 -> 3)
          store (slot[0]: A -> B)
        unlock (A.lock: CPU0 -> -)

        CPU1 took a reference after the count was compared; A is replaced under it
        A.refcount is 3, 2 are explained

        Found by mcheck: ledger; folio, cpus=2, flush=true; 7 steps
        """
    )


def test_a_telling_change_that_does_not_fit_beside_its_step_stands_below_it() -> None:
    long = "a_step_with_a_name_that_fills_its_column"
    events = [(0, long, "A.refcount: 2 -> 3"), (1, "wait_for_the_migration_entry", "")]
    assert drawn(*events, why="A.refcount is 3")[2:5] == [
        "a_step_with_a_name_that_fills_its_column",
        "  (A.refcount: 2 -> 3)",
        "                                               wait_for_the_migration_entry",
    ]
    # Any other has no line of its own.
    assert drawn(*events)[2:4] == [
        "a_step_with_a_name_that_fills_its_column",
        "                                               wait_for_the_migration_entry",
    ]


END = (0, "z", "")
"""A last step: of that one all is told."""


def test_the_change_that_the_reason_names_is_shown() -> None:
    changes = "A.lock: 0 -> 1, A.refcount: 2 -> 3"
    assert drawn((0, "a", changes), END)[2] == "a (A.lock: 0 -> 1)"
    for why in ("A.refcount is 3", "mm[0].pte leads to A, A.refcount."):
        assert drawn((0, "a", changes), END, why=why)[2] == "a (A.refcount: 2 -> 3)"
    inside = "A.lock: 0 -> 1, mm[0].pte.kind: 2 -> 3"
    assert (
        drawn((0, "a", inside), END, why="mm[0].pte leads to A")[2] == "a (mm[0].pte.kind: 2 -> 3)"
    )
    assert drawn((0, "a", inside), END, why="mm[0].pt leads to A")[2] == "a (A.lock: 0 -> 1)"


def test_a_change_of_what_others_change_too_is_preferred() -> None:
    changes = "A.lock: 0 -> 1, A.refcount: 2 -> 3"
    assert drawn((0, "a", changes), (1, "b", "A.refcount: 3 -> 2"))[2] == "a (A.refcount: 2 -> 3)"
    assert drawn((0, "a", changes), (0, "b", "A.refcount: 3 -> 2"))[2] == "a (A.lock: 0 -> 1)"


def test_a_change_that_fits_nowhere_is_left_out_for_one_that_does() -> None:
    long = f"{'x' * WIDTH}: 0 -> 1"
    assert drawn((0, "a", f"{long}, b: 0 -> 1"), END)[2] == "a (b: 0 -> 1)"
    assert drawn((0, "a", long), END)[2:4] == ["a", "z"]


def test_of_the_last_step_nothing_is_left_out() -> None:
    lines = drawn((0, "a", "A.lock: 0 -> 1, mm[0].pte.writable: 0 -> 1"))
    assert lines[2:5] == ["a", "  (A.lock: 0 -> 1)", "  (mm[0].pte.writable: 0 -> 1)"]


def test_a_step_that_is_called_as_its_procedure_stands_in_its_row() -> None:
    made = trace(
        moved(0, "a", "outer"),
        moved(0, "lock", "outer lock", "x: 0 -> 1", choices=(("n", "2"),)),
        moved(0, "sleep", "outer lock"),
        moved(0, "unlock", "outer"),
        moved(0, "lock", "outer lock"),
    )
    assert kernel_block(result(trace=made)).splitlines()[2:7] == [
        "a",
        "lock() n=2 (x: 0 -> 1)",
        "  sleep",
        "unlock",
        "lock()",
    ]


def alone(length: int, change: str = "") -> list[str]:
    """What is shown of so many steps of one process, s1, s2, ...; the fifth makes the change."""
    steps = [(0, f"s{n}", change if n == 5 else "") for n in range(1, length + 1)]
    lines = drawn(*steps, (1, "t", "shared: 0 -> 1"))
    return [line.split()[0] for line in lines[2:-2]]


def test_the_middle_of_what_a_process_does_alone_is_left_out() -> None:
    assert alone(10) == [*(f"s{n}" for n in range(1, 11)), "t"]
    assert alone(11) == ["s1", "...", "s6", "s7", "s8", "s9", "s10", "s11", "t"]
    assert alone(30) == ["s1", "...", "s25", "s26", "s27", "s28", "s29", "s30", "t"]


def test_what_the_race_is_about_is_never_left_out() -> None:
    assert alone(20, "shared: 1 -> 0")[:5] == ["s1", "...", "s5", "...", "s15"]
    assert alone(20, "other: 1 -> 0")[:3] == ["s1", "...", "s15"]
    # What would be left out is no longer than the dots.
    assert alone(13, "shared: 1 -> 0")[:7] == ["s1", "...", "s5", "s6", "s7", "s8", "s9"]


def test_the_procedures_around_what_stays_stay() -> None:
    deep = [moved(0, f"s{n}", "outer deep deeper") for n in range(8)]
    last = [moved(0, f"t{n}", "outer last") for n in range(8)]
    made = trace(moved(0, "first", "outer"), *deep, *last, moved(0, "end", "outer"), moved(1, "u"))
    assert [line.rstrip() for line in kernel_block(result(trace=made)).splitlines()[2:11]] == [
        "first",
        "...",
        "last()",
        "  ...",
        "  t3",
        "  t4",
        "  t5",
        "  t6",
        "  t7",
    ]


def test_a_step_that_fails_says_so() -> None:
    failure = Failure("assert", "a.refcount > 0 is false", SOURCE)
    made = result(
        property="assert",
        why=failure.message,
        trace=trace(moved(0, "put", "work", "x: 0 -> 1"), moved(0, "put"), failure=failure),
    )
    assert kernel_block(made).splitlines()[2:6] == [
        "put (x: 0 -> 1)",
        "put (fails: assert)",
        "",
        "a.refcount > 0 is false",
    ]


def test_too_many_processes_take_their_turns_below_each_other() -> None:
    events = [(cpu % 20, "step", "x: 0 -> 1") for cpu in (0, 0, *range(20))]
    assert drawn(*events)[:6] == [
        "CPU0 work():",
        "  step (x: 0 -> 1)",
        "  step (x: 0 -> 1)",
        "  step (x: 0 -> 1)",
        "CPU1 work():",
        "  step (x: 0 -> 1)",
    ]


def test_the_reason_has_a_sentence_a_line_and_names_below() -> None:
    made = result(
        property="ledger",
        why="ledger is false in the last state: A refcount is what refers to the folio.",
        offenders=("A.refcount is 3, but 2 references are accounted for",),
        trace=trace(moved(0, "a")),
        edition="folio",
        variant="no-freeze",
        scenario="no-freeze",
    )
    assert kernel_block(made).splitlines()[3:] == [
        "",
        "A refcount is what refers to the folio.",
        "A.refcount is 3, but 2 references are accounted for",
        "",
        "Found by mcheck: ledger; folio, variant no-freeze, cpus=2, flush=true; 1",
        "  step",
    ]


def test_what_holds_is_a_comment() -> None:
    assert kernel_block(result(Verdict.HOLDS, scenario="S", edition="folio")) == golden(
        """
        /*
         * mcheck: HOLDS S: 88,644 states, 316,656 transitions, depth 71, exhausted
         * in 3.1 s; edition folio, cpus=2, flush=true
         */
        """
    )


def test_what_is_not_drawn_says_why_in_a_comment() -> None:
    made = result(property="cover full", why="in no reachable state: full")
    block = kernel_block(made)
    assert block.startswith("/*\n * mcheck: VIOLATED folio: cover full; ")
    assert block.endswith("; in no reachable state: full\n */")


def test_no_name_ends_the_comment_early() -> None:
    block = kernel_block(result(Verdict.HOLDS, scenario="a*/b"))
    assert block.count("*/") == 1


def test_a_violation_in_the_initial_state_has_no_columns() -> None:
    made = result(property="safe", why="x is 1", trace=Trace(0, {"x": "1"}, ()), scope={})
    assert kernel_block(made) == "x is 1\n\nFound by mcheck: safe; folio; 0 steps"


@given(results())
def test_whatever_the_trace_it_can_be_pasted(made: Result) -> None:
    block = kernel_block(made)
    lines = block.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert all(line == line.rstrip() for line in lines)
    assert block.isascii()
    assert "\t" not in block


@given(results())
def test_every_turn_begins_and_ends_as_it_did(made: Result) -> None:
    assert made.trace is not None
    text = " ".join(kernel_block(made).split())
    at = 0
    events = list(enumerate(made.trace.events, 1))
    for _, turn in groupby(events, key=lambda event: event[1].actor):
        numbers = [number for number, _ in turn]
        for number in sorted({numbers[0], *numbers[-LAST:]}):
            at = text.index(f"L{number}L", at) + 1


@given(st.integers(1, 30), st.integers(1, 12))
def test_all_processes_of_any_number_are_named(processes: int, length: int) -> None:
    label = "s" * length
    lines = drawn(*((cpu, label, "x: 0 -> 1") for cpu in range(processes)))
    text = " ".join(lines)
    assert all(f"CPU{cpu}" in text for cpu in range(processes))
    assert text.count(label + " ") >= processes
