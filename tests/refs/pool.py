"""Folios with a lock bit and a free list: who locks, lends, puts and frees, rightly or not."""

from __future__ import annotations

from typing import Any

from mcheck.lang import (
    Array,
    Embed,
    Flag,
    Held,
    Int,
    Lock,
    Model,
    Proc,
    Ref,
    State,
    Struct,
    at,
    choose,
    hold,
    null,
    procedure,
    release,
    run,
)
from mcheck.lang.procedures import Procedure


class Folio(Struct):
    refcount = Int(0, 7)
    locked = Flag()
    free = Flag()
    dirty = Flag()


class Pool(State):
    folio = Array(Folio, 2)
    slot = Ref(Folio)
    lent = Ref(Folio)
    tree = Embed(Lock)


@procedure
def put(k: Pool, f: Held[Folio]) -> Proc[None]:
    yield at("put")
    gone = f
    gone.refcount -= 1
    release(f)
    if gone.refcount == 0:
        yield at("check")
        assert not gone.locked, "bad page"
        yield at("free")
        gone.free = True


@procedure
def put_unasked(k: Pool, f: Held[Folio]) -> Proc[None]:
    """The same without a look at the lock bit."""
    yield at("put")
    gone = f
    gone.refcount -= 1
    release(f)
    if gone.refcount == 0:
        yield at("free")
        gone.free = True


@procedure
def user(k: Pool, me: int) -> Proc[None]:
    """Gets a reference, locks, gives the reference to nobody, unlocks."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        yield at("unlock")
        assert f.locked, "unlocked twice"
        f.locked = False
        yield from put(k, f)


@procedure
def early(k: Pool, me: int) -> Proc[None]:
    """Puts the reference before it unlocks."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        mine = f
        yield from put(k, f)
        yield at("unlock")
        assert mine.locked, "unlocked twice"
        mine.locked = False


@procedure
def twice(k: Pool, me: int) -> Proc[None]:
    """Unlocks what it may not have locked."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", atomic="test_and_set_bit")
        if not f.locked:
            f.locked = True
        yield at("unlock")
        assert f.locked, "unlocked twice"
        f.locked = False
        yield from put(k, f)


@procedure
def never(k: Pool, me: int) -> Proc[None]:
    """Does not unlock at all."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        yield from put(k, f)


@procedure
def lender(k: Pool, me: int) -> Proc[None]:
    """Unlocks after it has lent its reference, which somebody else puts."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        yield at("lend", until=lambda: k.lent is null)
        mine = f
        k.lent = release(f)
        yield at("unlock")
        assert mine.locked, "unlocked twice"
        mine.locked = False


@procedure
def borrower(k: Pool, me: int) -> Proc[None]:
    while True:
        yield at("take", until=lambda: k.lent is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.lent)
        k.lent = null
        yield from put(k, f)


@procedure
def careless(k: Pool, me: int) -> Proc[None]:
    while True:
        yield at("take", until=lambda: k.lent is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.lent)
        k.lent = null
        yield from put_unasked(k, f)


@procedure
def late(k: Pool, me: int) -> Proc[None]:
    """Gets a reference to what may have been freed meanwhile."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get", atomic="inc")
        found.refcount += 1
        f: Held[Folio] = hold(found)
        yield from put(k, f)


@procedure
def janitor(k: Pool) -> Proc[None]:
    """Unlocks what others have locked, without a local that names it."""
    while True:
        yield at("clean", until=lambda: k.slot is not null, rest=True, atomic="lock")
        k.slot.locked = False


@procedure
def by_number(k: Pool) -> Proc[None]:
    """Locks the first folio because it is the first, and unlocks it."""
    while True:
        yield at("trylock", until=lambda: not k.folio[0].locked, rest=True)
        k.folio[0].locked = True
        yield at("unlock")
        assert k.folio[0].locked, "the first is unlocked twice"
        k.folio[0].locked = False


@procedure
def keeper(k: Pool, me: int) -> Proc[None]:
    """Puts another folio into the slot."""
    while True:
        yield at("alloc", until=lambda: any(f.free for f in k.folio), rest=True)
        new = choose(f for f in k.folio if f.free)
        new.free = False
        yield at("set", atomic="VM_BUG_ON and store")
        assert new.refcount == 0, "has references"
        new.refcount = 1
        mine: Held[Folio] = hold(new)
        yield at("swap", atomic="xchg")
        old: Held[Folio] = null
        if k.slot is not null:
            old = hold(k.slot)
        k.slot = release(mine)
        if old is not null:
            yield from put(k, old)


def all_free(k: Pool) -> None:
    for f in k.folio:
        f.free = True


def one_is_used(k: Pool) -> None:
    """One is in the slot, and said to be free all the same."""
    all_free(k)
    k.slot = k.folio[0]
    k.slot.refcount = 1


def pool(uses: Procedure[Any, Any] = user) -> Model[Pool]:
    return Model("pool", Pool, [run(uses, each=2), run(keeper, each=1)], init=all_free)
