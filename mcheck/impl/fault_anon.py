"""Faults in anonymous memory: a first page, a copy of a shared one: mm/memory.c."""

from __future__ import annotations

from mcheck.impl.content import copy, touch, zero
from mcheck.impl.folio_lock import folio_trylock, folio_unlock
from mcheck.impl.page_alloc import alloc_pages, folio_put
from mcheck.impl.pte import pte_same
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mapping, Vma
from mcheck.impl.swap import folio_add_lru, lru_add_drain_cpu
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, at, hold, null, procedure, release


@procedure
def do_anonymous_page(k: Kernel, me: Cpu, vma: Vma, page: int) -> Proc[None]:
    """Map a fresh page where there is none; a load does not get the zero page here."""
    folio: Held[Folio] = yield from alloc_pages(k, k.nodes)
    if folio is null:
        return
    yield at("clear_user_highpage")
    zero(folio, vma.location)
    yield at("__folio_mark_uptodate")
    folio.flags.uptodate = True
    yield at("pte_none", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if vma.pte.kind is not Entry.NONE:
        yield from folio_put(k, folio)
        yield at("pte_unmap_unlock(release)")
        vma.ptl.release()
        return
    yield from page_add_new_anon_rmap(k, folio, page)
    yield from folio_add_lru(k, me, folio)
    yield at("set_pte_at")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(folio)
    vma.pte.writable = vma.vm_write
    vma.pte.dirty = vma.vm_write
    touch(vma.location)
    yield at("pte_unmap_unlock")
    vma.ptl.release()


@procedure
def page_add_new_anon_rmap(k: Kernel, folio: Folio, page: int) -> Proc[None]:
    """A folio becomes an anonymous page that one address space has for itself."""
    yield at("page->_mapcount")
    folio.mapcount = 1
    yield at("page->mapping")
    folio.mapping = Mapping.ANON
    yield at("page->index")
    folio.index = page
    yield at("SetPageAnonExclusive")
    folio.flags.anon_exclusive = True


@procedure
def do_wp_page_anon(k: Kernel, me: Cpu, vma: Vma, old: Folio, dirty: bool, page: int) -> Proc[None]:
    """A store to an anonymous page that is mapped read-only: reuse it, or make a copy.

    Called with the page-table lock held and the entry re-checked; gives the lock back.
    """
    reuse = yield from can_reuse(k, me, old)
    if reuse:
        yield at("wp_page_reuse")
        vma.pte.writable = vma.vm_write
        vma.pte.dirty = vma.vm_write
        yield at("pte_unmap_unlock")
        vma.ptl.release()
        return
    yield at("folio_get")
    old.refcount += 1
    ref: Held[Folio] = hold(old)
    yield at("pte_unmap_unlock(copy)")
    vma.ptl.release()
    yield from wp_page_copy(k, me, vma, ref, dirty, page)


@procedure
def can_reuse(k: Kernel, me: Cpu, folio: Folio) -> Proc[bool]:
    """Whether nobody else has the anonymous page: the middle of do_wp_page()."""
    yield at("PageAnonExclusive")
    if folio.flags.anon_exclusive:
        return True
    yield at("folio_ref_count > 3")
    if folio.refcount > 3:
        return False
    yield at("folio_test_lru")
    if not folio.flags.lru:
        yield from lru_add_drain_cpu(k, me)
    yield at("folio_ref_count > 1")
    if folio.refcount > 1:
        return False
    locked = yield from folio_trylock(k, folio)
    if not locked:
        return False
    yield at("folio_ref_count == 1")
    alone = folio.refcount == 1
    if alone:
        yield at("page_move_anon_rmap")
        folio.flags.anon_exclusive = True
    yield from folio_unlock(k, folio)
    return alone


@procedure
def wp_page_copy(
    k: Kernel, me: Cpu, vma: Vma, old: Held[Folio], dirty: bool, page: int
) -> Proc[None]:
    """Map a copy of the old page in its place, for this address space alone."""
    new: Held[Folio] = yield from alloc_pages(k, k.nodes)
    if new is null:
        yield from folio_put(k, old)
        return
    yield at("__wp_page_copy_user")
    copy(k, old, new)
    yield at("__folio_mark_uptodate")
    new.flags.uptodate = True
    yield at("pte_same", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not pte_same(vma, old, False, dirty):
        yield from folio_put(k, new)
        yield at("pte_unmap_unlock(changed)")
        vma.ptl.release()
        yield from folio_put(k, old)
        return
    yield at("ptep_clear_flush", atomic="xchg")
    mapped: Held[Folio] = hold(vma.pte.folio)
    vma.pte.kind = Entry.NONE
    vma.pte.folio = null
    vma.pte.dirty = False
    yield from flush_tlb_page(k, vma, page)
    yield from page_add_new_anon_rmap(k, new, page)
    yield from folio_add_lru(k, me, new)
    yield at("set_pte_at_notify")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(new)
    vma.pte.writable = vma.vm_write
    vma.pte.dirty = vma.vm_write
    yield at("page_remove_rmap")
    old.mapcount -= 1
    yield from folio_put(k, mapped)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    yield from folio_put(k, old)
