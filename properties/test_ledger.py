"""Promise 1: a reference count is what refers to the folio; a mapcount is what maps it."""

from __future__ import annotations

import pytest

from mcheck.lang import ModelError
from mcheck.pytest_plugin import Mcheck
from mcheck.scenarios import SCENARIOS
from properties.claims import COUNTS, claim
from properties.twins import ledger as twins

PROMISES = ("ledger", "mappings_are_counted", "nothing_free_is_used")


@pytest.mark.parametrize("scenario", list(COUNTS))
def test_no_reference_is_lost_and_none_is_left_over(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, *PROMISES)


def test_the_reference_of_an_entry_goes_with_the_entry(mcheck: Mcheck) -> None:
    twin = {"try_to_migrate_one": twins.mapping_keeps_its_reference}
    mcheck("anon-pin", replace=twin).violates(
        "leak", depth=44, ends=["CPU0 try_to_migrate_one.page_maybe_dma_pinned"]
    )


def test_a_restored_entry_has_a_reference(mcheck: Mcheck) -> None:
    twin = {"remove_migration_pte": twins.restored_without_a_get}
    mcheck("anon-pin", replace=twin).violates(
        "ledger", depth=60, ends=["CPU0 remove_migration_pte.check_pte"]
    )


def test_an_isolated_folio_has_a_reference(mcheck: Mcheck) -> None:
    twin = {"folio_isolate_lru": twins.isolated_without_a_get}
    mcheck("file-writeback", replace=twin).violates(
        "ledger", depth=15, ends=["CPU0 folio_isolate_lru.folio_test_clear_lru"]
    )


def test_the_old_folio_loses_the_reference_of_the_slot(mcheck: Mcheck) -> None:
    twin = {"folio_migrate_mapping": twins.unfrozen_with_the_slots_reference}
    mcheck("file-read", replace=twin).violates(
        "ledger", depth=36, ends=["CPU0 folio_migrate_mapping.folio_ref_unfreeze"]
    )


def test_a_restored_entry_is_counted(mcheck: Mcheck) -> None:
    twin = {"remove_migration_pte": twins.restored_without_counting_it}
    mcheck("file-munmap", replace=twin).violates(
        "mappings_are_counted", depth=76, ends=["CPU0 remove_migration_pte.set_pte_at"]
    )


def test_an_entry_that_is_gone_is_not_counted(mcheck: Mcheck) -> None:
    twin = {"zap_pte_range": twins.unmapped_and_still_counted}
    mcheck("anon-munmap", replace=twin).violates(
        "mappings_are_counted", depth=10, ends=["CPU1 zap_pte_range.pte_unmap_unlock"]
    )


def test_an_entry_is_counted_until_its_lock_is_dropped(mcheck: Mcheck) -> None:
    twin = {"try_to_migrate_one": twins.counted_down_after_the_lock}
    mcheck("file-munmap", replace=twin).violates(
        "mappings_are_counted", depth=37, ends=["CPU0 try_to_migrate_one.pte_unmap_unlock"]
    )


def test_no_reference_is_taken_of_a_frozen_folio(mcheck: Mcheck) -> None:
    """Unfreezing would forget it; its put would free a folio that is in the page cache."""
    twin = {"mapping_get_entry": twins.taken_while_frozen}
    mcheck("file-read", replace=twin).violates(
        "ledger",
        depth=33,
        ends=[
            "CPU1 mapping_get_entry.xas_load",
            "CPU1 mapping_get_entry.folio_try_get_rcu",
        ],
    )


def test_a_reference_cannot_be_put_twice() -> None:
    """The language refuses it before anything is searched."""
    with pytest.raises(ModelError, match="used after its reference was given up"):
        SCENARIOS["file-read"].model.replace(filemap_read=twins.put_twice).compile()


def test_who_waits_for_a_folio_keeps_it_from_being_freed(mcheck: Mcheck) -> None:
    mcheck("wait-on-freed-page").violates(
        "nothing_free_is_used",
        depth=111,
        ends=["CPU0 __folio_put.free_unref_page", "CPU1 folio_queue.folio_set_waiters"],
    )
