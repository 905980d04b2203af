"""What s004 asks of kernel code that calls migrate_pages(): its lists and its allocator."""

from __future__ import annotations

from mcheck.spec.clauses.clause import Clause, Kind

USE = (
    Clause(
        "s004/use.1.a",
        Kind.STEP,
        "Lists of pages to be migrated are made by scanning over pages and moving them into lists.",
        steps=(
            "move_pages",
            "kcompactd",
            "isolate_migratepages_block",
            "add_page_for_migration",
            "list_add_isolated.list_add_tail",
        ),
    ),
    Clause(
        "s004/use.1.b",
        Kind.STEP,
        "Pages are taken off the LRU by isolate_lru_page().",
        steps=(
            "folio_isolate_lru.folio_test_clear_lru",
            "folio_isolate_lru.lruvec_del_folio",
            "isolate_migratepages_block.TestClearPageLRU",
            "isolate_migratepages_block.del_page_from_lru_list",
        ),
        properties=("isolation_is_exclusive", "isolation_is_counted"),
        differs="isolate_lru_page() wraps folio_isolate_lru(); compaction isolates pages itself, "
        "with get-unless-zero, since it holds nothing that keeps the page",
    ),
    Clause(
        "s004/use.1.c",
        Kind.STEP,
        "Isolating a page takes a reference to it.",
        steps=("folio_isolate_lru.folio_get", "isolate_migratepages_block.get_page_unless_zero"),
        properties=("ledger",),
    ),
    Clause(
        "s004/use.1.d",
        Kind.PROMISE,
        "So the page cannot vanish while it is migrated.",
        properties=("ledger", "nothing_free_is_used"),
    ),
    Clause(
        "s004/use.1.e",
        Kind.PROMISE,
        "It also keeps the swapper and other scans from meeting the page.",
        properties=("isolation_is_exclusive",),
    ),
    Clause(
        "s004/use.2.a",
        Kind.CONTRACT,
        "The caller passes a function of type new_folio_t to migrate_pages().",
        steps=("move_pages", "do_pages_move"),
        differs="the type is still called new_page_t",
    ),
    Clause(
        "s004/use.2.b",
        Kind.CONTRACT,
        "That function works out how to allocate the right new folio for the old one.",
        steps=("alloc_pages.rmqueue",),
    ),
    Clause(
        "s004/use.3.a",
        Kind.STEP,
        "migrate_pages() is called and attempts the migration.",
        steps=("move_pages", "kcompactd"),
        properties=("a_migration_succeeds", "a_migration_backs_out"),
    ),
    Clause(
        "s004/use.3.b",
        Kind.CONTRACT,
        "It calls the function for the new folio of each folio it considers moving.",
        steps=("unmap_and_move.page_count", "alloc_pages"),
        differs="once for each attempt, before the source is locked, and not for a page whose "
        "only reference left is the isolator's: that one was freed meanwhile",
    ),
)
