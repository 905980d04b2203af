"""The plain text trace: one line an event."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcheck.explorer.trace import Trace
from mcheck.lang.contract import Failure, Source
from mcheck.report.text import event_line, trace_text
from tests.report.made import SOURCE, copied_while_read, moved, result, trace


def test_a_trace_has_one_line_an_event() -> None:
    assert trace_text(copied_while_read()).splitlines() == [
        "VIOLATED ledger   depth 7, shortest   folio, cpus=2, flush=true",
        "0 start [A.lock=-, A.refcount=2, slot[0]=A, B.uptodate=1]",
        "1 CPU0 move_pages.folio_lock f=A [A.lock: - -> CPU0] /elsewhere/model.py:12",
        "2 CPU0 move_mapping.xa_lock_irq [i_pages.lock: - -> CPU0] /elsewhere/model.py:12",
        "3 CPU0 move_mapping.compare /elsewhere/model.py:12",
        "4 CPU1 read.xas_load i=0 n=1 /elsewhere/model.py:12",
        "5 CPU1 read.folio_try_get [A.refcount: 2 -> 3] /elsewhere/model.py:12",
        "6 CPU0 move_mapping.store [slot[0]: A -> B] /elsewhere/model.py:12",
        "7 CPU0 move_pages.unlock [A.lock: CPU0 -> -] /elsewhere/model.py:12",
        "why: CPU1 took a reference after the count was compared; A is replaced under it",
        "offender: A.refcount is 3, 2 are explained",
    ]


def test_a_longer_name_in_one_event_leaves_the_other_lines_as_they_are() -> None:
    before = copied_while_read()
    assert before.trace is not None
    longer = replace(before.trace.events[2], label="compare_with_a_much_longer_name")
    events = (*before.trace.events[:2], longer, *before.trace.events[3:])
    after = replace(before, trace=replace(before.trace, events=events))
    pairs = zip(trace_text(before).splitlines(), trace_text(after).splitlines(), strict=True)
    assert [a[:1] for a, b in pairs if a != b] == ["3"]


def test_a_step_that_fails_ends_the_trace() -> None:
    failure = Failure("bounds", "x = 4, but x is 0..3", SOURCE)
    text = trace_text(result(property="bounds", trace=trace(moved(0, "a"), failure=failure)))
    assert text.splitlines()[-1] == "fails: bounds: x = 4, but x is 0..3 /elsewhere/model.py:12"


def test_white_space_in_a_model_s_texts_does_not_break_a_line() -> None:
    event = moved(0, "a", choices=(("x", "two\nlines"),))
    made = Trace(0, {"a\nb": "c\td"}, (event,))
    lines = trace_text(result(property="p", why="one\n  two", trace=made)).splitlines()
    assert lines[1:] == [
        "0 start [a b=c d]",
        "1 CPU0 work.a x=two lines /elsewhere/model.py:12",
        "why: one two",
    ]


def test_a_place_below_the_working_directory_is_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    event = replace(moved(0, "a"), source=Source(str(tmp_path / "models" / "toy.py"), 3))
    assert event_line(1, event) == "1 CPU0 work.a models/toy.py:3"
