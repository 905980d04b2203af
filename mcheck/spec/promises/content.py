"""Nothing stale is read, and no store is lost: promises 2 and 3."""

from __future__ import annotations

from mcheck.impl.state import Access, Content, Entry, Folio, Kernel, Slot, Vma
from mcheck.lang import always, holds, null
from mcheck.spec.promises.references import entries


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
def page_cache_is_fresh(k: Kernel) -> list[str]:
    """An up-to-date folio in the page cache has what was last stored."""
    return [
        f"{s} leads to {s.folio}, which is up to date and does not have what was last stored"
        for s in k.mapping.slot
        if s.folio is not null
        and s.folio.flags.uptodate
        and s.folio.content[s.location] is not Content.LATEST
    ]


@always
def filled_unless_locked(k: Kernel) -> list[str]:
    """What is mapped or in the page cache is up to date, unless somebody has it locked."""
    return [
        f"{f} is in use, not locked, and not up to date"
        for f in k.folio
        if not f.flags.uptodate
        and not f.flags.locked
        and (entries(k, f) > 0 or any(s.folio is f for s in k.mapping.slot))
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


def cleaned_by_writeback(v: Vma) -> bool:
    """Whether the entry is back, clean, and the folio locked until writeback has marked it."""
    return v.pte.kind is Entry.PRESENT and v.pte.folio.flags.locked


@always
def owing_ends(k: Kernel) -> list[str]:
    """A dirty bit that was taken is given on before the page-table lock is dropped.

    Writeback, which leaves the entry in place, may give it on later: with the folio's lock.
    """
    return [
        f"the dirty bit of {v.pte} was taken, and nobody has marked the page dirty"
        for m in k.mm
        for v in m.vma
        if v.owed and not v.ptl.held and not cleaned_by_writeback(v)
    ]


@always
def writing_ends_dirty(k: Kernel) -> list[str]:
    """What was stored by write(), or taken by writeback, is so under the folio's lock only."""
    return [
        f"{s} leads to {s.folio}, which is not locked; "
        f"it is clean, and what was stored is not on its way to the disk"
        for s in k.mapping.slot
        if s.owed and not (s.folio is not null and s.folio.flags.locked)
    ]
