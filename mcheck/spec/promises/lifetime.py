"""What munmap() may do to helper objects and trees: promise 7. Judged where somebody unmaps."""

from __future__ import annotations

from mcheck.impl.state import Kernel, Vma
from mcheck.lang import always, step
from mcheck.spec.promises.references import ANON_VMAS


@step
def freed_for_good(before: Kernel, after: Kernel) -> list[str]:
    """Nobody takes a reference to an anon_vma that is freed."""
    return [
        f"{name} is freed (its refcount was 0), and now has refcount {after.anon_vma.refcount}"
        for name in ANON_VMAS
        if before.anon_vma.refcount == 0 and after.anon_vma.refcount > 0
    ]


def locked_for_change(k: Kernel, v: Vma) -> bool:
    """Whether the tree that a VMA is in is locked for writing."""
    return k.anon_vma.rwsem.writer if v.anon else k.mapping.i_mmap.writer


@step
def trees_change_under_their_lock(before: Kernel, after: Kernel) -> list[str]:
    """A VMA leaves the tree of its rmap only while nobody can be in it."""
    return [
        f"{after.mm[m].vma[p]} has left its tree or come into it, "
        f"and the tree is not locked for writing"
        for m in range(before.mms)
        for p in range(before.pages)
        if before.mm[m].vma[p].linked != after.mm[m].vma[p].linked
        and not locked_for_change(before, before.mm[m].vma[p])
    ]


@always
def unmapped_is_unlinked(k: Kernel) -> list[str]:
    """At rest a VMA that is gone is in no tree; so nothing is mapped there (rmap_leads_back)."""
    return [
        f"{v} is unmapped, and still in the tree of its rmap"
        for m in k.mm
        for v in m.vma
        if not any(c.busy for c in k.cpu) and v.linked and not v.mapped
    ]


UNMAPPING = [freed_for_good, trees_change_under_their_lock, unmapped_is_unlinked]
"""The promises about munmap()."""
