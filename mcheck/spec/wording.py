"""What the sentences of the promises name: who points at a folio, what still speaks of it."""

from __future__ import annotations

from mcheck.impl.state import Entry, Folio, Kernel, Vma


def _entries(k: Kernel, f: Folio, kind: Entry) -> list[str]:
    entries = [v.pte for m in k.mm for v in m.vma]
    return [str(pte) for pte in entries if pte.kind is kind and pte.folio is f]


def pointers(k: Kernel, f: Folio) -> list[str]:
    """The fields that have a reference to a folio, by name."""
    return [
        *_entries(k, f, Entry.PRESENT),
        *(str(s) for s in k.mapping.slot if s.folio is f),
        *(f"{c}.fbatch" for c in k.cpu if c.fbatch is f),
        *(f"{c}.from_list" for c in k.cpu if c.from_list[f]),
        *(f"{c}.ret_list" for c in k.cpu if c.ret_list[f]),
    ]


def traces_of_use(k: Kernel, f: Folio) -> list[str]:
    """What else knows a folio that should be free."""
    flags = ("locked", "waiters", "lru", "writeback", "dirty")
    return [
        *(f"PG_{flag}" for flag in flags if getattr(f.flags, flag)),
        *(f"{c} waits for it" for c in k.cpu if c.waits_on is f),
        *("the disk writes it" for s in k.mapping.slot if s.bio is f),
        *(f"the migration entry {name}" for name in _entries(k, f, Entry.MIGRATION)),
        *(f"the TLB of {c}" for c in k.cpu if any(t.folio is f for t in c.tlb)),
        *(["its mapcount"] if f.mapcount else []),
        *(["its place on the LRU"] if f.on_lru else []),
    ]


def left_overs(k: Kernel, f: Folio) -> list[str]:
    """What of a folio should have come to an end when nobody is at work."""
    return [
        *(["frozen"] if f.frozen else []),
        *(f"PG_{flag}" for flag in ("locked", "writeback") if getattr(f.flags, flag)),
        *(["not free, with a refcount of 0"] if f.refcount == 0 and not f.free else []),
        *(["PG_lru, but on no list"] if f.flags.lru and not f.on_lru else []),
        *(["on the LRU without PG_lru"] if f.on_lru and not f.flags.lru else []),
        *(f"on {c}.from_list" for c in k.cpu if c.from_list[f]),
        *(f"on {c}.ret_list" for c in k.cpu if c.ret_list[f]),
        *(f"{c} waits for it" for c in k.cpu if c.waits_on is f),
    ]


def in_the_way(v: Vma) -> str:
    """Why an entry should not be writable as it is."""
    if not v.vm_write:
        return "its mapping is read-only"
    if v.anon:
        return f"{v.pte.folio} is not this address space's alone"
    return f"{v.pte.folio} is clean, and stores to it have to be noticed"


def and_these(names: list[str]) -> str:
    """The names behind what there is already; nothing if there are none."""
    return f" ({', '.join(names)})" if names else ""
