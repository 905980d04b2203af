"""The race table: what it looks like, and that it keeps within its width."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcheck.explorer.result import Result
from mcheck.explorer.trace import Change, Event, Trace
from mcheck.report.columns import MIN_WIDTH
from mcheck.report.race import race_table
from tests.report.made import SOURCE, copied_while_read, golden, moved, result, trace


def test_a_race_reads_as_a_reviewer_would_write_it() -> None:
    assert race_table(copied_while_read(), token="3f9c1d") == golden(
        """
        VIOLATED ledger   depth 7, shortest   folio, cpus=2, flush=true
        start: A.refcount=2, slot[0]=A, B.uptodate=1
          #  CPU0 move_pages()  CPU1 read()       changed
          1  folio_lock f=A                       A.lock: - -> CPU0
             move_mapping()
          2    xa_lock_irq                        i_pages.lock: - -> CPU0
          3    compare
          4                     xas_load i=0 n=1
          5                     folio_try_get     A.refcount: 2 -> 3
          6    store                              slot[0]: A -> B
          7  unlock                               A.lock: CPU0 -> -
        why: CPU1 took a reference after the count was compared; A is replaced under it
             A.refcount is 3, 2 are explained
        replay: mcheck replay 3f9c1d
        """
    )


def test_a_narrow_table_folds_texts_and_changes() -> None:
    assert race_table(copied_while_read(), width=60) == golden(
        """
        VIOLATED ledger   depth 7, shortest   folio, cpus=2,
            flush=true
        start: A.refcount=2, slot[0]=A, B.uptodate=1
          #  CPU0           CPU1 read()       changed
             move_pages()
          1  folio_lock f=A                   A.lock: - -> CPU0
             move_mapping()
          2    xa_lock_irq                    i_pages.lock: - ->
                                                CPU0
          3    compare
          4                 xas_load i=0 n=1
          5                 folio_try_get     A.refcount: 2 -> 3
          6    store                          slot[0]: A -> B
          7  unlock                           A.lock: CPU0 -> -
        why: CPU1 took a reference after the count was compared; A
             is replaced under it
             A.refcount is 3, 2 are explained
        """
    )


def test_six_processes_stand_side_by_side_though_their_texts_are_long() -> None:
    events = [moved(cpu, f"a_long_name_for_step_{cpu}", "worker", "x: 1 -> 2") for cpu in range(6)]
    assert race_table(result(property="ledger", trace=trace(*events)), width=85) == golden(
        """
        VIOLATED ledger   depth 6, shortest   folio, cpus=2, flush=true
          #  CPU0     CPU1     CPU2     CPU3     CPU4     CPU5                    changed
             worker() worker() worker() worker() worker() worker()
          1  a_long_name_for_step_0                                               x: 1 -> 2
          2           a_long_name_for_step_1                                      x: 1 -> 2
          3                    a_long_name_for_step_2                             x: 1 -> 2
          4                             a_long_name_for_step_3                    x: 1 -> 2
          5                                      a_long_name_for_step_4           x: 1 -> 2
          6                                               a_long_name_for_step_5  x: 1 -> 2
        """
    )


def test_more_processes_than_fit_are_named_in_a_column() -> None:
    events = [moved(cpu % 20, "step", "worker walk", "x: 0 -> 1") for cpu in (0, 0, *range(20))]
    lines = race_table(result(property="ledger", trace=trace(*events))).splitlines()
    assert lines[1:6] == [
        "   #  process  step       changed",
        "   1  CPU0     walk.step  x: 0 -> 1",
        "   2           walk.step  x: 0 -> 1",
        "   3           walk.step  x: 0 -> 1",
        "   4  CPU1     walk.step  x: 0 -> 1",
    ]


def test_a_procedure_is_named_where_it_is_entered_and_again_when_it_is_entered_again() -> None:
    events = [
        moved(0, "a", "outer"),
        moved(0, "b", "outer inner deeper"),
        moved(1, "x", "outer"),
        moved(0, "c", "outer inner deeper"),
        moved(0, "d", "outer inner"),
        moved(0, "e", "outer"),
        moved(0, "f", "outer inner"),
    ]
    table = race_table(result(property="p", trace=trace(*events)))
    assert table.splitlines()[1:] == [
        "  #  CPU0 outer()  CPU1 outer()  changed",
        "  1  a",
        "     inner()",
        "       deeper()",
        "  2      b",
        "  3                x",
        "  4      c",
        "  5    d",
        "  6  e",
        "     inner()",
        "  7    f",
    ]


def test_a_process_in_several_outermost_procedures_has_none_in_its_heading() -> None:
    events = [moved(0, "a", "first"), moved(0, "b", "second"), moved(0, "c", "")]
    table = race_table(result(property="p", trace=trace(*events)))
    assert table.splitlines()[1:] == [
        "  #  CPU0      changed",
        "     first()",
        "  1    a",
        "     second()",
        "  2    b",
        "  3  c",
    ]


def test_a_process_that_is_called_as_its_procedure_is_named_once() -> None:
    table = race_table(result(property="p", trace=trace(moved(0, "a", process="work"))))
    assert table.splitlines()[1:] == ["  #  work()  changed", "  1  a"]


def test_many_changes_are_packed_in_lines() -> None:
    changes = [f"field_{number}: 0 -> {number}" for number in range(1, 6)]
    table = race_table(result(property="p", trace=trace(moved(0, "a", "work", *changes))), width=60)
    assert table.splitlines()[2:] == [
        "  1  a            field_1: 0 -> 1, field_2: 0 -> 2,",
        "                  field_3: 0 -> 3, field_4: 0 -> 4,",
        "                  field_5: 0 -> 5",
    ]


def test_a_change_that_is_folded_has_lines_of_its_own() -> None:
    changes = ["a: 0 -> 1", "cpu[0].pte[object[0]].kind: PRESENT -> MIGRATION", "b: 0 -> 1"]
    table = race_table(result(property="p", trace=trace(moved(0, "a", "work", *changes))), width=60)
    assert table.splitlines()[2:] == [
        "  1  a            a: 0 -> 1,",
        "                  cpu[0].pte[object[0]].kind: PRESENT ->",
        "                    MIGRATION,",
        "                  b: 0 -> 1",
    ]


def test_the_start_has_what_is_set_and_first_what_the_trace_changes() -> None:
    start = {f"a{number}.flag": str(number % 2) for number in range(60)} | {"z": "3", "y": "NONE"}
    made = Trace(0, start, (moved(0, "a", "work", "z: 3 -> 4"),))
    lines = race_table(result(trace=made)).splitlines()
    assert lines[1].startswith("start: z=3, a1.flag=1, a3.flag=1,")
    assert re.fullmatch(r"       a\d.*, and \d+ more", lines[2])
    assert lines[3].startswith("  #")


def test_a_width_in_which_nothing_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 40 columns, not 39"):
        race_table(copied_while_read(), width=39)


# Whatever the trace

WORDS = st.text("ab_[]. ", min_size=1, max_size=60).map(lambda text: f"w{text.strip()}")
NAMES = st.text("abc_", max_size=40).map(lambda text: f"n{text}")


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Traces whose labels, and nothing else, are L1L, L2L, ..."""
    processes = draw(st.lists(NAMES, min_size=1, max_size=9, unique=True))
    events: list[Event] = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        actor = draw(st.integers(0, len(processes) - 1))
        inside = tuple(draw(st.lists(NAMES, max_size=4)))
        choices = tuple(draw(st.lists(st.tuples(NAMES, WORDS), max_size=2)))
        changes = draw(st.lists(st.builds(Change, WORDS, WORDS, WORDS), max_size=4))
        events.append(
            Event(
                actor,
                processes[actor],
                f"L{number}L",
                inside,
                choices,
                tuple(changes),
                SOURCE,
                number,
            )
        )
    return Trace(0, draw(st.dictionaries(WORDS, WORDS, max_size=9)), tuple(events))


@st.composite
def results(draw: st.DrawFn) -> Result:
    return result(
        scenario=draw(NAMES),
        property=draw(NAMES),
        why=draw(WORDS),
        offenders=tuple(draw(st.lists(WORDS, max_size=2))),
        trace=draw(traces()),
    )


@given(results(), st.integers(MIN_WIDTH, 160))
def test_no_line_is_wider_than_the_width(made: Result, width: int) -> None:
    lines = race_table(made, width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


@given(results(), st.integers(MIN_WIDTH, 160))
def test_every_event_is_there_once_and_in_order(made: Result, width: int) -> None:
    assert made.trace is not None
    lines = race_table(made, width).splitlines()
    head = next(i for i, line in enumerate(lines) if line.lstrip().startswith("#"))
    numbered = [int(n[1]) for line in lines[head:] if (n := re.match(r" {2,}(\d+)  ", line))]
    assert numbered == list(range(1, made.trace.depth + 1))


@given(results())
def test_in_a_wide_table_every_text_is_whole(made: Result) -> None:
    assert made.trace is not None
    table = race_table(made, 5000)
    for number, event in enumerate(made.trace.events, 1):
        (line,) = [line for line in table.splitlines() if re.search(rf"\bL{number}L\b", line)]
        assert re.match(rf" +{number} ", line)
        for change in event.changed:
            assert " ".join(f"{change.name}: {change.before} -> {change.after}".split()) in line


def test_headings_that_would_run_into_each_other_stand_on_different_lines() -> None:
    names = ["a_process_with_a_long_name", "another_one_with_a_long_name", "x"]
    events = [moved(i, f"step_{i}", process=name) for i, name in enumerate(names)]
    assert race_table(result(property="p", trace=trace(*events)), width=60).splitlines()[1:] == [
        "  #  a_process_with_a_long_name                      changed",
        "     work()     another_one_with_a_long_name",
        "                work()     x work()",
        "  1  step_0",
        "  2             step_1",
        "  3                        step_2",
    ]
