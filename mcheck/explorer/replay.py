"""Run a recorded counterexample again, by direct execution, and say where the model differs now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcheck.explorer.deadlock import hangs_in, stuck_in
from mcheck.explorer.moves import event, standing
from mcheck.explorer.recording import RecordedStep, Recording
from mcheck.explorer.trace import Event, Trace, references
from mcheck.lang.contract import Failure
from mcheck.lang.errors import ModelError

if TYPE_CHECKING:
    from mcheck.lang import Model
    from mcheck.lang.direct import Direct


@dataclass(frozen=True)
class Replayed:
    """How far a recording could be run.

    trace: what did run; None if it did not even start.
    step: number of the step at which the model differs from the recording, from 1; 0 for the
        start; the last step's number if only what was violated at the end differs.
    divergence: what differs there; empty if nothing does.
    """

    recording: Recording
    trace: Trace | None
    step: int
    divergence: str

    @property
    def reproduced(self) -> bool:
        """Every step ran as recorded, and the violation is there again."""
        return not self.divergence

    def __str__(self) -> str:
        """One sentence, for a person."""
        if self.reproduced:
            return f"reproduced: {self.recording.violated} is violated as recorded"
        where = f"at step {self.step}" if self.step else "at the start"
        return f"the model has changed: {where}, {self.divergence}"


class _Diverged(Exception):
    """The model does not do what was recorded. str() says what differs."""


def replay(
    model: Model[Any], recording: Recording, *, watch: Callable[[Event], None] | None = None
) -> Replayed:
    """Run the recording's steps on the model, by direct execution.

    model: takes the recording's constants; edition and variant must be right already.
    watch: called with each event as soon as its step has run.

    Raises:
        ModelError: the model itself is refused.
    """
    changed = {
        name: value
        for name, value in recording.constants.items()
        if model.constants.get(name) != value
    }
    gone = [name for name in changed if name not in model.constants]
    if gone:
        return Replayed(recording, None, 0, f"there is no constant {' or '.join(gone)} any more")
    run = _Run(
        model.configure(model.name, unreached=(), **changed) if changed else model, recording, watch
    )
    try:
        run.start()
        for number, step in enumerate(recording.steps, start=1):
            run.step(number, step)
        run.end()
    except _Diverged as divergence:
        return Replayed(recording, run.trace, run.number, str(divergence))
    return Replayed(recording, run.trace, run.number, "")


class _Run:
    """A replay under way.

    trace: what has run so far. number: the step that is being run.
    """

    def __init__(
        self, model: Model[Any], recording: Recording, watch: Callable[[Event], None] | None
    ) -> None:
        self._model = model
        self._executable = model.compile()
        self._recording = recording
        self._watch = watch
        self._expected = dict(recording.start)
        self._events: list[Event] = []
        self._failure: Failure | None = None
        self._initial: int | None = None
        self.number = 0

    @property
    def trace(self) -> Trace | None:
        if self._initial is None:
            return None
        start = self._executable.describe(self._initial)
        states = [self._initial, *(e.state for e in self._events if e.state is not None)]
        owned = references(self._executable, states)
        return Trace(self._initial, start, tuple(self._events), self._failure, owned)

    def start(self) -> None:
        """Find the initial state that was recorded."""
        from mcheck.lang.direct import Direct

        initial = self._executable.initial
        differences = [self._differences(state) for state in initial]
        if "" not in differences:
            raise _Diverged(min(differences, key=len, default="there is no initial state"))
        index = differences.index("")
        self._initial = initial[index]
        self._direct: Direct = Direct(self._model, index, self._executable)

    def step(self, number: int, step: RecordedStep) -> None:
        """Run one step, which must do what was recorded."""
        self.number = number
        before = self._direct.state()
        actor = self._actor(step, before)
        pick = _Picks(step)
        move = self._direct.step(actor, pick)
        self._failure = move.failure
        after = None if move.failure else self._direct.state()
        happened = event(self._executable, actor, before, after, move.choices)
        self._events.append(happened)
        if self._watch is not None:
            self._watch(happened)
        pick.all_taken()
        self._expect_failure(number, move.failure)
        self._expected.update(step.changed)
        if after is not None and (differences := self._differences(after)):
            raise _Diverged(f"after {step.process} {step.label}: {differences}")

    def end(self) -> None:
        """What was violated must be violated again."""
        recording = self._recording
        if recording.failure is not None:
            return
        state = self._direct.state()
        if recording.violated == "deadlock":
            if not stuck_in(self._executable, state):
                raise _Diverged("nobody is stuck for ever in the last state any more")
            return
        if recording.violated == "hang":
            self._expect_hang(state)
            return
        claims = [
            claim for claim in self._executable.properties if claim.name == recording.violated
        ]
        if not claims:
            raise _Diverged(f"there is no property {recording.violated} any more")
        previous = self._before_last() if claims[0].kind == "step" else state
        try:
            holds = claims[0].holds(previous, state)
        except ModelError as error:
            raise _Diverged(f"{recording.violated} cannot be evaluated: {error}") from None
        if holds:
            raise _Diverged(f"{recording.violated} holds there now")

    def _expect_hang(self, state: int) -> None:
        if not self._executable.hang:
            raise _Diverged("the model does not ask for hangs any more")
        if not hangs_in(self._executable, state):
            raise _Diverged("nobody hangs in the last state any more")

    def _before_last(self) -> int:
        states = [self._initial, *(happened.state for happened in self._events)]
        state = states[-2]
        assert state is not None
        return state

    def _actor(self, step: RecordedStep, state: int) -> int:
        """The process that is to move: it must exist, stand at the label, and be able to move."""
        actors = self._executable.actors
        names = [actor.name for actor in actors]
        if step.process not in names:
            raise _Diverged(f"there is no process {step.process}; there are {', '.join(names)}")
        index = names.index(step.process)
        label = standing(actors[index], state).qualified
        if label != step.label:
            raise _Diverged(f"{step.process} stands at {label}, not at {step.label}")
        if index not in self._direct.enabled():
            raise _Diverged(f"{step.process} cannot move: {step.label} is not enabled")
        return index

    def _expect_failure(self, number: int, failure: Failure | None) -> None:
        last = number == len(self._recording.steps)
        expected = self._recording.failure if last else None
        if failure is None:
            if expected is not None:
                raise _Diverged(f"the step no longer fails ({expected} was recorded)")
        elif failure.kind != expected:
            raise _Diverged(f"the step fails: {failure.kind}: {failure.message}")

    def _differences(self, state: int) -> str:
        """The recorded fields that have another value in the state; empty if there are none.

        A field that no step of the model writes is not part of its states: it stays as it was.
        """
        fields = {**self._recording.start, **self._executable.describe(state)}
        return ", ".join(
            f"{name} is {fields[name]}, not {value}"
            for name, value in self._expected.items()
            if fields[name] != value
        )


class _Picks:
    """Picks what was recorded; a callable for `Direct.step`."""

    def __init__(self, step: RecordedStep) -> None:
        self._left = list(step.choices)

    def __call__(self, variable: str, values: list[str]) -> int:
        if not self._left:
            raise _Diverged(f"{variable} is chosen, which was not recorded")
        recorded, value = self._left.pop(0)
        if variable != recorded:
            raise _Diverged(f"{variable} is chosen, where {recorded} was recorded")
        if value not in values:
            raise _Diverged(f"{variable} cannot be {value}; it can be {', '.join(values)}")
        return values.index(value)

    def all_taken(self) -> None:
        """All recorded choices must have been asked for."""
        if self._left:
            raise _Diverged(f"{self._left[0][0]} is no longer chosen")
