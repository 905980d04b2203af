"""Frames are taken and given back: mm/page_alloc.c, and folio_put() of mm/swap.c."""

from __future__ import annotations

from mcheck.impl.content import poison
from mcheck.impl.state import Folio, Kernel, Mapping
from mcheck.lang import Held, Proc, at, choose, hold, null, procedure, release


def suits(k: Kernel, folio: Folio, node: int) -> bool:
    """Whether the folio is free, and on the node; any node will do if it is k.nodes."""
    return folio.free and (k.nodes == node or folio.node == node)  # noqa: PLR1714


@procedure
def alloc_pages(k: Kernel, node: int) -> Proc[Held[Folio]]:
    """Take a free frame of a node, or of any if node is k.nodes; null if there is none.

    The free list gives any of its frames. Mirrors rmqueue() and prep_new_page().
    """
    yield at("spin_lock(zone)", until=lambda: not k.zone.held)
    k.zone.acquire()
    if not any(suits(k, f, node) for f in k.folio):
        k.zone.release()
        return null
    yield at("rmqueue")
    f = choose(f for f in k.folio if suits(k, f, node))
    f.free = False
    k.zone.release()
    yield at("check_new_page: flags")
    assert not (f.flags.locked or f.flags.waiters or f.flags.lru or f.flags.writeback), (
        "bad page: flags are set"
    )
    yield at("check_new_page: _mapcount")
    assert f.mapcount == 0, "bad page: nonzero mapcount"
    yield at("check_new_page: mapping")
    assert f.mapping is Mapping.NONE, "bad page: non-NULL mapping"
    yield at("set_page_refcounted", atomic="VM_BUG_ON and store")
    assert f.refcount == 0, "set_page_refcounted() of a page that has references"
    f.refcount = 1
    return hold(f)


@procedure
def folio_put(k: Kernel, folio: Held[Folio]) -> Proc[None]:
    """Give up a reference; the last one frees the folio."""
    yield at("put_page_testzero", atomic="atomic_dec_and_test")
    put = folio
    put.refcount -= 1
    release(folio)
    if put.refcount == 0:
        yield from __folio_put(k, put)


@procedure
def __folio_put(k: Kernel, folio: Folio) -> Proc[None]:
    """Free a folio that nobody refers to. Mirrors __page_cache_release() and free_unref_page()."""
    yield at("folio_test_lru")
    if folio.flags.lru:
        yield at("lruvec_del_folio", until=lambda: not k.lruvec.held)
        k.lruvec.acquire()
        assert folio.on_lru, "PG_lru, but on no list"
        folio.on_lru = False
        folio.flags.lru = False
        k.lruvec.release()
    yield at("PageMappingFlags", atomic="page->mapping = NULL")
    if folio.mapping is Mapping.ANON:
        folio.mapping = Mapping.NONE
    assert folio.mapping is Mapping.NONE, "bad page: non-NULL mapping"
    yield at("page_mapcount")
    assert folio.mapcount == 0, "bad page: nonzero mapcount"
    yield at("free_pages_prepare", atomic="page->flags &= ~PAGE_FLAGS_CHECK_AT_PREP")
    assert not (folio.flags.locked or folio.flags.lru or folio.flags.writeback), "bad page"
    folio.flags.waiters = False
    folio.flags.uptodate = False
    folio.flags.dirty = False
    folio.flags.anon_exclusive = False
    poison(k, folio)
    yield at("free_unref_page", until=lambda: not k.zone.held)
    k.zone.acquire()
    folio.free = True
    k.zone.release()
