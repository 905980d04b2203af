"""Direct execution and lowered steps mean the same, in whatever the generator can write."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lang.generated.batches import Case, compare, run_batch
from tests.lang.generated.census import Census
from tests.lang.generated.checking import Effort
from tests.lang.generated.constructs import RARE, USUAL

EXAMPLES = 140


@dataclass
class Batch:
    """The batch that is the same in every run: what it contained, and how it ended."""

    census: Census = field(default_factory=Census)
    problem: Exception | None = None


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory, report: list[str]) -> Batch:
    folder = tmp_path_factory.mktemp("batch")
    result = Batch()

    def check(case: Case) -> None:
        compare(case, folder, result.census, Effort())

    try:
        run_batch(check, EXAMPLES)
    except Exception as e:
        result.problem = e
    report += result.census.report()
    return result


def test_both_forms_agree(batch: Batch) -> None:
    if batch.problem is not None:
        raise batch.problem
    assert batch.census.programs >= EXAMPLES


def test_programs_are_rarely_refused(batch: Batch) -> None:
    assert len(batch.census.refused) <= EXAMPLES // 20, "\n".join(batch.census.refused)


@pytest.mark.parametrize("construct", USUAL)
def test_construct_is_run(batch: Batch, construct: str) -> None:
    assert batch.census.run[construct], f"written {batch.census.written[construct]} times"


def test_every_construct_is_listed(batch: Batch) -> None:
    found = {*batch.census.written, *batch.census.run}
    assert found <= {*USUAL, *RARE}


@pytest.mark.slow
def test_other_programs_each_time(tmp_path: Path, report: list[str]) -> None:
    census = Census()

    def check(case: Case) -> None:
        compare(case, tmp_path, census, Effort(walks=5, steps=30, repeats=5))

    run_batch(check, 3000, same=False)
    report += census.report()
    # What is rare may be missing from the small batch, whose programs change with any text here.
    assert not [construct for construct in [*USUAL, *RARE] if not census.run[construct]]
