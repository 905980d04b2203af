"""Variants of the kernel that keep the ledger and are wrong, or rest on a reason for other text.

Minutes. An explicit search finds each of them.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from bench.refedits import Mutant
from bench.refmutants import planted
from mcheck.lang.model import Model
from mcheck.loading.refs import edition_model, refs
from mcheck.refs.analysis import analyse
from mcheck.refs.variant import Judge, Judgement
from mcheck.spec.unheld import UNHELD

pytestmark = pytest.mark.slow

MODEL: Model[Any] = edition_model("folio")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(analyse(MODEL, UNHELD), UNHELD)


def judged(judge: Judge, directory: Path, procedure: str, old: str, new: str) -> Judgement:
    """What is said of the edition with one text of a procedure's file otherwise."""
    file = inspect.getsourcefile(MODEL.procedures()[procedure].function)
    assert file is not None
    text = Path(file).read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    changed = Mutant("other", procedure, file, 1, text.replace(old, new), frozenset({1}))
    return judge.judge(planted(MODEL, changed, directory)[0])


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ("src.refcount != 2", "only compares, expecting 2: NOT exact"),
        ("False", "does not compare the count of src any more"),
    ],
)
def test_a_comparison_that_is_wrong_or_missing(
    judge: Judge, tmp_path: Path, other: str, says: str
) -> None:
    found = judged(
        judge, tmp_path, "folio_migrate_unslotted", "if src.refcount != 1:", f"if {other}:"
    )
    assert found.by == "freeze"
    assert any(says in line for line in found.says)


def test_what_is_only_done_while_a_count_is_frozen() -> None:
    text, good, _ = refs("folio", f"{Path(__file__).parent / 'thawed.py'}:folio_migrate_mapping")
    assert not good
    assert "stores to Slot.folio, which the unmodified model only does while the count" in text


def test_a_step_that_does_more_than_its_reason_is_for(judge: Judge, tmp_path: Path) -> None:
    found = judged(
        judge,
        tmp_path,
        "isolate_migratepages_block",
        "    if not folio.flags.lru:\n",
        "    was = folio.flags.lru\n    folio.flags.lru = False\n    if not was:\n",
    )
    assert found.by == "use"
    assert "isolate_migratepages_block.PageLRU" in found.says[0]
    assert "writes PageFlags.lru" in found.says[0]


@pytest.mark.parametrize(
    ("procedure", "old", "new", "rests"),
    [
        (
            "unmap_and_move_locked",
            "page = src.index",
            "page = dst.index",
            "folio_migrate_mapping.folio_ref_freeze: Slot.folio",
        ),
        (
            "page_get_anon_vma",
            '    yield at("still mapped")\n    if folio.mapcount == 0:',
            '    yield at("still mapped")\n    if folio.mapcount > 0:',
            "down_read.down_read",
        ),
    ],
)
def test_a_reason_that_was_given_for_other_steps(  # noqa: PLR0917
    judge: Judge, tmp_path: Path, procedure: str, old: str, new: str, rests: str
) -> None:
    """The ledger is kept; that what is assumed still holds, somebody has to look at."""
    found = judged(judge, tmp_path, procedure, old, new)
    assert not found.refuted
    assert any(str(each).startswith(rests) for each in found.rests)


def test_no_reason_is_touched_by_what_has_nothing_to_do_with_one(
    judge: Judge, tmp_path: Path
) -> None:
    same = judged(
        judge,
        tmp_path,
        "putback_movable_pages",
        "yield from folio_putback_lru(k, me, isolated)\n",
        "yield from folio_putback_lru(k, me, isolated)  # as it was\n",
    )
    assert not same.refuted, same.says
    assert not same.rests
