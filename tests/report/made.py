"""Results and traces made by hand."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from mcheck.explorer.result import Result, Verdict
from mcheck.explorer.trace import Change, Event, Trace
from mcheck.lang.contract import Choices, Failure, Source

SOURCE = Source("/elsewhere/model.py", 12)


def golden(text: str) -> str:
    """A text as it is expected, written with the indentation of the test."""
    return dedent(text).strip("\n")


def moved(
    actor: int,
    label: str,
    inside: str = "work",
    *changes: str,
    choices: Choices = (),
    process: str = "CPU{}",
) -> Event:
    """An event; inside: procedures with blanks between; changes: as "A.lock: - -> CPU0"."""
    changed: list[Change] = []
    for change in changes:
        name, _, values = change.partition(": ")
        before, _, after = values.partition(" -> ")
        changed.append(Change(name, before, after))
    return Event(
        actor,
        process.format(actor),
        label,
        tuple(inside.split()),
        choices,
        tuple(changed),
        SOURCE,
        1,
    )


def trace(*events: Event, failure: Failure | None = None, **start: str) -> Trace:
    return Trace(0, start, events, failure)


def result(verdict: Verdict = Verdict.VIOLATED, **known: Any) -> Result:
    """A result with plausible counts; whatever is given replaces them."""
    values: dict[str, Any] = {
        "scenario": "folio",
        "verdict": verdict,
        "engine": "reference",
        "states": 88_644,
        "transitions": 316_656,
        "depth": 71,
        "seconds": 3.14,
        "scope": {"cpus": 2, "flush": True},
        **known,
    }
    return Result(**values)


def copied_while_read() -> Result:
    """The race that the design of the table was made with."""
    mapping = "move_pages move_mapping"
    return result(
        property="ledger",
        why="CPU1 took a reference after the count was compared; A is replaced under it",
        offenders=("A.refcount is 3, 2 are explained",),
        trace=Trace(
            0,
            {"A.lock": "-", "A.refcount": "2", "slot[0]": "A", "B.uptodate": "1"},
            (
                moved(0, "folio_lock", "move_pages", "A.lock: - -> CPU0", choices=(("f", "A"),)),
                moved(0, "xa_lock_irq", mapping, "i_pages.lock: - -> CPU0"),
                moved(0, "compare", mapping),
                moved(1, "xas_load", "read", choices=(("i", "0"), ("n", "1"))),
                moved(1, "folio_try_get", "read", "A.refcount: 2 -> 3"),
                moved(0, "store", mapping, "slot[0]: A -> B"),
                moved(0, "unlock", "move_pages", "A.lock: CPU0 -> -"),
            ),
        ),
    )
