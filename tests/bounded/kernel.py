"""Mistakes in how the kernel maps a first page, each of which a dozen steps show."""

from __future__ import annotations

from typing import Any

from mcheck.impl.content import zero
from mcheck.impl.page_alloc import alloc_pages
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Vma
from mcheck.lang import Held, Model, Proc, at, null, procedure, release
from mcheck.scenarios import SCENARIOS


@procedure
def mapped_at_once(k: Kernel, me: Cpu, vma: Vma, page: int) -> Proc[None]:
    """The entry is there before the page is known to be mapped."""
    folio: Held[Folio] = yield from alloc_pages(k, k.nodes)
    if folio is null:
        return
    yield at("pte_none", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    yield at("set_pte_at")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(folio)
    yield at("pte_unmap_unlock")
    vma.ptl.release()


@procedure
def taken_twice(k: Kernel, me: Cpu, vma: Vma, page: int) -> Proc[None]:
    """The page has one reference more than there are who hold it."""
    folio: Held[Folio] = yield from alloc_pages(k, k.nodes)
    if folio is null:
        return
    yield at("clear_user_highpage")
    zero(folio, vma.location)
    yield at("folio_get", atomic="atomic_inc")
    folio.refcount += 1
    yield at("__folio_mark_uptodate")
    folio.flags.uptodate = True


@procedure
def never_unlocked(k: Kernel, me: Cpu, vma: Vma, page: int) -> Proc[None]:
    """The lock of the entry is kept."""
    folio: Held[Folio] = yield from alloc_pages(k, k.nodes)
    if folio is null:
        return
    yield at("clear_user_highpage")
    zero(folio, vma.location)
    yield at("pte_none", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    assert vma.pte.folio is folio


def mapped(procedure_: Any, name: str) -> Model[Any]:
    """A store and munmap(), with a fault that goes another way."""
    model = SCENARIOS["munmap-first-fault"].model
    return model.replace(name, do_anonymous_page=procedure_)


MISTAKES = {
    name: mapped(body, name)
    for name, body in {
        "mapped at once": mapped_at_once,
        "taken twice": taken_twice,
        "never unlocked": never_unlocked,
    }.items()
}
