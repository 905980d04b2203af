"""Entries that nobody will remove, that do not lead back, or that permit less than a TLB."""

from __future__ import annotations

from mcheck.impl.folio_lock import folio_trylock, folio_unlock
from mcheck.impl.migrate import move_to_new_folio
from mcheck.impl.pte import maps
from mcheck.impl.rmap import remove_migration_ptes, try_to_migrate
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mapping, Mm, Mode, Phase, Rc
from mcheck.impl.swap import folio_add_lru, lru_add_drain_cpu
from mcheck.lang import Held, Proc, at, hold, null, procedure, release


@procedure
def backed_out_without_a_restore(
    k: Kernel, me: Cpu, src: Folio, dst: Folio, mode: Mode
) -> Proc[Rc]:
    """Where the page could not be moved the entries are not restored."""
    rc = Rc.EAGAIN
    yield at("page->index")
    page = src.index
    yield at("folio_mapping")
    mapping = src.mapping
    anon = mapping is Mapping.ANON
    yield at("folio_mapped")
    was_mapped = src.mapcount > 0 and mapping is not Mapping.NONE
    if was_mapped:
        yield from try_to_migrate(k, me, src, anon, page)
    yield at("still mapped")
    me.walks = False
    if src.mapcount == 0:
        me.phase = Phase.UNMAPPED
        rc = yield from move_to_new_folio(k, src, dst, mapping, page)
    if rc is Rc.SUCCESS:
        # The target goes to the LRU before the entries are restored.
        yield from folio_add_lru(k, me, dst)
        if was_mapped:
            yield from lru_add_drain_cpu(k, me)
    if was_mapped and rc is Rc.SUCCESS:
        yield from remove_migration_ptes(k, me, src, dst, anon, page)
    yield at("outcome")
    me.walks = False
    if rc is Rc.SUCCESS:
        me.phase = Phase.MOVED
    else:
        me.phase = Phase.BACKED_OUT if me.phase is Phase.UNMAPPED else Phase.GAVE_UP
    return rc


@procedure
def moved_without_its_mapping(
    k: Kernel, src: Folio, dst: Folio, mapping: Mapping, page: int
) -> Proc[Rc]:
    """The new folio does not know whose page it is."""
    yield at("folio_ref_count")
    if src.refcount != 1:
        return Rc.EAGAIN
    yield at("newfolio->index")
    dst.index = page
    return Rc.SUCCESS


@procedure
def cached_without_its_mapping(k: Kernel, src: Folio, dst: Folio, page: int) -> Proc[Rc]:
    """The new folio does not know what file it is a page of."""
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


@procedure
def protected_without_a_flush(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """The entry becomes read-only; TLBs still let stores through."""
    vma = mm.vma[page]
    yield at("check_pte", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not maps(vma, folio) or not (vma.pte.dirty or vma.pte.writable):
        vma.ptl.release()
        return False
    yield at("ptep_clear_flush", atomic="xchg")
    vma.owed = vma.pte.dirty
    mapped: Held[Folio] = hold(vma.pte.folio)
    vma.pte.kind = Entry.NONE
    vma.pte.folio = null
    vma.pte.writable = False
    vma.pte.dirty = False
    yield at("set_pte_at")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(mapped)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    return True


@procedure
def reused_without_counting(k: Kernel, me: Cpu, folio: Folio) -> Proc[bool]:
    """Whoever gets the lock takes the page for its own."""
    yield at("PageAnonExclusive")
    if folio.flags.anon_exclusive:
        return True
    yield at("folio_ref_count > 3")
    if folio.refcount > 3:
        return False
    yield at("folio_test_lru")
    if not folio.flags.lru:
        yield from lru_add_drain_cpu(k, me)
    locked = yield from folio_trylock(k, folio)
    if not locked:
        return False
    yield at("folio_ref_count == 1")
    alone = True
    if alone:
        yield at("page_move_anon_rmap")
        folio.flags.anon_exclusive = True
    yield from folio_unlock(k, folio)
    return alone
