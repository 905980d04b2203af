"""Promise 9, as far as it goes: migrate_pages() returns how many pages it has left."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import claim
from properties.twins import counting as twins


@pytest.mark.parametrize("scenario", ["anon-munmap", "anon-pin", "file-read", "file-writeback"])
def test_what_is_left_is_counted(mcheck: Mcheck, scenario: str) -> None:
    """The callers of migrate_pages() assert it."""
    claim(mcheck, scenario)


def test_a_page_that_is_tried_twice_is_counted_once(mcheck: Mcheck) -> None:
    twin = {"migrate_pages": twins.every_retry_counted}
    mcheck("file-read", replace=twin).violates(
        "assert", depth=72, ends=["CPU0 migrate_pages.list_splice"]
    )
