"""Ways to get at a frame that no longer has what was stored last, or is somebody else's."""

from __future__ import annotations

from mcheck.impl.content import copy
from mcheck.impl.migrate import move_to_new_folio
from mcheck.impl.migrate_mapping import (
    folio_migrate_flags,
    folio_migrate_mapping,
    folio_migrate_unslotted,
)
from mcheck.impl.rmap import remove_migration_ptes, try_to_migrate
from mcheck.impl.state import Cpu, Entry, Folio, Kernel, Mapping, Mode, Phase, Rc
from mcheck.impl.swap import folio_add_lru, lru_add_drain_cpu
from mcheck.lang import Pinned, Proc, Speculative, Temporary, at, hold, null, procedure


@procedure
def copied_before_it_is_unmapped(
    k: Kernel, me: Cpu, src: Folio, dst: Folio, mode: Mode
) -> Proc[Rc]:
    """The copy is made first; what is stored between it and the unmapping stays behind."""
    rc = Rc.EAGAIN
    yield at("page->index")
    page = src.index
    yield at("folio_mapping")
    mapping = src.mapping
    anon = mapping is Mapping.ANON
    yield at("folio_mapped")
    was_mapped = src.mapcount > 0 and mapping is not Mapping.NONE
    yield at("folio_copy")
    copy(k, src, dst)
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


@procedure
def moved_without_a_copy(
    k: Kernel, src: Folio, dst: Folio, mapping: Mapping, page: int
) -> Proc[Rc]:
    """The copy was made before, and is not made again."""
    yield at("folio_test_writeback")
    assert not src.flags.writeback, "BUG_ON(folio_test_writeback(src))"
    file = mapping is Mapping.FILE
    if file:
        rc = yield from folio_migrate_mapping(k, src, dst, page)
    else:
        rc = yield from folio_migrate_unslotted(k, src, dst, mapping, page)
    if rc is not Rc.SUCCESS:
        return rc
    yield from folio_migrate_flags(k, src, dst)
    if file:
        yield at("src->mapping = NULL")
        src.mapping = Mapping.NONE
    return rc


@procedure
def uptodate_before_it_is_copied(
    k: Kernel, src: Folio, dst: Folio, mapping: Mapping, page: int
) -> Proc[Rc]:
    """The new folio is up to date before it is filled."""
    yield at("folio_test_writeback")
    assert not src.flags.writeback, "BUG_ON(folio_test_writeback(src))"
    file = mapping is Mapping.FILE
    if file:
        rc = yield from folio_migrate_mapping(k, src, dst, page)
    else:
        rc = yield from folio_migrate_unslotted(k, src, dst, mapping, page)
    if rc is not Rc.SUCCESS:
        return rc
    yield from folio_migrate_flags(k, src, dst)
    yield at("folio_copy")
    copy(k, src, dst)
    if file:
        yield at("src->mapping = NULL")
        src.mapping = Mapping.NONE
    return rc


@procedure
def lookup_without_a_reload(k: Kernel, page: int) -> Proc[Temporary[Folio]]:
    """The slot is not looked at again once there is a reference."""
    while True:
        yield at("xas_load")
        found = k.mapping.slot[page].folio
        yield at("folio_try_get_rcu", atomic="atomic_add_unless")
        if found.refcount == 0:
            continue
        found.refcount += 1
        guess: Speculative[Folio] = hold(found)
        folio: Temporary[Folio] = guess
        return folio


@procedure
def pinned_without_a_second_look(k: Kernel, me: Cpu, page: int) -> Proc[Pinned[Folio]]:
    """The entry is not looked at again once the folio is pinned."""
    pte = me.mm.vma[page].pte
    yield at("ptep_get_lockless")
    me.busy = True
    if pte.kind is not Entry.PRESENT or not pte.writable:
        return null
    found = pte.folio
    yield at("folio_ref_try_add_rcu", atomic="atomic_add_unless")
    if found.refcount == 0:
        return null
    found.refcount += 1
    guess: Speculative[Folio] = hold(found)
    yield at("atomic_add(GUP_PIN_COUNTING_BIAS - 1)")
    guess.refcount += k.pin_bias - 1
    pinned: Pinned[Folio] = guess
    return pinned


@procedure
def moved_without_counting(
    k: Kernel, src: Folio, dst: Folio, mapping: Mapping, page: int
) -> Proc[Rc]:
    """Whoever else has the page, it is moved."""
    yield at("newfolio->index")
    dst.index = page
    yield at("newfolio->mapping")
    dst.mapping = mapping
    return Rc.SUCCESS


@procedure
def never_uptodate(k: Kernel, src: Folio, dst: Folio) -> Proc[None]:
    """Nobody says that the new folio is filled."""
    yield at("folio_test_dirty")
    if src.flags.dirty:
        yield at("folio_set_dirty")
        dst.flags.dirty = True
