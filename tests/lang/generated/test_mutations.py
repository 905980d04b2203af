"""Each planted mistake in the lowering is found by comparing it with direct execution."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lang.generated.agreement import Disagreement
from tests.lang.generated.batches import Case, compare, run_batch
from tests.lang.generated.census import Census
from tests.lang.generated.checking import Effort
from tests.lang.generated.mutations import MUTATIONS

ENOUGH = 300
"""Programs within which every mistake must be found."""
FEW = 5
"""So many of them may be refused though nothing is planted."""


@pytest.mark.parametrize("name", MUTATIONS)
def test_mistake_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, report: list[str]
) -> None:
    MUTATIONS[name](monkeypatch)
    census = Census()

    def check(case: Case) -> None:
        compare(case, tmp_path, census, Effort(models=1, repeats=1, states=30))
        if len(census.refused) > FEW:
            raise Disagreement("programs are refused that are right")

    with pytest.raises(Disagreement):
        run_batch(check, ENOUGH)
    report.append(f"{name.replace('_', ' ')}: found in program {census.programs + 1}")
