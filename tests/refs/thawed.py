"""A folio that is thawed before it is replaced in its slot: whoever looks it up still gets it."""

from __future__ import annotations

from mcheck.impl.page_alloc import folio_put
from mcheck.impl.state import Folio, Kernel, Mapping, Rc
from mcheck.lang import Held, Proc, at, hold, procedure, release


@procedure
def folio_migrate_mapping(k: Kernel, src: Folio, dst: Folio, page: int) -> Proc[Rc]:
    """As in the kernel, but for the order of thawing and replacing."""
    yield at("xas_lock_irq", until=lambda: not k.mapping.i_pages.held)
    k.mapping.i_pages.acquire()
    yield at("folio_ref_freeze", atomic="cmpxchg")
    if src.refcount != 2:
        k.mapping.i_pages.release()
        return Rc.EAGAIN
    src.refcount = 0
    src.frozen = True
    yield at("folio_ref_unfreeze", atomic="too early")
    src.refcount = 2
    src.frozen = False
    yield at("newfolio->index")
    dst.index = page
    yield at("newfolio->mapping")
    dst.mapping = Mapping.FILE
    yield at("folio_ref_add")
    dst.refcount += 1
    cached: Held[Folio] = hold(dst)
    yield at("xas_store")
    dropped: Held[Folio] = hold(k.mapping.slot[page].folio)
    k.mapping.slot[page].folio = release(cached)
    yield from folio_put(k, dropped)
    yield at("xas_unlock_irq")
    k.mapping.i_pages.release()
    return Rc.SUCCESS
