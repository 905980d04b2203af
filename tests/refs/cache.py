"""A toy with a reference count: readers look a folio up in a slot while it is replaced there."""

from __future__ import annotations

from mcheck.lang import (
    Array,
    Held,
    Int,
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


class Folio(Struct):
    refcount = Int(0, 7)


class Cache(State):
    folio = Array(Folio, 2, names="AB")
    slot = Ref(Folio)


@procedure
def put(k: Cache, f: Held[Folio]) -> Proc[None]:
    yield at("put")
    gone = f
    gone.refcount -= 1
    release(f)


@procedure
def reader(k: Cache, me: int) -> Proc[None]:
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get")
        if found.refcount == 0:
            continue
        found.refcount += 1
        f: Held[Folio] = hold(found)
        yield at("use")
        yield from put(k, f)


@procedure
def replacer(k: Cache) -> Proc[None]:
    while True:
        yield at("allocate", until=lambda: any(f.refcount == 0 for f in k.folio), rest=True)
        f = choose(f for f in k.folio if f.refcount == 0)
        f.refcount = 1
        new: Held[Folio] = hold(f)
        yield at("switch")
        old: Held[Folio] = null
        if k.slot is not null:
            old = hold(k.slot)
        k.slot = release(new)
        if old is not null:
            yield from put(k, old)


cache = Model("cache", Cache, [run(reader, each=2), run(replacer)])


@procedure
def forgets(k: Cache, me: int) -> Proc[None]:
    """A reader that never puts."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get")
        if found.refcount == 0:
            continue
        found.refcount += 1
        f: Held[Folio] = hold(found)
        yield at("use")
        release(f)


@procedure
def never_gets(k: Cache, me: int) -> Proc[None]:
    """A reader that puts what it has not got."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get")
        f: Held[Folio] = hold(found)
        yield at("use")
        yield from put(k, f)


@procedure
def late(k: Cache, me: int) -> Proc[None]:
    """A reader that counts itself one step after it believes to have a reference."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get")
        f: Held[Folio] = hold(found)
        yield at("use")
        f.refcount += 1
        yield from put(k, f)


@procedure
def put_twice(k: Cache, f: Held[Folio]) -> Proc[None]:
    yield at("put")
    gone = f
    gone.refcount -= 2
    release(f)


@procedure
def owing(k: Cache, me: int) -> Proc[None]:
    """The same, by another name of the folio: one local would hold what the other owes."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get")
        f: Held[Folio] = hold(found)
        yield at("use")
        found.refcount += 1
        yield from put(k, f)


lost = cache.replace(reader=forgets)
unpaid = cache.replace(reader=never_gets)
tardy = cache.replace(reader=late)
indebted = cache.replace(reader=owing)
doubled = cache.replace(put=put_twice)
