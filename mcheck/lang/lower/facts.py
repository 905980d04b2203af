"""What the lowering of each step rests on: a step is lowered again where that turns out to differ.

All that is learnt only grows: a local may have more values, a lock is surely held at fewer places,
a field is written after all. So what is lowered with less than is known is lowered again, and in
the end all of it is known.
"""

from __future__ import annotations

from collections.abc import Hashable

Fact = tuple[Hashable, ...]
"""A thing that may be learnt, such as ("written", "Page.count")."""

Place = tuple[str, int]
"""A step: its procedure, and the number of its label there."""


class Facts:
    """Remembers who asked for what.

    stale: the steps that were lowered with less than is known; learnt: how often something was.
    """

    def __init__(self) -> None:
        """Nothing is known, and nobody has asked."""
        self.stale: set[Place] = set()
        self.learnt = 0
        self._place: Place = ("", 0)
        self._askers: dict[Fact, set[Place]] = {}

    def begin(self, place: Place) -> None:
        """A step is lowered now, with all that is known."""
        self._place = place
        self.stale.discard(place)
        self.ask(("label", place))

    def ask(self, fact: Fact) -> None:
        """The step that is lowered now depends on a fact."""
        askers = self._askers.get(fact)
        if askers is None:
            askers = self._askers[fact] = set()
        askers.add(self._place)

    def learn(self, fact: Fact) -> None:
        """A fact is not what it was when it was asked for."""
        self.learnt += 1
        self.stale.update(self._askers.get(fact, ()))
