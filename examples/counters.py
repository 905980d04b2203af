"""Two workers add to one counter: under a lock, and without."""

from __future__ import annotations

from mcheck.lang import (
    Const,
    Embed,
    Int,
    Lock,
    Model,
    Proc,
    State,
    always,
    at,
    cover,
    procedure,
    run,
)


class Counters(State):
    """What the counter says, what it ought to say, and the lock that protects it."""

    workers = Const(2)
    total = Int(0, workers)
    added = Int(0, workers, ghost=True)
    lock = Embed(Lock)


@procedure
def worker(k: Counters, me: int) -> Proc[None]:
    """Add one to the total; other workers may run at every yield."""
    yield at("lock", until=lambda: not k.lock.held)
    k.lock.acquire()
    yield at("read")
    seen = k.total
    yield at("write")
    k.total = seen + 1
    k.added += 1
    yield at("unlock")
    k.lock.release()


@always
def nothing_lost(k: Counters) -> bool:
    """The total is what was added."""
    return k.total == k.added


@cover
def all_added(k: Counters) -> bool:
    """Every worker gets to add."""
    return k.total == k.workers


counters = Model(
    "counters", Counters, [run(worker, each=Counters.workers)], [nothing_lost, all_added]
)


@procedure
def worker_unlocked(k: Counters, me: int) -> Proc[None]:
    """The same without the lock."""
    yield at("read")
    seen = k.total
    yield at("write")
    k.total = seen + 1
    k.added += 1


unlocked = counters.replace("unlocked", worker=worker_unlocked)
