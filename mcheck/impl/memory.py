"""Page faults: mm/memory.c. And user mode, which causes them."""

from __future__ import annotations

from mcheck.impl.fault_anon import do_anonymous_page, do_wp_page_anon
from mcheck.impl.fault_file import do_fault, wp_page_shared
from mcheck.impl.folio_lock import folio_queue, folio_sleep
from mcheck.impl.pte import pte_same
from mcheck.impl.rwsem import down_read, up_read
from mcheck.impl.state import Bit, Cpu, Entry, Kernel, Mm, Vma
from mcheck.impl.tlb import access_memory
from mcheck.lang import Proc, at, choose, procedure


@procedure
def user(k: Kernel, me: Cpu) -> Proc[None]:
    """User mode: load from and store to the pages of the address space, for ever."""
    while True:
        yield at("user mode", rest=True)
        page = choose(range(k.pages))
        write = choose((False, True))
        me.busy = True
        alive = True
        done = False
        while alive and not done:
            done = yield from access_memory(k, me, page, write)
            if not done:
                alive = yield from do_user_addr_fault(k, me, page, write)
                yield at("retry")
        yield at("return")
        me.busy = False


@procedure
def do_user_addr_fault(k: Kernel, me: Cpu, page: int, write: bool) -> Proc[bool]:
    """A page fault; False if there is nothing mapped at the address (SIGSEGV)."""
    mm = me.mm
    vma = mm.vma[page]
    yield from down_read(k, mm.mmap_lock)
    yield at("find_vma")
    found = vma.mapped
    held = True
    if found:
        held = yield from handle_pte_fault(k, me, mm, page, write)
    if held:
        yield from up_read(k, mm.mmap_lock)
    return found


@procedure
def handle_pte_fault(k: Kernel, me: Cpu, mm: Mm, page: int, write: bool) -> Proc[bool]:
    """Look at the entry without a lock, and do what it asks for. The access is then made again.

    Returns whether mmap_lock is still held.
    """
    vma = mm.vma[page]
    yield at("orig_pte")
    kind = vma.pte.kind
    orig = vma.pte.folio
    writable = vma.pte.writable
    dirty = vma.pte.dirty
    if kind is Entry.MIGRATION:
        yield from migration_entry_wait(k, me, vma)
        return True
    if kind is Entry.NONE:
        yield at("vma_is_anonymous")
        if not vma.anon:
            held = yield from do_fault(k, me, mm, page, write)
            return held
        yield from do_anonymous_page(k, me, vma, page)
        return True
    yield at("pte_same", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not pte_same(vma, orig, writable, dirty) or not write or writable:
        vma.ptl.release()
        return True
    if vma.anon:
        yield from do_wp_page_anon(k, me, vma, orig, dirty, page)
    else:
        yield from wp_page_shared(k, me, vma, orig, dirty)
    return True


@procedure
def migration_entry_wait(k: Kernel, me: Cpu, vma: Vma) -> Proc[None]:
    """Sleep until the folio of a migration entry is unlocked, without a reference to it.

    The page-table lock is held until we are queued: the migrator needs it to remove the entry,
    and as long as the entry is there the migrator has a reference.
    """
    yield at("is_migration_entry", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if vma.pte.kind is not Entry.MIGRATION:
        vma.ptl.release()
        return
    folio = vma.pte.folio
    queued = yield from folio_queue(k, me, folio, Bit.LOCKED)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    if queued:
        yield from folio_sleep(k, me)
