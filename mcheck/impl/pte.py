"""What faults and walks ask a page-table entry, and how they change it."""

from __future__ import annotations

from mcheck.impl.state import Entry, Folio, Vma


def maps(vma: Vma, folio: Folio) -> bool:
    """Whether the entry maps the folio."""
    return vma.pte.kind is Entry.PRESENT and vma.pte.folio is folio


def awaits(vma: Vma, folio: Folio) -> bool:
    """Whether the entry is a migration entry for the folio."""
    return vma.pte.kind is Entry.MIGRATION and vma.pte.folio is folio


def pte_same(vma: Vma, folio: Folio, writable: bool, dirty: bool) -> bool:
    """Whether the entry is still the present one that was seen before."""
    return maps(vma, folio) and vma.pte.writable == writable and vma.pte.dirty == dirty
