"""For loops over interchangeable elements: what they do must not depend on the order."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcheck.lang.lower.locksets import follows
from mcheck.lang.lower.values import Key


@dataclass
class Unordered:
    """What one loop over interchangeable elements touches besides the element it is at.

    struct: the name of the elements' class; private: the locals that each round has for itself;
    element: the key of the present one; read: what is looked at; changes: by what is changed,
    how (an operator, a constant, or None for anything else).
    """

    struct: str
    private: set[str]
    element: Key | None = None
    read: set[str] = field(default_factory=set[str])
    changes: dict[str, set[str | None]] = field(default_factory=dict[str, set[str | None]])

    def reads(self, place: str, owner: Key | None = None) -> None:
        """Something is looked at."""
        if not self._mine(place, owner):
            self.read.add(place)

    def change(self, place: str, how: str | None, owner: Key | None = None) -> None:
        """Something gets a new value."""
        if not self._mine(place, owner):
            self.changes.setdefault(place, set()).add(how)

    def _mine(self, place: str, owner: Key | None) -> bool:
        if place in self.private:
            return True
        if self.element is None or owner is None:
            return False
        n = len(self.element)
        return owner[:n] == self.element and not follows(owner[n:])

    def depends(self) -> str:
        """What the outcome of the loop leaves to the order, in words; empty if nothing."""
        for place, hows in self.changes.items():
            if len(hows) > 1 or None in hows:
                return f"{place} is given its value"
            if place in self.read:
                return f"{place} is changed and looked at"
        return ""
