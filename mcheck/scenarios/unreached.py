"""Labels that scenarios with any page need not run, by the reason why.

Each name says what never happens. A star stands for all labels of a procedure.
"""

from __future__ import annotations

SECOND_IN_BATCH = ("folio_add_lru.folio_batch_reinit",)
"""No batch for the LRU gets a second folio."""
BATCHES = (
    *SECOND_IN_BATCH,
    "folio_add_lru.folio_batch_add",
    "lru_add_drain_cpu.folio_batch_reinit",
)
"""No folio is added to the LRU but by move_pages(), which disables batches."""
FREED_ON_LRU = ("__folio_put.lruvec_del_folio",)
"""Who drops the last reference to a folio has taken it off the LRU."""
SLEEPERS = ("__folio_lock.*", "folio_wake_bit.*")
"""Nobody waits for a folio."""
PINNED = ("try_to_migrate_one.pte_unmap_unlock(pteval)", "try_to_migrate_one.set_pte_at(pteval)")
"""No page is found to be pinned when its entry is replaced."""
EXCLUSIVE = (
    *PINNED,
    "remove_migration_pte.SetPageAnonExclusive",
    "try_to_migrate_one.ClearPageAnonExclusive",
    "try_to_migrate_one.page_maybe_dma_pinned",
)
"""The page is nobody's alone: it is shared since a fork, or a file's."""
