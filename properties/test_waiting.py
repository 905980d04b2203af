"""Promise 8: every wait has somebody who will end it. No deadlock, and no lost wake-up."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import COUNTS, claim
from properties.twins import waiting as twins


@pytest.mark.parametrize("scenario", list(COUNTS))
def test_everybody_gets_on(mcheck: Mcheck, scenario: str) -> None:
    """Deadlocks and hangs are always looked for."""
    claim(mcheck, scenario, "locks_are_free_at_rest", "writers_are_alone")


def test_who_unlocks_a_page_wakes_who_waits_for_it(mcheck: Mcheck) -> None:
    twin = {"folio_unlock": twins.unlocked_without_a_wake_up}
    mcheck("file-pin", replace=twin).violates(
        "deadlock", depth=51, ends=["CPU1 pin_user_pages_fast.return"]
    )


def test_who_ends_a_writeback_wakes_who_waits_for_it(mcheck: Mcheck) -> None:
    twin = {"disk": twins.written_without_a_wake_up}
    mcheck("file-writeback", replace=twin).violates(
        "deadlock", depth=81, ends=["disk0 folio_put.put_page_testzero"]
    )


def test_a_waiter_sets_pg_waiters_before_it_looks_at_the_bit(mcheck: Mcheck) -> None:
    twin = {"folio_queue": twins.queued_after_the_look}
    mcheck("file-read", replace=twin).violates(
        "hang",
        depth=71,
        ends=["CPU1 folio_queue.folio_set_waiters late", "CPU1 folio_put.put_page_testzero"],
    )


def test_who_wants_the_lock_sets_pg_waiters_before_the_last_try(mcheck: Mcheck) -> None:
    twin = {"__folio_lock": twins.locked_after_the_look}
    mcheck("file-writeback", replace=twin).violates(
        "hang",
        depth=82,
        ends=["disk0 folio_put.put_page_testzero", "CPU0 __folio_lock.folio_set_waiters late"],
    )


def test_nobody_sleeps_with_the_page_table_lock(mcheck: Mcheck) -> None:
    twin = {"migration_entry_wait": twins.asleep_with_the_page_table_lock}
    mcheck("anon-fault", replace=twin).violates(
        "deadlock",
        depth=67,
        ends=[
            "CPU1 migration_entry_wait.is_migration_entry",
            "CPU1 folio_queue.folio_set_waiters",
            "CPU1 folio_queue.folio_trylock_flag",
        ],
    )


def test_the_lock_of_the_rmap_walk_is_given_back(mcheck: Mcheck) -> None:
    twin = {"try_to_migrate": twins.rmap_lock_kept}
    mcheck("anon-munmap", replace=twin).violates(
        "locks_are_free_at_rest", depth=96, ends=["CPU0 kcompactd.return"]
    )


def test_the_lock_of_the_address_space_is_given_back(mcheck: Mcheck) -> None:
    twin = {"munmap": twins.mmap_lock_kept}
    mcheck("anon-munmap", replace=twin).violates(
        "locks_are_free_at_rest", depth=29, ends=["CPU1 munmap.return"]
    )


def test_the_lock_of_the_tree_is_given_back(mcheck: Mcheck) -> None:
    twin = {"unlink_vma": twins.tree_lock_kept}
    mcheck("munmap-first-file-fault", replace=twin).violates(
        "locks_are_free_at_rest", depth=16, ends=["CPU0 munmap.return"]
    )


def test_nobody_reads_beside_a_writer(mcheck: Mcheck) -> None:
    twin = {"folio_lock_anon_vma_read": twins.locked_beside_a_writer}
    mcheck("anon-munmap", replace=twin).violates(
        "writers_are_alone",
        depth=48,
        ends=["CPU1 down_write.schedule", "CPU0 folio_lock_anon_vma_read.down_read_trylock"],
    )


def test_who_unlocks_a_page_remembers_who_still_waits(mcheck: Mcheck) -> None:
    """One waiter is woken; nobody will look for the second."""
    twin = {"folio_wake_bit": twins.waiters_forgotten}
    mcheck("folio-lock", replace=twin).violates("hang", depth=15, ends=["CPU2 locker.return"])
