"""A variant: the freeze that expects one reference too many, and so hides one of somebody else."""

from __future__ import annotations

from mcheck.impl.state import Folio, Kernel, Mapping, Rc
from mcheck.lang import Held, Proc, at, hold, procedure, release


@procedure
def folio_migrate_mapping(k: Kernel, src: Folio, dst: Folio, page: int) -> Proc[Rc]:
    yield at("xas_lock_irq", until=lambda: not k.mapping.i_pages.held)
    k.mapping.i_pages.acquire()
    yield at("folio_ref_freeze", atomic="cmpxchg")
    if src.refcount != 3:
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
    yield at("folio_test_dirty")
    if src.flags.dirty:
        yield at("folio_clear_dirty")
        src.flags.dirty = False
        yield at("folio_set_dirty")
        dst.flags.dirty = True
    yield at("xas_store")
    k.mapping.slot[page].folio = release(cached)
    yield at("folio_ref_unfreeze")
    src.refcount = 2
    src.frozen = False
    yield at("xas_unlock_irq")
    k.mapping.i_pages.release()
    return Rc.SUCCESS
