"""A counterexample as an object: what ran, what it chose, what it changed, where that stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcheck.lang.contract import Choices, Executable, Failure, Held, Source


@dataclass(frozen=True)
class Change:
    """One stored field that a step changed, as a person reads it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Event:
    """One transition of a trace: (process, label, choices) and what came of it.

    actor: index of the process in the model; process: its name.
    inside: the procedures it stood in, outermost first, the label's own one last.
    state: the packed state afterwards; None when the step failed and has no successor.
    """

    actor: int
    process: str
    label: str
    inside: tuple[str, ...]
    choices: Choices
    changed: tuple[Change, ...]
    source: Source
    state: int | None


@dataclass(frozen=True)
class Reference:
    """A reference that a process owns at the end of a trace.

    since: the number of the event that took it, from 1; 0 if it was there at the start.
    """

    process: str
    element: str
    kind: str
    since: int


@dataclass(frozen=True)
class Trace:
    """A path from an initial state to what is wrong.

    initial: the packed initial state; start: its fields, by name.
    failure: set when the last event is a step that failed.
    references: who owns which reference at the end, or before the step that failed.
    """

    initial: int
    start: dict[str, str]
    events: tuple[Event, ...]
    failure: Failure | None = None
    references: tuple[Reference, ...] = ()

    @property
    def depth(self) -> int:
        """How many transitions."""
        return len(self.events)

    @property
    def switches(self) -> int:
        """How often the trace changes from one process to another."""
        return sum(a.actor != b.actor for a, b in zip(self.events, self.events[1:], strict=False))


def references(executable: Executable, states: Sequence[int]) -> tuple[Reference, ...]:
    """Who owns which reference in the last of the states along a trace, and since when."""
    sets = [executable.held(state) for state in states]
    found: list[Reference] = []
    for place, held in enumerate(sets[-1]):
        # The first of two alike was there when there was one, the second since there are two.
        # Its kind may have changed meanwhile: who guessed knows by now.
        number = _alike(sets[-1][: place + 1], held)
        since = len(sets) - 1
        while since and _alike(sets[since - 1], held) >= number:
            since -= 1
        found.append(Reference(held.process, held.element, held.kind, since))
    return tuple(found)


def _alike(there: Sequence[Held], held: Held) -> int:
    """How many references the same process owns to the same element."""
    return sum((h.process, h.element) == (held.process, held.element) for h in there)
