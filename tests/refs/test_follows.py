"""Checks that seem to follow, each false in a state that the toy reaches, and their twins."""

from __future__ import annotations

import pytest

from mcheck.lang import (
    Array,
    Const,
    Embed,
    Flag,
    Held,
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
from mcheck.lang import Int as Number
from mcheck.refs.analysis import analyse
from mcheck.refs.examined import examine
from mcheck.refs.whole import joined
from tests.refs.frozen import Cache, boot, frozen


class Bits(Struct):
    locked = Flag()


class Folio(Struct):
    refcount = Number(0, 7)
    bits = Embed(Bits)


class Inode(Struct):
    bits = Embed(Bits)


class Shelf(State):
    inode = Array(Inode, 2)
    folio = Array(Folio, 2)
    slot = Ref(Folio)
    f = Const(False)
    """Called as the element that is asked about."""


def there(k: Shelf) -> None:
    k.slot = choose(k.folio)
    k.slot.refcount = 1


@procedure
def keeper(k: Shelf, me: int) -> Proc[None]:
    """Takes the reference out of the slot for a while."""
    while True:
        yield at("take", until=lambda: k.slot is not null, rest=True, atomic="lock")
        mine: Held[Folio] = hold(k.slot)
        k.slot = null
        yield at("give")
        k.slot = release(mine)


@procedure
def looks(k: Shelf, f: Folio) -> Proc[None]:
    yield at("look")
    assert f.refcount != 0, "nobody has any"


@procedure
def careful(k: Shelf, me: int) -> Proc[None]:
    """Looks while it has a reference."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("use")
        yield from looks(k, f)
        yield at("put")
        f.refcount -= 1
        release(f)


@procedure
def looks_again(k: Shelf, me: int) -> Proc[None]:
    """Looks a second time, when it has put its reference."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("use")
        yield from looks(k, f)
        yield at("put")
        f.refcount -= 1
        mine = f
        release(f)
        yield at("again")
        yield from looks(k, mine)


@procedure
def flips(k: Shelf, me: int) -> Proc[None]:
    """Locks or unlocks an inode."""
    while True:
        yield at("flip", rest=True)
        i = choose(k.inode)
        i.bits.locked = not i.bits.locked


@procedure
def looks_at_inode(k: Shelf, me: int) -> Proc[None]:
    """The inode has the same part as a folio."""
    while True:
        yield at("look", rest=True)
        i = choose(k.inode)
        assert i.bits.locked, "not locked"


@procedure
def unless_constant(k: Shelf, me: int) -> Proc[None]:
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("put", atomic="VM_BUG_ON and put")
        if not k.f:
            assert f.refcount == 7, "there are seven"
        f.refcount -= 1
        release(f)


@procedure
def peeks(k: Cache) -> Proc[None]:
    """Looks at the count of what the slot names; that may be frozen."""
    while True:
        yield at("peek", until=lambda: k.slot is not null, rest=True)
        assert k.slot.refcount != 0, "frozen"


def trusted(model: Model[Shelf] | Model[Cache], message: str) -> set[tuple[str, ...]]:
    """The kinds of processes for which some assertion does not follow."""
    more = examine(analyse(joined([model], model.name)))
    return {check.trusted for check in more.checks if check.site.message == message}


def shelf(*running: object) -> Model[Shelf]:
    return Model("shelf", Shelf, [run(keeper, each=1), *running], init=there)  # pyright: ignore


@pytest.mark.parametrize(
    ("model", "message", "expected"),
    [
        (shelf(run(careful, each=2)), "nobody has any", ()),
        (shelf(run(looks_again, each=2)), "nobody has any", ("looks_again",)),
        (
            shelf(run(flips, each=1), run(looks_at_inode, each=1)),
            "not locked",
            ("looks_at_inode",),
        ),
        (shelf(run(unless_constant, each=2)), "there are seven", ("unless_constant",)),
        (Model("peek", Cache, [run(peeks), *frozen.processes[:2]], init=boot), "frozen", ()),
        (Model("peek", Cache, [run(peeks), *frozen.processes], init=boot), "frozen", ("peeks",)),
    ],
    ids=[
        "one caller",
        "another caller",
        "the part of another",
        "a constant",
        "not frozen",
        "frozen",
    ],
)
def test_a_check_follows_only_if_it_cannot_fail(
    model: Model[Shelf] | Model[Cache], message: str, expected: tuple[str, ...]
) -> None:
    assert trusted(model, message) == {expected}
