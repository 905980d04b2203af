"""Helper objects and trees that are gone, or changed, under those who use them."""

from __future__ import annotations

from mcheck.impl.anon_vma import put_anon_vma
from mcheck.impl.rwsem import down_write, up_write
from mcheck.impl.state import AnonVma, Folio, Kernel, Mapping, Vma
from mcheck.lang import Held, Proc, at, hold, null, procedure


@procedure
def held_without_being_counted(k: Kernel, folio: Folio) -> Proc[Held[AnonVma]]:
    """The anon_vma is used as if it were held; its count does not say so."""
    yield at("folio_mapping")
    if folio.mapping is not Mapping.ANON:
        return null
    yield at("folio_mapped")
    if folio.mapcount == 0:
        return null
    yield at("atomic_inc_not_zero", atomic="atomic_inc_not_zero")
    if k.anon_vma.refcount == 0:
        return null
    anon_vma: Held[AnonVma] = hold(k.anon_vma)
    yield at("still mapped")
    if folio.mapcount == 0:
        yield from put_anon_vma(k, anon_vma)
        return null
    return anon_vma


@procedure
def taken_when_freed(k: Kernel, folio: Folio) -> Proc[Held[AnonVma]]:
    """A reference is taken without a look whether there is any."""
    yield at("folio_mapping")
    if folio.mapping is not Mapping.ANON:
        return null
    yield at("folio_mapped")
    if folio.mapcount == 0:
        return null
    yield at("atomic_inc_not_zero", atomic="atomic_inc_not_zero")
    k.anon_vma.refcount += 1
    anon_vma: Held[AnonVma] = hold(k.anon_vma)
    yield at("still mapped")
    if folio.mapcount == 0:
        yield from put_anon_vma(k, anon_vma)
        return null
    return anon_vma


@procedure
def unlinked_before_the_lock(k: Kernel, vma: Vma) -> Proc[None]:
    """An anonymous mapping leaves the tree before the tree is locked."""
    yield at("free_pgtables")
    if vma.anon:
        vma.linked = False
        yield from down_write(k, k.anon_vma.rwsem)
        yield at("RB_EMPTY_ROOT", atomic="tree")
        k.anon_vma.vmas -= 1
        empty: Held[AnonVma] = null
        if k.anon_vma.vmas == 0:
            empty = hold(k.anon_vma)
        yield from up_write(k, k.anon_vma.rwsem)
        if empty is not null:
            yield from put_anon_vma(k, empty)
    else:
        yield from down_write(k, k.mapping.i_mmap)
        yield at("unlink_file_vma")
        vma.linked = False
        yield from up_write(k, k.mapping.i_mmap)


@procedure
def left_in_the_tree(k: Kernel, vma: Vma) -> Proc[None]:
    """An anonymous mapping that is gone stays in the tree."""
    yield at("free_pgtables")
    if vma.anon:
        yield from down_write(k, k.anon_vma.rwsem)
        yield at("RB_EMPTY_ROOT", atomic="tree")
        k.anon_vma.vmas -= 1
        empty: Held[AnonVma] = null
        if k.anon_vma.vmas == 0:
            empty = hold(k.anon_vma)
        yield from up_write(k, k.anon_vma.rwsem)
        if empty is not null:
            yield from put_anon_vma(k, empty)
    else:
        yield from down_write(k, k.mapping.i_mmap)
        yield at("unlink_file_vma")
        vma.linked = False
        yield from up_write(k, k.mapping.i_mmap)


@procedure
def left_in_the_count(k: Kernel, vma: Vma) -> Proc[None]:
    """An anonymous mapping leaves the tree, and is counted for ever."""
    yield at("free_pgtables")
    if vma.anon:
        yield from down_write(k, k.anon_vma.rwsem)
        yield at("unlink_anon_vmas")
        vma.linked = False
        yield at("RB_EMPTY_ROOT", atomic="tree")
        empty: Held[AnonVma] = null
        if k.anon_vma.vmas == 0:
            empty = hold(k.anon_vma)
        yield from up_write(k, k.anon_vma.rwsem)
        if empty is not null:
            yield from put_anon_vma(k, empty)
    else:
        yield from down_write(k, k.mapping.i_mmap)
        yield at("unlink_file_vma")
        vma.linked = False
        yield from up_write(k, k.mapping.i_mmap)
