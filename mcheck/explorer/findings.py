"""What a search found wrong, put into words; and which of several findings is shown."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from mcheck.explorer.moves import moves, standing
from mcheck.lang.contract import Executable, Property
from mcheck.lang.errors import ModelError


class Rank(IntEnum):
    """Which finding is shown first, if their traces are equally good."""

    ERROR = 0
    FAILURE = 1
    PROPERTY = 2
    DEADLOCK = 3
    HANG = 4


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, at the end of a path.

    name: a property's name, a failure's kind, "deadlock" or "hang".
    order: position of the property among the model's properties; 0 for other findings.
    state: the packed state that is wrong, or from which the wrong transition starts.
    actor: who makes the wrong transition; None if it is the state that is wrong.
    target: where the wrong transition leads; None if the step failed.
    index: which one of the step's failures.
    error: what went wrong in the evaluation of the property (rank ERROR only).
    """

    rank: Rank
    name: str
    state: int
    order: int = 0
    actor: int | None = None
    target: int | None = None
    index: int = 0
    error: str = ""

    @property
    def preference(self) -> tuple[int, int, str, int, int, int, int]:
        """Sorts findings of equally good traces; the smallest is shown."""
        target = -1 if self.target is None else self.target
        actor = -1 if self.actor is None else self.actor
        return (self.rank, self.order, self.name, self.state, target, actor, self.index)


def wrong_states(
    executable: Executable, kinds: Container[str], states: Iterable[int]
) -> list[Finding]:
    """The claims about single states that each of the states breaks, or that go wrong there.

    kinds: which kinds of properties to judge: "always", and "cover", which can only go wrong.
    """
    claims = [
        (order, claim) for order, claim in enumerate(executable.properties) if claim.kind in kinds
    ]
    found = [judge(claim, order, state, state) for state in states for order, claim in claims]
    return [finding for finding in found if finding is not None]


def wrong_moves(executable: Executable, sources: Iterable[int]) -> list[Finding]:
    """All that is wrong about the transitions from each of the states: failures, step claims."""
    return [
        finding
        for state in sources
        for actor in range(len(executable.actors))
        for finding in _wrong_moves_of(executable, actor, state)
    ]


def deadlock(state: int) -> Finding:
    """A process is stuck in the state."""
    return Finding(Rank.DEADLOCK, "deadlock", state)


def hang(state: int) -> Finding:
    """A process hangs in the state. It may be stuck there, unless all states are found."""
    return Finding(Rank.HANG, "hang", state)


def _wrong_moves_of(executable: Executable, actor: int, state: int) -> Iterator[Finding]:
    successors, failures = moves(executable.actors[actor], state)
    for index, failure in enumerate(failures):
        yield Finding(Rank.FAILURE, failure.kind, state, actor=actor, index=index)
    for target in successors:
        yield from wrong_step(executable, actor, state, target)


def wrong_step(executable: Executable, actor: int, state: int, target: int) -> Iterator[Finding]:
    """The claims about steps that one transition breaks, or that go wrong there."""
    for order, claim in enumerate(executable.properties):
        if claim.kind == "step":
            finding = judge(claim, order, state, target, actor)
            if finding is not None:
                yield finding


def judge(
    claim: Property, order: int, state: int, target: int, actor: int | None = None
) -> Finding | None:
    """What is wrong with one claim, if anything is. A cover can only go wrong in its evaluation.

    order: the position of the claim among the model's properties.
    actor: who makes the transition from state to target; None for a claim about one state.
    """
    end = None if actor is None else target
    try:
        if claim.holds(state, target) or claim.kind == "cover":
            return None
    except ModelError as error:
        return Finding(Rank.ERROR, claim.name, state, order, actor, end, error=str(error))
    return Finding(Rank.PROPERTY, claim.name, state, order, actor, end)


def offenders(executable: Executable, finding: Finding) -> tuple[str, ...]:
    """What breaks the claim, in the model's names; empty for all other findings."""
    if finding.rank != Rank.PROPERTY:
        return ()
    claim = executable.properties[finding.order]
    end = finding.state if finding.target is None else finding.target
    return tuple(claim.offenders(finding.state, end))


def broken(claim: Property) -> str:
    """The sentence that says that a claim does not hold."""
    where = "for the last step" if claim.kind == "step" else "in the last state"
    sentence = f"{claim.name} is false {where}"
    doc = claim.doc.strip().partition("\n\n")[0]
    return f"{sentence}: {' '.join(doc.split())}" if doc else sentence


def stuck(executable: Executable, state: int, processes: Sequence[int]) -> str:
    """The sentence that says who is stuck, and where.

    processes: indices of the actors that can never move again.
    """
    return f"{_waiting(executable, state, processes)}, and can never move again"


def hanging(executable: Executable, state: int, processes: Sequence[int]) -> str:
    """The sentence that says who hangs, and where.

    processes: indices of the actors that only somebody at rest could free.
    """
    them = "them" if len(processes) > 1 else "it"
    return (
        f"{_waiting(executable, state, processes)}, and nobody who is still at work can wake "
        f"{them}: only processes that are at rest could, if they began something new"
    )


def _waiting(executable: Executable, state: int, processes: Iterable[int]) -> str:
    parts: list[str] = []
    for index in processes:
        actor = executable.actors[index]
        label = standing(actor, state)
        parts.append(f"{actor.name} waits at {label.qualified} ({label.source})")
    return _listed(parts)


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
