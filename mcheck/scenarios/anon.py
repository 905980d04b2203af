"""Scenarios with an anonymous page: no slot in a page cache; its count is compared, not frozen."""

from __future__ import annotations

from mcheck.impl.compaction import kcompactd
from mcheck.impl.gup import pin_user_pages_fast
from mcheck.impl.memory import user
from mcheck.impl.mmap import munmap
from mcheck.impl.move_pages import move_pages
from mcheck.impl.state import Kernel
from mcheck.scenarios.boot import anon_hole, anon_page, machine, run_on
from mcheck.scenarios.build import scenario
from mcheck.scenarios.catalogue import Size
from mcheck.scenarios.names import ANON, FAULT, GET, MIGRATOR, MUNMAP, PIN, SHARED
from mcheck.spec.covers import (
    a_fault_waits_for_migration,
    a_frame_is_used_again,
    a_migration_backs_out,
    a_migration_gives_up,
    a_migration_succeeds,
    the_anon_vma_is_freed,
    the_page_is_copied_on_write,
    the_page_is_pinned,
)

MOVES = [a_migration_succeeds, a_migration_backs_out, a_frame_is_used_again]
# Faults take no reference to an anonymous page that one address space has for itself. So nothing
# makes its migration back out once it is unmapped; only frames may be lacking.
MOVES_ALWAYS = [a_migration_succeeds, a_migration_gives_up, a_frame_is_used_again]


def private(k: Kernel) -> None:
    """A page that one address space has for itself; all CPUs run it."""
    machine(k)
    anon_page(k, 0, 0, [0])
    run_on(k, range(k.cpus), 0)


def forked(k: Kernel) -> None:
    """A page that two address spaces share since a fork; CPU1 runs the child."""
    machine(k)
    anon_page(k, 0, 0, [0, 1])
    run_on(k, [0], 0)
    run_on(k, [1], 1)
    if k.cpus > 2:
        run_on(k, [2], 0)


def child_leaves(k: Kernel) -> None:
    """A page that two address spaces share since a fork; CPU1 runs the parent, CPU2 the child."""
    machine(k)
    anon_page(k, 0, 0, [0, 1])
    run_on(k, [0, 1], 0)
    run_on(k, [2], 1)


def left_alone(k: Kernel) -> None:
    """A page that was shared since a fork, and no longer is: it is still mapped read-only."""
    private(k)
    k.mm[0].vma[0].pte.writable = False
    k.folio[0].flags.anon_exclusive = False


def untouched(k: Kernel) -> None:
    """Anonymous memory that nobody has touched yet."""
    machine(k)
    for page in range(k.pages):
        anon_hole(k, page, 0)
    run_on(k, range(k.cpus), 0)


def two_pages(k: Kernel) -> None:
    """Two pages of one address space, on the same node."""
    machine(k)
    anon_page(k, 0, 0, [0])
    anon_page(k, 2, 1, [0])
    run_on(k, range(k.cpus), 0)


anon_fault = scenario(
    "anon-fault",
    "move_pages() of a page that a CPU loads from and stores to",
    private,
    [move_pages, user],
    kind=ANON,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES_ALWAYS, a_fault_waits_for_migration],
)
anon_compaction = scenario(
    "anon-compaction",
    "compaction of a page that a CPU loads from and stores to",
    private,
    [kcompactd, user],
    kind=ANON,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES_ALWAYS, a_fault_waits_for_migration],
)
anon_forked = scenario(
    "anon-forked",
    "compaction of a page that two address spaces share since a fork; the child stores to it",
    forked,
    [kcompactd, user],
    kind=SHARED,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES, a_fault_waits_for_migration, the_page_is_copied_on_write],
    mms=2,
    locations=2,
    folios=3,
)
anon_pin = scenario(
    "anon-pin",
    "compaction of a page that is pinned without a lock, for a device to write to it",
    private,
    [kcompactd, pin_user_pages_fast],
    kind=ANON,
    names=[PIN],
    covers=[*MOVES, the_page_is_pinned],
    pin_bias=5,
    max_refcount=15,
)
anon_get = scenario(
    "anon-get",
    "compaction of a page that is taken for I/O with a plain reference (FOLL_GET)",
    private,
    [kcompactd, pin_user_pages_fast],
    kind=ANON,
    names=[GET],
    covers=[*MOVES, the_page_is_pinned],
)
anon_munmap = scenario(
    "anon-munmap",
    "compaction of a page whose address space lets go of it",
    private,
    [kcompactd, munmap],
    kind=ANON,
    names=[MUNMAP],
    translating=[1],
    covers=[*MOVES, the_anon_vma_is_freed],
)
anon_two_migrators = scenario(
    "anon-two-migrators",
    "move_pages() and compaction want the same page",
    private,
    [move_pages, kcompactd],
    kind=ANON,
    names=[MIGRATOR],
    covers=MOVES,
)
anon_forked_munmap = scenario(
    "anon-forked-munmap",
    "compaction of a page that is shared since a fork, and that the child lets go of",
    forked,
    [kcompactd, munmap],
    kind=SHARED,
    names=[MUNMAP],
    translating=[1],
    covers=MOVES,
    mms=2,
    locations=2,
)
anon_forked_two_migrators = scenario(
    "anon-forked-two-migrators",
    "move_pages() and compaction want the same page, which is shared since a fork",
    forked,
    [move_pages, kcompactd],
    kind=SHARED,
    names=[MIGRATOR],
    covers=MOVES,
    mms=2,
    locations=2,
)
anon_first_fault = scenario(
    "anon-first-fault",
    "move_pages() of a page that a CPU is the first to touch",
    untouched,
    [move_pages, user],
    kind=ANON,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES_ALWAYS, a_fault_waits_for_migration],
)
anon_forked_alone = scenario(
    "anon-forked-alone",
    "compaction of a page that was shared since a fork, and that the parent alone stores to",
    left_alone,
    [kcompactd, user],
    kind=SHARED,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES, a_fault_waits_for_migration],
)
anon_forked_exit = scenario(
    "anon-forked-exit",
    "compaction of a page shared since a fork; the child lets go while the parent stores to it",
    child_leaves,
    [kcompactd, user, munmap],
    kind=SHARED,
    names=[FAULT, MUNMAP],
    translating=[1],
    covers=[*MOVES, a_fault_waits_for_migration],
    size=Size.CI,
    mms=2,
    locations=2,
    folios=3,
)
anon_munmap_fault = scenario(
    "anon-munmap-fault",
    "compaction of a page that a thread uses and another thread lets go of",
    private,
    [kcompactd, user, munmap],
    kind=ANON,
    names=[FAULT, MUNMAP],
    translating=[1],
    covers=[a_migration_succeeds, a_migration_backs_out, a_fault_waits_for_migration],
    size=Size.CI,
)
anon_two_pages = scenario(
    "anon-two-pages",
    "move_pages() of two pages; the address space lets go of the first",
    two_pages,
    [move_pages, munmap],
    kind=ANON,
    names=[MUNMAP],
    translating=[1],
    covers=MOVES,
    size=Size.CI,
    pages=2,
    locations=2,
    folios=4,
)
anon_two_pages_pin = scenario(
    "anon-two-pages-pin",
    "move_pages() of two pages, of which one or the other is pinned",
    two_pages,
    [move_pages, pin_user_pages_fast],
    kind=ANON,
    names=[PIN],
    covers=[*MOVES, the_page_is_pinned],
    size=Size.CI,
    pages=2,
    locations=2,
    folios=4,
    pin_bias=5,
    max_refcount=15,
)
anon_first_faults = scenario(
    "anon-first-faults",
    "move_pages() of two pages that a CPU is the first to touch",
    untouched,
    [move_pages, user],
    kind=ANON,
    names=[FAULT],
    translating=[1],
    covers=[*MOVES_ALWAYS, a_fault_waits_for_migration],
    size=Size.CI,
    pages=2,
    locations=2,
)
anon_forked_both = scenario(
    "anon-forked-both",
    "compaction of a page that two address spaces share since a fork; both use it",
    forked,
    [kcompactd, user, user],
    kind=SHARED,
    names=[FAULT, FAULT],
    translating=[1, 2],
    covers=[*MOVES, a_fault_waits_for_migration, the_page_is_copied_on_write],
    size=Size.CI,
    mms=2,
    locations=2,
    folios=3,
)
anon_pin_fault = scenario(
    "anon-pin-fault",
    "compaction of a page that a CPU stores to while a device does, too",
    private,
    [kcompactd, user, pin_user_pages_fast],
    kind=ANON,
    names=[FAULT, PIN],
    translating=[1],
    covers=[*MOVES, a_fault_waits_for_migration, the_page_is_pinned],
    size=Size.CI,
    pin_bias=6,
    max_refcount=15,
)
anon_two_faults = scenario(
    "anon-two-faults",
    "move_pages() of a page that two threads load from and store to",
    private,
    [move_pages, user, user],
    kind=ANON,
    names=[FAULT, FAULT],
    translating=[1, 2],
    covers=[*MOVES_ALWAYS, a_fault_waits_for_migration],
    size=Size.CI,
)
ANONYMOUS = [
    anon_fault,
    anon_compaction,
    anon_first_fault,
    anon_forked,
    anon_pin,
    anon_get,
    anon_munmap,
    anon_two_migrators,
    anon_forked_alone,
    anon_forked_munmap,
    anon_forked_two_migrators,
    anon_pin_fault,
    anon_two_faults,
    anon_forked_exit,
    anon_munmap_fault,
    anon_two_pages,
    anon_two_pages_pin,
    anon_first_faults,
    anon_forked_both,
]
