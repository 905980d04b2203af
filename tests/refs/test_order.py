"""What was found for one variant is not taken to hold in the next."""

from __future__ import annotations

from mcheck.lang import (
    Held,
    Model,
    Proc,
    at,
    choose,
    hold,
    null,
    procedure,
    release,
    run,
)
from mcheck.refs.analysis import analyse
from mcheck.refs.variant import Judge
from mcheck.refs.whole import joined
from tests.refs.pool import Folio, Pool, put


@procedure
def user(k: Pool, me: int) -> Proc[None]:
    """Unlocks what the slot names, which the lock of the tree keeps as it is."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("lock", until=lambda: not k.tree.held)
        k.tree.acquire()
        if k.slot is f:
            yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
            f.locked = True
            yield at("unlock", atomic="clear_bit")
            assert k.slot.locked, "unlocked twice"
            k.slot.locked = False
        yield at("unlock tree")
        k.tree.release()
        yield from put(k, f)


@procedure
def swap(k: Pool, new: Held[Folio]) -> Proc[None]:
    yield at("lock", until=lambda: not k.tree.held)
    k.tree.acquire()
    yield at("swap", atomic="xchg")
    old: Held[Folio] = null
    if k.slot is not null:
        old = hold(k.slot)
    k.slot = release(new)
    k.tree.release()
    if old is not null:
        yield from put(k, old)


@procedure
def swap_later(k: Pool, new: Held[Folio]) -> Proc[None]:
    """The same with a step more."""
    yield at("wait")
    yield at("lock", until=lambda: not k.tree.held)
    k.tree.acquire()
    yield at("swap", atomic="xchg")
    old: Held[Folio] = null
    if k.slot is not null:
        old = hold(k.slot)
    k.slot = release(new)
    k.tree.release()
    if old is not null:
        yield from put(k, old)


@procedure
def swap_unlocked(k: Pool, new: Held[Folio]) -> Proc[None]:
    yield at("swap", atomic="xchg")
    old: Held[Folio] = null
    if k.slot is not null:
        old = hold(k.slot)
    k.slot = release(new)
    if old is not null:
        yield from put(k, old)


@procedure
def keeper(k: Pool, me: int) -> Proc[None]:
    while True:
        yield at("alloc", until=lambda: any(f.free for f in k.folio), rest=True)
        new = choose(f for f in k.folio if f.free)
        new.free = False
        yield at("set", atomic="VM_BUG_ON and store")
        assert new.refcount == 0, "has references"
        new.refcount = 1
        mine: Held[Folio] = hold(new)
        yield from swap(k, mine)


def all_free(k: Pool) -> None:
    for f in k.folio:
        f.free = True


pool = Model("pool", Pool, [run(user, each=2), run(keeper, each=1)], init=all_free)


def test_what_a_variant_does_not_lock_is_found_after_another_one_that_does() -> None:
    judge = Judge(analyse(joined([pool], "pool")))
    assert not judge.judge(joined([pool.replace(swap=swap_later)], "pool")).refuted
    assert judge.judge(joined([pool.replace(swap=swap_unlocked)], "pool")).refuted
