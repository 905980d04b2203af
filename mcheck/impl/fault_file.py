"""Faults in a shared mapping of the file: mm/memory.c, filemap_fault() of mm/filemap.c."""

from __future__ import annotations

from mcheck.impl.filemap import mapping_get_entry
from mcheck.impl.folio_lock import __folio_lock, folio_lock, folio_trylock, folio_unlock
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.pte import pte_same
from mcheck.impl.rwsem import up_read
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mapping, Mm, Vma
from mcheck.lang import Held, Proc, Temporary, at, hold, null, procedure, release


@procedure
def filemap_fault(k: Kernel, me: Cpu, mm: Mm, page: int) -> Proc[Held[Folio]]:
    """The folio in a slot, with a reference and locked; looked up again if it was replaced.

    Null if the lock had to be waited for: mmap_lock is then dropped (VM_FAULT_RETRY).
    """
    while True:
        found: Temporary[Folio] = yield from mapping_get_entry(k, page)
        locked = yield from folio_trylock(k, found)
        if not locked:
            yield from up_read(k, mm.mmap_lock)
            yield from __folio_lock(k, me, found)
        yield at("folio->mapping")
        kept = found.mapping is Mapping.FILE
        if kept:
            yield at("folio_test_uptodate")
            assert found.flags.uptodate, "the folio is unlocked and not up to date"
            if locked:
                folio: Held[Folio] = found
                return folio
        yield from folio_unlock(k, found)
        yield from folio_put(k, found)
        if not locked:
            return null
        yield at("replaced")


@procedure
def page_mkwrite(k: Kernel, me: Cpu, folio: Folio) -> Proc[bool]:
    """filemap_page_mkwrite(): mark the folio dirty before it is mapped writable.

    Returns True with the folio locked, or False if it has left the page cache.
    """
    yield from folio_lock(k, me, folio)
    yield at("folio->mapping")
    if folio.mapping is not Mapping.FILE:
        yield from folio_unlock(k, folio)
        return False
    yield at("folio_mark_dirty")
    folio.flags.dirty = True
    return True


@procedure
def do_fault(k: Kernel, me: Cpu, mm: Mm, page: int, write: bool) -> Proc[bool]:
    """Map a page of the file where there is none: do_read_fault() and do_shared_fault().

    Returns whether mmap_lock is still held.
    """
    vma = mm.vma[page]
    folio: Held[Folio] = yield from filemap_fault(k, me, mm, page)
    if folio is null:
        return False
    if write and k.writenotify:
        yield from folio_unlock(k, folio)
        kept = yield from page_mkwrite(k, me, folio)
        if not kept:
            yield from folio_put(k, folio)
            return True
    yield at("finish_fault", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if vma.pte.kind is not Entry.NONE:
        vma.ptl.release()
        yield from folio_unlock(k, folio)
        yield from folio_put(k, folio)
        return True
    mapped = folio
    yield at("page_add_file_rmap")
    mapped.mapcount += 1
    yield at("set_pte_at")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(folio)
    vma.pte.writable = vma.vm_write and (write or not k.writenotify)
    vma.pte.dirty = write
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    if write:
        yield at("fault_dirty_shared_page")
        mapped.flags.dirty = True
    yield from folio_unlock(k, mapped)
    return True


@procedure
def wp_page_shared(k: Kernel, me: Cpu, vma: Vma, folio: Folio, dirty: bool) -> Proc[None]:
    """A store to a page of the file that is mapped read-only, to have its dirtying noticed.

    Called with the page-table lock held and the entry re-checked; gives the lock back.
    """
    yield at("folio_get")
    folio.refcount += 1
    ref: Held[Folio] = hold(folio)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    kept = yield from page_mkwrite(k, me, ref)
    if not kept:
        yield from folio_put(k, ref)
        return
    yield at("finish_mkwrite_fault", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if pte_same(vma, ref, False, dirty):
        yield at("wp_page_reuse")
        vma.pte.writable = vma.vm_write
        vma.pte.dirty = True
        yield at("pte_unmap_unlock(reuse)")
        vma.ptl.release()
        yield at("fault_dirty_shared_page")
        ref.flags.dirty = True
    else:
        yield at("pte_unmap_unlock(changed)")
        vma.ptl.release()
    yield from folio_unlock(k, ref)
    yield from folio_put(k, ref)
