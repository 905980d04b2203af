"""pagecache-no-freeze: the count is compared, and the slot is changed in a step of its own.

Lockless lookups came to the page cache in 2.6.27. Until then a lookup took the lock of the tree,
and it was enough to compare the count under that lock. A lookup without the lock loads the slot,
takes a reference and finds the slot unchanged, all between the comparison and the store: its
reference is to a page that is then replaced.
"""

from __future__ import annotations

from mcheck.impl.page_alloc import folio_put
from mcheck.impl.state import Folio, Kernel, Mapping, Rc
from mcheck.lang import Held, Proc, at, hold, procedure, release
from mcheck.scenarios import SCENARIOS
from mcheck.zoo.bug import Bug


@procedure
def folio_migrate_mapping(k: Kernel, src: Folio, dst: Folio, page: int) -> Proc[Rc]:
    """Point the slot at dst if the count is what is expected; nobody is kept from raising it."""
    yield at("xas_lock_irq", until=lambda: not k.mapping.i_pages.held)
    k.mapping.i_pages.acquire()
    yield at("page_count")
    if src.refcount != 2:
        k.mapping.i_pages.release()
        return Rc.EAGAIN
    yield at("newfolio->index")
    dst.index = page
    yield at("newfolio->mapping")
    dst.mapping = Mapping.FILE
    yield at("folio_ref_add")
    dst.refcount += 1
    cached: Held[Folio] = hold(dst)
    yield at("folio_test_dirty")
    if src.flags.dirty:
        yield at("folio_clear_dirty")
        src.flags.dirty = False
        yield at("folio_set_dirty")
        dst.flags.dirty = True
    yield at("radix_tree_replace_slot")
    dropped: Held[Folio] = hold(k.mapping.slot[page].folio)
    k.mapping.slot[page].folio = release(cached)
    yield from folio_put(k, dropped)
    yield at("xas_unlock_irq")
    k.mapping.i_pages.release()
    return Rc.SUCCESS


pagecache_no_freeze = Bug(
    "pagecache-no-freeze",
    "a lockless lookup takes a reference between the comparison and the change of the slot",
    "e286781d5f2e",
    2008,
    "lookups_keep_their_page",
    SCENARIOS["file-read"],
    {"folio_migrate_mapping": folio_migrate_mapping},
)
