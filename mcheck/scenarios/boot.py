"""How the kernel stands when a scenario begins: pages that are there, CPUs that run."""

from __future__ import annotations

from collections.abc import Sequence

from mcheck.impl.state import Content, Entry, Folio, Kernel, Mapping, Vma


def machine(k: Kernel) -> None:
    """All frames are free, in turn one on each node; no CPU runs any address space."""
    for i, folio in enumerate(k.folio):
        folio.free = True
        folio.node = i % k.nodes


def run_on(k: Kernel, cpus: Sequence[int], mm: int) -> None:
    """These CPUs run an address space."""
    for number in cpus:
        k.cpu[number].mm = k.mm[mm]


def anon_page(k: Kernel, frame: int, page: int, mms: Sequence[int]) -> None:
    """An anonymous page: of one address space, or shared by several since a fork."""
    folio = _taken(k, frame, page)
    folio.mapping = Mapping.ANON
    folio.flags.anon_exclusive = len(mms) == 1
    k.anon_vma.refcount = 1
    for number in mms:
        vma = k.mm[number].vma[page]
        vma.anon = True
        vma.location = k.location[number * k.pages + page]
        _map(vma, folio, writable=len(mms) == 1)
        vma.pte.dirty = True
        vma.location.touched = True
        folio.content[vma.location] = Content.LATEST
        k.anon_vma.vmas += 1


def anon_hole(k: Kernel, page: int, mm: int) -> None:
    """A place for an anonymous page that nobody has touched yet."""
    vma = k.mm[mm].vma[page]
    vma.anon = True
    vma.location = k.location[mm * k.pages + page]
    _allow(vma)
    k.anon_vma.refcount = 1
    k.anon_vma.vmas += 1


def file_page(k: Kernel, frame: int, page: int, mms: Sequence[int], mapped: bool = True) -> None:
    """A page of the file in the page cache; mapped by these address spaces, or only mappable."""
    folio = _taken(k, frame, page)
    folio.mapping = Mapping.FILE
    slot = k.mapping.slot[page]
    slot.folio = folio
    slot.location = k.location[page]
    folio.refcount += 1
    folio.content[slot.location] = Content.LATEST
    slot.location.disk = Content.LATEST
    for number in mms:
        vma = k.mm[number].vma[page]
        vma.location = slot.location
        if mapped:
            _map(vma, folio, writable=not k.writenotify)
        else:
            _allow(vma)


def _taken(k: Kernel, frame: int, page: int) -> Folio:
    folio = k.folio[frame]
    folio.free = False
    folio.index = page
    folio.on_lru = True
    folio.flags.lru = True
    folio.flags.uptodate = True
    return folio


def _allow(vma: Vma) -> None:
    vma.mapped = True
    vma.linked = True
    vma.vm_write = True


def _map(vma: Vma, folio: Folio, *, writable: bool) -> None:
    _allow(vma)
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = folio
    vma.pte.writable = writable
    folio.refcount += 1
    folio.mapcount += 1
