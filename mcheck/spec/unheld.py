"""What the proof of the reference counts takes from the kernel, and why that may be done."""

from __future__ import annotations

from collections.abc import Mapping

_WAITS = (
    "migration_entry_wait_on_locked() queues up under the page-table lock. remove_migration_pte() "
    "and zap_pte_range() need that lock to remove the entry, and as long as it is there the "
    "migrator, who has yet to restore it, has its reference"
)
_LATE = (
    "do_read_fault() and fault_dirty_shared_page() unlock after their reference has gone to the "
    "entry (finish_fault()), so the folio may be in other use. Its struct page is still there "
    "(hot-remove aside); "
)
_RESTORE = (
    "rmap_walk_anon_lock() takes no reference for remove_migration_ptes(): __unmap_and_move() has "
    "that of page_get_anon_vma() if the page was mapped, which a VM_BUG_ON_FOLIO() checks; else it "
    "restores nothing. That these go together the table does not see"
)
_TREE = (
    "unlink_anon_vmas() takes the VMA out of the tree under this lock; the tree's reference (that "
    "of anon_vma_alloc()) is put later, and with it the one to the root, which has the lock "
    "(anon_vma_fork())"
)

_LOCKER = (
    "the users of a page's lock and of nothing else are of the scenario, not of the kernel: their "
    "page is there from beginning to end"
)

UNHELD: Mapping[tuple[str, str], str] = {
    ("access_memory.access", "Tlb.folio"): (
        "the hardware. The last reference is put after the flush: ptep_clear_flush() in "
        "try_to_migrate_one() and wp_page_copy(), in munmap() tlb_flush_mmu_tlbonly() before "
        "tlb_flush_mmu_free(), in reclaim try_to_unmap_flush()"
    ),
    ("folio_queue.folio_set_waiters", "folio"): _WAITS,
    ("folio_queue.folio_trylock_flag", "folio"): _WAITS,
    ("folio_wake_bit.folio_clear_waiters", "folio"): (
        _LATE + "PG_waiters is cleared under q->lock, if nobody waits for the address"
    ),
    ("folio_wake_bit.wake_page_function", "folio"): _LATE + "a wake-up then is spurious",
    ("disk.folio_get", "folio"): (
        "writeback has no reference of its own. The page cache keeps its one: who drops or moves "
        "the folio has it locked, and PG_writeback, which is set under that lock, is clear. "
        "folio_end_writeback() gets one first, as the folio may go once the bit is cleared"
    ),
    ("isolate_migratepages_block.PageLRU", "folio"): (
        "a page found by its number: pageblock_pfn_to_page() gives memory that is online, so there "
        "is a struct page. What PageLRU() says is a hint: get_page_unless_zero() comes next, then "
        "TestClearPageLRU()"
    ),
    ("down_read.down_read", "sem"): _RESTORE,
    ("up_read.up_read", "sem"): (
        "__unmap_and_move() has the reference of page_get_anon_vma() if it has walked at all. "
        "Walks without one, as in reclaim, rely on anon_vma_free(), which waits for who has the "
        "lock, and until they have it on SLAB_TYPESAFE_BY_RCU"
    ),
    ("down_write.down_write", "sem"): _TREE,
    ("down_write.schedule", "sem"): _TREE,
    ("up_write.up_write", "sem"): (
        "unlink_anon_vmas() puts the anon_vmas whose trees are empty after unlock_anon_vma_root(); "
        "a tree that is not empty has its reference, and nobody empties it without this lock"
    ),
    ("unlink_vma.RB_EMPTY_ROOT", "AnonVma by its number"): _TREE,
    ("folio_lock_anon_vma_read.down_read_trylock", "AnonVma by its number"): (
        "an anon_vma stays one for as long as somebody is in an RCU read-side section "
        "(SLAB_TYPESAFE_BY_RCU); the page is looked at again under its lock, and if it is still "
        "mapped, so is the anon_vma in use: anon_vma_free() waits for the lock"
    ),
    ("put_anon_vma.anon_vma_free", "AnonVma by its number"): (
        "who put the last reference frees it, and looks before whether anybody has it locked"
    ),
    ("alloc_pages.spin_lock(zone)", "Folio by its number"): (
        "the free lists are looked at under zone->lock; struct pages stay in memory"
    ),
    ("__folio_lock.folio_set_waiters", "Folio by its number"): _LOCKER,
    ("__folio_lock.folio_trylock_flag", "Folio by its number"): _LOCKER,
    ("__folio_lock.test_and_set_bit", "Folio by its number"): _LOCKER,
    ("folio_queue.folio_set_waiters", "Folio by its number"): _LOCKER,
    ("folio_queue.folio_trylock_flag", "Folio by its number"): _LOCKER,
    ("folio_trylock.folio_trylock", "Folio by its number"): _LOCKER,
    ("folio_unlock.clear_bit_unlock_is_negative_byte", "Folio by its number"): _LOCKER,
    ("folio_wake_bit.folio_clear_waiters", "Folio by its number"): _LOCKER,
    ("folio_wake_bit.wake_page_function", "Folio by its number"): _LOCKER,
}
"""By the step and the name of what it uses."""

ASSUMED: Mapping[tuple[str, str], str] = {
    ("folio_migrate_mapping.folio_ref_freeze", "Slot.folio"): (
        "the folio has been locked since before its mapping and index were read, and who stores "
        "over a slot has locked the folio that it names: page_cache_delete() and "
        "page_cache_delete_batch() for truncation and reclaim, replace_page_cache_folio(), "
        "migration. collapse_file() asserts just this under the lock of the tree, "
        "split_huge_page_to_list() asks it again there"
    ),
    ("disk.folio_get", "Folio.refcount"): (
        "a count is frozen only with the folio locked, after PG_writeback was found clear under "
        "that lock: __unmap_and_move(), shrink_folio_list(), mapping_evict_folio(), "
        "split_huge_page_to_list(), collapse_file(). Writeback begins under the lock "
        "(folio_clear_dirty_for_io()), so it stays clear. Nor is the last reference put: the page "
        "cache keeps its own until then"
    ),
}
"""What is taken to hold at a place, by the place and the field that it is about."""
