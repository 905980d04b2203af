"""References that are forgotten, or given up without having been taken."""

from __future__ import annotations

from mcheck.impl.content import load
from mcheck.impl.filemap import mapping_get_entry
from mcheck.impl.folio_lock import folio_put_wait_locked, folio_trylock, folio_unlock
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.pte import awaits, maps
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mapping, Mm, Rc, Vma
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, Speculative, Temporary, at, hold, null, procedure, release


@procedure
def mapping_keeps_its_reference(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """The entry is gone; the reference that it had is never put."""
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
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    return True


@procedure
def restored_without_a_get(k: Kernel, src: Folio, dst: Folio, mm: Mm, page: int) -> Proc[None]:
    """The new entry has no reference of its own."""
    vma = mm.vma[page]
    yield at("check_pte", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not awaits(vma, src):
        vma.ptl.release()
        return
    writable = vma.pte.writable
    exclusive = vma.pte.exclusive
    entry_dirty = vma.pte.dirty
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


@procedure
def isolated_without_a_get(k: Kernel, folio: Folio) -> Proc[Held[Folio]]:
    """Whoever asked for the folio puts its own reference; none is left for the isolation."""
    yield at("folio_test_clear_lru", atomic="test_and_clear_bit")
    if not folio.flags.lru:
        return null
    folio.flags.lru = False
    isolated: Held[Folio] = hold(folio)
    yield at("lruvec_del_folio", until=lambda: not k.lruvec.held)
    k.lruvec.acquire()
    assert isolated.on_lru, "list_del() of a folio that is on no list"
    isolated.on_lru = False
    k.lruvec.release()
    return isolated


@procedure
def unfrozen_with_the_slots_reference(k: Kernel, src: Folio, dst: Folio, page: int) -> Proc[Rc]:
    """The count comes back as it was, though the slot has let go of the old folio."""
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
    yield at("newfolio->mapping")
    dst.mapping = Mapping.FILE
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
    src.refcount = 2
    src.frozen = False
    yield at("xas_unlock_irq")
    k.mapping.i_pages.release()
    return Rc.SUCCESS


@procedure
def restored_without_counting_it(
    k: Kernel, src: Folio, dst: Folio, mm: Mm, page: int
) -> Proc[None]:
    """The new entry is not counted as a mapping."""
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


@procedure
def unmapped_and_still_counted(k: Kernel, vma: Vma) -> Proc[Held[Folio]]:
    """The entry is gone; the mapping is still counted."""
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
        if dirty and not vma.anon:
            yield from flush_tlb_page(k, vma, 0)
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    return kept


@procedure
def taken_while_frozen(k: Kernel, page: int) -> Proc[Temporary[Folio]]:
    """A reference is taken without a look whether there is any."""
    while True:
        yield at("xas_load")
        found = k.mapping.slot[page].folio
        yield at("folio_try_get_rcu", atomic="atomic_add_unless")
        found.refcount += 1
        guess: Speculative[Folio] = hold(found)
        yield at("xas_reload")
        if k.mapping.slot[page].folio is guess:
            folio: Temporary[Folio] = guess
            return folio
        yield from folio_put(k, guess)
        yield at("replaced")


@procedure
def put_twice(k: Kernel, me: Cpu, page: int) -> Proc[None]:
    """The reader gives its reference up twice."""
    while True:
        folio: Temporary[Folio] = yield from mapping_get_entry(k, page)
        yield at("folio_test_uptodate")
        if folio.flags.uptodate:
            break
        # filemap_update_page(): whoever is about to fill the folio has it locked.
        locked = yield from folio_trylock(k, folio)
        if locked:
            yield at("folio->mapping")
            uptodate = folio.mapping is Mapping.FILE
            if uptodate:
                yield at("folio_test_uptodate under the lock")
                uptodate = folio.flags.uptodate
            yield from folio_unlock(k, folio)
            if uptodate:
                break
            yield from folio_put(k, folio)
        else:
            yield from folio_put_wait_locked(k, me, folio)
        yield at("not filled")
    yield at("copy_folio_to_iter")
    load(me, folio, k.mapping.slot[page].location)
    yield from folio_put(k, folio)
    yield
    yield from folio_put(k, folio)


@procedure
def counted_down_after_the_lock(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """The mapping is no longer counted only when the page-table lock is dropped."""
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
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    yield at("page_remove_rmap")
    folio.mapcount -= 1
    yield from folio_put(k, mapped)
    return True
