"""The promises of page migration, as properties of the kernel's state."""

from __future__ import annotations

from mcheck.impl.state import Access, Content, Entry, Folio, Kernel, Slot, Vma
from mcheck.lang import always, holds, null


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
        f"{f}.refcount is {f.refcount}, but {explained(k, f)} references are accounted for"
        for f in k.folio
        if not f.frozen and f.refcount != explained(k, f)
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
    return [f"{f} is free, but still in use" for f in k.folio if f.free and in_use(k, f)]


def latest(f: Folio, v: Vma) -> bool:
    """Whether a frame has what was last stored to the location that an entry stands for."""
    return f.content[v.location] is Content.LATEST


@always
def translations_are_fresh(k: Kernel) -> list[str]:
    """What a TLB or a page table leads to has what was last stored there."""
    return [
        f"{v} leads to {v.pte.folio}, which does not have what was last stored"
        for m in k.mm
        for v in m.vma
        if v.pte.kind is Entry.PRESENT and not latest(v.pte.folio, v)
    ]


@always
def tlbs_are_fresh(k: Kernel) -> list[str]:
    """A TLB leads to what was last stored at the address."""
    return [
        f"the TLB of {c} leads to {c.tlb[p].folio}, which does not have what was last stored"
        for c in k.cpu
        for p in range(k.pages)
        if c.tlb[p].folio is not null and not latest(c.tlb[p].folio, c.mm.vma[p])
    ]


@always
def tlbs_are_flushed(k: Kernel) -> list[str]:
    """A TLB leads to what the entry maps, unless somebody is about to flush it."""
    return [
        f"the TLB of {c} leads to {c.tlb[p].folio}, and {c.mm.vma[p].pte} does not"
        for c in k.cpu
        for p in range(k.pages)
        if c.tlb[p].folio is not null
        and c.mm.vma[p].mapped
        and not c.mm.vma[p].ptl.held
        and not (c.mm.vma[p].pte.kind is Entry.PRESENT and c.mm.vma[p].pte.folio is c.tlb[p].folio)
    ]


def unfilled(s: Slot) -> bool:
    """Whether a page of the file is being moved right now, so that nobody may read it yet."""
    return s.folio.frozen or not s.folio.flags.uptodate


@always
def page_cache_is_fresh(k: Kernel) -> list[Slot]:
    """An up-to-date folio in the page cache has what was last stored."""
    return [
        s
        for s in k.mapping.slot
        if s.folio is not null
        and not unfilled(s)
        and s.folio.content[s.location] is not Content.LATEST
    ]


@always
def lookups_keep_their_page(k: Kernel) -> list[str]:
    """A folio that a lookup has found in the page cache stays there until it is put."""
    return [
        f"{f} was found in the page cache and is still in use, but its slot leads elsewhere"
        for f in k.folio
        if holds(f, "temporary") > 0 and not any(s.folio is f for s in k.mapping.slot)
    ]


@always
def loads_return_the_last_store(k: Kernel) -> list[str]:
    """Whatever migrated meanwhile, a load returns what was last stored."""
    return [f"{c} has read something else" for c in k.cpu if c.saw is not Access.GOOD]


def dirty_entry(v: Vma) -> bool:
    """Whether an entry maps a page of the file and is dirty. A migration entry does not count."""
    return not v.anon and v.pte.kind is Entry.PRESENT and v.pte.dirty


def dirty_somewhere(k: Kernel, s: Slot, page: int) -> bool:
    """Whether writeback will find out that a page of the file has to be written."""
    return (
        s.folio.flags.dirty
        or s.folio.frozen
        or s.owed
        or holds(s.folio, "pinned") > 0
        or any(m.vma[page].owed or dirty_entry(m.vma[page]) for m in k.mm)
    )


@always
def dirty_until_written(k: Kernel) -> list[str]:
    """What was stored to the file is on disk, or the folio in its page cache is dirty."""
    return [
        f"{k.mapping.slot[p]} leads to {k.mapping.slot[p].folio}, which is clean; "
        f"what was stored last is not on disk"
        for p in range(k.pages)
        if k.mapping.slot[p].folio is not null
        and k.mapping.slot[p].location.disk is not Content.LATEST
        and not dirty_somewhere(k, k.mapping.slot[p], p)
    ]


@always
def entries_are_in_flight(k: Kernel) -> list[Vma]:
    """A migration entry stands only while its folio is locked."""
    return [
        v
        for m in k.mm
        for v in m.vma
        if v.pte.kind is Entry.MIGRATION and not v.pte.folio.flags.locked
    ]


@always
def permission_never_grows(k: Kernel) -> list[str]:
    """A writable anonymous page is mapped by one address space alone."""
    return [
        f"{v.pte} is writable, but others map {v.pte.folio} too"
        for m in k.mm
        for v in m.vma
        if v.anon
        and v.pte.kind is Entry.PRESENT
        and v.pte.writable
        and not (v.vm_write and v.pte.folio.flags.anon_exclusive)
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


@always
def isolation_is_exclusive(k: Kernel) -> list[str]:
    """An isolated folio is on one list, and not on the LRU."""
    return [
        f"{f} is isolated, and also somewhere else"
        for f in k.folio
        if sum(c.from_list[f] + c.ret_list[f] for c in k.cpu) + f.on_lru > 1
    ]


@always
def helpers_outlive_their_use(k: Kernel) -> bool:
    """Whoever walks the tree of an anon_vma walks one that is not freed."""
    return k.anon_vma.refcount > 0 or not any(c.walks for c in k.cpu)


@always
def moved_as_a_whole(k: Kernel) -> list[str]:
    """A page of the file is mapped as what the page cache has: no mapping stays behind."""
    return [
        f"{m.vma[p].pte} maps {m.vma[p].pte.folio}, the page cache has {k.mapping.slot[p].folio}"
        for m in k.mm
        for p in range(k.pages)
        if not m.vma[p].anon
        and m.vma[p].pte.kind is Entry.PRESENT
        and m.vma[p].pte.folio is not k.mapping.slot[p].folio
    ]


def left_over(k: Kernel, f: Folio) -> bool:
    """Whether a folio is not as it should be while nobody does anything."""
    return (
        f.frozen
        or f.flags.locked
        or (f.refcount == 0 and not f.free)
        or f.flags.lru != f.on_lru
        or any(c.from_list[f] or c.ret_list[f] or c.waits_on is f for c in k.cpu)
    )


@always
def nothing_is_left_over(k: Kernel) -> list[Folio]:
    """At rest no folio is locked, isolated, frozen or lost, and the counters are back."""
    return [
        f
        for f in k.folio
        if not any(c.busy for c in k.cpu) and (left_over(k, f) or k.nr_isolated != 0)
    ]


@always
def back_on_the_lru(k: Kernel) -> list[Folio]:
    """At rest whatever is mapped or cached is on the LRU, or in a batch on its way there."""
    return [
        f
        for f in k.folio
        if not any(c.busy for c in k.cpu)
        and (f.mapcount > 0 or any(s.folio is f for s in k.mapping.slot))
        and not f.on_lru
        and not any(c.fbatch is f for c in k.cpu)
    ]


PROMISES = [
    ledger,
    nothing_free_is_used,
    translations_are_fresh,
    tlbs_are_fresh,
    tlbs_are_flushed,
    page_cache_is_fresh,
    lookups_keep_their_page,
    loads_return_the_last_store,
    dirty_until_written,
    entries_are_in_flight,
    permission_never_grows,
    mappings_are_counted,
    isolation_is_exclusive,
    helpers_outlive_their_use,
    moved_as_a_whole,
    nothing_is_left_over,
    back_on_the_lru,
]
"""All of them: each scenario is judged by each."""
