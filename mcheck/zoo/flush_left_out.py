"""flush-left-out: the entry is replaced, but a CPU still has the translation in its TLB.

It goes on to store to the old page, while the new one is filled, and after it is freed. No
kernel was released like this; the like of it, a flush that comes too late, was (60bae7370896).
"""

from __future__ import annotations

from mcheck.impl.page_alloc import folio_put
from mcheck.impl.pte import maps
from mcheck.impl.state import Entry, Folio, Kernel, Mm
from mcheck.lang import Held, Proc, at, hold, null, procedure, release
from mcheck.scenarios import SCENARIOS
from mcheck.zoo.bug import Bug


@procedure
def try_to_migrate_one(k: Kernel, folio: Folio, mm: Mm, page: int) -> Proc[bool]:
    """Replace one entry by a migration entry, and leave the TLBs as they are."""
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


flush_left_out = Bug(
    "flush-left-out",
    "an entry becomes a migration entry, and no TLB is flushed",
    "60bae7370896",
    2022,
    "tlbs_are_flushed",
    SCENARIOS["anon-fault"],
    {"try_to_migrate_one": try_to_migrate_one},
)
