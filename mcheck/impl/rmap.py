"""The rmap walks of migration, from entries to migration entries and back: mm/rmap.c.

The walk visits the VMAs in the order of the list of address spaces, one page-table entry at a
time, with the lock of the tree held for reading all the while.
"""

from __future__ import annotations

from mcheck.impl.anon_vma import folio_lock_anon_vma_read
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.pte import awaits, maps
from mcheck.impl.rwsem import down_read, up_read
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mm
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, at, hold, null, procedure, release


@procedure
def try_to_migrate(k: Kernel, me: Cpu, folio: Folio, anon: bool, page: int) -> Proc[None]:
    """Replace all page-table entries that map the folio by migration entries, as far as it goes."""
    if anon:
        locked = yield from folio_lock_anon_vma_read(k, folio)
        if not locked:
            return
    else:
        yield from down_read(k, k.mapping.i_mmap)
    goes_on = True
    for mm in k.mm:
        if goes_on:
            yield at("vma_interval_tree_foreach")
            me.walks = anon
            if mm.vma[page].linked and mm.vma[page].anon == anon:
                goes_on = yield from try_to_migrate_one(k, folio, mm, page)
                yield at("page_not_mapped")
                goes_on = goes_on and folio.mapcount > 0
    if anon:
        yield from up_read(k, k.anon_vma.rwsem)
    else:
        yield from up_read(k, k.mapping.i_mmap)


@procedure(clause="s004/4")
def try_to_migrate_one(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """Replace one page-table entry by a migration entry; False if the walk has to end.

    The entry is cleared, then each CPU's translation is flushed, then the migration entry is
    installed. In between a fault sees no entry at all.
    """
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
    if dirty:
        yield at("folio_mark_dirty")
        folio.flags.dirty = True
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


@procedure(clause="s004/16")
def remove_migration_ptes(
    k: Kernel, me: Cpu, src: Folio, dst: Folio, anon: bool, page: int
) -> Proc[None]:
    """Replace all migration entries for src by entries that map dst, which may be src again."""
    if anon:
        yield from down_read(k, k.anon_vma.rwsem)
    else:
        yield from down_read(k, k.mapping.i_mmap)
    for mm in k.mm:
        yield at("vma_interval_tree_foreach")
        me.walks = anon
        if mm.vma[page].linked and mm.vma[page].anon == anon:
            yield from remove_migration_pte(k, src, dst, mm, page)
    if anon:
        yield from up_read(k, k.anon_vma.rwsem)
    else:
        yield from up_read(k, k.mapping.i_mmap)


@procedure
def remove_migration_pte(k: Kernel, src: Folio, dst: Folio, mm: Mm, page: int) -> Proc[None]:
    """Replace one migration entry for src by an entry that maps dst.

    It is as writable as the migration entry says, never more.
    """
    vma = mm.vma[page]
    yield at("check_pte", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not awaits(vma, src):
        vma.ptl.release()
        return
    writable = vma.pte.writable
    exclusive = vma.pte.exclusive
    entry_dirty = vma.pte.dirty
    yield at("folio_get")
    dst.refcount += 1
    ref: Held[Folio] = hold(dst)
    yield at("folio_test_dirty")
    dirty = entry_dirty and dst.flags.dirty
    yield at("page_add_rmap")
    dst.mapcount += 1
    if exclusive:
        yield at("SetPageAnonExclusive")
        dst.flags.anon_exclusive = True
    yield at("set_pte_at")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(ref)
    vma.pte.writable = writable and vma.vm_write
    vma.pte.dirty = dirty
    vma.pte.exclusive = False
    yield at("pte_unmap_unlock")
    vma.ptl.release()
