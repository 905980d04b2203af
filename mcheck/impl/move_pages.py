"""move_pages(): a process asks for pages at addresses to be moved to nodes: mm/migrate.c."""

from __future__ import annotations

from mcheck.impl.migrate import left_on_list, migrate_pages, putback_movable_pages
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.rwsem import down_read, up_read
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mode, Phase
from mcheck.impl.swap import folio_isolate_lru, lru_cache_disable, lru_cache_enable
from mcheck.lang import Held, Proc, at, choose, hold, null, procedure, release


@procedure(clause="s004/use.1, s004/use.2, s004/use.3")
def move_pages(k: Kernel, me: Cpu) -> Proc[None]:
    """move_pages() of all pages of the address space to a node; then again, to any node."""
    while True:
        yield at("move_pages()", rest=True)
        node = choose(range(k.nodes))
        me.busy = True
        yield from do_pages_move(k, me, node)
        yield at("return")
        me.busy = False
        me.phase = Phase.IDLE


@procedure
def do_pages_move(k: Kernel, me: Cpu, node: int) -> Proc[None]:
    """Isolate what is mapped and not on the node, migrate it, and put back what is left."""
    yield from lru_cache_disable(k)
    for page in range(k.pages):
        yield from add_page_for_migration(k, me, page, node)
    if any(me.from_list[f] for f in k.folio):
        left = yield from migrate_pages(k, me, node, Mode.SYNC)
        assert left_on_list(k, me, left), "migrate_pages() returned a wrong count"
        if left != 0:
            yield from putback_movable_pages(k, me)
    yield from lru_cache_enable(k)


@procedure
def add_page_for_migration(k: Kernel, me: Cpu, page: int, node: int) -> Proc[None]:
    """Find the page at an address, isolate it, and put it on me.from_list."""
    mm = me.mm
    vma = mm.vma[page]
    yield from down_read(k, mm.mmap_lock)
    yield at("find_vma")
    if vma.mapped:
        yield at("follow_page", until=lambda: not vma.ptl.held)
        vma.ptl.acquire()
        if vma.pte.kind is not Entry.PRESENT:
            vma.ptl.release()
        else:
            found = vma.pte.folio
            yield at("try_grab_page")
            found.refcount += 1
            ref: Held[Folio] = hold(found)
            yield at("pte_unmap_unlock")
            vma.ptl.release()
            yield from queue_page(k, me, ref, node)
            yield from folio_put(k, ref)
    yield from up_read(k, mm.mmap_lock)


@procedure
def queue_page(k: Kernel, me: Cpu, folio: Folio, node: int) -> Proc[None]:
    """Isolate a page that is not on the node already; MPOL_MF_MOVE_ALL, so shared ones too."""
    yield at("page_to_nid")
    if folio.node == node:
        return
    isolated: Held[Folio] = yield from folio_isolate_lru(k, folio)
    if isolated is null:
        return
    yield from list_add_isolated(k, me, isolated)


@procedure
def list_add_isolated(k: Kernel, me: Cpu, folio: Held[Folio]) -> Proc[None]:
    """Put an isolated folio on me.from_list, and count it."""
    yield at("list_add_tail")
    assert not me.from_list[folio], "list_add() of a folio that is on a list"
    isolated = folio
    me.from_list[isolated] = True
    release(folio)
    me.phase = Phase.ISOLATING
    yield at("mod_node_page_state(NR_ISOLATED)")
    k.nr_isolated += 1
