"""Writeback of dirty pages of the file: mm/page-writeback.c, and the disk."""

from __future__ import annotations

from mcheck.impl.filemap import generic_perform_write, mapping_get_entry
from mcheck.impl.folio_lock import folio_lock, folio_unlock, folio_wait_writeback, folio_wake_bit
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.pte import maps
from mcheck.impl.rwsem import down_read, up_read
from mcheck.impl.state import Bit, Cpu, Entry, Folio, Kernel, Mapping, Mm
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, Temporary, at, choose, hold, null, procedure, release


@procedure
def write_and_sync(k: Kernel, me: Cpu) -> Proc[None]:
    """write() to a page of the file, or fsync(); for ever."""
    while True:
        yield at("write() or fsync()", rest=True)
        page = choose(range(k.pages))
        write = choose((False, True))
        me.busy = True
        if write:
            yield from generic_perform_write(k, me, page)
        else:
            yield from write_cache_pages(k, me, page)
        yield at("return")
        me.busy = False


@procedure
def writeback(k: Kernel, me: Cpu) -> Proc[None]:
    """The flusher: it writes back a page of the file if it is dirty; for ever."""
    while True:
        yield at("wb_workfn", rest=True)
        page = choose(range(k.pages))
        me.busy = True
        yield from write_cache_pages(k, me, page)
        yield at("return")
        me.busy = False


@procedure
def write_cache_pages(k: Kernel, me: Cpu, page: int) -> Proc[None]:
    """Write a page of the file to the disk if it is dirty."""
    folio: Temporary[Folio] = yield from mapping_get_entry(k, page)
    yield from folio_lock(k, me, folio)
    yield at("folio->mapping")
    if folio.mapping is Mapping.FILE:
        yield at("folio_test_dirty")
        if folio.flags.dirty:
            yield from folio_wait_writeback(k, me, folio)
            yield from write_one_folio(k, folio, page)
    yield from folio_unlock(k, folio)
    yield from folio_put(k, folio)


@procedure
def write_one_folio(k: Kernel, folio: Folio, page: int) -> Proc[None]:
    """Write-protect a dirty page, mark it clean, and start its writeback."""
    yield from down_read(k, k.mapping.i_mmap)
    cleaned = False
    for mm in k.mm:
        yield at("vma_interval_tree_foreach")
        if mm.vma[page].linked and not mm.vma[page].anon:
            found = yield from page_mkclean_one(k, folio, mm, page)
            cleaned = cleaned or found
    yield from up_read(k, k.mapping.i_mmap)
    if cleaned:
        yield at("folio_mark_dirty")
        folio.flags.dirty = True
        yield at("PTEs cleaned")
        for mm in k.mm:
            mm.vma[page].owed = False
    yield at("folio_test_clear_dirty", atomic="test_and_clear_bit")
    dirty = folio.flags.dirty
    folio.flags.dirty = False
    k.mapping.slot[page].owed = dirty
    if dirty:
        yield at("folio_start_writeback")
        folio.flags.writeback = True
        k.mapping.slot[page].owed = False
        # The disk reads the page at any time from now on; what is stored later may be missed.
        k.mapping.slot[page].location.disk = folio.content[k.mapping.slot[page].location]
        yield at("submit_bio")
        k.mapping.slot[page].bio = folio


@procedure
def page_mkclean_one(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """Make one entry clean and read-only; True if it was not."""
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
    yield from flush_tlb_page(k, vma, page)
    yield at("set_pte_at")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(mapped)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    return True


@procedure
def disk(k: Kernel, page: int) -> Proc[None]:
    """The disk: it completes the writeback of a page. Mirrors folio_end_writeback()."""
    slot = k.mapping.slot[page]
    while True:
        yield at("bio_endio", until=lambda: slot.bio is not null, atomic="interrupt")
        folio = slot.bio
        yield at("folio_get")
        folio.refcount += 1
        ref: Held[Folio] = hold(folio)
        yield at("bio_put")
        slot.bio = null
        yield at("folio_test_clear_writeback", atomic="test_and_clear_bit")
        assert ref.flags.writeback, "BUG(): the end of a writeback that was not started"
        ref.flags.writeback = False
        yield at("folio_test_waiters")
        if ref.flags.waiters:
            yield from folio_wake_bit(k, ref, Bit.WRITEBACK)
        yield from folio_put(k, ref)
