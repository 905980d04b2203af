"""Reference counting: users look an object up in a slot while it is removed from there."""

from __future__ import annotations

from mcheck.lang import (
    Const,
    Embed,
    Flag,
    Held,
    Int,
    Model,
    Proc,
    Ref,
    State,
    Struct,
    always,
    at,
    cover,
    hold,
    holds,
    null,
    procedure,
    release,
    run,
    step,
)


class Object(Struct):
    """Something that is freed when its last reference is put."""

    count = Int(0, 7)
    free = Flag()


class Cache(State):
    """One slot with one object in it. The slot has a reference, and so has each user."""

    users = Const(2)
    object = Embed(Object)
    slot = Ref(Object)


def try_get(o: Object) -> Held[Object]:
    """Take a reference, unless the object has none any more."""
    if o.count == 0:
        return null
    o.count += 1
    return hold(o)


def put(o: Held[Object]) -> None:
    """Give a reference up. With the last one the object is freed."""
    o.count -= 1
    o.free = o.count == 0
    release(o)


@procedure
def user(k: Cache, me: int) -> Proc[None]:
    """Look the object up, use it, put it, again and again."""
    while True:
        yield at("look up", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("try to get")
        o: Held[Object] = try_get(found)
        if o is not null:
            yield at("use")
            assert not o.free, "use after free"
            yield at("put")
            put(o)


@procedure
def remover(k: Cache) -> Proc[None]:
    """Take the object out of the slot, and put the slot's reference."""
    yield at("remove")
    o: Held[Object] = hold(k.slot)
    k.slot = null
    yield at("put")
    put(o)


@always
def explained(k: Cache) -> bool:
    """The count is what points at the object: the slot, and those who hold a reference."""
    return k.object.count == (k.slot is k.object) + holds(k.object)


@step
def no_addition_on_zero(before: Cache, after: Cache) -> bool:
    """Nobody takes a reference to an object that has none any more."""
    return before.object.count > 0 or after.object.count == 0


@cover
def outlived(k: Cache) -> bool:
    """All users have the object while nobody can find it any more."""
    return k.slot is null and holds(k.object) == k.users


def boot(k: Cache) -> None:
    """The object is in the slot."""
    k.slot = k.object
    k.slot.count = 1


refcount = Model(
    "refcount",
    Cache,
    [run(user, each=Cache.users), run(remover)],
    [explained, no_addition_on_zero, outlived],
    init=boot,
)


@procedure
def user_forgetting(k: Cache, me: int) -> Proc[None]:
    """Without the put: the reference is lost when the user goes round."""
    while True:
        yield at("look up", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("try to get")
        o: Held[Object] = try_get(found)
        if o is not null:
            yield at("use")
            assert not o.free, "use after free"


@procedure
def user_trusting(k: Cache, me: int) -> Proc[None]:
    """Without the test: a reference is taken to an object that may be free already."""
    while True:
        yield at("look up", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get")
        found.count += 1
        o: Held[Object] = hold(found)
        yield at("use")
        assert not o.free, "use after free"
        yield at("put")
        put(o)


leak = refcount.replace("leak", user=user_forgetting)
get_of_free = refcount.replace("get of a free object", user=user_trusting)
