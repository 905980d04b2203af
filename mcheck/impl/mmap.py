"""munmap(): an address space lets go of its pages: mm/mmap.c, zap_pte_range() of mm/memory.c."""

from __future__ import annotations

from mcheck.impl.anon_vma import put_anon_vma
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.rwsem import down_write, downgrade_write, up_read, up_write
from mcheck.impl.state import AnonVma, Cpu, Entry, Folio, Kernel, Vma
from mcheck.impl.swap import lru_add_drain_cpu
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, at, hold, null, procedure


@procedure
def munmap(k: Kernel, me: Cpu) -> Proc[None]:
    """munmap() of the first page of the address space, once."""
    yield at("munmap()", rest=True)
    me.busy = True
    mm = me.mm
    vma = mm.vma[0]
    yield from down_write(k, mm.mmap_lock)
    yield at("munmap_sidetree")
    vma.mapped = False
    yield from downgrade_write(k, mm.mmap_lock)
    yield from lru_add_drain_cpu(k, me)
    zapped: Held[Folio] = yield from zap_pte_range(k, vma)
    yield from unlink_vma(k, vma)
    yield from flush_tlb_page(k, vma, 0)
    if zapped is not null:
        yield from folio_put(k, zapped)
    yield from up_read(k, mm.mmap_lock)
    yield at("return")
    me.busy = False


@procedure
def zap_pte_range(k: Kernel, vma: Vma) -> Proc[Held[Folio]]:
    """Clear the entry; the reference of a present one is kept until TLBs are flushed."""
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
        if dirty and not vma.anon:
            # Before anybody can find the folio clean, and before the lock is dropped.
            yield at("set_page_dirty")
            folio.flags.dirty = True
            vma.owed = False
        yield at("page_remove_rmap")
        folio.mapcount -= 1
        if dirty and not vma.anon:
            yield from flush_tlb_page(k, vma, 0)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    return kept


@procedure
def unlink_vma(k: Kernel, vma: Vma) -> Proc[None]:
    """Take the mapping out of the tree of its rmap; the last one puts the anon_vma."""
    yield at("free_pgtables")
    if vma.anon:
        yield from down_write(k, k.anon_vma.rwsem)
        yield at("unlink_anon_vmas")
        vma.linked = False
        yield at("RB_EMPTY_ROOT", atomic="tree")
        k.anon_vma.vmas -= 1
        empty: Held[AnonVma] = null
        if k.anon_vma.vmas == 0:
            empty = hold(k.anon_vma)
        yield from up_write(k, k.anon_vma.rwsem)
        if empty is not null:
            yield from put_anon_vma(k, empty)
    else:
        yield from down_write(k, k.mapping.i_mmap)
        yield at("unlink_file_vma")
        vma.linked = False
        yield from up_write(k, k.mapping.i_mmap)
