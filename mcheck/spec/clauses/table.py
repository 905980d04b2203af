"""The clauses as a table: looked up by id, and as rows of text to be shown."""

from __future__ import annotations

from collections.abc import Iterable

from mcheck.spec.clauses.clause import Clause, Kind

HEADERS = ("clause", "kind", "says", "realised by", "checked by", "note")
"""What the columns of `rows` are."""


def by_id(clauses: Iterable[Clause]) -> dict[str, Clause]:
    """The clauses by their ids, in their order.

    Raises:
        ValueError: two of them have the same id.
    """
    table: dict[str, Clause] = {}
    for clause in clauses:
        if clause.id in table:
            raise ValueError(f"two clauses are called {clause.id}")
        table[clause.id] = clause
    return table


def rows(clauses: Iterable[Clause]) -> list[tuple[str, ...]]:
    """One row of text a clause, a column for each of HEADERS."""
    return [
        (
            clause.id,
            clause.kind.value,
            clause.text,
            ", ".join(clause.steps),
            ", ".join(clause.properties),
            _note(clause),
        )
        for clause in clauses
    ]


def _note(clause: Clause) -> str:
    """Why a clause points at nothing, and what 6.1 does otherwise."""
    notes = {
        "not modelled": clause.unmodelled,
        f"no code in {clause.edition}": clause.evidence if clause.kind is Kind.NO_CODE else "",
        "Linux 6.1": clause.differs,
    }
    said = [f"{head}: {note}" for head, note in notes.items() if note]
    return "; ".join([clause.reason, *said] if clause.reason else said)
