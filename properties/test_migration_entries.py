"""Promises 4 and 5: migration entries stand only in flight, and permission never grows."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from mcheck.zoo import BUGS
from properties.claims import claim
from properties.twins import entries as twins

LEADING_BACK = ("rmap_leads_back", "page_cache_leads_back")


@pytest.mark.parametrize(
    "scenario", ["anon-fault", "anon-compaction", "anon-pin", "file-fault", "file-munmap"]
)
def test_a_migration_entry_stands_only_while_its_folio_is_locked(
    mcheck: Mcheck, scenario: str
) -> None:
    claim(mcheck, scenario, "entries_are_in_flight")


@pytest.mark.parametrize("scenario", ["anon-fault", "file-fault", "writeback-fault"])
def test_a_tlb_permits_no_more_than_the_entry(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, "tlbs_permit_no_more")


@pytest.mark.parametrize("scenario", ["anon-forked", "anon-forked-two-migrators", "anon-pin"])
def test_permission_never_grows(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, "permission_never_grows")


@pytest.mark.parametrize("scenario", ["anon-fault", "anon-munmap", "file-fault", "file-read"])
def test_a_folio_knows_where_it_is_mapped_and_cached(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, *LEADING_BACK)


def test_who_backs_out_restores_the_entries(mcheck: Mcheck) -> None:
    twin = {"unmap_and_move_locked": twins.backed_out_without_a_restore}
    mcheck("anon-pin", replace=twin).violates(
        "entries_are_in_flight",
        depth=61,
        ends=["CPU0 folio_unlock.clear_bit_unlock_is_negative_byte"],
    )


def test_a_read_only_entry_comes_back_read_only(mcheck: Mcheck) -> None:
    mcheck("restored-writable").violates(
        "permission_never_grows", depth=82, ends=["CPU0 remove_migration_pte.set_pte_at"]
    )


def test_a_page_whose_dirtying_is_tracked_comes_back_read_only(mcheck: Mcheck) -> None:
    """Nobody would notice a store to it."""
    mcheck("file-writeback", replace=dict(BUGS["restored-writable"].replaced)).violates(
        "permission_never_grows", depth=89, ends=["CPU0 remove_migration_pte.set_pte_at"]
    )


def test_a_shared_page_is_reused_only_by_who_is_alone_with_it(mcheck: Mcheck) -> None:
    twin = {"can_reuse": twins.reused_without_counting}
    mcheck("anon-forked", replace=twin).violates(
        "permission_never_grows", depth=15, ends=["CPU1 do_wp_page_anon.wp_page_reuse"]
    )


def test_the_new_page_of_an_anon_vma_knows_it(mcheck: Mcheck) -> None:
    twin = {"folio_migrate_unslotted": twins.moved_without_its_mapping}
    mcheck("anon-munmap", replace=twin).violates(
        "rmap_leads_back", depth=79, ends=["CPU0 remove_migration_pte.set_pte_at"]
    )


def test_the_new_page_of_a_file_knows_it(mcheck: Mcheck) -> None:
    twin = {"folio_migrate_mapping": twins.cached_without_its_mapping}
    mcheck("file-read", replace=twin).violates(
        "page_cache_leads_back", depth=34, ends=["CPU0 folio_migrate_mapping.xas_store"]
    )


def test_a_tlb_forgets_what_an_entry_no_longer_permits(mcheck: Mcheck) -> None:
    twin = {"page_mkclean_one": twins.protected_without_a_flush}
    mcheck("file-writeback-fault", replace=twin).violates(
        "tlbs_permit_no_more", depth=32, ends=["CPU2 page_mkclean_one.pte_unmap_unlock"]
    )
