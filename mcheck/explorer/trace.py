"""A counterexample as an object: what ran, what it chose, what it changed, where that stands."""

from __future__ import annotations

from dataclasses import dataclass

from mcheck.lang.contract import Choices, Failure, Source


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
class Trace:
    """A path from an initial state to what is wrong.

    initial: the packed initial state; start: its fields, by name.
    failure: set when the last event is a step that failed.
    """

    initial: int
    start: dict[str, str]
    events: tuple[Event, ...]
    failure: Failure | None = None

    @property
    def depth(self) -> int:
        """How many transitions."""
        return len(self.events)

    @property
    def switches(self) -> int:
        """How often the trace changes from one process to another."""
        return sum(a.actor != b.actor for a, b in zip(self.events, self.events[1:], strict=False))
