"""A use of a counted element, and what keeps the element meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcheck.lang.contract import Source

HOLD, OWN, FIELD, LISTED, BIT = "hold", "own", "field", "list", "lock bit"
STRONG = (OWN, HOLD, LISTED, FIELD, BIT)
"""What keeps an element, as it is told: see docs/refcounts.md."""
UNLESS_ZERO, NAMED, NOTHING = "get unless zero", "named by {}", "nothing"
UNLESS_NULL, LOCKED_ONLY = "{}, unless it is null", "a lock"


@dataclass(frozen=True)
class Kept:
    """What keeps an element.

    via: called by whom; known: what locks tell, if that is all; besides: another local that has to
    do with it.
    """

    by: str
    via: str = ""
    known: frozenset[str] = frozenset()
    besides: frozenset[str] = frozenset()


@dataclass(frozen=True, order=True)
class Use:
    """An access of elements by one name in one step.

    kind: of process; by: what keeps the element; reads, writes: which fields; found: the locals
    and fields by which the element is found; known: what a lock tells of it, if that is all.
    """

    step: str
    name: str
    by: str
    kind: str
    via: str
    source: Source
    reads: frozenset[str]
    writes: frozenset[str]
    found: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    def joined(self, other: Use) -> Use:
        """This and another one of the same place: all that either does, by what both know."""
        return replace(
            self,
            reads=self.reads | other.reads,
            writes=self.writes | other.writes,
            found=self.found | other.found,
            known=self.known & other.known,
        )

    def within(self, other: Use) -> bool:
        """Whether a reason for another use is one for this: it does no more, and knows no less."""
        same = self.place == other.place and self.known >= other.known
        return same and self.reads <= other.reads and self.writes <= other.writes

    @property
    def kept(self) -> bool:
        """Whether something that counts keeps the element."""
        return self.by in STRONG

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What tells it from other uses."""
        return self.step, self.name, self.by, self.kind

    def __str__(self) -> str:
        does = "writes" if self.writes else "reads"
        fields = ", ".join(sorted(self.writes or self.reads))
        via = f", called by {self.via}" if self.via else ""
        return f"{self.step} at {self.source} {does} {fields} of {self.name}{via}: {self.by}"


@dataclass(frozen=True)
class Unheld:
    """A use that nothing that counts keeps, by all kinds of processes that have it."""

    first: Use
    kinds: tuple[str, ...]

    @property
    def speculative(self) -> bool:
        """Whether the step only gets a reference, unless there is none any more."""
        return self.first.by == UNLESS_ZERO


def unheld(uses: Sequence[Use]) -> list[Unheld]:
    """What is used without anything that counts."""
    found: dict[tuple[str, str, str], list[Use]] = {}
    for use in uses:
        if not use.kept:
            found.setdefault((use.step, use.name, use.by), []).append(use)
    return [Unheld(us[0], tuple(dict.fromkeys(u.kind for u in us))) for us in found.values()]
