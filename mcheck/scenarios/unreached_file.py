"""What the scenarios with a page of a file need not run: labels that cannot be reached.

Whatever else never runs makes a check fail, and so does a label that is named here and does run.
The name of a group says what never happens; a star stands for all labels of a procedure. Labels
that the scenario rules out by what never changes in it need not be named.
"""

from __future__ import annotations

from mcheck.scenarios.unreached import (
    BATCHES,
    EXCLUSIVE,
    FREED_ON_LRU,
    SECOND_IN_BATCH,
    SLEEPERS,
)

ANONYMOUS = (
    "folio_lock_anon_vma_read.*",
    "folio_migrate_flags.folio_set_dirty",
    "folio_migrate_unslotted.*",
    "page_get_anon_vma.folio_mapped",
)
"""The page is a file's."""
IN_ANON_VMA = (*EXCLUSIVE, *ANONYMOUS, "page_get_anon_vma.atomic_inc_not_zero")
"""The page is a file's, and mapped."""
WALKED = (
    *ANONYMOUS,
    "remove_migration_ptes.vma_interval_tree_foreach",
    "try_to_migrate.vma_interval_tree_foreach",
)
"""The page is a file's, and not mapped."""
SEMAPHORES = ("down_read.down_read", "up_read.up_read")
"""Nobody takes a semaphore."""
COUNTED = ("isolate_migratepages_block.page_count", "isolate_migratepages_block.total_mapcount")
"""Compaction counts the references of anonymous pages only."""
DIRTY = ("folio_migrate_mapping.folio_clear_dirty", "folio_migrate_mapping.folio_set_dirty")
"""Nobody stores to the page."""
MAPPED = (
    "do_fault.fault_dirty_shared_page",
    "do_fault.page_add_file_rmap",
    "do_fault.pte_unmap_unlock",
    "do_fault.set_pte_at",
    "filemap_fault.replaced",
)
"""The page is mapped from the start, and nobody unmaps it for good."""
NOTICED = ("page_mkwrite.*", "wp_page_shared.*")
"""Dirtying is not tracked: no entry is read-only."""

UNREACHED: dict[str, tuple[str, ...]] = {
    "file-fault": (*BATCHES, *FREED_ON_LRU, *IN_ANON_VMA, *MAPPED, *NOTICED),
    "file-read": (*SECOND_IN_BATCH, *FREED_ON_LRU, *WALKED, *SEMAPHORES, *COUNTED, *DIRTY),
    "file-read-mapped": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *IN_ANON_VMA,
        *COUNTED,
        *DIRTY,
        "try_to_migrate_one.folio_mark_dirty",
    ),
    "file-pin": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *IN_ANON_VMA,
        *COUNTED,
        "try_to_migrate_one.folio_mark_dirty",
    ),
    "file-munmap": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *SLEEPERS,
        *IN_ANON_VMA,
        *COUNTED,
        "unmap_and_move.-ENOMEM",
    ),
    "file-two-migrators": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *SLEEPERS,
        *IN_ANON_VMA,
        *DIRTY,
        "try_to_migrate_one.folio_mark_dirty",
    ),
    "file-cached-writeback": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *WALKED,
        *COUNTED,
        "folio_queue.*",
        "folio_sleep.io_schedule",
        "folio_wait_writeback.woken",
    ),
    "file-cached-write": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *WALKED,
        *COUNTED,
        "generic_perform_write.replaced",
    ),
    "file-cached-two-migrators": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *SLEEPERS,
        *WALKED,
        *SEMAPHORES,
        *DIRTY,
    ),
    "file-write": (
        *BATCHES,
        *FREED_ON_LRU,
        *IN_ANON_VMA,
        "generic_perform_write.replaced",
        "page_mkclean_one.pte_unmap_unlock",
        "page_mkclean_one.ptep_clear_flush",
        "page_mkclean_one.set_pte_at",
        "try_to_migrate_one.folio_mark_dirty",
        "write_one_folio.PTEs cleaned",
        "write_one_folio.folio_mark_dirty",
    ),
    "file-first-fault": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *IN_ANON_VMA,
        *COUNTED,
        "filemap_fault.replaced",
        "wp_page_shared.pte_unmap_unlock(changed)",
    ),
    "file-mapped-twice": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *IN_ANON_VMA,
        *COUNTED,
        *MAPPED,
        *NOTICED,
    ),
    "file-two-pages": (*SECOND_IN_BATCH, *FREED_ON_LRU, *WALKED, *SEMAPHORES, *COUNTED, *DIRTY),
    "munmap-first-file-fault": (
        *SLEEPERS,
        *NOTICED,
        "__folio_put.*",
        "filemap_fault.replaced",
        "folio_queue.*",
        "folio_sleep.io_schedule",
        "handle_pte_fault.pte_same",
        "migration_entry_wait.*",
    ),
    "writeback-fault": (
        *MAPPED,
        "__folio_put.*",
        "migration_entry_wait.*",
        "wp_page_shared.pte_unmap_unlock(changed)",
    ),
    "file-writeback": (*BATCHES, *FREED_ON_LRU, *IN_ANON_VMA),
    "munmap-writeback": (
        "__folio_put.*",
        "do_fault.fault_dirty_shared_page",
        "do_fault.page_add_file_rmap",
        "do_fault.pte_unmap_unlock",
        "do_fault.set_pte_at",
        "filemap_fault.replaced",
        "migration_entry_wait.*",
        "wp_page_shared.pte_unmap_unlock(changed)",
    ),
}
