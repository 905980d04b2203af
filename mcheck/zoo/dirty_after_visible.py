"""dirty-after-visible: the page is dirty, but for a while what the page cache has is clean.

The dirty flag was cleared on the old page and set on the new one at the very end, long after the
new page could be found. Whoever finds it in between (writeback, reclaim) takes it for clean.
"""

from __future__ import annotations

from mcheck.impl.state import Folio, Kernel, Mapping, Rc
from mcheck.lang import Held, Proc, at, hold, procedure, release
from mcheck.scenarios import SCENARIOS
from mcheck.zoo.bug import Bug


@procedure
def folio_migrate_mapping(k: Kernel, src: Folio, dst: Folio, page: int) -> Proc[Rc]:
    """Point the slot at dst; the dirty flag follows when the old page is thawed again."""
    yield at("xas_lock_irq", until=lambda: not k.mapping.i_pages.held)
    k.mapping.i_pages.acquire()
    yield at("folio_ref_freeze", atomic="cmpxchg")
    if src.refcount != 2:
        k.mapping.i_pages.release()
        return Rc.EAGAIN
    src.refcount = 0
    src.frozen = True
    yield at("newfolio->index")
    dst.index = page
    yield at("newfolio->mapping")
    dst.mapping = Mapping.FILE
    yield at("folio_ref_add")
    dst.refcount += 1
    cached: Held[Folio] = hold(dst)
    yield at("xas_store")
    k.mapping.slot[page].folio = release(cached)
    yield at("folio_ref_unfreeze")
    src.refcount = 1
    src.frozen = False
    yield at("xas_unlock_irq")
    k.mapping.i_pages.release()
    yield at("folio_test_clear_dirty", atomic="test_and_clear_bit")
    dirty = src.flags.dirty
    src.flags.dirty = False
    if dirty:
        yield at("folio_set_dirty")
        dst.flags.dirty = True
    return Rc.SUCCESS


dirty_after_visible = Bug(
    "dirty-after-visible",
    "the new page can be found in the page cache before it is marked dirty",
    "42cb14b110a5",
    2015,
    "dirty_until_written",
    SCENARIOS["file-fault"],
    {"folio_migrate_mapping": folio_migrate_mapping},
)
