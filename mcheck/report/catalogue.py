"""What can be asked for by name, and which actors meet on which pages: plain rows in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcheck.report.grid import grid
from mcheck.report.phrases import fold, plain

MISSING = "MISSING"
"""What stands in a cell that neither a scenario nor a reason accounts for."""


@dataclass(frozen=True)
class Section:
    """One table: what it is of, its headings, its rows."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def sections(shown: Sequence[Section], width: int = 100) -> str:
    """The tables below their titles, those that have rows."""
    return "\n\n".join(
        f"{section.title}\n{_table(section.headings, section.rows, width)}"
        for section in shown
        if section.rows
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    return grid(headings, [[[plain(cell)] for cell in row] for row in rows], width)


def matrix(
    proofs: Mapping[tuple[str, str], Sequence[str]],
    reasons: Mapping[tuple[str, str], str],
    width: int = 100,
) -> str:
    """Actors by kinds of pages, with a reason below for what no scenario proves.

    proofs: the scenarios in which an actor is seen to meet a migrator on a page of a kind, by
        (actor, kind); reasons: why there is none.
    """
    pairs = [*proofs, *reasons]
    actors = list(dict.fromkeys(actor for actor, _ in pairs))
    kinds = list(dict.fromkeys(kind for _, kind in pairs))
    numbers: dict[str, int] = {}

    def cell(actor: str, kind: str) -> list[str]:
        if proofs.get((actor, kind)):
            return list(proofs[actor, kind])
        reason = plain(reasons.get((actor, kind), ""))
        return [f"({numbers.setdefault(reason, len(numbers) + 1)})"] if reason else [MISSING]

    rows = [[[actor], *(cell(actor, kind) for kind in kinds)] for actor in actors]
    lines = [grid(["actor", *kinds], rows, width), ""] if rows else []
    for reason, number in numbers.items():
        head = f"({number}) "
        lines += fold(reason, width, head, " " * len(head))
    return "\n".join(lines).rstrip()
