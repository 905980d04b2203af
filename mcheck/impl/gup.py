"""get_user_pages_fast(): a page is pinned without any lock, and written to: mm/gup.c.

A pin (FOLL_PIN) counts pin_bias times. Where that is 1 it is a plain reference (FOLL_GET), and
nobody can tell that the page is pinned.
"""

from __future__ import annotations

from mcheck.impl.content import store
from mcheck.impl.folio_lock import folio_lock, folio_unlock
from mcheck.impl.page_alloc import __folio_put
from mcheck.impl.state import Cpu, Entry, Folio, Kernel
from mcheck.lang import Pinned, Proc, Speculative, at, choose, hold, null, procedure, release


@procedure
def pin_user_pages_fast(k: Kernel, me: Cpu) -> Proc[None]:
    """Pin a page for writing, let a device write to it, unpin it; for ever."""
    while True:
        yield at("pin_user_pages_fast()", rest=True)
        page = choose(range(k.pages))
        pinned: Pinned[Folio] = yield from gup_pte_range(k, me, page)
        if pinned is not null:
            yield at("DMA")
            store(k, pinned, me.mm.vma[page].location)
            yield from unpin_user_pages_dirty_lock(k, me, pinned)
        yield at("return")
        me.busy = False


@procedure
def gup_pte_range(k: Kernel, me: Cpu, page: int) -> Proc[Pinned[Folio]]:
    """Pin what a writable entry maps, if the entry is the same after the pin; else null.

    On some machines interrupts, which are off here, hold up the flush of a TLB. That is not
    relied on.
    """
    pte = me.mm.vma[page].pte
    yield at("ptep_get_lockless")
    me.busy = True
    if pte.kind is not Entry.PRESENT or not pte.writable:
        return null
    found = pte.folio
    dirty = pte.dirty
    yield at("folio_ref_try_add_rcu", atomic="atomic_add_unless")
    if found.refcount == 0:
        return null
    found.refcount += 1
    guess: Speculative[Folio] = hold(found)
    yield at("atomic_add(GUP_PIN_COUNTING_BIAS - 1)")
    guess.refcount += k.pin_bias - 1
    pinned: Pinned[Folio] = guess
    yield at("pte_val(pte) != pte_val(*ptep)")
    same = pte.kind is Entry.PRESENT and pte.folio is pinned and pte.writable and pte.dirty == dirty
    if same:
        return pinned
    yield from gup_put_folio(k, pinned)
    return null


@procedure
def gup_put_folio(k: Kernel, folio: Pinned[Folio]) -> Proc[None]:
    """Unpin a folio."""
    yield at("put_page_testzero", atomic="atomic_sub_and_test")
    put = folio
    put.refcount -= k.pin_bias
    release(folio)
    if put.refcount == 0:
        yield from __folio_put(k, put)


@procedure
def unpin_user_pages_dirty_lock(k: Kernel, me: Cpu, folio: Pinned[Folio]) -> Proc[None]:
    """Mark what was written to dirty, and unpin it."""
    yield at("folio_test_dirty")
    if not folio.flags.dirty:
        yield from folio_lock(k, me, folio)
        yield at("folio_mark_dirty")
        folio.flags.dirty = True
        yield from folio_unlock(k, folio)
    yield from gup_put_folio(k, folio)
