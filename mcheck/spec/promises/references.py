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


@always
def ledger(k: Kernel) -> list[str]:
    """A folio's refcount is what refers to it: no reference is lost, none is left over."""
    return [
        f"{f}.refcount is {f.refcount}, but {explained(k, f)} references are accounted for: "
        f"{holds(f)} held by CPUs, {pointed_at(k, f)} by fields{and_these(pointers(k, f))}"
        for f in k.folio
        if not f.frozen and f.refcount != explained(k, f)
    ]


@always
def mappings_are_counted(k: Kernel) -> list[str]:
    """A folio's mapcount is at least the number of entries that map it, and at rest the same."""
    return [
        f"{f}.mapcount is {f.mapcount}, and {entries(k, f)} entries map it"
        for f in k.folio
        if f.mapcount < entries(k, f)
        or (f.mapcount != entries(k, f) and not any(c.busy for c in k.cpu))
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


@always
def anon_vma_is_counted(k: Kernel) -> bool:
    """The anon_vma's count is who holds it, and one for the VMAs in its tree."""
    return k.anon_vma.refcount == (k.anon_vma.vmas > 0) + holds(k.anon_vma)


@always
def helpers_outlive_their_use(k: Kernel) -> list[str]:
    """Whoever walks the tree of an anon_vma walks one that is not freed."""
    return [
        f"{c} is in the tree of the anon_vma, which is freed (its refcount is 0)"
        for c in k.cpu
        if c.walks and k.anon_vma.refcount == 0
    ]
