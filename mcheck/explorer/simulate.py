"""Simulation: random walks by direct execution. It finds, but it never proves."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mcheck.explorer import coverage
from mcheck.explorer.deadlock import blocked, members
from mcheck.explorer.findings import (
    Finding,
    Rank,
    broken,
    deadlock,
    offenders,
    stuck,
    wrong_states,
    wrong_step,
)
from mcheck.explorer.limits import UNLIMITED, Watch
from mcheck.explorer.moves import event, position
from mcheck.explorer.result import Result, Verdict
from mcheck.explorer.trace import Trace, references
from mcheck.explorer.verdict import undecided
from mcheck.lang.contract import Choices, Failure

if TYPE_CHECKING:
    from mcheck.lang import Model

ENGINE = "simulation"


def simulate(
    model: Model[Any], *, seed: int | None = None, walks: int = 100, steps: int = 1000
) -> Result:
    """Walk at random from an initial state, again and again.

    seed: the same seed gives the same walks; without one, one is drawn. `Result.seed` has it.
    walks, steps: how many walks, and how many transitions each of them has at most.

    Any move that is possible is as likely as any other process's; so is any choice. A walk in
    which nothing can move while a process is not at rest ends in a deadlock. The trace of a
    violation is that of its walk; it is not a shortest one. If nothing is found the verdict is
    BOUNDED. `Result.states` counts the distinct states seen, `depth` is the longest walk's length.

    Raises:
        ModelError: the model itself is refused.
    """
    if seed is None:
        seed = random.SystemRandom().randrange(2**32)
    simulation = _Simulation(model, random.Random(seed))
    finding: Finding | None = None
    number = 0
    stopped = ""
    try:
        while number < walks and finding is None:
            finding = simulation.walk(steps)
            number += 1
    except KeyboardInterrupt:
        stopped = ", stopped by an interrupt"
    result = replace(simulation.result(), seed=seed, edition=model.edition, variant=model.variant)
    if finding is not None:
        remark = f" (found on random walk {number}; the trace is not a shortest one)"
        return simulation.with_finding(result, finding, remark)
    why = f"simulation of {number:,} walks of at most {steps:,} steps{stopped}"
    return replace(result, why=why, undecided=undecided(result, hang=model.hang))


@dataclass
class _Walk:
    """One walk: its states, and for each move who made it and what it chose."""

    states: list[int] = field(default_factory=list[int])
    moves: list[tuple[int, Choices]] = field(default_factory=list[tuple[int, Choices]])
    failure: Failure | None = None


class _Simulation:
    """All walks, and what they have seen together."""

    def __init__(self, model: Model[Any], chance: random.Random) -> None:
        self._model = model
        self._executable = model.compile()
        self._chance = chance
        self._watch = Watch(UNLIMITED)
        self._seen: set[int] = set()
        self._counts = [[0] * len(actor.labels) for actor in self._executable.actors]
        self._open_covers = [
            claim for claim in self._executable.properties if claim.kind == "cover"
        ]
        self._longest = 0
        self._walk = _Walk()

    def walk(self, steps: int) -> Finding | None:
        """Walk once; what is found wrong ends the walk."""
        from mcheck.lang.direct import Direct

        initial = self._chance.randrange(len(self._executable.initial))
        direct = Direct(self._model, initial, self._executable)
        self._walk = walk = _Walk(states=[direct.state()])
        finding = self._judge(walk.states[0])
        while finding is None and len(walk.moves) < steps:
            enabled = direct.enabled()
            before = walk.states[-1]
            if not enabled:
                return self._ended(before)
            actor = self._chance.choice(enabled)
            move = direct.step(actor, self._pick)
            walk.moves.append((actor, move.choices))
            self._longest = max(self._longest, len(walk.moves))
            if move.failure is not None:
                walk.failure = move.failure
                return Finding(Rank.FAILURE, move.failure.kind, before, actor=actor)
            after = direct.state()
            walk.states.append(after)
            self._counts[actor][position(self._executable.actors[actor], before)] += 1
            finding = self._judge(after)
            finding = next(wrong_step(self._executable, actor, before, after), finding)
        return finding

    def result(self) -> Result:
        """The counts of all walks so far; the verdict is BOUNDED."""
        executable = self._executable
        self._watch.measure()
        runs = coverage.label_runs(executable, self._counts)
        return Result(
            scenario=executable.name,
            verdict=Verdict.BOUNDED,
            engine=ENGINE,
            states=len(self._seen),
            transitions=sum(map(sum, self._counts)),
            depth=self._longest,
            seconds=self._watch.seconds,
            scope=executable.constants,
            labels=runs,
            unreached=coverage.never_ran(runs),
            uncovered=tuple(claim.name for claim in self._open_covers),
            bits=executable.bits,
            peak_bytes=self._watch.peak,
        )

    def with_finding(self, result: Result, finding: Finding, remark: str) -> Result:
        """The result with what the last walk found."""
        return replace(
            result,
            verdict=Verdict.ERROR if finding.rank == Rank.ERROR else Verdict.VIOLATED,
            property=finding.name,
            why=self._why(finding) + remark,
            offenders=offenders(self._executable, finding),
            trace=self._trace(),
            unreached=(),
            uncovered=(),
        )

    def _pick(self, variable: str, values: list[str]) -> int:
        del variable
        return self._chance.randrange(len(values))

    def _judge(self, state: int) -> Finding | None:
        """The first claim about single states that the state breaks; covers are noted."""
        if state in self._seen:
            return None
        self._seen.add(state)
        wrong = wrong_states(self._executable, ("always", "cover"), [state])
        if wrong:
            return min(wrong, key=lambda finding: finding.preference)
        self._open_covers = [claim for claim in self._open_covers if not claim.holds(state, state)]
        return None

    def _ended(self, state: int) -> Finding | None:
        """Nothing can move: is somebody not at rest?"""
        return deadlock(state) if blocked(self._executable, state) else None

    def _why(self, finding: Finding) -> str:
        match finding.rank:
            case Rank.ERROR:
                return finding.error
            case Rank.DEADLOCK | Rank.HANG:  # no walk is found to hang
                who = members(blocked(self._executable, finding.state))
                return stuck(self._executable, finding.state, who)
            case Rank.FAILURE:
                assert self._walk.failure is not None
                return self._walk.failure.message
            case Rank.PROPERTY:
                return broken(self._executable.properties[finding.order])

    def _trace(self) -> Trace:
        walk = self._walk
        ends = [*walk.states[1:], None]
        events = tuple(
            event(self._executable, actor, before, after, choices)
            for before, after, (actor, choices) in zip(walk.states, ends, walk.moves, strict=False)
        )
        start = walk.states[0]
        owned = references(self._executable, walk.states)
        return Trace(start, self._executable.describe(start), events, walk.failure, owned)
