"""The anon_vma: it outlives the pages' mappings only for those who hold it: mm/rmap.c."""

from __future__ import annotations

from mcheck.impl.rwsem import down_read, up_read
from mcheck.impl.state import AnonVma, Folio, Kernel, Mapping
from mcheck.lang import Held, Proc, at, hold, null, procedure, release


@procedure
def page_get_anon_vma(k: Kernel, folio: Folio) -> Proc[Held[AnonVma]]:
    """Take a reference to a mapped folio's anon_vma; null if it is not mapped."""
    yield at("folio_mapping")
    if folio.mapping is not Mapping.ANON:
        return null
    yield at("folio_mapped")
    if folio.mapcount == 0:
        return null
    yield at("atomic_inc_not_zero", atomic="atomic_inc_not_zero")
    if k.anon_vma.refcount == 0:
        return null
    k.anon_vma.refcount += 1
    anon_vma: Held[AnonVma] = hold(k.anon_vma)
    yield at("still mapped")
    if folio.mapcount == 0:
        yield from put_anon_vma(k, anon_vma)
        return null
    return anon_vma


@procedure
def put_anon_vma(k: Kernel, anon_vma: Held[AnonVma]) -> Proc[None]:
    """Drop a reference; the last one frees the anon_vma."""
    yield at("atomic_dec_and_test", atomic="atomic_dec_and_test")
    put = anon_vma
    put.refcount -= 1
    release(anon_vma)
    if put.refcount == 0:
        # anon_vma_free() waits for those who found it locked in folio_lock_anon_vma_read().
        yield at("anon_vma_free", until=lambda: not put.rwsem.writer and put.rwsem.readers == 0)


@procedure
def folio_lock_anon_vma_read(k: Kernel, folio: Folio) -> Proc[bool]:
    """Lock the anon_vma of a mapped folio; False if it is not mapped."""
    yield at("folio_mapping")
    if folio.mapping is not Mapping.ANON:
        return False
    yield at("folio_mapped")
    if folio.mapcount == 0:
        return False
    yield at("down_read_trylock", atomic="down_read_trylock")
    if not k.anon_vma.rwsem.writer and not k.anon_vma.rwsem.queued:
        k.anon_vma.rwsem.readers += 1
        yield at("still mapped")
        if folio.mapcount > 0:
            return True
        yield from up_read(k, k.anon_vma.rwsem)
        return False
    yield at("atomic_inc_not_zero", atomic="atomic_inc_not_zero")
    if k.anon_vma.refcount == 0:
        return False
    k.anon_vma.refcount += 1
    anon_vma: Held[AnonVma] = hold(k.anon_vma)
    yield at("mapped")
    if folio.mapcount == 0:
        yield from put_anon_vma(k, anon_vma)
        return False
    yield from down_read(k, k.anon_vma.rwsem)
    yield at("atomic_dec_and_test", atomic="atomic_dec_and_test")
    k.anon_vma.refcount -= 1
    release(anon_vma)
    if k.anon_vma.refcount > 0:
        return True
    yield from up_read(k, k.anon_vma.rwsem)
    return False
