"""Wake-ups that get lost, and locks that are waited for wrongly, kept, or not kept out of."""

from __future__ import annotations

from mcheck.impl.anon_vma import folio_lock_anon_vma_read, put_anon_vma
from mcheck.impl.folio_lock import folio_queue, folio_sleep, is_set
from mcheck.impl.mmap import unlink_vma, zap_pte_range
from mcheck.impl.page_alloc import folio_put
from mcheck.impl.rmap import try_to_migrate_one
from mcheck.impl.rwsem import down_read, down_write, downgrade_write, up_read, up_write
from mcheck.impl.state import AnonVma, Bit, Cpu, Entry, Folio, Kernel, Mapping, Vma
from mcheck.impl.swap import lru_add_drain_cpu
from mcheck.impl.tlb import flush_tlb_page
from mcheck.lang import Held, Proc, at, choose, hold, null, procedure, racy, release


@procedure
def unlocked_without_a_wake_up(k: Kernel, folio: Folio) -> Proc[None]:
    """Nobody looks whether there are waiters."""
    yield at("clear_bit_unlock_is_negative_byte", atomic="clear_bit_unlock_is_negative_byte")
    assert folio.flags.locked, "folio_unlock() of a folio that is not locked"
    folio.flags.locked = False


@procedure
def queued_after_the_look(k: Kernel, me: Cpu, folio: Folio, bit: Bit) -> Proc[bool]:
    """PG_waiters is set after the bit has been looked at."""
    yield at("folio_set_waiters", until=lambda: not k.waitqueue.held)
    k.waitqueue.acquire()
    yield at("folio_trylock_flag")
    queued = is_set(folio, bit)
    if queued:
        yield at("folio_set_waiters late")
        folio.flags.waiters = True
        me.waits_on = folio
        me.waits_for = bit
        me.exclusive = False
    k.waitqueue.release()
    return queued


@procedure
def asleep_with_the_page_table_lock(k: Kernel, me: Cpu, vma: Vma) -> Proc[None]:
    """The page-table lock is given back only after the sleep."""
    yield at("is_migration_entry", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if vma.pte.kind is not Entry.MIGRATION:
        vma.ptl.release()
        return
    folio = vma.pte.folio
    queued = yield from folio_queue(k, me, folio, Bit.LOCKED)
    if queued:
        yield from folio_sleep(k, me)
    yield at("pte_unmap_unlock")
    vma.ptl.release()


@procedure
def rmap_lock_kept(k: Kernel, me: Cpu, folio: Folio, anon: bool, page: int) -> Proc[None]:
    """The walk is over, the lock of the anon_vma is not given back."""
    if anon:
        locked = yield from folio_lock_anon_vma_read(k, folio)
        if not locked:
            return
    else:
        yield from down_read(k, k.mapping.i_mmap)
    goes_on = True
    for mm in k.mm:
        if goes_on:
            yield at("vma_interval_tree_foreach")
            me.walks = anon
            if mm.vma[page].linked and mm.vma[page].anon == anon:
                goes_on = yield from try_to_migrate_one(k, folio, mm, page)
                yield at("page_not_mapped")
                goes_on = goes_on and folio.mapcount > 0
    if not anon:
        yield from up_read(k, k.mapping.i_mmap)


@procedure
def written_without_a_wake_up(k: Kernel, page: int) -> Proc[None]:
    """The end of a writeback wakes nobody."""
    slot = k.mapping.slot[page]
    while True:
        yield at("bio_endio", until=lambda: slot.bio is not null, atomic="interrupt")
        folio = slot.bio
        yield at("folio_get")
        folio.refcount += 1
        ref: Held[Folio] = hold(folio)
        yield at("bio_put")
        slot.bio = null
        yield at("folio_test_clear_writeback", atomic="test_and_clear_bit")
        assert ref.flags.writeback, "BUG(): the end of a writeback that was not started"
        ref.flags.writeback = False
        yield from folio_put(k, ref)


@procedure
def locked_after_the_look(k: Kernel, me: Cpu, folio: Folio) -> Proc[None]:
    """PG_waiters is set after the last try to get the lock."""
    while True:
        yield at("spin_lock(waitqueue)", until=lambda: not k.waitqueue.held)
        k.waitqueue.acquire()
        yield at("folio_trylock_flag", atomic="test_and_set_bit")
        locked = not folio.flags.locked
        if locked:
            folio.flags.locked = True
        else:
            yield at("folio_set_waiters late")
            folio.flags.waiters = True
            me.waits_on = folio
            me.waits_for = Bit.LOCKED
            me.exclusive = True
        k.waitqueue.release()
        if locked:
            return
        yield at("io_schedule", until=lambda: racy(me.woken), atomic="woken")
        me.woken = False
        yield at("test_and_set_bit", atomic="test_and_set_bit")
        if not folio.flags.locked:
            folio.flags.locked = True
            return


@procedure
def mmap_lock_kept(k: Kernel, me: Cpu) -> Proc[None]:
    """The lock of the address space is not given back."""
    yield at("munmap()", rest=True)
    me.busy = True
    mm = me.mm
    vma = mm.vma[0]
    yield from down_write(k, mm.mmap_lock)
    yield at("munmap_sidetree")
    vma.mapped = False
    yield from downgrade_write(k, mm.mmap_lock)
    yield from lru_add_drain_cpu(k, me)
    zapped: Held[Folio] = yield from zap_pte_range(k, vma)
    yield from unlink_vma(k, vma)
    yield from flush_tlb_page(k, vma, 0)
    if zapped is not null:
        yield from folio_put(k, zapped)
    yield at("return")
    me.busy = False


@procedure
def locked_beside_a_writer(k: Kernel, folio: Folio) -> Proc[bool]:
    """The first try looks for a writer that waits, and not for one that is in."""
    yield at("folio_mapping")
    if folio.mapping is not Mapping.ANON:
        return False
    yield at("folio_mapped")
    if folio.mapcount == 0:
        return False
    yield at("down_read_trylock", atomic="down_read_trylock")
    if not k.anon_vma.rwsem.queued:
        k.anon_vma.rwsem.readers += 1
        yield at("still mapped")
        if folio.mapcount > 0:
            return True
        yield from up_read(k, k.anon_vma.rwsem)
        return False
    yield at("atomic_inc_not_zero", atomic="atomic_inc_not_zero")
    if k.anon_vma.refcount == 0:
        return False
    k.anon_vma.refcount += 1
    anon_vma: Held[AnonVma] = hold(k.anon_vma)
    yield at("mapped")
    if folio.mapcount == 0:
        yield from put_anon_vma(k, anon_vma)
        return False
    yield from down_read(k, k.anon_vma.rwsem)
    yield at("atomic_dec_and_test", atomic="atomic_dec_and_test")
    k.anon_vma.refcount -= 1
    release(anon_vma)
    if k.anon_vma.refcount > 0:
        return True
    yield from up_read(k, k.anon_vma.rwsem)
    return False


@procedure
def waiters_forgotten(k: Kernel, folio: Folio, bit: Bit) -> Proc[None]:
    """PG_waiters is cleared though somebody still waits."""
    yield at("spin_lock(waitqueue)", until=lambda: not k.waitqueue.held)
    k.waitqueue.acquire()
    stop = False
    while not stop and any(c.waits_on is folio and c.waits_for is bit for c in k.cpu):
        yield at("wake_page_function")
        waiter = choose(c for c in k.cpu if c.waits_on is folio and c.waits_for is bit)
        if waiter.exclusive:
            stop = folio.flags.locked
            if stop:
                break
            stop = True
        yield at("WQ_FLAG_WOKEN")
        waiter.woken = True
        waiter.waits_on = null
    yield at("folio_clear_waiters")
    folio.flags.waiters = False
    k.waitqueue.release()


@procedure
def tree_lock_kept(k: Kernel, vma: Vma) -> Proc[None]:
    """The tree of the file's mappings stays locked for writing."""
    yield at("free_pgtables")
    if vma.anon:
        yield from down_write(k, k.anon_vma.rwsem)
        yield at("unlink_anon_vmas")
        vma.linked = False
        yield at("RB_EMPTY_ROOT", atomic="tree")
        k.anon_vma.vmas -= 1
        empty: Held[AnonVma] = null
        if k.anon_vma.vmas == 0:
            empty = hold(k.anon_vma)
        yield from up_write(k, k.anon_vma.rwsem)
        if empty is not null:
            yield from put_anon_vma(k, empty)
    else:
        yield from down_write(k, k.mapping.i_mmap)
        yield at("unlink_file_vma")
        vma.linked = False
