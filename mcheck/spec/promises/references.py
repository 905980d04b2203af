"""Who refers to a folio or a helper object: promises 1 and 7."""

from __future__ import annotations

from mcheck.impl.state import Entry, Folio, Kernel
from mcheck.lang import always, holds
from mcheck.spec.wording import and_these, pointers, traces_of_use


def entries(k: Kernel, f: Folio) -> int:
    """How many page-table entries map a folio."""
    return sum(v.pte.kind is Entry.PRESENT and v.pte.folio is f for m in k.mm for v in m.vma)


def pointed_at(k: Kernel, f: Folio) -> int:
    """How many references the fields of the kernel explain: entries, slots, lists, batches."""
    return (
        entries(k, f)
        + sum(s.folio is f for s in k.mapping.slot)
        + sum(c.fbatch is f for c in k.cpu)
        + sum(c.from_list[f] for c in k.cpu)
        + sum(c.ret_list[f] for c in k.cpu)
    )


def explained(k: Kernel, f: Folio) -> int:
    """How many references to a folio there are, by who has them; a pin counts pin_bias times."""
    return pointed_at(k, f) + holds(f) + (k.pin_bias - 1) * holds(f, "pinned")


def rightly(k: Kernel, f: Folio) -> int:
    """What a folio's refcount has to be; a frozen one is 0, so that nobody gets a reference."""
    return 0 if f.frozen else explained(k, f)


@always
def ledger(k: Kernel) -> list[str]:
    """A folio's refcount is what refers to it: no reference is lost, none is left over."""
    return [
        f"{f}.refcount is {f.refcount}, but {'it is frozen at 0, and ' if f.frozen else ''}"
        f"{explained(k, f)} references are accounted for: "
        f"{holds(f)} held by CPUs, {pointed_at(k, f)} by fields{and_these(pointers(k, f))}"
        for f in k.folio
        if f.refcount != rightly(k, f)
    ]


def changing(k: Kernel) -> int:
    """How many page-table entries may be about to change: their locks are held."""
    return sum(v.ptl.held for m in k.mm for v in m.vma)


@always
def mappings_are_counted(k: Kernel) -> list[str]:
    """A folio's mapcount is the number of entries that map it, or of those that just did or will.

    An entry is counted before it is there and after it is gone, under the page-table lock.
    """
    return [
        f"{f}.mapcount is {f.mapcount}, {entries(k, f)} entries map it, "
        f"and {changing(k)} page-table locks are held"
        for f in k.folio
        if f.mapcount < entries(k, f) or f.mapcount > entries(k, f) + changing(k)
    ]


def in_use(k: Kernel, f: Folio) -> bool:
    """Whether anything still refers to a folio, or says anything of it."""
    return (
        f.mapcount > 0
        or f.on_lru
        or f.flags.locked
        or f.flags.waiters
        or f.flags.lru
        or f.flags.writeback
        or f.flags.dirty
        or explained(k, f) > 0
        or any(c.waits_on is f for c in k.cpu)
        or any(s.bio is f for s in k.mapping.slot)
        or any(v.pte.folio is f for m in k.mm for v in m.vma)
        or any(t.folio is f for c in k.cpu for t in c.tlb)
    )


@always
def nothing_free_is_used(k: Kernel) -> list[str]:
    """A free frame is used by nobody: no entry, TLB, slot, list or waiter knows it."""
    return [
        f"{f} is free, but still in use{and_these(pointers(k, f) + traces_of_use(k, f))}"
        for f in k.folio
        if f.free and in_use(k, f)
    ]


ANON_VMAS = ("anon_vma",)
"""By name: there is one, for all anonymous pages."""


def in_tree(k: Kernel) -> int:
    """How many VMAs are in the tree of the anon_vma."""
    return sum(v.anon and v.linked for m in k.mm for v in m.vma)


@always
def anon_vma_is_counted(k: Kernel) -> list[str]:
    """The anon_vma's count is who holds it, and one for the VMAs in its tree."""
    return [
        f"{name}.refcount is {k.anon_vma.refcount}, with {holds(k.anon_vma)} held by CPUs; "
        f"{k.anon_vma.vmas} VMAs are counted, and {in_tree(k)} are in its tree"
        for name in ANON_VMAS
        if k.anon_vma.refcount != (k.anon_vma.vmas > 0) + holds(k.anon_vma)
        or (k.anon_vma.vmas != in_tree(k) and not k.anon_vma.rwsem.writer)
    ]


@always
def helpers_outlive_their_use(k: Kernel) -> list[str]:
    """Whoever walks the tree of an anon_vma walks one that is not freed."""
    return [
        f"{c} is in the tree of the anon_vma, which is freed (its refcount is 0)"
        for c in k.cpu
        if c.walks and k.anon_vma.refcount == 0
    ]
