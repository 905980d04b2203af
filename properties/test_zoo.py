"""Each bug that was in the kernel is found, where the kernel as it is holds."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from mcheck.zoo import BUGS

RACES = {
    "pagecache-no-freeze": (39, "CPU0 folio_migrate_mapping.radix_tree_replace_slot"),
    "wait-on-freed-page": (111, "CPU1 folio_queue.folio_set_waiters"),
    "dirty-after-visible": (64, "CPU0 folio_migrate_mapping.xas_store"),
    "anon-vma-uaf-unmapped": (52, "CPU0 remove_migration_ptes.vma_interval_tree_foreach"),
    "flush-left-out": (57, "CPU0 try_to_migrate_one.pte_unmap_unlock"),
    "restored-writable": (82, "CPU0 remove_migration_pte.set_pte_at"),
}
"""How long the shortest race is, and the step that ends it."""


def test_every_bug_has_its_race() -> None:
    assert list(RACES) == list(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_the_bug_is_found(mcheck: Mcheck, name: str) -> None:
    depth, last = RACES[name]
    mcheck(name).violates(BUGS[name].violates, depth=depth, ends=[last])
