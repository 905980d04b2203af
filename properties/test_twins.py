"""Every promise is broken by some twin; a twin is the kernel's procedure but for a few lines."""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mcheck.lang.procedures import Procedure
from mcheck.scenarios import SCENARIOS
from mcheck.spec.promises import PROMISES, UNMAPPING

CHANGED: dict[str, tuple[int, int]] = {
    "asleep_with_the_page_table_lock": (2, 2),
    "backed_out_without_a_restore": (2, 2),
    "cached_without_its_mapping": (2, 0),
    "copied_before_it_is_unmapped": (0, 2),
    "counted_down_after_the_lock": (2, 2),
    "dirty_bit_dropped": (4, 1),
    "dirty_bit_zapped": (4, 0),
    "every_retry_counted": (2, 1),
    "held_without_being_counted": (1, 0),
    "isolated_without_a_get": (2, 0),
    "left_in_the_count": (1, 0),
    "left_in_the_tree": (2, 0),
    "left_on_the_lru": (5, 0),
    "locked_after_the_look": (2, 3),
    "locked_beside_a_writer": (1, 1),
    "lookup_without_a_reload": (6, 2),
    "mapping_keeps_its_reference": (1, 0),
    "marked_dirty_after_the_lock": (4, 4),
    "mmap_lock_kept": (1, 0),
    "moved_under_writeback": (5, 0),
    "moved_without_a_copy": (2, 0),
    "moved_without_counting": (3, 0),
    "moved_without_its_mapping": (2, 0),
    "never_counted_back": (2, 0),
    "never_submitted": (2, 0),
    "never_uptodate": (4, 0),
    "new_page_not_on_the_lru": (3, 1),
    "not_put_back": (4, 1),
    "pinned_without_a_second_look": (7, 1),
    "protected_without_a_flush": (1, 0),
    "put_twice": (0, 2),
    "queued_after_the_look": (1, 2),
    "read_before_it_is_uptodate": (19, 1),
    "restored_read_only": (2, 1),
    "restored_to_the_old_folio": (1, 1),
    "restored_without_a_get": (2, 0),
    "restored_without_counting_it": (2, 0),
    "reused_without_counting": (4, 1),
    "rmap_lock_kept": (3, 1),
    "taken_when_freed": (2, 0),
    "taken_while_frozen": (2, 0),
    "tested_and_not_cleared": (1, 2),
    "tree_lock_kept": (1, 0),
    "unfrozen_with_the_slots_reference": (1, 1),
    "unlinked_before_the_lock": (2, 1),
    "unlocked_without_a_wake_up": (2, 0),
    "unmapped_and_still_counted": (2, 0),
    "uptodate_before_it_is_copied": (1, 1),
    "waiters_forgotten": (3, 1),
    "written_and_clean": (3, 0),
    "written_without_a_wake_up": (3, 0),
}
"""How many lines a twin lacks, and how many it has instead. A twin that is not kept up with the
kernel's procedure has more."""

_CLAIMS = {path: path.read_text() for path in Path(__file__).parent.glob("test_*.py")}


def used() -> dict[str, tuple[str, str]]:
    """The module of each twin that a test uses, and what it is put in the place of."""
    return {
        twin: (module, replaced)
        for text in _CLAIMS.values()
        for module in re.findall(r"from properties\.twins import (\w+) as twins", text)
        for replaced, twin in re.findall(r'(\w+)(?:": |=)twins\.(\w+)', text)
    }


def kernel() -> dict[str, Procedure[Any, Any]]:
    """All procedures of the kernel, by name."""
    return {
        name: procedure
        for scenario in SCENARIOS.values()
        for name, procedure in scenario.model.procedures().items()
    }


def body(procedure: Procedure[Any, Any]) -> list[str]:
    """The lines of a procedure without its name and docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(procedure.function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return [line for statement in tree.body[1:] for line in ast.unparse(statement).splitlines()]


@pytest.mark.parametrize("promise", [promise.__name__ for promise in [*PROMISES, *UNMAPPING]])
def test_some_twin_breaks_the_promise(promise: str) -> None:
    assert any(re.search(rf'\.violates\(\s*"{promise}"', text) for text in _CLAIMS.values())


def test_every_twin_is_used() -> None:
    assert set(used()) == set(CHANGED)


@pytest.mark.parametrize("twin", CHANGED)
def test_a_twin_differs_from_the_kernel_by_what_it_is_about(twin: str) -> None:
    module, replaced = used()[twin]
    theirs = body(kernel()[replaced])
    mine = body(getattr(importlib.import_module(f"properties.twins.{module}"), twin))
    changes = list(difflib.unified_diff(theirs, mine, replaced, twin, lineterm="", n=0))[2:]
    less = sum(line.startswith("-") for line in changes)
    more = sum(line.startswith("+") for line in changes)
    assert (less, more) == CHANGED[twin], "\n".join(changes)
