"""A toy in which one process freezes the count of a folio, while others look it up in a slot."""

from __future__ import annotations

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


class Folio(Struct):
    refcount = Int(0, 7)
    free = Flag()


class Cache(State):
    folio = Array(Folio, 2, names="AB")
    slot = Ref(Folio)
    lock = Embed(Lock)


def boot(k: Cache) -> None:
    for f in k.folio:
        f.free = True


@procedure
def put(k: Cache, f: Held[Folio]) -> Proc[None]:
    yield at("put")
    gone = f
    gone.refcount -= 1
    release(f)
    if gone.refcount == 0:
        yield at("free")
        gone.free = True


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
        yield at("allocate", until=lambda: any(f.free for f in k.folio), rest=True)
        f = choose(f for f in k.folio if f.free)
        f.free = False
        yield at("count")
        assert f.refcount == 0, "free, and has references"
        f.refcount = 1
        new: Held[Folio] = hold(f)
        yield at("lock", until=lambda: not k.lock.held)
        k.lock.acquire()
        yield at("switch")
        old: Held[Folio] = null
        if k.slot is not null:
            old = hold(k.slot)
        k.slot = release(new)
        k.lock.release()
        if old is not null:
            yield from put(k, old)


@procedure
def freezer(k: Cache) -> Proc[None]:
    while True:
        yield at("lock", until=lambda: not k.lock.held and k.slot is not null, rest=True)
        k.lock.acquire()
        f = k.slot
        yield at("freeze")
        if f.refcount != 1:
            k.lock.release()
            continue
        f.refcount = 0
        yield at("frozen")
        yield at("thaw")
        f.refcount = 1
        k.lock.release()


frozen = Model("frozen", Cache, [run(reader, each=2), run(replacer), run(freezer)], init=boot)


@procedure
def careless(k: Cache, me: int) -> Proc[None]:
    """A reader that does not look whether the count is 0."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get")
        found.refcount += 1
        f: Held[Folio] = hold(found)
        yield at("use")
        yield from put(k, f)


@procedure
def expects_more(k: Cache) -> Proc[None]:
    """A freezer that takes the reference of somebody else for one of its own."""
    while True:
        yield at("lock", until=lambda: not k.lock.held and k.slot is not null, rest=True)
        k.lock.acquire()
        f = k.slot
        yield at("freeze")
        if f.refcount != 2:
            k.lock.release()
            continue
        f.refcount = 0
        yield at("frozen")
        yield at("thaw")
        f.refcount = 2
        k.lock.release()


@procedure
def compares(k: Cache) -> Proc[None]:
    """Looks with a reference of its own, without freezing, whether nobody else has one."""
    while True:
        yield at("lock", until=lambda: not k.lock.held and k.slot is not null, rest=True)
        k.lock.acquire()
        f = k.slot
        yield at("get")
        f.refcount += 1
        ref: Held[Folio] = hold(f)
        yield at("compare")
        if f.refcount != 2:
            yield at("busy")
        else:
            yield at("alone")
        k.lock.release()
        yield from put(k, ref)


@procedure
def expects_less(k: Cache) -> Proc[None]:
    """The same, but its own reference is forgotten."""
    while True:
        yield at("lock", until=lambda: not k.lock.held and k.slot is not null, rest=True)
        k.lock.acquire()
        f = k.slot
        yield at("get")
        f.refcount += 1
        ref: Held[Folio] = hold(f)
        yield at("compare")
        if f.refcount != 1:
            yield at("busy")
        else:
            yield at("alone")
        k.lock.release()
        yield from put(k, ref)


plain_get = frozen.replace(reader=careless)
too_many = frozen.replace(freezer=expects_more)
comparing = Model("comparing", Cache, [*frozen.processes, run(compares)], init=boot)
too_few = Model("too few", Cache, [*frozen.processes, run(expects_less)], init=boot)
