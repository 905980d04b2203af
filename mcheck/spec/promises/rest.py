"""Isolation is exclusive, and at rest everything is as it should be: promises 6 and 8."""

from __future__ import annotations

from mcheck.impl.state import Folio, Kernel, Rwsem
from mcheck.lang import always


@always
def isolation_is_exclusive(k: Kernel) -> list[str]:
    """An isolated folio is on one list, and not on the LRU."""
    return [
        f"{f} is isolated, and also somewhere else"
        for f in k.folio
        if sum(c.from_list[f] + c.ret_list[f] for c in k.cpu) + f.on_lru > 1
    ]


def left_over(k: Kernel, f: Folio) -> bool:
    """Whether a folio is not as it should be while nobody does anything."""
    return (
        f.frozen
        or f.flags.locked
        or (f.refcount == 0 and not f.free)
        or f.flags.lru != f.on_lru
        or any(c.from_list[f] or c.ret_list[f] or c.waits_on is f for c in k.cpu)
    )


@always
def nothing_is_left_over(k: Kernel) -> list[Folio]:
    """At rest no folio is locked, isolated, frozen or lost, and the counters are back."""
    return [
        f
        for f in k.folio
        if not any(c.busy for c in k.cpu) and (left_over(k, f) or k.nr_isolated != 0)
    ]


@always
def back_on_the_lru(k: Kernel) -> list[Folio]:
    """At rest whatever is mapped or cached is on the LRU, or in a batch on its way there."""
    return [
        f
        for f in k.folio
        if not any(c.busy for c in k.cpu)
        and (f.mapcount > 0 or any(s.folio is f for s in k.mapping.slot))
        and not f.on_lru
        and not any(c.fbatch is f for c in k.cpu)
    ]


def shared(sem: Rwsem) -> bool:
    """Whether a writer is not alone."""
    return sem.writer and sem.readers > 0


@always
def writers_are_alone(k: Kernel) -> bool:
    """Nobody reads under a semaphore that is held for writing."""
    return not (
        shared(k.anon_vma.rwsem)
        or shared(k.mapping.i_mmap)
        or any(shared(m.mmap_lock) for m in k.mm)
    )


@always
def locks_are_free_at_rest(k: Kernel) -> bool:
    """At rest no lock is held, nobody queues, and no counter is raised."""
    return any(c.busy for c in k.cpu) or not (
        any(v.ptl.held or v.owed for m in k.mm for v in m.vma)
        or any(m.mmap_lock.readers > 0 or m.mmap_lock.writer or m.mmap_lock.queued for m in k.mm)
        or k.anon_vma.rwsem.readers > 0
        or k.mapping.i_mmap.readers > 0
        or k.lru_disable_count > 0
        or any(c.woken for c in k.cpu)
    )
