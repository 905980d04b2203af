"""Mutants of the kernel's reference counting, made by machine. Minutes."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from bench.refedits import Mutant, mutants
from bench.refmutants import judged, planted
from mcheck.lang.model import Model
from mcheck.loading.refs import refs
from mcheck.refs.analysis import analyse
from mcheck.refs.variant import Judge
from mcheck.refs.whole import joined
from mcheck.scenarios import SCENARIOS
from mcheck.spec.unheld import UNHELD

pytestmark = pytest.mark.slow

MODEL: Model[Any] = joined([SCENARIOS["file-read"].model], "file-read")
CHANGES = [
    ("get dropped", "mapping_get_entry", "equations"),
    ("get dropped", "folio_add_lru", "equations"),
    ("get late", "mapping_get_entry", "use"),
    ("get late", "folio_add_lru", "query use"),
    ("put dropped", "filemap_read", "equations"),
    ("put dropped", "folio_put", "equations"),
    ("put doubled", "mapping_get_entry", "equations"),
    ("put doubled", "filemap_read", "equations"),
    ("put early", "filemap_read", "equations use"),
    ("put early", "folio_batch_move_lru", "use"),
    ("give dropped", "folio_migrate_mapping", "equations"),
    ("take dropped", "putback_movable_pages", "equations"),
]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(analyse(MODEL, UNHELD), UNHELD)


def mutant(kind: str, procedure: str) -> Mutant:
    """The first mutant of a kind in a procedure."""
    file = inspect.getsourcefile(MODEL.procedures()[procedure].function)
    assert file is not None
    return next(m for m in mutants(procedure, file) if m.kind == kind)


@pytest.mark.parametrize(("kind", "procedure", "by"), CHANGES)
def test_what_is_wrong_is_found_and_its_line_named(
    judge: Judge, tmp_path: Path, kind: str, procedure: str, by: str
) -> None:
    row = judged(judge, MODEL, mutant(kind, procedure), tmp_path)
    assert row.by in by.split()
    assert row.named


def test_a_line_somewhere_else_is_not_named(judge: Judge, tmp_path: Path) -> None:
    changed = mutant("put doubled", "filemap_read")
    model, file = planted(MODEL, changed, tmp_path)
    found = judge.judge(model)
    assert found.refuted
    assert not found.names(file, 1)
    assert not any(found.names("elsewhere.py", line) for line in changed.changed)


def test_a_change_that_changes_nothing_is_not_refuted(judge: Judge, tmp_path: Path) -> None:
    old = mutant("put doubled", "filemap_read")
    text = Path(old.file).read_text(encoding="utf-8")
    text = text.replace('yield at("copy_folio_to_iter")', 'copied = folio; yield at("copy")')
    text = text.replace("load(me, folio,", "load(me, copied,")
    same = Mutant("no change", "filemap_read", old.file, old.line, text, frozenset({1}))
    row = judged(judge, MODEL, same, tmp_path)
    assert row.by == "not refuted", row.says


@pytest.mark.parametrize(
    ("bug", "says"),
    [
        ("pagecache-no-freeze", "mapping_get_entry.folio_try_get_rcu (through Slot.folio)"),
        ("wait-on-freed-page", "folio_queue.folio_set_waiters at mcheck/impl/folio_lock.py"),
        ("anon-vma-uaf-unmapped", "down_read.down_read at mcheck/impl/rwsem.py"),
    ],
)
def test_the_bugs_about_references_are_told(bug: str, says: str) -> None:
    text, good, _ = refs(bug)
    assert not good
    assert says in text


def test_every_use_without_a_hold_has_a_reason_and_every_reason_a_use() -> None:
    text, good, _ = refs("folio")
    assert good
    assert "NOT EXPLAINED" not in text
    for step, name in UNHELD:
        assert any(
            line.startswith(f"  {step} at ") and f" of {name}" in line for line in text.splitlines()
        )


def test_a_freeze_that_hides_one_too_many(judge: Judge, tmp_path: Path) -> None:
    """The count changes as what explains it does; only what is expected of it is wrong."""
    old = mutant("give dropped", "folio_migrate_mapping")
    text = edited(old.file, "refcount != 2", "refcount != 3")
    text = text.replace("src.refcount = 1", "src.refcount = 2")
    more = Mutant("one more", "folio_migrate_mapping", old.file, old.line, text, frozenset({1}))
    found = judge.judge(planted(MODEL, more, tmp_path)[0])
    assert found.by == "freeze"
    assert any("freezes, expecting 3: NOT exact" in line for line in found.says)


def test_an_entry_that_is_not_looked_at_again(tmp_path: Path) -> None:
    """What is stored, and where, is as before; but the lock no longer tells what is there."""
    model = joined([SCENARIOS["anon-forked"].model], "anon-forked")
    file = inspect.getsourcefile(model.procedures()["wp_page_copy"].function)
    assert file is not None
    text = edited(file, "if not pte_same(vma, old, False, dirty):", "if False:")
    unseen = Mutant("not looked at", "wp_page_copy", file, 1, text, frozenset({1}))
    found = Judge(analyse(model, UNHELD), UNHELD).judge(planted(model, unseen, tmp_path)[0])
    assert found.by == "equations"


def edited(file: str, old: str, new: str) -> str:
    """The text of a file with one line otherwise."""
    text = Path(file).read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    return text.replace(old, new)
