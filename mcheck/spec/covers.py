"""What has to be reachable in a scenario, so that it is about what it claims to be about.

Where there is a migrator it is CPU0; CPU1 and CPU2 are those it meets. Scenarios about what
migration relies on have none, and no cover that speaks of one.
"""

from __future__ import annotations

from mcheck.impl.state import Bit, Content, Cpu, Entry, Folio, Kernel, Mm, Phase
from mcheck.lang import cover, holds, null


@cover
def a_migration_succeeds(k: Kernel) -> bool:
    """A page has moved."""
    return k.cpu[0].phase is Phase.MOVED


@cover
def a_migration_backs_out(k: Kernel) -> bool:
    """A page was unmapped and could not be moved."""
    return k.cpu[0].phase is Phase.BACKED_OUT


@cover
def a_migration_gives_up(k: Kernel) -> bool:
    """There was no frame to move a page to."""
    return k.cpu[0].phase is Phase.GAVE_UP


@cover
def a_fault_waits_for_migration(k: Kernel) -> bool:
    """A CPU sleeps because of a migration entry."""
    return any(
        c.waits_on is v.pte.folio and c.waits_on is not null and not c.exclusive
        for c in k.cpu
        for m in k.mm
        for v in m.vma
        if v.pte.kind is Entry.MIGRATION
    )


@cover
def a_frame_is_used_again(k: Kernel) -> bool:
    """The frame that the page was in at first has been freed and is taken for something else."""
    return k.folio[0].refcount == 1 and all(
        k.folio[0].content[location] is Content.POISON for location in k.location
    )


def unmapped(k: Kernel, f: Folio) -> bool:
    """Whether CPU0 has unmapped a folio, and neither moved it nor put it back."""
    return k.cpu[0].phase is Phase.UNMAPPED and k.cpu[0].from_list[f] and f.flags.locked


def taken(f: Folio) -> bool:
    """Whether somebody has a reference to a folio that no migrator took."""
    return holds(f, "temporary") + holds(f, "speculative") + holds(f, "pinned") > 0


def let_go(m: Mm, f: Folio) -> bool:
    """Whether munmap() has begun and has not yet come to the entry of a folio."""
    return any(not v.mapped and v.pte.folio is f for v in m.vma)


def meets(k: Kernel, c: Cpu, f: Folio) -> bool:
    """Whether a CPU waits for a folio, has got it, or is about to meet it in its page table.

    Whose a reference is, is not known: where several others run, it may be another's.
    """
    return c.busy and (c.waits_on is f or taken(f) or (c.mm is not null and let_go(c.mm, f)))


@cover
def cpu1_overlaps(k: Kernel) -> bool:
    """CPU1 has to do with a page that is unmapped and not yet moved."""
    return any(unmapped(k, f) and meets(k, k.cpu[1], f) for f in k.folio)


@cover
def cpu2_overlaps(k: Kernel) -> bool:
    """CPU2 has to do with a page that is unmapped and not yet moved."""
    return any(unmapped(k, f) and meets(k, k.cpu[2], f) for f in k.folio)


@cover
def a_fault_in_the_gap_makes_an_attempt_fail(k: Kernel) -> bool:
    """A fault saw no entry, has a reference, and sleeps on the lock; the attempt has failed.

    Measured on Linux 6.1: the fault's first look fell between the clearing of the entry and the
    installing of the migration entry.
    """
    return k.cpu[0].phase is Phase.BACKED_OUT and any(
        f.flags.locked
        and k.cpu[1].waits_on is f
        and k.cpu[1].exclusive
        and holds(f, "temporary") > 0
        for f in k.folio
    )


@cover
def migration_waits_for_writeback(k: Kernel) -> bool:
    """The migrator sleeps until the writeback of the page is complete."""
    return k.cpu[0].waits_on is not null and k.cpu[0].waits_for is Bit.WRITEBACK


@cover
def migration_waits_for_the_lock(k: Kernel) -> bool:
    """A later pass of the migrator sleeps on the lock of the page."""
    return k.cpu[0].waits_on is not null and k.cpu[0].exclusive


@cover
def the_page_is_pinned(k: Kernel) -> bool:
    """A page is pinned for DMA while a migrator has it locked."""
    return k.cpu[0].phase is Phase.LOCKED and any(holds(f, "pinned") > 0 for f in k.folio)


@cover
def the_page_is_copied_on_write(k: Kernel) -> bool:
    """A page that was shared by two address spaces is no longer."""
    return (
        k.mm[0].vma[0].pte.kind is Entry.PRESENT
        and k.mm[1].vma[0].pte.kind is Entry.PRESENT
        and k.mm[0].vma[0].pte.folio is not k.mm[1].vma[0].pte.folio
    )


@cover
def the_anon_vma_is_freed(k: Kernel) -> bool:
    """The last mapping is gone, and nobody needs the anon_vma any more."""
    return k.anon_vma.refcount == 0


@cover
def two_wait_for_the_lock(k: Kernel) -> bool:
    """Two CPUs are queued behind the same page."""
    return any(sum(c.waits_on is f for c in k.cpu) > 1 for f in k.folio)
