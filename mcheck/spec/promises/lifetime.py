"""What munmap() may do to helper objects and trees: promise 7. Judged where somebody unmaps."""

from __future__ import annotations

from mcheck.impl.state import Kernel, Vma
from mcheck.lang import always, step


@step
def freed_for_good(before: Kernel, after: Kernel) -> bool:
    """Nobody takes a reference to an anon_vma that is freed."""
    return before.anon_vma.refcount > 0 or after.anon_vma.refcount == 0


def locked_for_change(k: Kernel, v: Vma) -> bool:
    """Whether the tree that a VMA is in is locked for writing."""
    return k.anon_vma.rwsem.writer if v.anon else k.mapping.i_mmap.writer


@step
def trees_change_under_their_lock(before: Kernel, after: Kernel) -> bool:
    """A VMA leaves the tree of its rmap only while nobody can be in it."""
    return all(
        before.mm[m].vma[p].linked == after.mm[m].vma[p].linked
        or locked_for_change(before, before.mm[m].vma[p])
        for m in range(before.mms)
        for p in range(before.pages)
    )


@always
def unmapped_is_unlinked(k: Kernel) -> list[Vma]:
    """At rest a VMA that is gone is in no tree, and nothing is mapped there."""
    return [
        v
        for m in k.mm
        for v in m.vma
        if not any(c.busy for c in k.cpu) and v.linked and not v.mapped
    ]


UNMAPPING = [freed_for_good, trees_change_under_their_lock, unmapped_is_unlinked]
"""The promises about munmap()."""
