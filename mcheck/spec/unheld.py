"""What a step may use without a reference to it that can be counted, and why the kernel may."""

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
}
"""By the step and the name of what it uses."""
