"""Scenarios without a migrator: what migration relies on."""

from __future__ import annotations

from mcheck.impl.lockers import locker, waiter
from mcheck.impl.memory import user
from mcheck.impl.mmap import munmap
from mcheck.impl.writeback import writeback
from mcheck.scenarios.anon import private, untouched
from mcheck.scenarios.build import scenario
from mcheck.scenarios.catalogue import Size
from mcheck.scenarios.file import DISK, cached, dirtied
from mcheck.scenarios.names import ANON, FILE, UNMAPPED
from mcheck.spec.covers import two_wait_for_the_lock

folio_lock = scenario(
    "folio-lock",
    "the lock of a page, with three that want it and one that waits for it",
    private,
    [locker, locker, locker, waiter],
    kind=UNMAPPED,
    names=[],
    covers=[two_wait_for_the_lock],
    folios=1,
)
writeback_fault = scenario(
    "writeback-fault",
    "writeback of a dirty page of a file that a thread uses",
    dirtied,
    [writeback, user],
    kind=FILE,
    names=[],
    translating=[1],
    environment=[DISK],
    folios=1,
    writenotify=True,
)
munmap_writeback = scenario(
    "munmap-writeback",
    "munmap() and writeback of a dirty page of a file that a thread uses",
    dirtied,
    [munmap, user, writeback],
    kind=FILE,
    names=[],
    translating=[1],
    environment=[DISK],
    size=Size.CI,
    writenotify=True,
)
munmap_first_fault = scenario(
    "munmap-first-fault",
    "munmap() of a place that a thread is the first to touch",
    untouched,
    [munmap, user],
    kind=ANON,
    names=[],
    translating=[1],
)
munmap_first_file_fault = scenario(
    "munmap-first-file-fault",
    "munmap() of a page of tmpfs that a thread has yet to map",
    cached,
    [munmap, user],
    kind=FILE,
    names=[],
    translating=[1],
)
OTHERS = [
    folio_lock,
    writeback_fault,
    munmap_writeback,
    munmap_first_fault,
    munmap_first_file_fault,
]
