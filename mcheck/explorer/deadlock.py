"""Deadlock: a process that is not at rest and can never move again, whatever happens.

A process is *blocked* in a state if it stands at a label without rest and its step has neither
successors nor failures there. It is *stuck* if it is blocked in every state that can still be
reached. Daemons are never stuck, but what they do may free somebody.

Sets of processes are ints: bit i is actor i.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mcheck.explorer.moves import moves, rows, standing
from mcheck.lang.contract import Actor, Executable, Failure

NOTHING_KNOWN = -1
"""The set of all processes: before a state is expanded, any of them may be blocked there."""

_STATES_A_TICK = 256


def waits(index: int, actor: Actor) -> list[int]:
    """For each label of the actor: its bit, if it counts as blocked where it cannot move."""
    return [0 if actor.daemon or label.rest else 1 << index for label in actor.labels]


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


def settle(executable: Executable, waiting: dict[int, int], tick: Callable[[], None]) -> None:
    """Reduce who is blocked to who is stuck.

    waiting: for every reachable state, who is blocked there (or a part of them that has all that
        are stuck), in the order of discovery. Afterwards: who is stuck there.
    tick: called every few hundred states; may raise to give up.

    A process is not stuck if it is not stuck in some successor. That is carried backward until
    nothing changes. Most news comes from states that were discovered later, so the first pass
    goes backward through the discovery; passes then alternate, as a path back to an early state
    and on from there would otherwise take a pass for each of its states.
    """
    pending = [state for state, who in reversed(waiting.items()) if who]
    changed = True
    while changed:
        changed = False
        left: list[int] = []
        for start in range(0, len(pending), _STATES_A_TICK):
            tick()
            news, rest = _settle_some(executable, waiting, pending[start : start + _STATES_A_TICK])
            changed = changed or news
            left += rest
        left.reverse()
        pending = left


def _settle_some(
    executable: Executable, waiting: dict[int, int], pending: Sequence[int]
) -> tuple[bool, list[int]]:
    """Has anything changed, and in which of the states may somebody still be stuck?"""
    table = [(1 << index, *row) for index, row in enumerate(rows(executable))]
    changed = False
    left: list[int] = []
    successors: list[int] = []
    failures: list[Failure] = []
    for state in pending:
        before = stuck = waiting[state]
        for bit, shift, mask, steps in table:
            if before & bit:
                continue
            steps[(state >> shift) & mask](state, successors, failures)
            for successor in successors:
                stuck &= waiting[successor]
            successors.clear()
            if not stuck:
                break
        else:
            left.append(state)
        if stuck != before:
            waiting[state] = stuck
            changed = True
    return changed, left


def stuck_in(executable: Executable, state: int) -> int:
    """Who is stuck in one state, by a search of all that can be reached from it.

    Stops as soon as everybody has been seen to move; otherwise it takes as long and as much
    memory as there are states to reach.
    """
    candidates = blocked(executable, state)
    seen = {state}
    frontier = [state]
    while candidates and frontier:
        current = frontier.pop()
        candidates &= blocked(executable, current)
        for successor in _all_successors(executable, current):
            if successor not in seen:
                seen.add(successor)
                frontier.append(successor)
    return candidates


def _all_successors(executable: Executable, state: int) -> Iterable[int]:
    for actor in executable.actors:
        yield from moves(actor, state)[0]
