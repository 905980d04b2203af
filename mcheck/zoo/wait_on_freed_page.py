"""wait-on-freed-page: a fault goes to sleep on a page that it has no hold on.

It remembers the page of the migration entry, drops the page-table lock, and then queues up
behind the page. In between the migrator finishes: the page is freed, and may be anybody's.
"""

from __future__ import annotations

from mcheck.impl.folio_lock import folio_queue, folio_sleep
from mcheck.impl.state import Bit, Cpu, Entry, Kernel, Vma
from mcheck.lang import Proc, at, procedure
from mcheck.scenarios import SCENARIOS
from mcheck.zoo.bug import Bug


@procedure
def migration_entry_wait(k: Kernel, me: Cpu, vma: Vma) -> Proc[None]:
    """Drop the page-table lock first, queue up then."""
    yield at("is_migration_entry", until=lambda: not vma.ptl.held)
    vma.ptl.acquire()
    if vma.pte.kind is not Entry.MIGRATION:
        vma.ptl.release()
        return
    folio = vma.pte.folio
    yield at("pte_unmap_unlock")
    vma.ptl.release()
    queued = yield from folio_queue(k, me, folio, Bit.LOCKED)
    if queued:
        yield from folio_sleep(k, me)


wait_on_freed_page = Bug(
    "wait-on-freed-page",
    "a fault waits for the lock of a page that is freed before it has queued up",
    "3c226c637b69",
    2017,
    "nothing_free_is_used",
    SCENARIOS["anon-fault"],
    {"migration_entry_wait": migration_entry_wait},
)
