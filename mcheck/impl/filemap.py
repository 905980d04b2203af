"""The page cache as its users see it: lookups, read(): mm/filemap.c.

The page of the file is always in the cache here: nothing truncates it or reclaims it.
"""

from __future__ import annotations

from mcheck.impl.content import load, store
from mcheck.impl.folio_lock import (
    folio_lock,
    folio_put_wait_locked,
    folio_trylock,
    folio_unlock,
    folio_wait_writeback,
)
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.state import Cpu, Folio, Kernel, Mapping
from mcheck.lang import Proc, Speculative, Temporary, at, choose, hold, procedure


@procedure
def mapping_get_entry(k: Kernel, page: int) -> Proc[Temporary[Folio]]:
    """The folio in a slot, with a reference, found without any lock.

    Load the slot; get a reference unless the count is 0; look whether the slot is still the same.
    """
    while True:
        yield at("xas_load")
        found = k.mapping.slot[page].folio
        yield at("folio_try_get_rcu", atomic="atomic_add_unless")
        if found.refcount == 0:
            continue
        found.refcount += 1
        guess: Speculative[Folio] = hold(found)
        yield at("xas_reload")
        if k.mapping.slot[page].folio is guess:
            folio: Temporary[Folio] = guess
            return folio
        yield from folio_put(k, guess)
        yield at("replaced")


@procedure
def read(k: Kernel, me: Cpu) -> Proc[None]:
    """read(): copy a page of the file to the reader, again and again."""
    while True:
        yield at("read()", rest=True)
        page = choose(range(k.pages))
        me.busy = True
        yield from filemap_read(k, me, page)
        yield at("return")
        me.busy = False


@procedure
def generic_perform_write(k: Kernel, me: Cpu, page: int) -> Proc[None]:
    """write(): store to the folio in a slot, with it locked, and mark it dirty."""
    while True:
        folio: Temporary[Folio] = yield from mapping_get_entry(k, page)
        yield from folio_lock(k, me, folio)
        yield at("folio->mapping")
        if folio.mapping is Mapping.FILE:
            break
        yield from folio_unlock(k, folio)
        yield from folio_put(k, folio)
        yield at("replaced")
    yield from folio_wait_writeback(k, me, folio)
    yield at("copy_page_from_iter_atomic")
    slot = k.mapping.slot[page]
    slot.owed = True
    store(k, folio, slot.location)
    yield at("folio_mark_dirty")
    folio.flags.dirty = True
    slot.owed = False
    yield from folio_unlock(k, folio)
    yield from folio_put(k, folio)


@procedure
def filemap_read(k: Kernel, me: Cpu, page: int) -> Proc[None]:
    """Find the folio, wait until it is up to date, and copy it to the reader."""
    while True:
        folio: Temporary[Folio] = yield from mapping_get_entry(k, page)
        yield at("folio_test_uptodate")
        if folio.flags.uptodate:
            break
        # filemap_update_page(): whoever is about to fill the folio has it locked.
        locked = yield from folio_trylock(k, folio)
        if locked:
            yield at("folio->mapping")
            uptodate = folio.mapping is Mapping.FILE
            if uptodate:
                yield at("folio_test_uptodate under the lock")
                uptodate = folio.flags.uptodate
            yield from folio_unlock(k, folio)
            if uptodate:
                break
            yield from folio_put(k, folio)
        else:
            yield from folio_put_wait_locked(k, me, folio)
        yield at("not filled")
    yield at("copy_folio_to_iter")
    load(me, folio, k.mapping.slot[page].location)
    yield from folio_put(k, folio)
