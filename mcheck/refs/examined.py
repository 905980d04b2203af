"""What is asked over the proved table: uses, last puts, and the checks of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from mcheck.refs.analysis import Analysis, Ledger
from mcheck.refs.books import Book
from mcheck.refs.checks import Checked, checks
from mcheck.refs.owners import Known
from mcheck.refs.proof import Query
from mcheck.refs.solvers import quick
from mcheck.refs.use import Uses
from mcheck.refs.used import Use


@dataclass(frozen=True)
class Examined:
    """The answers.

    uses, unlocked: by the name of the counted struct; seconds: how long each part took.
    """

    uses: Mapping[str, Sequence[Use]] = field(default_factory=dict[str, Sequence[Use]])
    unlocked: Mapping[str, Sequence[Query]] = field(default_factory=dict[str, Sequence[Query]])
    checks: Sequence[Checked] = ()
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])


@quick()
def examine(found: Analysis) -> Examined:
    """Ask about every struct that has a table."""
    begin = perf_counter()
    ledgers = [ledger for ledger in found.ledgers if ledger.table is not None]
    judged = {ledger.of.name: judged_by(found, ledger) for ledger in ledgers}
    uses = {name: each.all() for name, each in judged.items()}
    used = perf_counter()
    books = {
        ledger.of.name: judged[ledger.of.name].book(ledger.holding, owned=ledger.owned)
        for ledger in ledgers
    }
    unlocked = {name: book.unlocked(found.ways) for name, book in books.items()}
    checked = checks(_first_locked(books), found.ways) if books else []
    seconds = {"uses": used - begin, "checks": perf_counter() - used}
    return Examined(uses, unlocked, checked, seconds)


def judged_by(found: Analysis, ledger: Ledger) -> Uses:
    """What judges the uses of a counted struct by its table."""
    assert ledger.table is not None
    program, facts = found.whole.program, found.facts
    return Uses(program, ledger.of, found.ways, facts, ledger.system, ledger.table, Known())


def _first_locked(books: Mapping[str, Book]) -> list[Book]:
    """Those first of which more is known."""
    return sorted(books.values(), key=lambda book: book.bit is None)
