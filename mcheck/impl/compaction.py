"""Compaction: a migrator that finds pages by their frame numbers: mm/compaction.c."""

from __future__ import annotations

from mcheck.impl.migrate import left_on_list, migrate_pages, putback_movable_pages
from mcheck.impl.move_pages import list_add_isolated
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.state import Cpu, Folio, Kernel, Mapping, Mode, Phase
from mcheck.impl.swap import lru_add_drain_cpu
from mcheck.lang import Held, Proc, Speculative, at, choose, hold, null, procedure


@procedure(clause="s004/use.1, s004/use.3")
def kcompactd(k: Kernel, me: Cpu) -> Proc[None]:
    """Move whatever page is found to another frame; for ever."""
    while True:
        yield at("kcompactd", rest=True)
        folio = choose(k.folio)
        me.busy = True
        yield from lru_add_drain_cpu(k, me)
        isolated: Held[Folio] = yield from isolate_migratepages_block(k, folio)
        if isolated is not null:
            yield from list_add_isolated(k, me, isolated)
            left = yield from migrate_pages(k, me, k.nodes, Mode.SYNC_LIGHT)
            assert left_on_list(k, me, left), "migrate_pages() returned a wrong count"
            if left != 0:
                yield from putback_movable_pages(k, me)
        yield at("return")
        me.busy = False
        me.phase = Phase.IDLE


@procedure
def isolate_migratepages_block(k: Kernel, folio: Folio) -> Proc[Held[Folio]]:
    """Isolate the page in a frame, if there is one on the LRU; null if not."""
    yield at("PageLRU")
    if not folio.flags.lru:
        return null
    yield at("get_page_unless_zero", atomic="atomic_add_unless")
    if folio.refcount == 0:
        return null
    folio.refcount += 1
    guess: Speculative[Folio] = hold(folio)
    yield at("page_mapping")
    anon = guess.mapping is not Mapping.FILE
    if anon:
        yield at("page_count")
        count = guess.refcount
        yield at("total_mapcount")
        if count - 1 > guess.mapcount:
            yield from folio_put(k, guess)
            return null
    yield at("TestClearPageLRU", atomic="test_and_clear_bit")
    if not guess.flags.lru:
        yield from folio_put(k, guess)
        return null
    guess.flags.lru = False
    yield at("del_page_from_lru_list", until=lambda: not k.lruvec.held)
    k.lruvec.acquire()
    assert guess.on_lru, "list_del() of a folio that is on no list"
    guess.on_lru = False
    k.lruvec.release()
    isolated: Held[Folio] = guess
    return isolated
