"""What stores, loads and copies do to the contents of frames. Ghosts: no step depends on them."""

from __future__ import annotations

from mcheck.impl.state import Access, Content, Cpu, Folio, Kernel, Location


def store(k: Kernel, folio: Folio, location: Location) -> None:
    """A program stores to a location, by way of a frame."""
    for f in k.folio:
        if f.content[location] is Content.LATEST:
            f.content[location] = Content.STALE
    for other in k.location:
        if folio.content[other] is Content.LATEST:
            folio.content[other] = Content.STALE
    folio.content[location] = Content.LATEST
    if location.disk is Content.LATEST:
        location.disk = Content.STALE


def load(me: Cpu, folio: Folio, location: Location) -> None:
    """A program loads from a location, by way of a frame."""
    if folio.content[location] is not Content.LATEST:
        me.saw = Access.STALE


def copy(k: Kernel, source: Folio, target: Folio) -> None:
    """A frame is copied."""
    for location in k.location:
        target.content[location] = source.content[location]


def poison(k: Kernel, folio: Folio) -> None:
    """A frame is free: anything may be in it."""
    for location in k.location:
        folio.content[location] = Content.POISON


def zero(folio: Folio, location: Location) -> None:
    """A frame is cleared: that is what the location has, unless it has had a page before."""
    folio.content[location] = Content.STALE if location.touched else Content.LATEST


def touch(location: Location) -> None:
    """A location gets its first page."""
    location.touched = True
