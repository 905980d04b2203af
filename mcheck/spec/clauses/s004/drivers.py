"""What s004 asks of drivers whose pages are not on the LRU."""

from __future__ import annotations

from mcheck.spec.clauses.clause import Clause, Kind

_NO_DRIVERS = "there are no pages that a driver owns yet"

DRIVERS = (
    Clause(
        "s004/non-lru.1",
        Kind.INTENT,
        "Migration was meant to lower NUMA latency; compaction uses it too, to make high-order "
        "pages.",
        reason="motivation",
    ),
    Clause(
        "s004/non-lru.2",
        Kind.INTENT,
        "For compaction it helps to move pages outside the LRU as well, such as those of "
        "zsmalloc and virtio-balloon.",
        reason="motivation",
    ),
    Clause(
        "s004/non-lru.3",
        Kind.DRIVER_RULE,
        "A driver that wants its pages movable defines a struct movable_operations.",
        unmodelled=_NO_DRIVERS,
    ),
    Clause(
        "s004/non-lru.4",
        Kind.DRIVER_RULE,
        "It calls __SetPageMovable() on each page that it may be able to move.",
        unmodelled=_NO_DRIVERS,
    ),
    Clause(
        "s004/non-lru.5",
        Kind.DRIVER_RULE,
        "That uses page->mapping, which the driver may then not use for anything else.",
        unmodelled=_NO_DRIVERS,
    ),
)
