"""Which lock is which: the names under which locks are known, and when two may be the same.

A lock is known by a key: its number, where that is known, or the path by which a procedure
reaches it. One lock may be known under several keys; a release must forget all that may mean it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mcheck.lang.declare.containers import Embed
from mcheck.lang.declare.state import State
from mcheck.lang.lower.facts import Facts
from mcheck.lang.lower.values import Key

Arguments = Mapping[str, frozenset[Key]]
"""What a callee's locals stand for: all that each is known as in the caller."""

FOLLOW = "->"
"""Marks a step of a key that follows a reference."""


class LockNames:
    """Tells locks apart, for one state class in one scenario."""

    def __init__(self, state: State, facts: Facts) -> None:
        """Remember where the state has its elements."""
        self.state, self.facts = state, facts
        self.parameters: dict[str, set[str | None]] = {}
        self._owners: dict[Key, tuple[Key, str] | None] = {}

    def owner(self, key: Key) -> tuple[Key, str] | None:
        """The element that has an embedded lock known by number, and the lock's name there."""
        if not numbered(key):
            return None
        if key not in self._owners:
            self._owners[key] = self._owner(key)
        return self._owners[key]

    def _owner(self, key: Key) -> tuple[Key, str] | None:
        for (struct, declared), place in self.state.elements_.places.items():
            if isinstance(declared, Embed) and declared.item is key[1]:
                number = key[2] - place.base + 1
                if 1 <= number <= self.state.count_(struct):
                    return ("#", struct, number), declared.name
        return None

    def inside(self, owner: Key, path: Key) -> Key | None:
        """The key of what lies at a path inside an element; None where that cannot be told."""
        if not path or not numbered(owner):
            return (*owner, *path)
        name = path[0]
        if not isinstance(name, str) or name.startswith(FOLLOW):
            return (*owner, *path)
        for (struct, declared), place in self.state.elements_.places.items():
            if struct is owner[1] and declared.name == name and isinstance(declared, Embed):
                return self.inside(("#", declared.item, place.base + owner[2] - 1), path[1:])
        return None

    def name(self, key: Key) -> set[str | None]:
        """The names that the lock may have where it is declared; None for any."""
        owned = self.owner(key)
        if owned is not None:
            return {owned[1]}
        names = [step for step in key[1:] if isinstance(step, str)]
        if names and not names[-1].startswith(FOLLOW):
            return {names[-1]}
        if len(key) != 1:
            return {None}
        local = str(key[0])
        self.facts.ask(("lock names", local))
        return self.parameters.get(local, {None})

    def passed(self, local: str, key: Key | None) -> None:
        """A lock is passed to a parameter, and may be called there what it is called here."""
        names = self.parameters.setdefault(local, set())
        more = {None} if key is None else self.name(key)
        if not more <= names:
            names |= more
            self.facts.learn(("lock names", local))

    def may_be(self, a: Key, b: Key) -> bool:
        """Whether two keys may mean the same lock."""
        if a == b:
            return True
        if numbered(a) and numbered(b):
            return False
        if a[0] == b[0] and not any(follows(k) for k in (a, b)) and len(a) > 1 and len(b) > 1:
            return False
        x, y = self.name(a), self.name(b)
        return None in x or None in y or bool(x & y)

    def without(self, locks: frozenset[Key], released: Key | None) -> frozenset[Key]:
        """The locks that are surely still held after a release."""
        if released is None:
            return frozenset()
        return frozenset(k for k in locks if not self.may_be(k, released))

    def into(self, locks: frozenset[Key], arguments: Arguments) -> frozenset[Key]:
        """The locks that a callee can name, in its own terms."""
        found = {k for k in locks if k[0] in ("#", "me")}
        for local, key in _pairs(arguments):
            found |= {(local, *k[len(key) :]) for k in locks if k[: len(key)] == key}
            for lock in locks:
                owned = self.owner(lock)
                if owned is not None and owned[0] == key:
                    found.add((local, owned[1]))
        return frozenset(found)

    def out_of(
        self,
        locks: frozenset[Key],
        arguments: Arguments,
        before: frozenset[Key],
        released: set[str | None],
    ) -> frozenset[Key]:
        """The locks held after a return, in the caller's terms.

        Args:
            locks: those held at the return, in the callee's terms.
            arguments: what the callee's locals stand for.
            before: those held at the call, in the caller's terms.
            released: the names of all locks that the callee may release.
        """
        found = {k for k in locks if k[0] in ("#", "me")}
        for local, key in _pairs(arguments):
            mapped = [self.inside(key, k[1:]) for k in locks if k[0] == local]
            found |= {k for k in mapped if k is not None}
        unseen = {
            k
            for k in before
            if None not in released and None not in self.name(k) and not self.name(k) & released
        }
        return frozenset(found | unseen)


def _pairs(arguments: Arguments) -> Iterator[tuple[str, Key]]:
    return ((local, key) for local, keys in arguments.items() for key in keys)


def numbered(key: Key) -> bool:
    """Whether a key is the number of an element."""
    return key[0] == "#" and len(key) == 3


def follows(key: Key) -> bool:
    """Whether a path leads through a reference, and so out of the element it begins at."""
    return any(isinstance(step, str) and step.startswith(FOLLOW) for step in key)
