"""The promises of page migration, as properties of the kernel's state."""

from __future__ import annotations

from mcheck.spec.promises.content import (
    dirty_until_written,
    filled_unless_locked,
    loads_return_the_last_store,
    lookups_keep_their_page,
    owing_ends,
    page_cache_is_fresh,
    tlbs_are_fresh,
    translations_are_fresh,
    writing_ends_dirty,
)
from mcheck.spec.promises.entries import (
    entries_are_in_flight,
    moved_as_a_whole,
    page_cache_leads_back,
    permission_comes_back,
    permission_never_grows,
    rmap_leads_back,
    tlbs_are_flushed,
    tlbs_permit_no_more,
)
from mcheck.spec.promises.lifetime import UNMAPPING
from mcheck.spec.promises.references import (
    anon_vma_is_counted,
    helpers_outlive_their_use,
    ledger,
    mappings_are_counted,
    nothing_free_is_used,
)
from mcheck.spec.promises.rest import (
    back_on_the_lru,
    isolation_is_counted,
    isolation_is_exclusive,
    locks_are_free_at_rest,
    nothing_is_left_over,
    writers_are_alone,
)

PROMISES = [
    ledger,
    mappings_are_counted,
    nothing_free_is_used,
    anon_vma_is_counted,
    helpers_outlive_their_use,
    translations_are_fresh,
    tlbs_are_fresh,
    page_cache_is_fresh,
    filled_unless_locked,
    lookups_keep_their_page,
    loads_return_the_last_store,
    dirty_until_written,
    owing_ends,
    writing_ends_dirty,
    tlbs_are_flushed,
    tlbs_permit_no_more,
    entries_are_in_flight,
    permission_never_grows,
    permission_comes_back,
    rmap_leads_back,
    page_cache_leads_back,
    moved_as_a_whole,
    isolation_is_exclusive,
    isolation_is_counted,
    nothing_is_left_over,
    back_on_the_lru,
    locks_are_free_at_rest,
    writers_are_alone,
]
"""All of them: each scenario is judged by each."""

__all__ = ["PROMISES", "UNMAPPING"]
