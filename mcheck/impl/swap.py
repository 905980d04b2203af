"""The LRU: the batches on the way to it, and isolation from it: mm/swap.c, mm/vmscan.c."""

from __future__ import annotations

from mcheck.impl.page_alloc import folio_put
from mcheck.impl.state import Cpu, Folio, Kernel
from mcheck.lang import Held, Proc, at, hold, null, procedure, release


@procedure
def folio_add_lru(k: Kernel, me: Cpu, folio: Folio) -> Proc[None]:
    """Put a folio into the CPU's batch for the LRU; while batches are disabled, onto the LRU.

    The batch has a reference of its own. Here it takes one folio: a second one drains it.
    """
    yield at("folio_get")
    folio.refcount += 1
    ref: Held[Folio] = hold(folio)
    yield at("local_lock(fbatch)", until=lambda: not me.local_lock.held)
    me.local_lock.acquire()
    full = me.fbatch is not null
    yield at("lru_cache_disabled")
    disabled = k.lru_disable_count > 0
    if full or disabled:
        if full:
            yield at("folio_batch_reinit")
            batched: Held[Folio] = hold(me.fbatch)
            me.fbatch = null
            yield from folio_batch_move_lru(k, batched)
        yield from folio_batch_move_lru(k, ref)
    else:
        yield at("folio_batch_add")
        me.fbatch = release(ref)
    yield at("local_unlock(fbatch)")
    me.local_lock.release()


@procedure
def folio_batch_move_lru(k: Kernel, folio: Held[Folio]) -> Proc[None]:
    """Move a folio of a batch to the LRU, and drop the batch's reference."""
    yield at("lru_add_fn", until=lambda: not k.lruvec.held)
    k.lruvec.acquire()
    assert not folio.flags.lru, "PG_lru of a folio that is not on the LRU"
    yield at("lruvec_add_folio")
    assert not folio.on_lru, "list_add() of a folio that is on a list"
    folio.on_lru = True
    folio.flags.lru = True
    k.lruvec.release()
    yield from folio_put(k, folio)


@procedure
def lru_add_drain_cpu(k: Kernel, cpu: Cpu) -> Proc[None]:
    """Move what is in the batch of a CPU to the LRU."""
    yield at("local_lock(fbatch)", until=lambda: not cpu.local_lock.held)
    cpu.local_lock.acquire()
    if cpu.fbatch is not null:
        yield at("folio_batch_reinit")
        batched: Held[Folio] = hold(cpu.fbatch)
        cpu.fbatch = null
        yield from folio_batch_move_lru(k, batched)
    yield at("local_unlock(fbatch)")
    cpu.local_lock.release()


@procedure
def lru_cache_disable(k: Kernel) -> Proc[None]:
    """Let no folio stay in a batch from now on, and drain all of them."""
    yield at("atomic_inc(lru_disable_count)")
    k.lru_disable_count += 1
    for cpu in k.cpu:
        yield from lru_add_drain_cpu(k, cpu)
        yield at("next CPU")


@procedure
def lru_cache_enable(k: Kernel) -> Proc[None]:
    """Allow batches again."""
    yield at("atomic_dec(lru_disable_count)")
    k.lru_disable_count -= 1


@procedure
def folio_isolate_lru(k: Kernel, folio: Folio) -> Proc[Held[Folio]]:
    """Take a folio off the LRU and a reference to it; null if somebody else has it.

    Called with a reference.
    """
    yield at("folio_test_clear_lru", atomic="test_and_clear_bit")
    if not folio.flags.lru:
        return null
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
def folio_putback_lru(k: Kernel, me: Cpu, folio: Held[Folio]) -> Proc[None]:
    """Give an isolated folio back to the LRU, and drop the reference of the isolation."""
    yield from folio_add_lru(k, me, folio)
    yield from folio_put(k, folio)
