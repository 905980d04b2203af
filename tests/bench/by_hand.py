"""The benchmark model as a plain transition relation, written from its numbered definition.

pte: 0 none, 1 + f present, 1 + frames + f migration entry. tlb: 0 none, 1 + f. lock: 0 free, 1 the
migrator, 2 + c CPU c. A variable that is not in use is 0. Nothing here knows the modelling
language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

Key: TypeAlias = tuple[Any, ...]


@dataclass(slots=True)
class World:
    """One state. The migrator has mpc to mi, CPUs have cpc to clf, get-user-pages gpc to gf."""

    mpc: int = 0
    mo: int = 0
    mold: int = 0
    mnew: int = 0
    mi: int = 0
    cpc: list[int] = field(default_factory=list[int])
    clo: list[int] = field(default_factory=list[int])
    clf: list[int] = field(default_factory=list[int])
    gpc: list[int] = field(default_factory=list[int])
    go: list[int] = field(default_factory=list[int])
    gf: list[int] = field(default_factory=list[int])
    slot: list[int] = field(default_factory=list[int])
    ghost: list[int] = field(default_factory=list[int])
    ref: list[int] = field(default_factory=list[int])
    mapc: list[int] = field(default_factory=list[int])
    lock: list[int] = field(default_factory=list[int])
    dirty: list[int] = field(default_factory=list[int])
    upt: list[int] = field(default_factory=list[int])
    cont: list[int] = field(default_factory=list[int])
    lru: list[int] = field(default_factory=list[int])
    iso: list[int] = field(default_factory=list[int])
    wb: list[int] = field(default_factory=list[int])
    pte: list[list[int]] = field(default_factory=list[list[int]])
    tlb: list[list[int]] = field(default_factory=list[list[int]])

    def put(self, f: int) -> None:
        """Drop a reference; the last one frees the frame."""
        self.ref[f] -= 1
        if self.ref[f] == 0:
            self.dirty[f] = self.upt[f] = self.cont[f] = 0

    def write(self, f: int, o: int) -> None:
        """Change an object's content through a frame."""
        self.cont[f] ^= 1
        self.ghost[o] ^= 1
        self.dirty[f] = 1

    def restore(self, migration: int, f: int) -> None:
        """Replace the migrator's present entry by a mapping of f, if it is that migration entry."""
        if self.pte[self.mi][self.mo] == migration:
            self.pte[self.mi][self.mo] = 1 + f
            self.mapc[f] += 1
            self.ref[f] += 1

    def advance(self, again: int, then: int) -> None:
        """Go on with the next page table, or to another step after the last one."""
        last = self.mi + 1 == len(self.pte)
        self.mi = 0 if last else self.mi + 1
        self.mpc = then if last else again


SINGLE = 5
FLAT = 22
"""The first fields are numbers, the next ones are lists, the rest lists of lists."""
NAMES = [f.name for f in fields(World)]


def key(w: World) -> Key:
    """The state as a value."""
    values: list[Any] = [getattr(w, name) for name in NAMES]
    values[SINGLE:FLAT] = map(tuple, values[SINGLE:FLAT])
    values[FLAT:] = map(rows, values[FLAT:])
    return tuple(values)


def rows(of: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    """A table as a value."""
    return tuple([tuple(row) for row in of])


def world(k: Key) -> World:
    """The state as an object that can be changed."""
    nested = ([list(row) for row in table] for table in k[FLAT:])
    return World(*k[:SINGLE], *map(list, k[SINGLE:FLAT]), *nested)


@dataclass(frozen=True)
class Protocol:
    """The sizes, and whether the migrator flushes the TLB."""

    objects: int
    frames: int
    cpus: int
    gups: int
    flush: bool = True

    def start(self) -> Key:
        """Each object has a frame of its own, on the LRU."""
        own = [int(f < self.objects) for f in range(self.frames)]
        w = World()
        w.cpc, w.clo, w.clf = ([0] * self.cpus for _ in range(3))
        w.gpc, w.go, w.gf = ([0] * self.gups for _ in range(3))
        w.slot, w.ghost = list(range(self.objects)), [0] * self.objects
        w.ref, w.lru, w.upt = list(own), list(own), list(own)
        w.mapc, w.lock, w.dirty, w.cont, w.iso, w.wb = ([0] * self.frames for _ in range(6))
        w.pte, w.tlb = ([[0] * self.objects for _ in range(self.cpus)] for _ in range(2))
        return key(w)

    def moves(self, k: Key) -> Iterator[Key]:
        """The state after each transition."""
        w = world(k)
        yield from map(key, self.migrator(w))
        for c in range(self.cpus):
            yield from map(key, self.cpu(w, c))
        for d in range(self.gups):
            yield from map(key, self.gup(w, d))
        yield from map(key, self.writeback(w))

    def migrator(self, was: World) -> Iterator[World]:
        """The migrator's steps."""
        if was.mpc <= 1:
            return self.isolate(was)
        if was.mpc <= 7:
            return self.unmap(was)
        return self.move(was) if was.mpc <= 16 else self.back_out(was)

    def isolate(self, was: World) -> Iterator[World]:
        """The migrator's steps 0 and 1: any page on the LRU, any free frame."""
        if was.mpc == 0:
            for o in range(self.objects):
                f = was.slot[o]
                if was.lru[f]:
                    w = world(key(was))
                    w.ref[f] += 1
                    w.lru[f], w.iso[f] = 0, 1
                    w.mo, w.mold, w.mpc = o, f, 1
                    yield w
            return
        for n in range(self.frames):
            if was.ref[n] == 0:
                w = world(key(was))
                w.ref[n] = 1
                w.mnew, w.mpc = n, 2
                yield w

    def unmap(self, was: World) -> Iterator[World]:
        """The migrator's steps 2 to 7: lock, replace the entries, flush, freeze."""
        w = world(key(was))
        old, new, mi, mo = w.mold, w.mnew, w.mi, w.mo
        match w.mpc:
            case 2 if w.lock[old] == 0:
                w.lock[old], w.mpc = 1, 3
            case 3 if not w.wb[old]:
                w.mpc = 4
            case 4 if w.lock[new] == 0:
                w.lock[new], w.mpc = 1, 5
            case 5 if w.pte[mi][mo] == 1 + old:
                w.pte[mi][mo], w.mpc = 1 + self.frames + old, 6
                w.mapc[old] -= 1
                w.ref[old] -= 1
            case 5:
                w.advance(5, 7)
            case 6:
                w.tlb[mi][mo] = 0 if self.flush else w.tlb[mi][mo]
                w.advance(5, 7)
            case 7 if w.ref[old] == 2:
                w.ref[old], w.mpc = 0, 8
            case 7:
                w.mpc = 17
            case _:
                return
        yield w

    def move(self, was: World) -> Iterator[World]:
        """The migrator's steps 8 to 16: switch the slot, copy, map the new frame."""
        w = world(key(was))
        old, new = w.mold, w.mnew
        match w.mpc:
            case 8:
                w.slot[w.mo], w.mpc = new, 9
                w.ref[new] += 1
            case 9:
                w.ref[old], w.mpc = 1, 10
            case 10:
                w.cont[new], w.mpc = w.cont[old], 11
            case 11:
                w.dirty[new], w.upt[new], w.dirty[old] = w.dirty[old], w.upt[old], 0
                w.mpc = 12
            case 12:
                w.restore(1 + self.frames + old, new)
                w.advance(12, 13)
            case 13:
                w.lock[new], w.mpc = 0, 14
            case 14:
                w.lru[new], w.mpc = 1, 15
                w.put(new)
            case 15:
                w.lock[old], w.iso[old], w.mpc = 0, 0, 16
            case _:
                w.put(old)
                w.mo = w.mold = w.mnew = w.mpc = 0
        yield w

    def back_out(self, was: World) -> Iterator[World]:
        """The migrator's steps 17 to 20: map the old frame again."""
        w = world(key(was))
        old, new = w.mold, w.mnew
        match w.mpc:
            case 17:
                w.restore(1 + self.frames + old, old)
                w.advance(17, 18)
            case 18:
                w.lock[new] = 0
                w.put(new)
                w.mnew, w.mpc = 0, 19
            case 19:
                w.lock[old], w.mpc = 0, 20
            case _:
                w.lru[old], w.iso[old] = 1, 0
                w.put(old)
                w.mo = w.mold = w.mpc = 0
        yield w

    def cpu(self, was: World, c: int) -> Iterator[World]:
        """A CPU's steps: 0 is idle, 1 to 6 handle a fault."""
        if was.cpc[c] == 0:
            for o in range(self.objects):
                yield from self.idle(was, c, o)
            return
        w = world(key(was))
        o, f = w.clo[c], w.clf[c]
        entry, found = w.pte[c][o], w.slot[o]
        match w.cpc[c]:
            case 1 if entry == 0:
                w.cpc[c] = 3
            case 1 if entry <= self.frames:
                w.tlb[c][o] = entry
                w.clo[c] = w.cpc[c] = 0
            case 1:
                w.clf[c], w.cpc[c] = entry - 1 - self.frames, 2
            case 2 if w.lock[f] == 0:
                w.clf[c], w.cpc[c] = 0, 1
            case 3 if w.ref[found] > 0:
                w.ref[found] += 1
                w.clf[c], w.cpc[c] = found, 4
            case 4 if w.lock[f] == 0:
                w.lock[f], w.cpc[c] = 2 + c, 5
            case 5 if found == f:
                w.cpc[c] = 6
            case 5:
                w.lock[f] = 0
                w.put(f)
                w.clf[c], w.cpc[c] = 0, 3
            case 6:
                w.pte[c][o] = 1 + f
                w.mapc[f] += 1
                w.lock[f] = w.clf[c] = 0
                w.cpc[c] = 1
            case _:
                return
        yield w

    def idle(self, was: World, c: int, o: int) -> Iterator[World]:
        """What an idle CPU may do with an object: miss, write, evict, zap."""
        tlb, entry = was.tlb[c][o], was.pte[c][o]
        if tlb == 0:
            w = world(key(was))
            w.clo[c], w.cpc[c] = o, 1
            yield w
        else:
            w = world(key(was))
            w.write(tlb - 1, o)
            yield w
            w = world(key(was))
            w.tlb[c][o] = 0
            yield w
        if 1 <= entry <= self.frames:
            w = world(key(was))
            w.pte[c][o] = w.tlb[c][o] = 0
            w.mapc[entry - 1] -= 1
            w.put(entry - 1)
            yield w

    def gup(self, was: World, d: int) -> Iterator[World]:
        """A get-user-pages thread's steps, on the page table of CPU d % cpus."""
        entries = was.pte[d % self.cpus]
        if was.gpc[d] == 0:
            for o, entry in enumerate(entries):
                if 1 <= entry <= self.frames:
                    w = world(key(was))
                    w.go[d], w.gf[d], w.gpc[d] = o, entry - 1, 1
                    yield w
            return
        w = world(key(was))
        o, f = w.go[d], w.gf[d]
        match w.gpc[d]:
            case 1 if w.ref[f] > 0:
                w.ref[f] += 1
                w.gpc[d] = 2
            case 2 if entries[o] == 1 + f:
                w.gpc[d] = 3
            case 3:
                w.write(f, o)
                w.gpc[d] = 4
            case step:
                if step != 1:
                    w.put(f)
                w.go[d] = w.gf[d] = w.gpc[d] = 0
        yield w

    def writeback(self, was: World) -> Iterator[World]:
        """A dirty page goes under writeback; a writeback ends."""
        for f in was.slot:
            if was.dirty[f] and not was.wb[f] and was.lock[f] == 0:
                w = world(key(was))
                w.wb[f], w.dirty[f] = 1, 0
                yield w
        for f in range(self.frames):
            if was.wb[f]:
                w = world(key(was))
                w.wb[f] = 0
                yield w

    def wrong(self, k: Key) -> bool:
        """Whether one of the three invariants is broken."""
        w = world(k)
        frozen = w.mold if w.mpc in (8, 9) else None
        return (
            any(
                w.ref[f] < w.mapc[f] + w.iso[f] + w.slot.count(f)
                for f in range(self.frames)
                if f != frozen
            )
            or any(t and w.ref[t - 1] == 0 and t - 1 != frozen for row in w.tlb for t in row)
            or any(w.upt[f] and w.cont[f] != w.ghost[o] for o, f in enumerate(w.slot))
        )
