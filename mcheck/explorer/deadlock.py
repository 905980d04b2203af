"""Who waits in vain: deadlock, and where a model asks for it hang.

A process is *blocked* in a state if it stands at a label without rest and its step has neither
successors nor failures there. It is *stuck*, which is a deadlock, if it is blocked in every state
that can still be reached. It *hangs* if it is blocked in every state that can still be reached
while nobody at rest begins something new: without the transitions that processes, daemons apart,
make from a label with rest. So who is stuck hangs too. Daemons are never stuck and never hang, but
what they do may free somebody.

Sets of processes are ints: bit i is actor i. Where hangs are asked for, a search keeps two sets in
one int for each state: who may be stuck, and above it who may hang.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from mcheck.explorer.moves import moves, rows, standing
from mcheck.lang.contract import Actor, Executable, Failure, Label, StepFunction

NOTHING_KNOWN = -1
"""The set of all processes: before a state is expanded, any of them may be blocked there."""

_STATES_A_TICK = 256

Freer: TypeAlias = tuple[int, int, int, Sequence[StepFunction], Sequence[int]]
"""An actor, as one who may free others, for a loop over many states: (its bits in what is kept of
a state, none if it is a daemon, pc_shift, pc_mask, steps, spared). spared: for each label, the part
of what is kept of a state that a transition from there does not free; 0 if it is work."""


def waits(executable: Executable, index: int) -> list[int]:
    """For each label of an actor: its bits, if it counts as blocked where it cannot move."""
    actor = executable.actors[index]
    bits = _bits(executable, index)
    return [0 if label.rest else bits for label in actor.labels]


def hangs_part(executable: Executable) -> int:
    """The part of what is kept of a state that says who may hang; 0 if nobody asks."""
    return _all(executable) << len(executable.actors) if executable.hang else 0


def stuck_of(executable: Executable, kept: int) -> int:
    """Who may be stuck, out of what is kept of a state."""
    return kept & _all(executable)


def hanging_of(executable: Executable, kept: int) -> int:
    """Who may hang, out of what is kept of a state."""
    return (kept & hangs_part(executable)) >> len(executable.actors)


def freers(executable: Executable) -> list[Freer]:
    """The actors in their order, as those who may free others."""
    hangs = hangs_part(executable)
    found: list[Freer] = []
    for index, (actor, row) in enumerate(zip(executable.actors, rows(executable), strict=True)):
        spared = [hangs if begins(actor, label) else 0 for label in actor.labels]
        found.append((_bits(executable, index), *row, spared))
    return found


def begins(actor: Actor, label: Label) -> bool:
    """Does the actor begin something new if it moves on from the label?"""
    return label.rest and not actor.daemon


def blocked(executable: Executable, state: int) -> int:
    """Who is blocked in the state."""
    found = 0
    for index, actor in enumerate(executable.actors):
        if not actor.daemon and not standing(actor, state).rest:
            successors, failures = moves(actor, state)
            if not successors and not failures:
                found |= 1 << index
    return found


def members(processes: int) -> list[int]:
    """The indices of the actors in a set."""
    return [index for index in range(processes.bit_length()) if processes >> index & 1]


def nobody_works(table: Sequence[Freer], state: int, kept: int) -> bool:
    """Has nobody a transition but those who would begin something new?

    kept: who is blocked in the state, in which no step fails.
    """
    successors: list[int] = []
    for bits, shift, mask, steps, spared in table:
        if kept & bits:
            continue
        position = (state >> shift) & mask
        if spared[position]:
            continue
        if bits:
            return False
        steps[position](state, successors, [])
        if successors:
            return False
    return True


def settle(executable: Executable, waiting: dict[int, int], tick: Callable[[], None]) -> None:
    """Reduce who is blocked to who is stuck and who hangs.

    waiting: for every reachable state, who is blocked there (or a part of them that has all that
        are stuck, or hang), in the order of discovery. Afterwards: who is stuck, or hangs, there.
    tick: called every few hundred states; may raise to give up.

    A process is not stuck if it is not stuck in some successor. That is carried backward until
    nothing changes. Most news comes from states that were discovered later, so the first pass
    goes backward through the discovery; passes then alternate, as a path back to an early state
    and on from there would otherwise take a pass for each of its states. With hangs it is the
    same, but for those successors in which somebody has begun something new.
    """
    table = freers(executable)
    pending = [state for state, who in reversed(waiting.items()) if who]
    changed = True
    while changed:
        changed = False
        left: list[int] = []
        for start in range(0, len(pending), _STATES_A_TICK):
            tick()
            news, rest = _settle_some(table, waiting, pending[start : start + _STATES_A_TICK])
            changed = changed or news
            left += rest
        left.reverse()
        pending = left


def _settle_some(
    table: Sequence[Freer], waiting: dict[int, int], pending: Sequence[int]
) -> tuple[bool, list[int]]:
    """Has anything changed, and in which of the states may somebody still be stuck, or hang?"""
    changed = False
    left: list[int] = []
    successors: list[int] = []
    failures: list[Failure] = []
    for state in pending:
        before = stuck = waiting[state]
        for bits, shift, mask, steps, spared in table:
            if before & bits:
                continue
            position = (state >> shift) & mask
            spare = spared[position]
            if spare and not stuck & ~spare:
                continue
            steps[position](state, successors, failures)
            for successor in successors:
                stuck &= waiting[successor] | spare
            successors.clear()
            if not stuck:
                break
        else:
            left.append(state)
        if stuck != before:
            waiting[state] = stuck
            changed = True
    return changed, left


def stuck_in(executable: Executable, state: int, tick: Callable[[int], None] | None = None) -> int:
    """Who is stuck in one state, by a search of all that can be reached from it.

    Stops as soon as everybody has been seen to move; otherwise it takes as long and as much
    memory as there are states to reach.

    tick: called for each state with how many have been found; may raise to give up.
    """
    return _blocked_from(executable, state, _all_successors, tick)


def hangs_in(executable: Executable, state: int) -> int:
    """Who hangs in one state, by a search like that of `stuck_in`."""
    return _blocked_from(executable, state, _successors_of_work, None)


def _blocked_from(
    executable: Executable,
    state: int,
    following: Callable[[Executable, int], Iterator[int]],
    tick: Callable[[int], None] | None,
) -> int:
    """Who is blocked in a state and in all that follow."""
    candidates = blocked(executable, state)
    seen = {state}
    frontier = [state]
    while candidates and frontier:
        if tick is not None:
            tick(len(seen))
        current = frontier.pop()
        candidates &= blocked(executable, current)
        for successor in following(executable, current):
            if successor not in seen:
                seen.add(successor)
                frontier.append(successor)
    return candidates


def _all_successors(executable: Executable, state: int) -> Iterator[int]:
    for actor in executable.actors:
        yield from moves(actor, state)[0]


def _successors_of_work(executable: Executable, state: int) -> Iterator[int]:
    for actor in executable.actors:
        if not begins(actor, standing(actor, state)):
            yield from moves(actor, state)[0]


def _bits(executable: Executable, index: int) -> int:
    """The bits of an actor in what is kept of a state; none if it is a daemon."""
    bit = 0 if executable.actors[index].daemon else 1 << index
    return bit | (bit << len(executable.actors)) & hangs_part(executable)


def _all(executable: Executable) -> int:
    return (1 << len(executable.actors)) - 1
