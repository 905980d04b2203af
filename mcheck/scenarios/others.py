"""Scenarios without a migrator: what migration relies on."""

from __future__ import annotations

from mcheck.impl.lockers import locker, waiter
from mcheck.impl.memory import user
from mcheck.impl.mmap import munmap
from mcheck.impl.writeback import writeback
from mcheck.scenarios.anon import private
from mcheck.scenarios.build import scenario
from mcheck.scenarios.file import DISK, dirtied
from mcheck.scenarios.names import FILE, UNMAPPED
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
munmap_writeback = scenario(
    "munmap-writeback",
    "munmap() and writeback of a dirty page of a file that a thread uses",
    dirtied,
    [munmap, user, writeback],
    kind=FILE,
    names=[],
    translating=[1],
    environment=[DISK],
    folios=2,
    writenotify=True,
)
OTHERS = [folio_lock, munmap_writeback]
