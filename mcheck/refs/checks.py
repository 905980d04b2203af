"""The checks of a model: which asserts, null checks and so on follow from what is known.

A step that fails a check has no successor; so what is inferred and proved holds as long as none
fails. Those that follow here, from locks, from the ledgers, and from what the step has decided
before, cannot fail, however many processes there are. The others are on trust: the search looks
after them, for the processes of its scenarios.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import z3

from mcheck.lang.emit.smt import Check
from mcheck.lang.program import Site
from mcheck.refs.accesses import memory, typed
from mcheck.refs.books import Book
from mcheck.refs.candidates import reads_of
from mcheck.refs.equations import F
from mcheck.refs.frames import Frame
from mcheck.refs.solvers import possible, quick
from mcheck.refs.ways import Way, ranges

KINDS = {
    "assert": "assertions",
    "null": "null checks",
    "lock": "uses of locks",
    "index": "indices",
    "divide": "divisions",
    "bounds": "least values",
    "local": "bounds of locals",
}
"""The checks that a step is taken to pass, in words."""


@dataclass(frozen=True)
class Checked:
    """A check in the text; trusted: the kinds of processes for which it does not follow."""

    site: Site
    step: str
    trusted: tuple[str, ...] = ()


@quick()
def checks(books: Sequence[Book], ways: Sequence[Way]) -> list[Checked]:
    """Ask about every check of every step; books: what is known, for each counted struct."""
    found: dict[Site, Checked] = {}
    asked: dict[tuple[object, ...], bool] = {}
    for way in ways:
        for check in way.path.checks:
            site = way.sites[check.site]
            if not way.path.conditions[check.after :] or not _assumed(way, check):
                continue
            before = (c.get_id() for c in way.path.conditions[: check.after])
            key = way.process.name, way.before, check.holds.get_id(), *before
            if key not in asked:
                asked[key] = any(_follows(book, way, check, list(way.before)) for book in books)
            known = found.setdefault(site, Checked(site, str(way.origin)))
            kind = way.process.name.strip("{}")
            if not asked[key] and kind not in known.trusted:
                found[site] = replace(known, trusted=(*known.trusted, kind))
    return list(found.values())


def _assumed(way: Way, check: Check) -> bool:
    """Whether a way is only gone if a check is passed."""
    return way.path.conditions[check.after].eq(check.holds)


def _follows(book: Book, way: Way, check: Check, frames: list[Frame]) -> bool:
    """Whether a check is passed, as far as some frames know; else, as far as all callers do."""
    base = z3.And([*way.path.conditions[: check.after], *ranges(way)])
    given = [*book.given(way, frames, base), z3.Not(check.holds)]
    number = book.frozen.of.number
    for e in _elements(book, check):
        # What has the same part but is no such element: nothing is known of that.
        about = z3.Or(e == F, e < 1, e > number)
        if possible([*given, *typed(book.frozen.program, e), about]) == z3.unsat:
            return True
    above = book.frozen.table.above(way, frames)
    return bool(above) and all(_follows(book, way, check, [*frames, frame]) for frame in above)


def _elements(book: Book, check: Check) -> Iterator[z3.ArithRef]:
    """The elements that a check speaks of; any, if it speaks of none."""
    fields = memory(book.frozen.program, book.frozen.of)
    found = False
    for key, at in sorted(reads_of(check.holds), key=str):
        if key in fields:
            cell, offset = fields[key]
            yield (at / cell.length if cell.length > 1 else at - offset) + 1
            found = True
    if not found:
        yield F


def told(found: Sequence[Checked]) -> Iterator[str]:
    """For people: how many follow, and which do not."""
    by = Counter(KINDS[c.site.kind] for c in found)
    good = Counter(KINDS[c.site.kind] for c in found if not c.trusted)
    counts = ", ".join(f"{good[kind]} of {by[kind]} {kind}" for kind in by)
    yield f"checks of the model that follow for any number of processes: {counts}"
    trusted = [c for c in found if c.trusted]
    if trusted:
        yield "on trust, as the search checks them for its scenarios only:"
    for c in sorted(trusted, key=lambda c: (c.site.kind, c.step)):
        yield f"  {c.step} at {c.site.source}: {_says(c.site)} ({', '.join(c.trusted)})"


def _says(site: Site) -> str:
    """What goes wrong where a check fails. Of bounds only the least value is assumed."""
    what, _, bounds = site.message.partition(" is ")
    least = bounds.partition("..")[0]
    return f"{what} falls below {least}" if KINDS[site.kind] == "least values" else site.message
