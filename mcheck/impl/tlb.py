"""What the machine does by itself: page walks, TLB fills, evictions; and TLB flushes."""

from __future__ import annotations

from mcheck.impl.content import load, store
from mcheck.impl.state import Cpu, Entry, Kernel, Vma
from mcheck.lang import Proc, at, choose, null, procedure


@procedure
def mmu(k: Kernel, me: Cpu) -> Proc[None]:
    """The MMU of a CPU: it may load any present entry at any time, and forget it again."""
    while True:
        yield at("speculate", rest=True, atomic="page walk")
        page = choose(range(k.pages))
        tlb = me.tlb[page]
        pte = me.mm.vma[page].pte
        if tlb.folio is not null:
            tlb.folio = null
            tlb.writable = False
            tlb.dirty = False
        elif pte.kind is Entry.PRESENT:
            tlb.folio = pte.folio
            tlb.writable = pte.writable
            tlb.dirty = pte.writable and pte.dirty


@procedure
def access_memory(k: Kernel, me: Cpu, page: int, write: bool) -> Proc[bool]:
    """A load or a store by way of the TLB; False if it faults.

    Where the TLB has no translation that permits it the MMU walks the page table. It sets the
    dirty bit of the entry before it lets a store through.
    """
    while True:
        yield at("access")
        tlb = me.tlb[page]
        if tlb.folio is not null and (not write or tlb.dirty):
            if write:
                store(k, tlb.folio, me.mm.vma[page].location)
            else:
                load(me, tlb.folio, me.mm.vma[page].location)
            return True
        yield at("page walk", atomic="page walk")
        tlb = me.tlb[page]
        pte = me.mm.vma[page].pte
        if pte.kind is not Entry.PRESENT or (write and not pte.writable):
            return False
        if write:
            pte.dirty = True
        tlb.folio = pte.folio
        tlb.writable = pte.writable
        tlb.dirty = pte.writable and pte.dirty


@procedure
def flush_tlb_page(k: Kernel, vma: Vma, page: int) -> Proc[None]:
    """Invalidate the page's translation on each CPU that runs the address space, one by one."""
    for cpu in k.cpu:
        if cpu.mm is not null and cpu.mm.vma[page] is vma:
            yield at("flush_tlb_func")
            tlb = cpu.tlb[page]
            tlb.folio = null
            tlb.writable = False
            tlb.dirty = False
