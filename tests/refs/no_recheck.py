"""A variant: the copy of a shared page that does not look at the entry again under its lock."""

from __future__ import annotations

from mcheck.impl.content import copy
from mcheck.impl.fault_anon import page_add_new_anon_rmap
from mcheck.impl.page_alloc import alloc_pages, folio_put
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Vma
from mcheck.impl.swap import folio_add_lru
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, at, hold, null, procedure, release


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
