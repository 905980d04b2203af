"""The step of migration after which there is no way back, and the copy: mm/migrate.c."""

from __future__ import annotations

from mcheck.impl.state import Folio, Kernel, Mapping, Rc
from mcheck.lang import Held, Proc, at, hold, procedure, release


@procedure
def folio_migrate_unslotted(
    k: Kernel, src: Folio, dst: Folio, mapping: Mapping, page: int
) -> Proc[Rc]:
    """folio_migrate_mapping() of an anonymous page that is not in the swap cache.

    It has no slot. Its count is compared with the one reference of the isolation, not frozen.
    """
    yield at("folio_ref_count")
    if src.refcount != 1:
        return Rc.EAGAIN
    yield at("newfolio->index")
    dst.index = page
    yield at("newfolio->mapping")
    dst.mapping = mapping
    return Rc.SUCCESS


@procedure(clause="s004/5, s004/6, s004/8, s004/9, s004/10, s004/11, s004/14")
def folio_migrate_mapping(k: Kernel, src: Folio, dst: Folio, page: int) -> Proc[Rc]:
    """Point the slot of a page-cache folio at dst, unless somebody else holds the folio.

    Expected are the reference of the isolation and that of the slot. With the count frozen at
    0 nobody gets another one.
    """
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
    yield at("folio_test_dirty")
    if src.flags.dirty:
        yield at("folio_clear_dirty")
        src.flags.dirty = False
        yield at("folio_set_dirty")
        dst.flags.dirty = True
    yield at("xas_store")
    k.mapping.slot[page].folio = release(cached)
    yield at("folio_ref_unfreeze")
    src.refcount = 1
    src.frozen = False
    yield at("xas_unlock_irq")
    k.mapping.i_pages.release()
    return Rc.SUCCESS


@procedure(clause="s004/13")
def folio_migrate_flags(k: Kernel, src: Folio, dst: Folio) -> Proc[None]:
    """Copy the flags that are left. Called with both folios locked."""
    yield at("folio_test_uptodate")
    if src.flags.uptodate:
        yield at("folio_mark_uptodate")
        dst.flags.uptodate = True
    yield at("folio_test_dirty")
    if src.flags.dirty:
        yield at("folio_set_dirty")
        dst.flags.dirty = True
