"""What page-table entries and TLBs may say: promises 4, 5 and 10."""

from __future__ import annotations

from mcheck.impl.state import Entry, Folio, Kernel, Mapping
from mcheck.lang import always, null, step
from mcheck.spec.wording import in_the_way


@always
def tlbs_are_flushed(k: Kernel) -> list[str]:
    """A TLB leads to what the entry maps, unless somebody is about to flush it.

    After munmap() has returned there is no exception.
    """
    return [
        f"the TLB of {c} leads to {c.tlb[p].folio}, and {c.mm.vma[p].pte} does not"
        for c in k.cpu
        for p in range(k.pages)
        if c.tlb[p].folio is not null
        and (c.mm.vma[p].mapped or not any(other.busy for other in k.cpu))
        and not c.mm.vma[p].ptl.held
        and not (c.mm.vma[p].pte.kind is Entry.PRESENT and c.mm.vma[p].pte.folio is c.tlb[p].folio)
    ]


@always
def tlbs_permit_no_more(k: Kernel) -> list[str]:
    """A TLB lets a store through only where the entry is writable and dirty."""
    return [
        f"the TLB of {c} permits a store, and {c.mm.vma[p].pte} does not"
        for c in k.cpu
        for p in range(k.pages)
        if c.tlb[p].folio is not null
        and c.tlb[p].dirty
        and c.mm.vma[p].mapped
        and not c.mm.vma[p].ptl.held
        and not (c.mm.vma[p].pte.writable and c.mm.vma[p].pte.dirty)
    ]


@always
def entries_are_in_flight(k: Kernel) -> list[str]:
    """A migration entry stands only while its folio is locked."""
    return [
        f"{v.pte} is a migration entry, and {v.pte.folio} is not locked"
        for m in k.mm
        for v in m.vma
        if v.pte.kind is Entry.MIGRATION and not v.pte.folio.flags.locked
    ]


def alone(k: Kernel, f: Folio) -> bool:
    """Whether one entry alone maps an anonymous folio, or is to map it again."""
    return f.flags.anon_exclusive and sum(v.pte.folio is f for m in k.mm for v in m.vma) == 1


def noticed(k: Kernel, f: Folio) -> bool:
    """Whether writeback is going to find a page of the file, if stores to it have to be noticed."""
    return f.flags.dirty or not k.writenotify


@always
def permission_never_grows(k: Kernel) -> list[str]:
    """An entry is writable where the mapping allows it and nothing has to be done before a store.

    An anonymous page has to be this address space's alone. A page of a file whose dirtying is
    tracked has to be dirty.
    """
    return [
        f"{v.pte} is writable, and {in_the_way(v)}"
        for m in k.mm
        for v in m.vma
        if v.pte.kind is Entry.PRESENT
        and v.pte.writable
        and not (v.vm_write and (alone(k, v.pte.folio) if v.anon else noticed(k, v.pte.folio)))
    ]


@step
def permission_comes_back(before: Kernel, after: Kernel) -> list[str]:
    """Whether the page has moved or not, an entry that was writable is so again."""
    return [
        f"{after.mm[m].vma[p].pte} was writable, and has come back read-only"
        for m in range(before.mms)
        for p in range(before.pages)
        if before.mm[m].vma[p].pte.kind is Entry.MIGRATION
        and before.mm[m].vma[p].pte.writable
        and after.mm[m].vma[p].pte.kind is Entry.PRESENT
        and not after.mm[m].vma[p].pte.writable
    ]


@always
def rmap_leads_back(k: Kernel) -> list[str]:
    """From what an entry maps the rmap walk comes back to the entry."""
    return [
        f"{m.vma[p].pte} maps {m.vma[p].pte.folio}, whose mapping and index do not lead there"
        for m in k.mm
        for p in range(k.pages)
        if m.vma[p].pte.kind is Entry.PRESENT
        and not (
            m.vma[p].linked
            and m.vma[p].pte.folio.index == p
            and m.vma[p].pte.folio.mapping is (Mapping.ANON if m.vma[p].anon else Mapping.FILE)
        )
    ]


@always
def page_cache_leads_back(k: Kernel) -> list[str]:
    """The mapping and the index of a folio in the page cache are those of its slot."""
    return [
        f"{k.mapping.slot[p]} leads to {k.mapping.slot[p].folio}, and that does not lead back"
        for p in range(k.pages)
        if k.mapping.slot[p].folio is not null
        and not (
            k.mapping.slot[p].folio.index == p and k.mapping.slot[p].folio.mapping is Mapping.FILE
        )
    ]


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
