"""Pages that are moved, or put back, by half."""

from __future__ import annotations

from mcheck.impl.migrate import migrate_pages, move_to_new_folio
from mcheck.impl.move_pages import add_page_for_migration
from mcheck.impl.rmap import remove_migration_ptes, try_to_migrate
from mcheck.impl.state import Cpu, Folio, Kernel, Mapping, Mode, Phase, Rc
from mcheck.impl.swap import folio_add_lru, lru_add_drain_cpu, lru_cache_disable, lru_cache_enable
from mcheck.lang import Proc, at, procedure


@procedure
def restored_to_the_old_folio(k: Kernel, me: Cpu, src: Folio, dst: Folio, mode: Mode) -> Proc[Rc]:
    """The entries are restored as if the page had not moved."""
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
        yield from folio_add_lru(k, me, dst)
        if was_mapped:
            yield from lru_add_drain_cpu(k, me)
    if was_mapped:
        yield from remove_migration_ptes(k, me, src, src, anon, page)
    yield at("outcome")
    me.walks = False
    me.phase = Phase.MOVED if rc is Rc.SUCCESS else Phase.BACKED_OUT
    return rc


@procedure
def not_put_back(k: Kernel, me: Cpu, node: int) -> Proc[None]:
    """What could not be moved is not put back."""
    yield from lru_cache_disable(k)
    for page in range(k.pages):
        yield from add_page_for_migration(k, me, page, node)
    if any(me.from_list[f] for f in k.folio):
        yield from migrate_pages(k, me, node, Mode.SYNC)
    yield from lru_cache_enable(k)
