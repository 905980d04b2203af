"""Isolation that two can have, or that is not undone."""

from __future__ import annotations

from mcheck.impl.migrate import move_to_new_folio
from mcheck.impl.rmap import remove_migration_ptes, try_to_migrate
from mcheck.impl.state import Cpu, Folio, Kernel, Mapping, Mode, Phase, Rc
from mcheck.impl.swap import folio_putback_lru, lru_add_drain_cpu
from mcheck.lang import Held, Proc, at, choose, hold, null, procedure


@procedure
def left_on_the_lru(k: Kernel, folio: Folio) -> Proc[Held[Folio]]:
    """PG_lru is cleared, but the folio stays on its list."""
    yield at("folio_test_clear_lru", atomic="test_and_clear_bit")
    if not folio.flags.lru:
        return null
    folio.flags.lru = False
    yield at("folio_get")
    folio.refcount += 1
    isolated: Held[Folio] = hold(folio)
    return isolated


@procedure
def tested_and_not_cleared(k: Kernel, folio: Folio) -> Proc[Held[Folio]]:
    """PG_lru is cleared later than it is tested: two can find it set."""
    yield at("folio_test_lru")
    if not folio.flags.lru:
        return null
    yield at("folio_clear_lru")
    folio.flags.lru = False
    yield at("folio_get")
    folio.refcount += 1
    isolated: Held[Folio] = hold(folio)
    yield at("lruvec_del_folio", until=lambda: not k.lruvec.held)
    k.lruvec.acquire()
    assert isolated.on_lru, "list_del() of a folio that is on no list"
    isolated.on_lru = False
    k.lruvec.release()
    return isolated


@procedure
def never_counted_back(k: Kernel, me: Cpu) -> Proc[None]:
    """A page that is put back is counted as isolated for ever."""
    while any(me.from_list[f] for f in k.folio):
        yield at("list_del")
        folio = choose(f for f in k.folio if me.from_list[f])
        me.from_list[folio] = False
        isolated: Held[Folio] = hold(folio)
        yield from folio_putback_lru(k, me, isolated)


@procedure
def new_page_not_on_the_lru(k: Kernel, me: Cpu, src: Folio, dst: Folio, mode: Mode) -> Proc[Rc]:
    """The target of a migration is not put on the LRU."""
    rc = Rc.EAGAIN
    yield at("page->index")
    page = src.index
    yield at("folio_mapping")
    mapping = src.mapping
    anon = mapping is Mapping.ANON
    yield at("folio_mapped")
    was_mapped = src.mapcount > 0 and mapping is not Mapping.NONE
    if was_mapped:
        yield from try_to_migrate(k, me, src, anon, page)
    yield at("still mapped")
    me.walks = False
    if src.mapcount == 0:
        me.phase = Phase.UNMAPPED
        rc = yield from move_to_new_folio(k, src, dst, mapping, page)
    if rc is Rc.SUCCESS:
        # The target goes to the LRU before the entries are restored.
        yield from lru_add_drain_cpu(k, me)
    if was_mapped:
        yield from remove_migration_ptes(k, me, src, dst if rc is Rc.SUCCESS else src, anon, page)
    yield at("outcome")
    me.walks = False
    if rc is Rc.SUCCESS:
        me.phase = Phase.MOVED
    else:
        me.phase = Phase.BACKED_OUT if me.phase is Phase.UNMAPPED else Phase.GAVE_UP
    return rc
