"""What engines ask of an executable beside the hot loop: who stands where, and what a move did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from mcheck.explorer.trace import Change, Event
from mcheck.lang.contract import Actor, Choices, Executable, Failure, Label, StepFunction

Row: TypeAlias = tuple[int, int, Sequence[StepFunction]]
"""One actor, for a loop over many states: (pc_shift, pc_mask, steps)."""


def rows(executable: Executable) -> list[Row]:
    """The actors in their order, for a loop over many states."""
    return [(actor.pc_shift, actor.pc_mask, actor.steps) for actor in executable.actors]


def position(actor: Actor, state: int) -> int:
    """The index of the label at which the actor stands."""
    return (state >> actor.pc_shift) & actor.pc_mask


def standing(actor: Actor, state: int) -> Label:
    """The label at which the actor stands."""
    return actor.labels[position(actor, state)]


def moves(actor: Actor, state: int) -> tuple[list[int], list[Failure]]:
    """The successors and the failures of the actor's step."""
    successors: list[int] = []
    failures: list[Failure] = []
    actor.steps[position(actor, state)](state, successors, failures)
    return successors, failures


def traced_moves(actor: Actor, state: int) -> tuple[list[tuple[int, Choices]], list[Failure]]:
    """The same, with the choices that led to each successor and each failure."""
    successors: list[tuple[int, Choices]] = []
    failures: list[Failure] = []
    actor.traced[position(actor, state)](state, successors, failures)
    return successors, failures


def is_done(actor: Actor, index: int) -> bool:
    """Is this the label at which a returned process stays, which never runs?"""
    label = actor.labels[index]
    return index == len(actor.labels) - 1 and label.name == "done" and label.rest


def event(
    executable: Executable, index: int, before: int, after: int | None, choices: Choices
) -> Event:
    """What a person is told of one move of actor `index`; after is None if the step failed."""
    actor = executable.actors[index]
    label = standing(actor, before)
    return Event(
        actor=index,
        process=actor.name,
        label=label.name,
        inside=executable.where(before, index),
        choices=choices,
        changed=() if after is None else _changes(executable, before, after),
        source=label.source,
        state=after,
    )


def _changes(executable: Executable, before: int, after: int) -> tuple[Change, ...]:
    old = executable.describe(before)
    new = executable.describe(after)
    return tuple(
        Change(name, old[name], value) for name, value in new.items() if old[name] != value
    )
