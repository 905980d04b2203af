"""Isolation is exclusive, and at rest everything is as it should be: promises 6 and 8."""

from __future__ import annotations

import enum

from mcheck.impl.state import Folio, Kernel, Rwsem
from mcheck.lang import always, holds
from mcheck.spec.wording import and_these, left_overs

COUNTERS = ("nr_isolated",)
"""By name: there is one, NR_ISOLATED of all nodes and kinds."""


@always
def isolation_is_exclusive(k: Kernel) -> list[str]:
    """An isolated folio is on one list, and not on the LRU."""
    return [
        f"{f} is isolated, and also somewhere else"
        for f in k.folio
        if sum(c.from_list[f] + c.ret_list[f] for c in k.cpu) + f.on_lru > 1
    ]


def isolated(k: Kernel) -> int:
    """How many folios are on the lists of migrators."""
    return sum(c.from_list[f] + c.ret_list[f] for c in k.cpu for f in k.folio)


def busy(k: Kernel) -> int:
    """How many CPUs are in the middle of something."""
    return sum(c.busy for c in k.cpu)


@always
def isolation_is_counted(k: Kernel) -> list[str]:
    """NR_ISOLATED is how many folios are isolated; a CPU at work may be about to count one."""
    return [
        f"{name} is {k.nr_isolated}, but {isolated(k)} are isolated, and {busy(k)} CPUs at work"
        for name in COUNTERS
        if k.nr_isolated > isolated(k) + busy(k) or isolated(k) > k.nr_isolated + busy(k)
    ]


def completing(k: Kernel, f: Folio) -> bool:
    """Whether the disk has a folio, or is telling that it has written it."""
    return holds(f) > 0 or any(s.bio is f for s in k.mapping.slot)


def left_over(k: Kernel, f: Folio) -> bool:
    """Whether a folio is not as it should be while nobody does anything."""
    return (
        f.frozen
        or f.flags.locked
        or (f.flags.writeback and not completing(k, f))
        or (f.refcount == 0 and not f.free)
        or f.flags.lru != f.on_lru
        or any(c.from_list[f] or c.ret_list[f] or c.waits_on is f for c in k.cpu)
    )


@always
def nothing_is_left_over(k: Kernel) -> list[str]:
    """At rest no folio is locked, isolated, frozen, lost, or under writeback without a disk."""
    return [
        f"nobody is at work, and {f} is left over{and_these(left_overs(k, f))}"
        for f in k.folio
        if busy(k) == 0 and left_over(k, f)
    ]


@always
def back_on_the_lru(k: Kernel) -> list[str]:
    """At rest whatever is mapped or cached is on the LRU, or in a batch on its way there."""
    return [
        f"nobody is at work, and {f} is in use, but neither on the LRU nor on its way there"
        for f in k.folio
        if busy(k) == 0
        and (f.mapcount > 0 or any(s.folio is f for s in k.mapping.slot))
        and not f.on_lru
        and not any(c.fbatch is f for c in k.cpu)
    ]


class Semaphore(enum.Enum):
    """The semaphores, by name; each address space has an mmap_lock."""

    ANON_VMA = "anon_vma.rwsem"
    I_MMAP = "mapping.i_mmap"
    MMAP = "mmap_lock"


def shared(sem: Rwsem) -> bool:
    """Whether a writer is not alone."""
    return sem.writer and sem.readers > 0


def is_shared(k: Kernel, which: Semaphore) -> bool:
    """Whether there are readers beside a writer."""
    if which is Semaphore.ANON_VMA:
        return shared(k.anon_vma.rwsem)
    if which is Semaphore.I_MMAP:
        return shared(k.mapping.i_mmap)
    return any(shared(m.mmap_lock) for m in k.mm)


@always
def writers_are_alone(k: Kernel) -> list[str]:
    """Nobody reads under a semaphore that is held for writing."""
    return [
        f"{which.value} is held for writing, and for reading at the same time"
        for which in Semaphore
        if is_shared(k, which)
    ]


class Lasting(enum.Enum):
    """What lasts only as long as somebody is at work."""

    ANON_VMA = "anon_vma.rwsem is held or waited for"
    I_MMAP = "mapping.i_mmap is held or waited for"
    MMAP = "an mmap_lock is held or waited for"
    PTL = "a page-table lock is held"
    I_PAGES = "mapping.i_pages is locked"
    BATCH = "the local lock of a batch for the LRU is held"
    DISABLED = "batches for the LRU are disabled (lru_disable_count)"
    OWED = "a dirty bit was taken from an entry, and not given to the folio"
    WOKEN = "a CPU was woken that does not sleep"


def in_use(sem: Rwsem) -> bool:
    """Whether anybody has a semaphore, or wants to write under it."""
    return sem.readers > 0 or sem.writer or sem.queued


def lasts(k: Kernel, what: Lasting) -> bool:
    """Whether it is so now."""
    if what is Lasting.ANON_VMA:
        return in_use(k.anon_vma.rwsem)
    if what is Lasting.I_MMAP:
        return in_use(k.mapping.i_mmap)
    if what is Lasting.MMAP:
        return any(in_use(m.mmap_lock) for m in k.mm)
    if what is Lasting.PTL:
        return any(v.ptl.held for m in k.mm for v in m.vma)
    if what is Lasting.I_PAGES:
        return k.mapping.i_pages.held
    if what is Lasting.BATCH:
        return any(c.local_lock.held for c in k.cpu)
    if what is Lasting.DISABLED:
        return k.lru_disable_count > 0
    if what is Lasting.OWED:
        return any(v.owed for m in k.mm for v in m.vma)
    return any(c.woken for c in k.cpu)


@always
def locks_are_free_at_rest(k: Kernel) -> list[str]:
    """At rest no lock is held, nobody queues, and no counter is raised."""
    return [
        f"nobody is at work, and {what.value}"
        for what in Lasting
        if busy(k) == 0 and lasts(k, what)
    ]
