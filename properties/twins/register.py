"""Stores that get lost, and loads that come too early."""

from __future__ import annotations

from mcheck.impl.anon_vma import page_get_anon_vma, put_anon_vma
from mcheck.impl.content import load, store
from mcheck.impl.filemap import mapping_get_entry
from mcheck.impl.folio_lock import folio_lock, folio_trylock, folio_unlock, folio_wait_writeback
from mcheck.impl.migrate import unmap_and_move_locked
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.pte import maps
from mcheck.impl.state import AnonVma, Cpu, Entry, Folio, Kernel, Mapping, Mm, Mode, Phase, Rc, Vma
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, Temporary, at, hold, null, procedure, release


@procedure
def read_before_it_is_uptodate(k: Kernel, me: Cpu, page: int) -> Proc[None]:
    """Whether the folio is up to date, nobody asks."""
    folio: Temporary[Folio] = yield from mapping_get_entry(k, page)
    yield at("copy_folio_to_iter")
    load(me, folio, k.mapping.slot[page].location)
    yield from folio_put(k, folio)


@procedure
def dirty_bit_dropped(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """The dirty bit of the entry goes with the entry; the folio is not told."""
    vma = mm.vma[page]
    yield at("map_pte")
    if vma.pte.kind is not Entry.PRESENT:
        return True
    yield at("check_pte", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not maps(vma, folio):
        vma.ptl.release()
        return True
    yield at("PageAnonExclusive")
    exclusive = folio.flags.anon_exclusive
    yield at("ptep_get_and_clear", atomic="xchg")
    mapped: Held[Folio] = hold(vma.pte.folio)
    writable = vma.pte.writable
    dirty = vma.pte.dirty
    vma.pte.kind = Entry.NONE
    vma.pte.folio = null
    vma.pte.writable = False
    vma.pte.dirty = False
    vma.owed = dirty
    yield from flush_tlb_page(k, vma, page)
    vma.owed = False
    if exclusive:
        yield at("page_maybe_dma_pinned")
        pinned = k.pin_bias > 1 and folio.refcount >= k.pin_bias
        if pinned:
            yield at("set_pte_at(pteval)")
            vma.pte.kind = Entry.PRESENT
            vma.pte.folio = release(mapped)
            vma.pte.writable = writable
            vma.pte.dirty = dirty
            yield at("pte_unmap_unlock(pteval)")
            vma.ptl.release()
            return False
        yield at("ClearPageAnonExclusive")
        folio.flags.anon_exclusive = False
    yield at("set_pte_at(migration entry)")
    assert exclusive or not (writable and vma.anon), "VM_BUG_ON: writable, but not exclusive"
    vma.pte.kind = Entry.MIGRATION
    vma.pte.folio = folio
    vma.pte.writable = writable
    vma.pte.dirty = dirty
    vma.pte.exclusive = exclusive
    yield at("page_remove_rmap")
    folio.mapcount -= 1
    yield from folio_put(k, mapped)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    return True


@procedure
def moved_under_writeback(  # noqa: PLR0917
    k: Kernel, me: Cpu, src: Folio, dst: Folio, force: bool, mode: Mode
) -> Proc[Rc]:
    """The page is moved while the disk reads it."""
    locked = yield from folio_trylock(k, src)
    if not locked:
        if not force or mode is Mode.ASYNC:
            return Rc.EAGAIN
        yield from folio_lock(k, me, src)
    yield at("folio_test_writeback")
    me.phase = Phase.LOCKED
    anon_vma: Held[AnonVma] = yield from page_get_anon_vma(k, src)
    locked = yield from folio_trylock(k, dst)
    if not locked:
        rc = Rc.EAGAIN
    else:
        rc = yield from unmap_and_move_locked(k, me, src, dst, mode)
        yield from folio_unlock(k, dst)
    if anon_vma is not null:
        yield from put_anon_vma(k, anon_vma)
    yield from folio_unlock(k, src)
    return rc


@procedure
def dirty_bit_zapped(k: Kernel, vma: Vma) -> Proc[Held[Folio]]:
    """The dirty bit of the entry goes with the entry; the folio is not told."""
    yield at("pte_offset_map_lock", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    kind = vma.pte.kind
    if kind is Entry.NONE:
        vma.ptl.release()
        return null
    yield at("ptep_get_and_clear_full", atomic="xchg")
    kept: Held[Folio] = null
    folio = vma.pte.folio
    if kind is Entry.PRESENT:
        kept = hold(vma.pte.folio)
    dirty = vma.pte.dirty
    vma.owed = dirty and not vma.anon and kind is Entry.PRESENT
    vma.pte.kind = Entry.NONE
    vma.pte.folio = null
    vma.pte.writable = False
    vma.pte.dirty = False
    vma.pte.exclusive = False
    if kind is Entry.PRESENT:
        yield at("page_remove_rmap")
        folio.mapcount -= 1
        if dirty and not vma.anon:
            yield from flush_tlb_page(k, vma, 0)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    return kept


@procedure
def written_and_clean(k: Kernel, me: Cpu, page: int) -> Proc[None]:
    """write() does not mark the folio dirty."""
    while True:
        folio: Temporary[Folio] = yield from mapping_get_entry(k, page)
        yield from folio_lock(k, me, folio)
        yield at("folio->mapping")
        if folio.mapping is Mapping.FILE:
            break
        yield from folio_unlock(k, folio)
        yield from folio_put(k, folio)
        yield at("replaced")
    yield from folio_wait_writeback(k, me, folio)
    yield at("copy_page_from_iter_atomic")
    slot = k.mapping.slot[page]
    slot.owed = True
    store(k, folio, slot.location)
    yield from folio_unlock(k, folio)
    yield from folio_put(k, folio)


@procedure
def marked_dirty_after_the_lock(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """The folio is told of the dirty bit when others have seen the entry without it."""
    vma = mm.vma[page]
    yield at("map_pte")
    if vma.pte.kind is not Entry.PRESENT:
        return True
    yield at("check_pte", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not maps(vma, folio):
        vma.ptl.release()
        return True
    yield at("PageAnonExclusive")
    exclusive = folio.flags.anon_exclusive
    yield at("ptep_get_and_clear", atomic="xchg")
    mapped: Held[Folio] = hold(vma.pte.folio)
    writable = vma.pte.writable
    dirty = vma.pte.dirty
    vma.pte.kind = Entry.NONE
    vma.pte.folio = null
    vma.pte.writable = False
    vma.pte.dirty = False
    vma.owed = dirty
    yield from flush_tlb_page(k, vma, page)
    if exclusive:
        yield at("page_maybe_dma_pinned")
        pinned = k.pin_bias > 1 and folio.refcount >= k.pin_bias
        if pinned:
            yield at("set_pte_at(pteval)")
            vma.pte.kind = Entry.PRESENT
            vma.pte.folio = release(mapped)
            vma.pte.writable = writable
            vma.pte.dirty = dirty
            yield at("pte_unmap_unlock(pteval)")
            vma.ptl.release()
            return False
        yield at("ClearPageAnonExclusive")
        folio.flags.anon_exclusive = False
    yield at("set_pte_at(migration entry)")
    assert exclusive or not (writable and vma.anon), "VM_BUG_ON: writable, but not exclusive"
    vma.pte.kind = Entry.MIGRATION
    vma.pte.folio = folio
    vma.pte.writable = writable
    vma.pte.dirty = dirty
    vma.pte.exclusive = exclusive
    yield at("page_remove_rmap")
    folio.mapcount -= 1
    yield from folio_put(k, mapped)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    if dirty:
        yield at("folio_mark_dirty")
        folio.flags.dirty = True
        vma.owed = False
    return True
