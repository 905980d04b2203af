"""Promise 10: a page has moved as a whole, or is as it was."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import claim
from properties.twins import all_or_nothing as twins

PROMISES = ("moved_as_a_whole", "nothing_is_left_over", "permission_comes_back")


@pytest.mark.parametrize(
    "scenario", ["file-fault", "file-read-mapped", "file-writeback", "file-munmap"]
)
def test_a_page_moves_as_a_whole_or_stays(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, *PROMISES)


def test_entries_come_back_to_where_the_page_is(mcheck: Mcheck) -> None:
    twin = {"unmap_and_move_locked": twins.restored_to_the_old_folio}
    judged = ["moved_as_a_whole"]  # rmap_leads_back falls with the same step
    mcheck("file-read-mapped", replace=twin, properties=judged).violates(
        "moved_as_a_whole", depth=74, ends=["CPU0 remove_migration_pte.set_pte_at"]
    )


def test_entries_come_back_as_they_were(mcheck: Mcheck) -> None:
    twin = {"remove_migration_pte": twins.restored_read_only}
    mcheck("anon-pin", replace=twin).violates(
        "permission_comes_back", depth=65, ends=["CPU0 remove_migration_pte.set_pte_at"]
    )


def test_what_is_under_writeback_is_written(mcheck: Mcheck) -> None:
    twin = {"write_one_folio": twins.never_submitted}
    mcheck("file-cached-writeback", replace=twin).violates(
        "nothing_is_left_over", depth=16, ends=["CPU1 writeback.return"]
    )


def test_what_could_not_be_moved_is_put_back(mcheck: Mcheck) -> None:
    twin = {"do_pages_move": twins.not_put_back}
    mcheck("file-writeback", replace=twin).violates(
        "nothing_is_left_over", depth=121, ends=["CPU0 move_pages.return"]
    )
