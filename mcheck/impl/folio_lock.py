"""PG_locked and PG_writeback, who waits for them, and who wakes whom: mm/filemap.c."""

from __future__ import annotations

from mcheck.impl.page_alloc import folio_put
from mcheck.impl.state import Bit, Cpu, Folio, Kernel
from mcheck.lang import Held, Proc, at, choose, null, procedure, racy


def is_set(folio: Folio, bit: Bit) -> bool:
    """Whether the bit is set: one load of folio->flags."""
    return folio.flags.locked if bit is Bit.LOCKED else folio.flags.writeback


@procedure
def folio_trylock(k: Kernel, folio: Folio) -> Proc[bool]:
    """Lock the folio if nobody has."""
    yield at("folio_trylock", atomic="test_and_set_bit")
    if folio.flags.locked:
        return False
    folio.flags.locked = True
    return True


@procedure
def folio_lock(k: Kernel, me: Cpu, folio: Folio) -> Proc[None]:
    """Lock the folio; sleep as long as somebody else has."""
    locked = yield from folio_trylock(k, folio)
    if not locked:
        yield from __folio_lock(k, me, folio)


@procedure
def __folio_lock(k: Kernel, me: Cpu, folio: Folio) -> Proc[None]:
    """folio_wait_bit_common(EXCLUSIVE): sleep, try again, sleep again.

    Nobody is handed the lock: that comes after five rounds, and is about fairness.
    """
    while True:
        yield at("folio_set_waiters", until=lambda: not k.waitqueue.held)
        k.waitqueue.acquire()
        folio.flags.waiters = True
        yield at("folio_trylock_flag", atomic="test_and_set_bit")
        locked = not folio.flags.locked
        if locked:
            folio.flags.locked = True
        else:
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
def folio_wait_bit(k: Kernel, me: Cpu, folio: Folio, bit: Bit) -> Proc[None]:
    """folio_wait_bit_common(SHARED): sleep until somebody says that the bit is clear."""
    queued = yield from folio_queue(k, me, folio, bit)
    if queued:
        yield from folio_sleep(k, me)


@procedure
def folio_put_wait_locked(k: Kernel, me: Cpu, folio: Held[Folio]) -> Proc[None]:
    """folio_wait_bit_common(DROP): give up the reference once queued, then sleep."""
    queued = yield from folio_queue(k, me, folio, Bit.LOCKED)
    yield from folio_put(k, folio)
    if queued:
        yield from folio_sleep(k, me)


@procedure
def folio_queue(k: Kernel, me: Cpu, folio: Folio, bit: Bit) -> Proc[bool]:
    """Queue up behind the folio, unless the bit is clear by now."""
    yield at("folio_set_waiters", until=lambda: not k.waitqueue.held)
    k.waitqueue.acquire()
    folio.flags.waiters = True
    yield at("folio_trylock_flag")
    queued = is_set(folio, bit)
    if queued:
        me.waits_on = folio
        me.waits_for = bit
        me.exclusive = False
    k.waitqueue.release()
    return queued


@procedure
def folio_sleep(k: Kernel, me: Cpu) -> Proc[None]:
    """Sleep until WQ_FLAG_WOKEN is set."""
    yield at("io_schedule", until=lambda: racy(me.woken), atomic="woken")
    me.woken = False


@procedure
def folio_wait_writeback(k: Kernel, me: Cpu, folio: Folio) -> Proc[None]:
    """Wait until writeback is complete."""
    while True:
        yield at("folio_test_writeback")
        if not folio.flags.writeback:
            return
        yield from folio_wait_bit(k, me, folio, Bit.WRITEBACK)
        yield at("woken")


@procedure
def folio_unlock(k: Kernel, folio: Folio) -> Proc[None]:
    """Unlock the folio, and wake who waits for it."""
    yield at("clear_bit_unlock_is_negative_byte", atomic="clear_bit_unlock_is_negative_byte")
    assert folio.flags.locked, "folio_unlock() of a folio that is not locked"
    folio.flags.locked = False
    if folio.flags.waiters:
        yield from folio_wake_bit(k, folio, Bit.LOCKED)


@procedure
def folio_wake_bit(k: Kernel, folio: Folio, bit: Bit) -> Proc[None]:
    """Wake the waiters for one bit: all that share, and at most one that wants the lock.

    The queue gives them in any order. wake_page_function() stops at one that wants the lock if
    the folio has been locked again.
    """
    yield at("spin_lock(waitqueue)", until=lambda: not k.waitqueue.held)
    k.waitqueue.acquire()
    matched = any(c.waits_on is folio for c in k.cpu)
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
    if not matched or not any(c.waits_on is folio for c in k.cpu):
        folio.flags.waiters = False
    k.waitqueue.release()
