"""Promise 3: a load returns what was stored last, and what was stored reaches the disk."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import claim
from properties.twins import register as twins


@pytest.mark.parametrize(
    "scenario",
    ["anon-fault", "anon-forked", "anon-first-fault", "anon-pin", "file-fault", "file-read"],
)
def test_a_load_returns_the_last_store(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, "loads_return_the_last_store")


@pytest.mark.parametrize(
    "scenario", ["file-fault", "file-writeback", "file-cached-writeback", "file-munmap", "file-pin"]
)
def test_a_store_to_the_file_is_not_forgotten(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, "dirty_until_written", "owing_ends", "writing_ends_dirty")


def test_read_waits_until_the_page_is_up_to_date(mcheck: Mcheck) -> None:
    twin = {"filemap_read": twins.read_before_it_is_uptodate}
    mcheck("file-read", replace=twin).violates(
        "loads_return_the_last_store", depth=40, ends=["CPU1 filemap_read.copy_folio_to_iter"]
    )


def test_without_the_flush_a_load_returns_an_old_store(mcheck: Mcheck) -> None:
    check = mcheck("flush-left-out", properties=["loads_return_the_last_store"])
    check.violates("loads_return_the_last_store", depth=93, ends=["CPU1 access_memory.access"])


def test_the_dirty_bit_of_an_entry_goes_to_the_folio(mcheck: Mcheck) -> None:
    twin = {"try_to_migrate_one": twins.dirty_bit_dropped}
    mcheck("file-fault", replace=twin).violates(
        "dirty_until_written", depth=49, ends=["CPU0 flush_tlb_page.flush_tlb_func"]
    )


def test_a_page_is_not_moved_while_the_disk_reads_it(mcheck: Mcheck) -> None:
    twin = {"__unmap_and_move": twins.moved_under_writeback}
    mcheck("file-writeback", replace=twin).violates(
        "assert",
        depth=76,
        ends=[
            "CPU0 unmap_and_move_locked.still mapped",
            "CPU0 move_to_new_folio.folio_test_writeback",
        ],
    )


def test_the_new_page_is_dirty_before_it_can_be_found(mcheck: Mcheck) -> None:
    mcheck("dirty-after-visible").violates(
        "dirty_until_written", depth=64, ends=["CPU0 folio_migrate_mapping.xas_store"]
    )


def test_the_dirty_bit_of_an_entry_that_is_zapped_goes_to_the_folio(mcheck: Mcheck) -> None:
    twin = {"zap_pte_range": twins.dirty_bit_zapped}
    mcheck("file-munmap", replace=twin).violates(
        "owing_ends", depth=13, ends=["CPU1 zap_pte_range.pte_unmap_unlock"]
    )


def test_the_folio_is_told_of_the_dirty_bit_before_the_entry_is_unlocked(mcheck: Mcheck) -> None:
    twin = {"try_to_migrate_one": twins.marked_dirty_after_the_lock}
    mcheck("file-munmap", replace=twin).violates(
        "owing_ends", depth=38, ends=["CPU0 try_to_migrate_one.pte_unmap_unlock"]
    )


def test_what_is_written_is_marked_dirty(mcheck: Mcheck) -> None:
    twin = {"generic_perform_write": twins.written_and_clean}
    mcheck("file-cached-write", replace=twin).violates(
        "writing_ends_dirty",
        depth=9,
        ends=["CPU1 folio_unlock.clear_bit_unlock_is_negative_byte"],
    )
