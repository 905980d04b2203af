"""Promise 2: nobody gets at a frame that is free, somebody else's, or no longer the page."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import claim
from properties.twins import stale_access as twins

TRANSLATIONS = ("translations_are_fresh", "tlbs_are_fresh", "tlbs_are_flushed")
LOOKUPS = ("page_cache_is_fresh", "filled_unless_locked", "lookups_keep_their_page")


@pytest.mark.parametrize(
    "scenario",
    ["anon-fault", "anon-compaction", "anon-forked", "anon-pin", "anon-get", "file-fault"],
)
def test_translations_lead_to_the_page(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, *TRANSLATIONS)


@pytest.mark.parametrize("scenario", ["file-read", "file-read-mapped", "file-writeback"])
def test_lookups_find_the_page(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, *LOOKUPS)


def test_the_flush_is_needed(mcheck: Mcheck) -> None:
    mcheck("flush-left-out").violates(
        "tlbs_are_flushed", depth=57, ends=["CPU0 try_to_migrate_one.pte_unmap_unlock"]
    )


def test_without_the_flush_a_tlb_leads_to_what_was_stored_before(mcheck: Mcheck) -> None:
    """A store goes to the old frame; the TLB then loads the new entry."""
    check = mcheck("flush-left-out", properties=["tlbs_are_fresh"])
    check.violates(
        "tlbs_are_fresh",
        depth=90,
        ends=["CPU1 access_memory.access", "MMU1 mmu.speculate", "MMU1 mmu.speculate"],
    )


def test_the_page_is_copied_after_it_is_unmapped(mcheck: Mcheck) -> None:
    twin = {
        "unmap_and_move_locked": twins.copied_before_it_is_unmapped,
        "move_to_new_folio": twins.moved_without_a_copy,
    }
    mcheck("anon-pin", replace=twin).violates(
        "translations_are_fresh", depth=88, ends=["CPU0 remove_migration_pte.set_pte_at"]
    )


def test_a_pin_looks_at_the_entry_again(mcheck: Mcheck) -> None:
    twin = {"gup_pte_range": twins.pinned_without_a_second_look}
    mcheck("anon-pin", replace=twin).violates(
        "translations_are_fresh",
        depth=85,
        ends=[
            "CPU1 gup_pte_range.atomic_add(GUP_PIN_COUNTING_BIAS - 1)",
            "CPU1 pin_user_pages_fast.DMA",
        ],
    )


def test_who_has_a_reference_keeps_the_page_where_it_is(mcheck: Mcheck) -> None:
    twin = {"folio_migrate_unslotted": twins.moved_without_counting}
    mcheck("anon-get", replace=twin).violates(
        "translations_are_fresh", depth=85, ends=["CPU1 pin_user_pages_fast.DMA"]
    )


def test_the_new_page_is_up_to_date_after_it_is_filled(mcheck: Mcheck) -> None:
    twin = {"move_to_new_folio": twins.uptodate_before_it_is_copied}
    mcheck("file-read", replace=twin).violates(
        "page_cache_is_fresh", depth=39, ends=["CPU0 folio_migrate_flags.folio_mark_uptodate"]
    )


def test_a_lookup_looks_at_the_slot_again(mcheck: Mcheck) -> None:
    twin = {"mapping_get_entry": twins.lookup_without_a_reload}
    mcheck("file-read", replace=twin).violates(
        "lookups_keep_their_page",
        depth=39,
        ends=[
            "CPU0 folio_migrate_mapping.folio_ref_unfreeze",
            "CPU1 mapping_get_entry.folio_try_get_rcu",
        ],
    )


def test_the_count_is_frozen_while_the_slot_is_changed(mcheck: Mcheck) -> None:
    mcheck("pagecache-no-freeze").violates(
        "lookups_keep_their_page",
        depth=39,
        ends=[
            "CPU1 mapping_get_entry.folio_try_get_rcu",
            "CPU1 mapping_get_entry.xas_reload",
            "CPU0 folio_migrate_mapping.radix_tree_replace_slot",
        ],
    )


def test_a_page_that_is_unlocked_is_up_to_date(mcheck: Mcheck) -> None:
    twin = {"folio_migrate_flags": twins.never_uptodate}
    mcheck("file-read", replace=twin).violates(
        "filled_unless_locked",
        depth=47,
        ends=["CPU0 folio_unlock.clear_bit_unlock_is_negative_byte"],
    )
