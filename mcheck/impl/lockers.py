"""Users of a page's lock and of nothing else: as many as it takes to have a queue."""

from __future__ import annotations

from mcheck.impl.folio_lock import folio_lock, folio_unlock, folio_wait_bit
from mcheck.impl.state import Bit, Cpu, Kernel
from mcheck.lang import Proc, at, procedure


@procedure
def locker(k: Kernel, me: Cpu) -> Proc[None]:
    """Lock a page and unlock it, for ever."""
    while True:
        yield at("lock", rest=True)
        me.busy = True
        yield from folio_lock(k, me, k.folio[0])
        yield from folio_unlock(k, k.folio[0])
        yield at("return")
        me.busy = False


@procedure
def waiter(k: Kernel, me: Cpu) -> Proc[None]:
    """Wait until a page is unlocked, for ever."""
    while True:
        yield at("wait", rest=True)
        me.busy = True
        yield from folio_wait_bit(k, me, k.folio[0], Bit.LOCKED)
        yield at("return")
        me.busy = False
