"""Scenarios with a page of a file: its count is frozen while its slot is changed."""

from __future__ import annotations

from mcheck.impl.compaction import kcompactd
from mcheck.impl.filemap import read
from mcheck.impl.gup import pin_user_pages_fast
from mcheck.impl.memory import user
from mcheck.impl.mmap import munmap
from mcheck.impl.move_pages import move_pages
from mcheck.impl.state import Content, Kernel
from mcheck.impl.writeback import disk, write_and_sync, writeback
from mcheck.lang import run
from mcheck.scenarios.boot import file_page, machine, run_on
from mcheck.scenarios.build import scenario
from mcheck.scenarios.catalogue import Size
from mcheck.scenarios.names import (
    FAULT,
    FILE,
    MIGRATOR,
    MUNMAP,
    PIN,
    READ,
    UNMAPPED,
    WRITE,
    WRITEBACK,
)
from mcheck.spec.covers import (
    a_fault_in_the_gap_makes_an_attempt_fail,
    a_fault_waits_for_migration,
    a_frame_is_used_again,
    a_migration_backs_out,
    a_migration_succeeds,
    migration_waits_for_the_lock,
    migration_waits_for_writeback,
    the_page_is_pinned,
)

MOVES = [a_migration_succeeds, a_migration_backs_out, a_frame_is_used_again]
DISK = run(disk, each=Kernel.pages, name="disk{}", daemon=True)


def mapped(k: Kernel) -> None:
    """A page of the file, mapped by one address space; all CPUs run it."""
    machine(k)
    file_page(k, 0, 0, [0])
    run_on(k, range(k.cpus), 0)


def mapped_twice(k: Kernel) -> None:
    """A page of the file, mapped by two address spaces; CPU1 runs the one that is walked first."""
    machine(k)
    file_page(k, 0, 0, [0, 1])
    run_on(k, [0], 1)
    run_on(k, [1], 0)


def dirtied(k: Kernel) -> None:
    """A page of the file that was stored to through its mapping, and not yet written back.

    Where dirtying is tracked, the folio was marked before the entry became writable.
    """
    mapped(k)
    k.folio[0].flags.dirty = bool(k.writenotify)
    k.mm[0].vma[0].pte.writable = True
    k.mm[0].vma[0].pte.dirty = True
    k.location[0].disk = Content.STALE


def cached(k: Kernel) -> None:
    """A page of the file that can be mapped, and is not."""
    machine(k)
    file_page(k, 0, 0, [0], mapped=False)
    run_on(k, range(k.cpus), 0)


def unmapped(k: Kernel) -> None:
    """A page of the file that nobody runs a mapping of."""
    machine(k)
    file_page(k, 0, 0, [])


def two_pages(k: Kernel) -> None:
    """Two pages of the file that nobody runs a mapping of."""
    machine(k)
    file_page(k, 0, 0, [])
    file_page(k, 1, 1, [])


def unmapped_dirty(k: Kernel) -> None:
    """A page of the file that was written to, and not yet written back."""
    unmapped(k)
    k.folio[0].flags.dirty = True
    k.location[0].disk = Content.STALE


file_fault = scenario(
    "file-fault",
    "move_pages() of a page of tmpfs that a CPU loads from and stores to",
    mapped,
    [move_pages, user],
    kind=FILE,
    names=[FAULT],
    translating=[1],
    covers=[
        *MOVES,
        a_fault_waits_for_migration,
        migration_waits_for_the_lock,
        a_fault_in_the_gap_makes_an_attempt_fail,
    ],
)
file_first_fault = scenario(
    "file-first-fault",
    "compaction of a page of a file that a CPU has yet to map",
    cached,
    [kcompactd, user],
    kind=UNMAPPED,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES, a_fault_waits_for_migration, migration_waits_for_the_lock],
    size=Size.CI,
    writenotify=True,
)


file_read = scenario(
    "file-read",
    "compaction of a page of a file that is read with read()",
    unmapped,
    [kcompactd, read],
    kind=UNMAPPED,
    names=[READ],
    covers=MOVES,
)
file_read_mapped = scenario(
    "file-read-mapped",
    "compaction of a page of a file that is mapped, and read with read()",
    mapped,
    [kcompactd, read],
    kind=FILE,
    names=[READ],
    covers=MOVES,
)
file_writeback = scenario(
    "file-writeback",
    "move_pages() of a dirty page of a file that is written back",
    dirtied,
    [move_pages, writeback],
    kind=FILE,
    names=[WRITEBACK],
    environment=[DISK],
    covers=[*MOVES, migration_waits_for_writeback, migration_waits_for_the_lock],
    writenotify=True,
)
file_write = scenario(
    "file-write",
    "move_pages() of a page of a file that is written to and synced",
    mapped,
    [move_pages, write_and_sync],
    kind=FILE,
    names=[WRITE],
    environment=[DISK],
    size=Size.CI,
    covers=[*MOVES, migration_waits_for_writeback, migration_waits_for_the_lock],
    writenotify=True,
)
file_pin = scenario(
    "file-pin",
    "compaction of a page of tmpfs that is pinned without a lock, for a device to write to it",
    mapped,
    [kcompactd, pin_user_pages_fast],
    kind=FILE,
    names=[PIN],
    covers=[*MOVES, the_page_is_pinned],
    pin_bias=6,
    max_refcount=15,
)
file_munmap = scenario(
    "file-munmap",
    "compaction of a dirty page of tmpfs that an address space lets go of",
    dirtied,
    [kcompactd, munmap],
    kind=FILE,
    names=[MUNMAP],
    translating=[1],
    covers=MOVES,
)
file_two_migrators = scenario(
    "file-two-migrators",
    "move_pages() and compaction want the same page of a file",
    mapped,
    [move_pages, kcompactd],
    kind=FILE,
    names=[MIGRATOR],
    covers=MOVES,
)
file_mapped_twice = scenario(
    "file-mapped-twice",
    "compaction of a page of tmpfs that two address spaces map; one of them uses it",
    mapped_twice,
    [kcompactd, user],
    kind=FILE,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES, a_fault_waits_for_migration, migration_waits_for_the_lock],
    size=Size.CI,
    mms=2,
)
file_writeback_fault = scenario(
    "file-writeback-fault",
    "compaction of a page of a file that a CPU stores to and that is written back",
    mapped,
    [kcompactd, user, writeback],
    kind=FILE,
    names=[FAULT, WRITEBACK],
    translating=[1],
    environment=[DISK],
    covers=[*MOVES, a_fault_waits_for_migration],
    size=Size.DEEP,
    writenotify=True,
)
file_cached_writeback = scenario(
    "file-cached-writeback",
    "compaction of a dirty page of a file that is written back; nothing maps it",
    unmapped_dirty,
    [kcompactd, writeback],
    kind=UNMAPPED,
    names=[WRITEBACK],
    environment=[DISK],
    covers=MOVES,
)
file_cached_write = scenario(
    "file-cached-write",
    "compaction of a page of a file that is written to and synced; nothing maps it",
    unmapped,
    [kcompactd, write_and_sync],
    kind=UNMAPPED,
    names=[WRITE],
    environment=[DISK],
    size=Size.CI,
    covers=[*MOVES, migration_waits_for_the_lock],
)
file_cached_two_migrators = scenario(
    "file-cached-two-migrators",
    "compaction on two CPUs wants the same page of a file; nothing maps it",
    unmapped,
    [kcompactd, kcompactd],
    kind=UNMAPPED,
    names=[MIGRATOR],
    covers=MOVES,
)
file_two_pages = scenario(
    "file-two-pages",
    "compaction of two pages of a file that are read with read()",
    two_pages,
    [kcompactd, read],
    kind=UNMAPPED,
    names=[READ],
    size=Size.CI,
    covers=MOVES,
    pages=2,
    locations=2,
    folios=3,
)
FILES = [
    file_fault,
    file_read,
    file_read_mapped,
    file_writeback,
    file_pin,
    file_munmap,
    file_two_migrators,
    file_cached_writeback,
    file_cached_write,
    file_cached_two_migrators,
    file_two_pages,
    file_write,
    file_first_fault,
    file_mapped_twice,
    file_writeback_fault,
]
