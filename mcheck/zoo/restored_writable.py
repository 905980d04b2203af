"""restored-writable: a page that was mapped read-only comes back writable.

The new entry was made with the permissions of the VMA, without a look at the old entry's. Two
processes that share the page since a fork then write to each other's memory. (Historically:
pages write-protected by userfaultfd.)
"""

from __future__ import annotations

from mcheck.impl.pte import awaits
from mcheck.impl.state import Entry, Folio, Kernel, Mm
from mcheck.lang import Held, Proc, at, hold, procedure, release
from mcheck.scenarios import SCENARIOS
from mcheck.zoo.bug import Bug


@procedure
def remove_migration_pte(k: Kernel, src: Folio, dst: Folio, mm: Mm, page: int) -> Proc[None]:
    """Replace a migration entry by an entry with all the permissions of the VMA."""
    vma = mm.vma[page]
    yield at("check_pte", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not awaits(vma, src):
        vma.ptl.release()
        return
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
    vma.pte.writable = vma.vm_write
    vma.pte.dirty = dirty
    vma.pte.exclusive = False
    yield at("pte_unmap_unlock")
    vma.ptl.release()


restored_writable = Bug(
    "restored-writable",
    "a read-only entry is restored with the permissions of the VMA",
    "6128763fc324 ?",
    2022,
    "permission_never_grows",
    SCENARIOS["anon-forked"],
    {"remove_migration_pte": remove_migration_pte},
)
