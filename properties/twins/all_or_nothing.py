"""Pages that are moved, or put back, by half."""

from __future__ import annotations

from mcheck.impl.migrate import migrate_pages, move_to_new_folio
from mcheck.impl.move_pages import add_page_for_migration
from mcheck.impl.pte import awaits
from mcheck.impl.rmap import remove_migration_ptes, try_to_migrate
from mcheck.impl.rwsem import down_read, up_read
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mapping, Mm, Mode, Phase, Rc
from mcheck.impl.swap import folio_add_lru, lru_add_drain_cpu, lru_cache_disable, lru_cache_enable
from mcheck.impl.writeback import page_mkclean_one
from mcheck.lang import Held, Proc, at, hold, procedure, release


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
    if rc is Rc.SUCCESS:
        me.phase = Phase.MOVED
    else:
        me.phase = Phase.BACKED_OUT if me.phase is Phase.UNMAPPED else Phase.GAVE_UP
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


@procedure
def never_submitted(k: Kernel, folio: Folio, page: int) -> Proc[None]:
    """The folio is under writeback, and the disk is not told."""
    yield from down_read(k, k.mapping.i_mmap)
    cleaned = False
    for mm in k.mm:
        yield at("vma_interval_tree_foreach")
        if mm.vma[page].linked and not mm.vma[page].anon:
            found = yield from page_mkclean_one(k, folio, mm, page)
            cleaned = cleaned or found
    yield from up_read(k, k.mapping.i_mmap)
    if cleaned:
        yield at("folio_mark_dirty")
        folio.flags.dirty = True
        yield at("PTEs cleaned")
        for mm in k.mm:
            mm.vma[page].owed = False
    yield at("folio_test_clear_dirty", atomic="test_and_clear_bit")
    dirty = folio.flags.dirty
    folio.flags.dirty = False
    k.mapping.slot[page].owed = dirty
    if dirty:
        yield at("folio_start_writeback")
        folio.flags.writeback = True
        k.mapping.slot[page].owed = False
        # The disk reads the page at any time from now on; what is stored later may be missed.
        k.mapping.slot[page].location.disk = folio.content[k.mapping.slot[page].location]


@procedure
def restored_read_only(k: Kernel, src: Folio, dst: Folio, mm: Mm, page: int) -> Proc[None]:
    """An entry that was writable comes back read-only."""
    vma = mm.vma[page]
    yield at("check_pte", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if not awaits(vma, src):
        vma.ptl.release()
        return
    exclusive = vma.pte.exclusive
    entry_dirty = vma.pte.dirty
    yield at("folio_get")
    dst.refcount += 1
    ref: Held[Folio] = hold(dst)
    yield at("folio_test_dirty")
    dirty = entry_dirty and dst.flags.dirty
    yield at("page_add_rmap")
    dst.mapcount += 1
    if exclusive:
        yield at("SetPageAnonExclusive")
        dst.flags.anon_exclusive = True
    yield at("set_pte_at")
    vma.pte.kind = Entry.PRESENT
    vma.pte.folio = release(ref)
    vma.pte.writable = False
    vma.pte.dirty = dirty
    vma.pte.exclusive = False
    yield at("pte_unmap_unlock")
    vma.ptl.release()
