"""What the scenarios with an anonymous page need not run: labels that cannot be reached.

Whatever else never runs makes a check fail, and so does a label that is named here and does run.
The name of a group says what never happens; a star stands for all labels of a procedure. Labels
that the scenario rules out by what never changes in it need not be named.
"""

from __future__ import annotations

from mcheck.scenarios.unreached import (
    BATCHES,
    EXCLUSIVE,
    FREED_ON_LRU,
    PINNED,
    SECOND_IN_BATCH,
    SLEEPERS,
)

CACHED = ("folio_migrate_mapping.*", "move_to_new_folio.src->mapping = NULL")
"""The page has no slot in a page cache."""
ANON_VMA_FREED = ("put_anon_vma.anon_vma_free",)
"""Some VMA stays in the tree of the anon_vma."""
COPIED = ("can_reuse.*", "do_wp_page_anon.*", "wp_page_copy.*")
"""No store meets a read-only entry."""
FIRST = ("do_anonymous_page.pte_unmap_unlock", "do_anonymous_page.set_pte_at")
"""The page is there from the start."""
NEW = (*COPIED, *FIRST, "page_add_new_anon_rmap.*")
"""The address space has the page from the start, and for itself: it gets no other."""

UNREACHED: dict[str, tuple[str, ...]] = {
    "anon-fault": (
        *BATCHES,
        *FREED_ON_LRU,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        *NEW,
        "__folio_lock.*",
    ),
    "anon-compaction": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        *NEW,
        "__folio_lock.*",
    ),
    "anon-first-fault": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        *COPIED,
        "__folio_lock.*",
    ),
    "anon-forked": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *EXCLUSIVE,
        *CACHED,
        *ANON_VMA_FREED,
        *FIRST,
        "__folio_lock.*",
        "can_reuse.folio_ref_count == 1",
        "can_reuse.page_move_anon_rmap",
        "do_wp_page_anon.pte_unmap_unlock",
        "do_wp_page_anon.wp_page_reuse",
        "unmap_and_move.-ENOMEM",
    ),
    "anon-pin": (*SECOND_IN_BATCH, *FREED_ON_LRU, *CACHED, *ANON_VMA_FREED),
    "anon-get": (*SECOND_IN_BATCH, *FREED_ON_LRU, *PINNED, *CACHED, *ANON_VMA_FREED),
    "anon-munmap": (
        *SECOND_IN_BATCH,
        *SLEEPERS,
        *PINNED,
        *CACHED,
        "folio_lock_anon_vma_read.atomic_dec_and_test",
        "unmap_and_move.-ENOMEM",
        "zap_pte_range.set_page_dirty",
    ),
    "anon-two-migrators": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *SLEEPERS,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
    ),
    "anon-forked-alone": (
        *SECOND_IN_BATCH,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        *FIRST,
        "wp_page_copy.pte_unmap_unlock(changed)",
    ),
    "anon-forked-munmap": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *SLEEPERS,
        *EXCLUSIVE,
        *CACHED,
        *ANON_VMA_FREED,
        "unmap_and_move.-ENOMEM",
        "zap_pte_range.set_page_dirty",
    ),
    "anon-forked-two-migrators": (
        *SECOND_IN_BATCH,
        *FREED_ON_LRU,
        *SLEEPERS,
        *EXCLUSIVE,
        *CACHED,
        *ANON_VMA_FREED,
    ),
    "anon-pin-fault": (*SECOND_IN_BATCH, *FREED_ON_LRU, *CACHED, *ANON_VMA_FREED, *NEW),
    "anon-two-faults": (
        *BATCHES,
        *FREED_ON_LRU,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        *NEW,
        "__folio_lock.*",
    ),
    "anon-two-pages": (
        *BATCHES,
        *SLEEPERS,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        "unmap_and_move.-ENOMEM",
        "zap_pte_range.set_page_dirty",
    ),
    "anon-munmap-fault": (
        *SECOND_IN_BATCH,
        *PINNED,
        *CACHED,
        *NEW,
        "__folio_lock.*",
        "folio_lock_anon_vma_read.atomic_dec_and_test",
        "zap_pte_range.set_page_dirty",
    ),
    "munmap-first-fault": (
        *SECOND_IN_BATCH,
        *COPIED,
        "__folio_put.*",
        "do_anonymous_page.pte_unmap_unlock(release)",
        "folio_batch_move_lru.*",
        "folio_queue.*",
        "folio_sleep.io_schedule",
        "folio_trylock.folio_trylock",
        "folio_unlock.clear_bit_unlock_is_negative_byte",
        "folio_wake_bit.*",
        "handle_pte_fault.pte_same",
        "lru_add_drain_cpu.folio_batch_reinit",
        "migration_entry_wait.*",
        "zap_pte_range.set_page_dirty",
    ),
    "anon-first-faults": (
        *FREED_ON_LRU,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        *COPIED,
        "__folio_lock.*",
    ),
    "anon-two-pages-pin": (*BATCHES, *FREED_ON_LRU, *CACHED, *ANON_VMA_FREED),
    "anon-forked-exit": (
        *SECOND_IN_BATCH,
        *PINNED,
        *CACHED,
        *ANON_VMA_FREED,
        *FIRST,
        "unmap_and_move.-ENOMEM",
        "zap_pte_range.set_page_dirty",
    ),
    "anon-forked-both": (*PINNED, *CACHED, *FIRST, *SECOND_IN_BATCH, *ANON_VMA_FREED),
}
