"""Batches of generated programs: drawn by Hypothesis, the same in every run unless asked else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.lang.generated.census import Census
from tests.lang.generated.checking import Effort, agree
from tests.lang.generated.draws import Bytes
from tests.lang.generated.programs import Text, draw_text

FOR_THE_TEXT = 1400
FOR_THE_SCHEDULE = 1200
"""How many bytes a program and its schedules are drawn from; more would not be used."""


@dataclass(frozen=True)
class Case:
    """A program, and what its schedules are drawn from."""

    text: Text
    schedule: bytes

    def __repr__(self) -> str:
        return f"the program\n{self.text.text}"


def case_of(drawn: bytes) -> Case:
    """The case that bytes stand for."""
    text = draw_text(Bytes(drawn[:FOR_THE_TEXT]).number)
    return Case(text, drawn[FOR_THE_TEXT:])


# All is drawn in one piece: of programs drawn number by number, Hypothesis would make most by
# changing a number in the one before, and few would be new.
SIZE = FOR_THE_TEXT + FOR_THE_SCHEDULE
cases = st.binary(min_size=SIZE, max_size=SIZE).map(case_of)


def compare(case: Case, folder: Path, census: Census, effort: Effort) -> None:
    """Compare both forms of a case's models; the program's text stands in what it raises."""
    try:
        agree(case.text, folder, Bytes(case.schedule).number, census, effort)
    except Exception as e:
        e.add_note(repr(case))
        raise


def run_batch(check: Callable[[Case], None], examples: int, *, same: bool = True) -> None:
    """Check so many cases; the same ones in every run, or others each time."""

    @settings(
        max_examples=examples,
        derandomize=same,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(cases)
    def each(case: Case) -> None:
        check(case)

    each()
