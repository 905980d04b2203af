"""Promise 6: who isolates a page has it alone, and it comes back to the LRU."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import claim
from properties.twins import isolation as twins

PROMISES = (
    "isolation_is_exclusive",
    "isolation_is_counted",
    "nothing_is_left_over",
    "back_on_the_lru",
)


@pytest.mark.parametrize(
    "scenario",
    [
        "anon-two-migrators",
        "anon-forked-two-migrators",
        "file-two-migrators",
        "file-cached-two-migrators",
        "anon-munmap",
        "file-read",
    ],
)
def test_a_page_is_isolated_by_one_and_put_back_once(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, *PROMISES)


def test_an_isolated_page_is_not_on_the_lru(mcheck: Mcheck) -> None:
    twin = {"folio_isolate_lru": twins.left_on_the_lru}
    mcheck("file-writeback", replace=twin).violates(
        "isolation_is_exclusive", depth=17, ends=["CPU0 list_add_isolated.list_add_tail"]
    )


def test_two_cannot_isolate_one_page(mcheck: Mcheck) -> None:
    """The list notices it: list_del() of what is on no list."""
    twin = {"folio_isolate_lru": twins.tested_and_not_cleared}
    mcheck("anon-two-migrators", replace=twin).violates(
        "assert",
        depth=28,
        ends=[
            "CPU1 isolate_migratepages_block.del_page_from_lru_list",
            "CPU0 folio_isolate_lru.folio_clear_lru",
            "CPU0 folio_isolate_lru.folio_get",
            "CPU0 folio_isolate_lru.lruvec_del_folio",
        ],
    )


def test_what_is_put_back_is_not_counted_as_isolated(mcheck: Mcheck) -> None:
    twin = {"putback_movable_pages": twins.never_counted_back}
    mcheck("file-read", replace=twin).violates(
        "isolation_is_counted", depth=85, ends=["CPU1 read.return"]
    )


def test_the_new_page_is_on_the_lru(mcheck: Mcheck) -> None:
    twin = {"unmap_and_move_locked": twins.new_page_not_on_the_lru}
    mcheck("file-read", replace=twin).violates(
        "back_on_the_lru", depth=58, ends=["CPU0 kcompactd.return"]
    )
