"""`mcheck refs`: the reference counts of an edition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcheck.loading.catalogue import catalogue
from mcheck.loading.errors import known

if TYPE_CHECKING:
    from mcheck.lang.model import Model


def edition_model(edition: str) -> Model[Any]:
    """All processes of an edition's scenarios as one model.

    Raises:
        UsageError: there is no such edition.
    """
    from mcheck.refs.whole import joined

    found = catalogue()
    name = known("edition", edition, found.editions)
    models = [s.model for s in found.scenarios.values() if s.edition == name]
    return joined(models, name, _places)


def _places(largest: Mapping[str, int]) -> Mapping[str, int]:
    """There is a location for every page of every address space."""
    if not {"mms", "pages", "locations"} <= largest.keys():
        return {}
    return {"locations": max(largest["locations"], largest["mms"] * largest["pages"])}


def refs(edition: str) -> tuple[str, bool, bool]:
    """The report on an edition; whether nothing is wrong; whether nothing had to be assumed."""
    from mcheck.refs.analysis import analyse
    from mcheck.refs.text import report, unexplained
    from mcheck.refs.use import uses
    from mcheck.spec.unheld import UNHELD

    found = analyse(edition_model(edition), UNHELD)
    used = {
        ledger.of.name: uses(found, ledger) for ledger in found.ledgers if ledger.table is not None
    }
    good = all(ledger.proved and not ledger.differs for ledger in found.ledgers)
    good = good and not any(unexplained(there, UNHELD) for there in used.values())
    text = report(found, used, UNHELD)
    return text, good, not any(ledger.assumed for ledger in found.ledgers)
