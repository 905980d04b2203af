"""Migration proper, as Linux 6.1 does it: mm/migrate.c."""

from __future__ import annotations

from typing import Annotated

from mcheck.impl.anon_vma import page_get_anon_vma, put_anon_vma
from mcheck.impl.content import copy
from mcheck.impl.folio_lock import folio_lock, folio_trylock, folio_unlock, folio_wait_writeback
from mcheck.impl.migrate_mapping import (
    folio_migrate_flags,
    folio_migrate_mapping,
    folio_migrate_unslotted,
)
from mcheck.impl.page_alloc import alloc_pages, folio_put
from mcheck.impl.rmap import remove_migration_ptes, try_to_migrate
from mcheck.impl.state import AnonVma, Cpu, Folio, Kernel, Mapping, Mode, Phase, Rc, Sizes
from mcheck.impl.swap import folio_add_lru, folio_putback_lru, lru_add_drain_cpu
from mcheck.lang import Held, Proc, Range, at, choose, hold, null, procedure

ENOMEM = -12
"""No target could be allocated: what is left was not tried."""


def left_on_list(k: Kernel, me: Cpu, left: int) -> bool:
    """Whether what migrate_pages() returned is how many folios it has left on me.from_list."""
    on_list = sum(me.from_list[f] for f in k.folio)
    return on_list > 0 if left == ENOMEM else on_list == left


@procedure(clause="s004/steps")
def migrate_pages(k: Kernel, me: Cpu, node: int, mode: Mode) -> Proc[int]:
    """Migrate the folios on me.from_list; returns how many are left there, or ENOMEM.

    node is for the function that allocates the targets, new_folio_t. Early passes only try to
    lock; later ones block.
    """
    retry: Annotated[int, Range(0, Sizes.folios)] = 0
    failed: Annotated[int, Range(0, Sizes.folios)] = 0
    nomem = False
    for number in range(k.passes):
        if number == 0 or (retry > 0 and not nomem):
            retry = 0
            yield at("list_for_each_entry_safe")
            for f in k.folio:
                me.this_pass[f] = me.from_list[f]
            while any(me.this_pass[f] for f in k.folio):
                yield at("next")
                folio = choose(f for f in k.folio if me.this_pass[f])
                me.this_pass[folio] = False
                rc = yield from unmap_and_move(k, me, folio, node, number >= k.trying, mode)
                if rc is Rc.EAGAIN:
                    retry += 1
                elif rc is Rc.EBUSY:
                    failed += 1
                elif rc is Rc.ENOMEM:
                    nomem = True
                    break
    yield at("list_splice")
    for f in k.folio:
        me.this_pass[f] = False
        if me.ret_list[f]:
            me.from_list[f] = True
            me.ret_list[f] = False
    return ENOMEM if nomem else failed + retry


@procedure(clause="s004/use.3")
def unmap_and_move(
    k: Kernel, me: Cpu, folio: Folio, node: int, force: bool, mode: Mode
) -> Proc[Rc]:
    """Get a target for a folio on me.from_list and move it there.

    Moved, it is off the list and put; EAGAIN leaves it there; otherwise it is on me.ret_list.
    """
    yield at("page_count")
    if folio.refcount == 1:
        # Only the isolation's reference is left: the page was freed under us.
        rc = Rc.SUCCESS
    else:
        newfolio: Held[Folio] = yield from alloc_pages(k, node)
        if newfolio is null:
            yield at("-ENOMEM")
            me.phase = Phase.GAVE_UP
            return Rc.ENOMEM
        rc = yield from __unmap_and_move(k, me, folio, newfolio, force, mode)
        if rc is not Rc.SUCCESS:
            if rc is not Rc.EAGAIN:
                yield at("list_add_tail(ret)")
                me.from_list[folio] = False
                me.ret_list[folio] = True
            yield from folio_put(k, newfolio)
            return rc
        yield from folio_put(k, newfolio)
    yield at("list_del")
    me.from_list[folio] = False
    isolated: Held[Folio] = hold(folio)
    yield at("mod_node_page_state(NR_ISOLATED)")
    k.nr_isolated -= 1
    yield from folio_put(k, isolated)
    return rc


@procedure(clause="s004/1, s004/2, s004/3, s004/17")
def __unmap_and_move(
    k: Kernel, me: Cpu, src: Folio, dst: Folio, force: bool, mode: Mode
) -> Proc[Rc]:
    """Move a folio to its target, with both locked; or leave it as it was."""
    locked = yield from folio_trylock(k, src)
    if not locked:
        if not force or mode is Mode.ASYNC:
            return Rc.EAGAIN
        yield from folio_lock(k, me, src)
    yield at("folio_test_writeback")
    me.phase = Phase.LOCKED
    if src.flags.writeback:
        if mode is not Mode.SYNC or not force:
            yield from folio_unlock(k, src)
            return Rc.EAGAIN if mode is Mode.SYNC else Rc.EBUSY
        yield from folio_wait_writeback(k, me, src)
    anon_vma: Held[AnonVma] = yield from page_get_anon_vma(k, src)
    locked = yield from folio_trylock(k, dst)
    if not locked:
        rc = Rc.EAGAIN
    else:
        rc = yield from unmap_and_move_locked(k, me, src, dst, mode)
        yield from folio_unlock(k, dst)
    if anon_vma is not null:
        yield from put_anon_vma(k, anon_vma)
    yield from folio_unlock(k, src)
    return rc


@procedure(clause="s004/4, s004/16, s004/18")
def unmap_and_move_locked(k: Kernel, me: Cpu, src: Folio, dst: Folio, mode: Mode) -> Proc[Rc]:
    """The part of __unmap_and_move() with both folios locked."""
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
        yield from remove_migration_ptes(k, me, src, dst if rc is Rc.SUCCESS else src, anon, page)
    yield at("outcome")
    me.walks = False
    if rc is Rc.SUCCESS:
        me.phase = Phase.MOVED
    else:
        me.phase = Phase.BACKED_OUT if me.phase is Phase.UNMAPPED else Phase.GAVE_UP
    return rc


@procedure(clause="s004/12, s004/14")
def move_to_new_folio(k: Kernel, src: Folio, dst: Folio, mapping: Mapping, page: int) -> Proc[Rc]:
    """Make dst what src is. Called with both locked and src unmapped."""
    yield at("folio_test_writeback")
    assert not src.flags.writeback, "BUG_ON(folio_test_writeback(src))"
    file = mapping is Mapping.FILE
    if file:
        rc = yield from folio_migrate_mapping(k, src, dst, page)
    else:
        rc = yield from folio_migrate_unslotted(k, src, dst, mapping, page)
    if rc is not Rc.SUCCESS:
        return rc
    yield at("folio_copy")
    copy(k, src, dst)
    yield from folio_migrate_flags(k, src, dst)
    if file:
        yield at("src->mapping = NULL")
        src.mapping = Mapping.NONE
    return rc


@procedure
def putback_movable_pages(k: Kernel, me: Cpu) -> Proc[None]:
    """Put what is left on me.from_list back to the LRU."""
    while any(me.from_list[f] for f in k.folio):
        yield at("list_del")
        folio = choose(f for f in k.folio if me.from_list[f])
        me.from_list[folio] = False
        isolated: Held[Folio] = hold(folio)
        yield at("mod_node_page_state(NR_ISOLATED)")
        k.nr_isolated -= 1
        yield from folio_putback_lru(k, me, isolated)
