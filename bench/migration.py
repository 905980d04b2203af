"""The benchmark model: a small page-migration protocol, the same in every checker.

A migrator moves page-cache objects from frame to frame while CPUs fault, write and zap, a
get-user-pages thread pins and writes behind their backs, and writeback cleans.
"""

from __future__ import annotations

import enum

from mcheck.lang import (
    Array,
    Const,
    Flag,
    Int,
    Map,
    Model,
    OneOf,
    Proc,
    Ref,
    State,
    Struct,
    always,
    at,
    choose,
    null,
    procedure,
    run,
)


class Sizes(State):
    """How many there are of everything, and whether the migrator flushes."""

    objects = Const(1)
    frames = Const(2)
    cpus = Const(2)
    gups = Const(0)
    flush = Const(True)


class Frame(Struct):
    """A physical page. lock is 0, 1 for the migrator, 2 + c for CPU c."""

    ref = Int(0, 15)
    mapcount = Int(0, Sizes.cpus)
    lock = Int(0, Sizes.cpus + 1)
    dirty = Flag()
    uptodate = Flag()
    content = Flag()
    lru = Flag()
    isolated = Flag()
    writeback = Flag()
    frozen = Flag(ghost=True)


class Object(Struct):
    """A page of a file: its page-cache slot, and what was last written to it."""

    slot = Ref(Frame, null=False)
    latest = Flag(ghost=True)


class Kind(enum.Enum):
    """What a page-table entry is."""

    NONE = 0
    PRESENT = 1
    MIGRATION = 2


class Pte(Struct):
    """A page-table entry and the translation that the CPU has cached of it."""

    kind = OneOf(Kind)
    frame = Ref(Frame)
    tlb = Ref(Frame)


class Cpu(Struct):
    """A CPU with an address space of its own; number is 2 + its place."""

    number = Int(0, 15)
    pte = Map(Object, Pte)


class Machine(Sizes):
    """Everything."""

    frame = Array(Frame, Sizes.frames, names="ABCDEFGH")
    object = Array(Object, Sizes.objects)
    cpu = Array(Cpu, Sizes.cpus)


def put(f: Frame) -> None:
    """Drop a reference; the last one frees the frame."""
    f.ref -= 1
    if f.ref == 0:
        f.dirty = False
        f.uptodate = False
        f.content = False


def write(f: Frame, o: Object) -> None:
    """Change the page's content through the frame."""
    f.content = not f.content
    o.latest = not o.latest
    f.dirty = True


def map_page(pte: Pte, f: Frame) -> None:
    """Make an entry present."""
    pte.kind = Kind.PRESENT
    pte.frame = f
    f.mapcount += 1


def restore(pte: Pte, old: Frame, new: Frame) -> None:
    """Replace a migration entry for old by a mapping of new."""
    if pte.kind is Kind.MIGRATION and pte.frame is old:
        map_page(pte, new)
        new.ref += 1


@procedure
def migrator(k: Machine) -> Proc[None]:
    """Take a page off the LRU, move it or put it back, and again."""
    while True:
        yield at("isolate", until=lambda: any(o.slot.lru for o in k.object), rest=True)
        o = choose(o for o in k.object if o.slot.lru)
        old = o.slot
        old.ref += 1
        old.lru = False
        old.isolated = True
        yield at("alloc", until=lambda: any(f.ref == 0 for f in k.frame), rest=True)
        new = choose(f for f in k.frame if f.ref == 0)
        new.ref = 1
        yield at("lock old", until=lambda: old.lock == 0)
        old.lock = 1
        yield at("wait writeback", until=lambda: not old.writeback)
        yield at("lock new", until=lambda: new.lock == 0)
        new.lock = 1
        for c in k.cpu:
            yield at("unmap")
            if c.pte[o].kind is Kind.PRESENT and c.pte[o].frame is old:
                c.pte[o].kind = Kind.MIGRATION
                old.mapcount -= 1
                old.ref -= 1
                yield at("flush")
                if k.flush:
                    c.pte[o].tlb = null
        yield at("freeze")
        if old.ref == 2:
            old.ref = 0
            old.frozen = True
            yield at("switch")
            o.slot = new
            new.ref += 1
            yield at("unfreeze")
            old.ref = 1
            old.frozen = False
            yield at("copy")
            new.content = old.content
            yield at("flags")
            new.dirty = old.dirty
            new.uptodate = old.uptodate
            old.dirty = False
            for c in k.cpu:
                yield at("remap")
                restore(c.pte[o], old, new)
            yield at("unlock new")
            new.lock = 0
            yield at("putback new")
            new.lru = True
            put(new)
            yield at("unlock old")
            old.lock = 0
            old.isolated = False
            yield at("free old")
            assert o.slot is not old, "the object has moved"
            put(old)
        else:
            for c in k.cpu:
                yield at("restore")
                restore(c.pte[o], old, old)
            yield at("drop new")
            new.lock = 0
            put(new)
            yield at("back out: unlock old")
            old.lock = 0
            yield at("putback old")
            old.lru = True
            old.isolated = False
            put(old)


class Act(enum.Enum):
    """What a CPU may do between two faults."""

    MISS = 0
    WRITE = 1
    EVICT = 2
    ZAP = 3


def possible(act: Act, pte: Pte) -> bool:
    """Whether the CPU can do this now."""
    if act is Act.MISS:
        return pte.tlb is null
    if act is Act.ZAP:
        return pte.kind is Kind.PRESENT
    return pte.tlb is not null


@procedure
def cpu(k: Machine, me: Cpu) -> Proc[None]:
    """Write through the TLB, evict, zap; fault where there is no translation."""
    while True:
        yield at("idle", rest=True)
        o = choose(k.object)
        act = choose(a for a in Act if possible(a, me.pte[o]))
        if act is Act.WRITE:
            write(me.pte[o].tlb, o)
        elif act is Act.EVICT:
            me.pte[o].tlb = null
        elif act is Act.ZAP:
            zapped = me.pte[o].frame
            me.pte[o].kind = Kind.NONE
            me.pte[o].frame = null
            me.pte[o].tlb = null
            zapped.mapcount -= 1
            put(zapped)
        else:
            while True:
                yield at("walk")
                if me.pte[o].kind is Kind.PRESENT:
                    me.pte[o].tlb = me.pte[o].frame
                    break
                if me.pte[o].kind is Kind.MIGRATION:
                    waited = me.pte[o].frame
                    yield at("migration wait", until=lambda: waited.lock == 0)
                    continue
                while True:
                    yield at("lookup", until=lambda: o.slot.ref > 0)
                    f = o.slot
                    f.ref += 1
                    yield at("lock", until=lambda: f.lock == 0)
                    f.lock = me.number
                    yield at("check")
                    if o.slot is f:
                        break
                    f.lock = 0
                    put(f)
                yield at("map")
                map_page(me.pte[o], f)
                f.lock = 0


@procedure
def gup(k: Machine, me: int) -> Proc[None]:
    """Pin a page found in a page table, write to it, unpin it."""
    c = k.cpu[me % k.cpus]
    while True:
        yield at(
            "read pte",
            until=lambda: any(c.pte[o].kind is Kind.PRESENT for o in k.object),
            rest=True,
        )
        o = choose(o for o in k.object if c.pte[o].kind is Kind.PRESENT)
        f = c.pte[o].frame
        yield at("try get")
        if f.ref > 0:
            f.ref += 1
            yield at("recheck")
            if c.pte[o].kind is Kind.PRESENT and c.pte[o].frame is f:
                yield at("write")
                write(f, o)
                yield at("put")
                put(f)
            else:
                put(f)


def cleanable(f: Frame) -> bool:
    """Whether writeback may start on a page."""
    return f.dirty and not f.writeback and f.lock == 0


@procedure
def flusher(k: Machine) -> Proc[None]:
    """Start writeback of a dirty page."""
    while True:
        yield at("start", until=lambda: any(cleanable(o.slot) for o in k.object))
        o = choose(o for o in k.object if cleanable(o.slot))
        f = o.slot
        f.writeback = True
        f.dirty = False


@procedure
def disk(k: Machine) -> Proc[None]:
    """End a writeback."""
    while True:
        yield at("end", until=lambda: any(f.writeback for f in k.frame))
        f = choose(f for f in k.frame if f.writeback)
        f.writeback = False


@always
def references_counted(k: Machine) -> list[Frame]:
    """I1: a frame has at least the references that the ledger explains."""
    return [
        f
        for f in k.frame
        if not f.frozen and f.ref < f.mapcount + f.isolated + sum(o.slot is f for o in k.object)
    ]


@always
def no_stale_translation(k: Machine) -> list[Pte]:
    """I2: no TLB leads to a free frame."""
    return [
        c.pte[o]
        for c in k.cpu
        for o in k.object
        if c.pte[o].tlb is not null and c.pte[o].tlb.ref == 0 and not c.pte[o].tlb.frozen
    ]


@always
def no_lost_write(k: Machine) -> list[Object]:
    """I3: an up-to-date page-cache page has what was last written."""
    return [o for o in k.object if o.slot.uptodate and o.slot.content != o.latest]


def boot(k: Machine) -> None:
    """Each object has a frame of its own, on the LRU."""
    for i, o in enumerate(k.object):
        o.slot = k.frame[i]
        o.slot.ref = 1
        o.slot.lru = True
        o.slot.uptodate = True
    for i, c in enumerate(k.cpu):
        c.number = 2 + i


migration = Model(
    "migration",
    Machine,
    [
        run(migrator),
        run(cpu, each=Machine.cpu, name="CPU{}"),
        run(gup, each=Sizes.gups),
        run(flusher, daemon=True),
        run(disk, daemon=True),
    ],
    [references_counted, no_stale_translation, no_lost_write],
    init=boot,
)

S = migration.configure("S", objects=1, frames=3, cpus=2, gups=0)
M = migration.configure("M", objects=1, frames=2, cpus=3, gups=1)
L = migration.configure("L", objects=2, frames=3, cpus=2, gups=0)
M_no_flush = M.configure("M-no-flush", flush=False)
