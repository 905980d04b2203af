"""anon-vma-uaf-unmapped: the restore walks an anon_vma that is freed.

Once the page is unmapped nothing keeps its anon_vma: the process unmaps the region, the last
mapping of the tree is gone, the anon_vma is freed. The migrator then goes through it to restore
the entries.
"""

from __future__ import annotations

from mcheck.impl.folio_lock import folio_lock, folio_trylock, folio_unlock, folio_wait_writeback
from mcheck.impl.migrate import unmap_and_move_locked
from mcheck.impl.state import Cpu, Folio, Kernel, Mode, Phase, Rc
from mcheck.lang import Proc, at, procedure
from mcheck.scenarios import SCENARIOS
from mcheck.zoo.bug import Bug


@procedure
def __unmap_and_move(
    k: Kernel, me: Cpu, src: Folio, dst: Folio, force: bool, mode: Mode
) -> Proc[Rc]:
    """Move a folio to its target, without a reference to its anon_vma."""
    locked = yield from folio_trylock(k, src)
    if not locked:
        if not force or mode is Mode.ASYNC:
            return Rc.EAGAIN
        yield from folio_lock(k, me, src)
    yield at("folio_test_writeback")
    me.phase = Phase.LOCKED
    if src.flags.writeback:
        if mode is not Mode.SYNC or not force:
            yield from folio_unlock(k, src)
            return Rc.EAGAIN if mode is Mode.SYNC else Rc.EBUSY
        yield from folio_wait_writeback(k, me, src)
    locked = yield from folio_trylock(k, dst)
    if not locked:
        rc = Rc.EAGAIN
    else:
        rc = yield from unmap_and_move_locked(k, me, src, dst, mode)
        yield from folio_unlock(k, dst)
    yield from folio_unlock(k, src)
    return rc


anon_vma_uaf_unmapped = Bug(
    "anon-vma-uaf-unmapped",
    "the anon_vma is freed between the unmapping of a page and the restoring of its entries",
    "dc386d4d1e98",
    2007,
    "helpers_outlive_their_use",
    SCENARIOS["anon-munmap"],
    {"__unmap_and_move": __unmap_and_move},
)
