"""The steps of s004: how migrate_pages() works, 1 to 18."""

from __future__ import annotations

from mcheck.spec.clauses.clause import Clause, Kind

_LRU_FIRST = "the new folio goes to the LRU before entries are restored and before unlocking"

PREAMBLE = (
    Clause(
        "s004/steps.a",
        Kind.STEP,
        "migrate_pages() makes several passes over its list.",
        steps=("migrate_pages.list_for_each_entry_safe", "migrate_pages.next"),
        properties=("migration_waits_for_the_lock",),
        differs="ten at most; up to the third they only try the lock of the page, later ones "
        "wait for it, and in asynchronous mode none does",
    ),
    Clause(
        "s004/steps.b",
        Kind.PROMISE,
        "A page is moved if all references to it are removable at the time.",
        properties=("a_migration_succeeds", "a_migration_backs_out", "moved_as_a_whole"),
    ),
    Clause(
        "s004/steps.c",
        Kind.CONTRACT,
        "The page was taken off the LRU via isolate_lru_page() before.",
        steps=("list_add_isolated.list_add_tail",),
        properties=("isolation_is_exclusive",),
    ),
    Clause(
        "s004/steps.d",
        Kind.PROMISE,
        "Its count is raised, so that it cannot be freed while it is migrated.",
        properties=("ledger", "nothing_free_is_used"),
    ),
)

LOCK_AND_UNMAP = (
    Clause(
        "s004/1",
        Kind.STEP,
        "Lock the page to be migrated.",
        steps=("__unmap_and_move", "folio_trylock.folio_trylock", "folio_lock"),
        properties=("entries_are_in_flight", "migration_waits_for_the_lock"),
        differs="the target was allocated before; in a pass that only tries, the attempt ends if "
        "somebody else has the lock",
    ),
    Clause(
        "s004/2",
        Kind.STEP,
        "Ensure that writeback is complete.",
        steps=(
            "__unmap_and_move.folio_test_writeback",
            "folio_wait_writeback.folio_test_writeback",
        ),
        properties=("migration_waits_for_writeback",),
        differs="only a synchronous migration waits, from the fourth pass on; otherwise a page "
        "under writeback ends the attempt",
    ),
    Clause(
        "s004/3.a",
        Kind.STEP,
        "Lock the new page.",
        steps=("__unmap_and_move", "folio_trylock.folio_trylock"),
        differs="only tried; where somebody else has it locked, the attempt ends",
    ),
    Clause(
        "s004/3.b",
        Kind.PROMISE,
        "Accesses to the new page, not yet up to date, block at once while the move goes on.",
        steps=("filemap_read.folio_test_uptodate", "folio_put_wait_locked"),
        properties=("page_cache_is_fresh", "loads_return_the_last_store"),
    ),
    Clause(
        "s004/4.a",
        Kind.STEP,
        "All page table references to the page become migration entries.",
        steps=(
            "try_to_migrate_one.ptep_get_and_clear",
            "flush_tlb_page.flush_tlb_func",
            "try_to_migrate_one.set_pte_at(migration entry)",
        ),
        properties=("entries_are_in_flight", "tlbs_are_flushed", "dirty_until_written"),
        differs="each is cleared, flushed and installed in three moments under the PTE lock, "
        "which a lockless look can fall between",
    ),
    Clause(
        "s004/4.b",
        Kind.STEP,
        "Each conversion decreases the mapcount.",
        steps=("try_to_migrate_one.page_remove_rmap",),
        properties=("moved_as_a_whole", "translations_are_fresh"),
    ),
    Clause(
        "s004/4.c",
        Kind.STEP,
        "If the mapcount is not zero afterwards, the page is not migrated.",
        steps=("unmap_and_move_locked.still mapped",),
        properties=("a_migration_backs_out", "moved_as_a_whole"),
    ),
    Clause(
        "s004/4.d",
        Kind.PROMISE,
        "User processes that access the page now wait for its lock, or for the migration entry "
        "to be removed.",
        steps=("migration_entry_wait.is_migration_entry", "folio_queue", "folio_sleep.io_schedule"),
        properties=(
            "tlbs_are_flushed",
            "a_fault_waits_for_migration",
            "a_fault_in_the_gap_makes_an_attempt_fail",
        ),
        differs="they sleep on the old folio's lock and take no reference; a write fault that "
        "looked before the entry was installed goes to the page cache, and its reference makes "
        "the attempt fail",
    ),
)

MOVE_MAPPING = (
    Clause(
        "s004/5.a",
        Kind.STEP,
        "The i_pages lock is taken.",
        steps=("folio_migrate_mapping.xas_lock_irq",),
        differs="not for an anonymous page outside the swap cache: it has no slot",
    ),
    Clause(
        "s004/5.b",
        Kind.PROMISE,
        "Processes that access the page via the mapping block on that spinlock.",
        steps=("mapping_get_entry.folio_try_get_rcu",),
        properties=("ledger", "lookups_keep_their_page"),
        differs="lookups take no lock: they repeat while the count is frozen at 0; only those who "
        "change the mapping block",
    ),
    Clause(
        "s004/6.a",
        Kind.STEP,
        "The reference count of the page is examined.",
        steps=("folio_migrate_mapping.folio_ref_freeze", "folio_migrate_unslotted.folio_ref_count"),
        properties=("ledger", "lookups_keep_their_page", "translations_are_fresh"),
        differs="compared and frozen to 0 by one cmpxchg; for an anonymous page outside the swap "
        "cache it is compared only",
    ),
    Clause(
        "s004/6.b",
        Kind.STEP,
        "If references remain, back out.",
        steps=("folio_migrate_mapping.folio_ref_freeze", "folio_migrate_unslotted.folio_ref_count"),
        properties=("a_migration_backs_out", "nothing_is_left_over"),
    ),
    Clause(
        "s004/6.c",
        Kind.PROMISE,
        "Otherwise nobody else references the page.",
        properties=(
            "ledger",
            "loads_return_the_last_store",
            "lookups_keep_their_page",
            "the_page_is_pinned",
        ),
        differs="of an anonymous page outside the swap cache only at the moment of the "
        "comparison: its count is not frozen",
    ),
    Clause(
        "s004/7",
        Kind.NO_CODE,
        "If the tree does not contain the pointer to this page, back out: somebody else changed "
        "the tree.",
        edition="folio",
        evidence="folio_migrate_mapping() of 6.1 goes from folio_ref_freeze() to xas_store() and "
        "never loads the slot; a folio is taken out of the page cache only by who holds its lock, "
        "which the migrator holds since before it read folio->mapping. Kernels before folios "
        "compared the slot here",
        differs="the slot is not looked at again",
    ),
    Clause(
        "s004/8.a",
        Kind.STEP,
        "The new page is prepared with some settings of the old one.",
        steps=(
            "folio_migrate_mapping.newfolio->index",
            "folio_migrate_mapping.newfolio->mapping",
            "folio_migrate_mapping.folio_set_dirty",
            "folio_migrate_unslotted.newfolio->index",
            "folio_migrate_unslotted.newfolio->mapping",
        ),
    ),
    Clause(
        "s004/8.b",
        Kind.PROMISE,
        "So whoever comes to the new page finds it with the right settings.",
        properties=("dirty_until_written",),
    ),
    Clause(
        "s004/9",
        Kind.STEP,
        "The tree is changed to point to the new page.",
        steps=("folio_migrate_mapping.xas_store",),
        properties=("moved_as_a_whole",),
    ),
    Clause(
        "s004/10.a",
        Kind.STEP,
        "The old page loses the reference of the address space.",
        steps=("folio_migrate_mapping.folio_ref_unfreeze",),
        properties=("ledger",),
    ),
    Clause(
        "s004/10.b",
        Kind.STEP,
        "The new page gains it.",
        steps=("folio_migrate_mapping.folio_ref_add",),
        properties=("ledger",),
        differs="before the tree points to it, while the old count is still frozen",
    ),
    Clause(
        "s004/11.a",
        Kind.STEP,
        "The i_pages lock is dropped.",
        steps=("folio_migrate_mapping.xas_unlock_irq",),
    ),
    Clause(
        "s004/11.b",
        Kind.PROMISE,
        "Lookups in the mapping become possible again.",
        steps=("mapping_get_entry.xas_load",),
        properties=("hang",),
        differs="lockless lookups find the new page from the store to the slot on",
    ),
    Clause(
        "s004/11.c",
        Kind.PROMISE,
        "Processes go from spinning on the lock to sleeping on the locked new page.",
        steps=("folio_put_wait_locked", "filemap_fault", "folio_sleep.io_schedule"),
        properties=("page_cache_is_fresh", "loads_return_the_last_store"),
        differs="nobody who only looks up was spinning on it; the new folio is not up to date "
        "until its flags are copied, and a reader sleeps on its lock until then",
    ),
)

COPY_AND_RESTORE = (
    Clause(
        "s004/12",
        Kind.STEP,
        "The contents are copied to the new page.",
        steps=("move_to_new_folio.folio_copy",),
        properties=("loads_return_the_last_store", "translations_are_fresh"),
    ),
    Clause(
        "s004/13",
        Kind.STEP,
        "The remaining flags are copied to the new page.",
        steps=("folio_migrate_flags.folio_mark_uptodate", "folio_migrate_flags.folio_set_dirty"),
        properties=("dirty_until_written",),
    ),
    Clause(
        "s004/14.a",
        Kind.STEP,
        "The flags of the old page are cleared.",
        steps=("folio_migrate_mapping.folio_clear_dirty",),
        differs="active, unevictable, swapcache and private are, and dirty of a file page was when "
        "the slot was changed; uptodate and others stay until the page is freed",
    ),
    Clause(
        "s004/14.b",
        Kind.PROMISE,
        "That shows that the old page has no information any more.",
        steps=(
            "move_to_new_folio.src->mapping = NULL",
            "filemap_fault.folio->mapping",
            "page_mkwrite.folio->mapping",
        ),
        properties=("moved_as_a_whole", "loads_return_the_last_store"),
    ),
    Clause(
        "s004/15",
        Kind.NO_CODE,
        "Queued-up writeback on the new page is triggered.",
        edition="folio",
        evidence="folio_migrate_flags() of 6.1 only ends a writeback of the new folio, and no "
        "writeback can have begun on a folio that is locked since before it was reachable; the "
        "dirty flag goes with the folio, for writeback to find later",
        differs="no writeback is started",
    ),
    Clause(
        "s004/16.a",
        Kind.STEP,
        "Migration entries, if there are any, are replaced by real PTEs.",
        steps=(
            "unmap_and_move_locked",
            "remove_migration_ptes.vma_interval_tree_foreach",
            "remove_migration_pte.set_pte_at",
        ),
        properties=("entries_are_in_flight", "permission_never_grows", "permission_comes_back"),
        differs=_LRU_FIRST,
    ),
    Clause(
        "s004/16.b",
        Kind.PROMISE,
        "That lets user processes that are not yet waiting for the lock access the page.",
        properties=("hang", "translations_are_fresh"),
    ),
    Clause(
        "s004/17.a",
        Kind.STEP,
        "The locks of the old and of the new page are dropped.",
        steps=("__unmap_and_move", "folio_unlock.clear_bit_unlock_is_negative_byte"),
        properties=("nothing_is_left_over",),
        differs="the new page's first; " + _LRU_FIRST,
    ),
    Clause(
        "s004/17.b",
        Kind.PROMISE,
        "Processes that wait for the lock redo their page faults and reach the new page.",
        steps=("folio_wake_bit.WQ_FLAG_WOKEN", "handle_pte_fault.orig_pte"),
        properties=("deadlock", "hang", "loads_return_the_last_store"),
    ),
    Clause(
        "s004/18.a",
        Kind.STEP,
        "The new page is moved to the LRU.",
        steps=("unmap_and_move_locked", "folio_add_lru", "folio_batch_move_lru.lruvec_add_folio"),
        properties=("back_on_the_lru", "nothing_is_left_over"),
        differs=_LRU_FIRST,
    ),
    Clause(
        "s004/18.b",
        Kind.PROMISE,
        "The swapper and others can scan it again.",
        properties=("back_on_the_lru",),
    ),
)

STEPS = PREAMBLE + LOCK_AND_UNMAP + MOVE_MAPPING + COPY_AND_RESTORE
