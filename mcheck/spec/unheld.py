"""What the proof of the reference counts takes from the kernel, and why that may be done."""

from __future__ import annotations

from collections.abc import Mapping

_WAITS = (
    "for migration_entry_wait(): the page-table lock is held, so the migration entry stays, and "
    "as long as it is there the migrator has the folio locked and a reference to it"
)
_WAKES = (
    "who unlocks or wakes may have given its reference away, e.g. to the entry that a fault has "
    "mapped: struct pages stay in memory, and a waiters bit of a folio reused since is cleared "
    "only while nobody is queued up behind its address, under the lock of the queue"
)
_TREE = (
    "munmap() has not yet unlinked the VMA, and as long as the tree has a VMA that has a reference"
)
_RESTORE = (
    "unmap_and_move() has a reference if the page was mapped (page_get_anon_vma()); if it was "
    "not, no entry is replaced and none restored. That the one goes with the other is not seen "
    "by the table"
)

_LOCKER = (
    "the users of a page's lock and of nothing else are of the scenario, not of the kernel: their "
    "page is there from beginning to end"
)

UNHELD: Mapping[tuple[str, str], str] = {
    ("access_memory.access", "Tlb.folio"): (
        "the hardware: who clears an entry flushes the TLBs before it puts the reference"
    ),
    ("folio_queue.folio_set_waiters", "folio"): _WAITS,
    ("folio_queue.folio_trylock_flag", "folio"): _WAITS,
    ("folio_wake_bit.folio_clear_waiters", "folio"): _WAKES,
    ("folio_wake_bit.wake_page_function", "folio"): _WAKES,
    ("disk.folio_get", "folio"): (
        "writeback has no reference of its own: nobody drops a folio from the page cache or moves "
        "it while PG_writeback is set. folio_end_writeback() gets one before it clears the bit, "
        "as the folio may be gone right after"
    ),
    ("isolate_migratepages_block.PageLRU", "folio"): (
        "a page found by its number: struct pages stay in memory, and what is read here is asked "
        "again with a reference (TestClearPageLRU)"
    ),
    ("down_read.down_read", "sem"): _RESTORE,
    ("up_read.up_read", "sem"): _RESTORE,
    ("down_write.down_write", "sem"): _TREE,
    ("down_write.schedule", "sem"): _TREE,
    ("up_write.up_write", "sem"): (
        "unlink_vma() has taken over the reference of the tree if its VMA was the last one, and "
        "puts it afterwards; else the tree still has its own"
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
        "the folio is locked: folio->mapping and folio->index do not change under its lock, and a "
        "slot is only overwritten by who has locked the folio that it names"
    ),
    ("disk.folio_get", "Folio.refcount"): (
        "writeback is begun, and waited for, with the folio locked; so nobody freezes a folio that "
        "is written back"
    ),
}
"""What is taken to hold at a place, by the place and the field that it is about."""
