"""Two processes add to one counter, under a lock."""

from __future__ import annotations

from mcheck.lang import Const, Embed, Int, Lock, Model, Proc, State, always, at, cover, procedure, run


class Counters(State):
    """A counter and the lock that protects it."""

    workers = Const(2)
    total = Int(0, 4)
    lock = Embed(Lock)


@procedure
def worker(k: Counters, me: int) -> Proc[None]:
    """Read, then write one more than was read, all under the lock."""
    yield at("lock", until=lambda: not k.lock.held)
    k.lock.acquire()
    yield at("read")
    seen = k.total
    yield at("write")
    k.total = seen + 1
    yield at("unlock")
    k.lock.release()


@cover
def all_added(k: Counters) -> bool:
    """Everybody's addition arrived."""
    return k.total == k.workers


@always
def no_more(k: Counters) -> bool:
    """Nothing is added twice."""
    return k.total <= k.workers


counters = Model(
    "counters", Counters, [run(worker, each=Counters.workers)], [all_added, no_more]
)
