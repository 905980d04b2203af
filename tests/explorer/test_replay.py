"""Replay: a recording is run again by direct execution, and says where the model differs now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcheck.explorer import Event, Recording, check, record, replay
from mcheck.lang import Model, run
from mcheck.lang.procedures import Procedure
from tests.explorer.boxes import (
    Box,
    adder,
    box,
    careful,
    closer,
    decided,
    fickle,
    generous,
    grows,
    opener,
    otherwise,
    overdue,
    patient,
    picky,
    short,
    small,
    somewhere,
    ticker,
    tiny,
    visitor,
)


def recording_of(model: Model[Box]) -> Recording:
    result = check(model.compile(), unreached=model.unreached)
    return record(replace(result, variant=model.variant), "boxes.py:box")


@pytest.mark.parametrize("model", [
    box(adder, small), box(adder, grows), box(careful), box(closer), box(closer, small),
], ids=str)  # fmt: skip
def test_a_violation_is_reproduced(model: Model[Box]) -> None:
    recording = recording_of(model)
    seen: list[Event] = []
    replayed = replay(model, recording, watch=seen.append)
    assert replayed.reproduced
    assert str(replayed) == f"reproduced: {recording.violated} is violated as recorded"
    result = check(model.compile())
    assert replayed.trace == result.trace
    assert result.trace is not None and tuple(seen) == result.trace.events
    assert replayed.step == len(recording.steps)


def test_the_recorded_constants_are_taken() -> None:
    recording = recording_of(box(adder, tiny).configure(adders=5))
    assert len(recording.steps) == 10
    assert replay(box(adder, tiny), recording).reproduced


CHANGED = [
    (generous, 3, 3, "after adder[0] adder.add: total is 3, not 2"),
    (picky, 4, 3, "amount cannot be 1; it can be 2, 3"),
    (decided, 3, 3, "amount is no longer chosen"),
    (otherwise, 3, 2, "much is chosen, where amount was recorded"),
    (fickle, 3, 2, "more is chosen, which was not recorded"),
    (patient, 3, 2, "adder[0] cannot move: adder.add is not enabled"),
    (short, 1, 0, "adder[1] stands at adder.add, not at adder.read"),
    (careful, 4, 4, "the step fails: assert: assert k.total == seen"),
]


@pytest.mark.parametrize(("body", "step", "ran", "message"), CHANGED)
def test_a_changed_procedure_diverges(
    body: Procedure[..., None], step: int, ran: int, message: str
) -> None:
    """The recording: both read 0, adder[0] writes 2, adder[1] writes 1."""
    recording = recording_of(box(adder, grows))
    replayed = replay(box(adder, grows).replace(adder=body), recording)
    assert not replayed.reproduced
    assert str(replayed) == f"the model has changed: at step {step}, {message}"
    assert replayed.trace is not None
    assert len(replayed.trace.events) == ran


def test_a_step_that_no_longer_fails() -> None:
    model = box(careful)
    replayed = replay(model.replace(careful=adder), recording_of(model))
    assert str(replayed).endswith("at step 4, the step no longer fails (assert was recorded)")


def test_a_process_that_is_gone() -> None:
    replayed = replay(box(adder, small, name="worker"), recording_of(box(adder, small)))
    assert replayed.divergence == "there is no process adder[0]; there are worker[0], worker[1]"


def test_a_constant_that_is_gone() -> None:
    recording = recording_of(box(adder, small))
    recording = replace(recording, constants={"adders": 2, "takers": 1})
    replayed = replay(box(adder, small), recording)
    assert str(replayed).endswith("at the start, there is no constant takers any more")
    assert replayed.trace is None


def test_another_start() -> None:
    recording = replace(recording_of(box(adder, small)), start={"total": "5"})
    replayed = replay(box(adder, small), recording)
    assert str(replayed).endswith("at the start, total is 0, not 5")
    assert (replayed.trace, replayed.step) == (None, 0)


def test_a_field_that_no_step_writes_any_more() -> None:
    """The closer writes `shut`; the adder does not, so its states have no such field."""
    recording = recording_of(box(closer, small))
    assert "shut" in recording.start
    step = replace(recording.steps[0], label="closer.read")
    replayed = replay(box(closer, small).replace(closer=adder), replace(recording, steps=(step,)))
    assert replayed.divergence == "after adder[0] closer.read: shut is 0, not 1"


def test_a_property_that_is_gone_or_holds() -> None:
    recording = recording_of(box(adder, small))
    gone = replay(box(adder, tiny), recording)
    assert gone.divergence == "there is no property small any more"
    holds = replay(box(adder, tiny), replace(recording, violated="tiny"))
    assert holds.divergence == "tiny holds there now"
    assert gone.step == holds.step == 4
    fails = replay(box(adder, overdue), replace(recording, violated="overdue"))
    assert fails.divergence.startswith("overdue cannot be evaluated: ")


def test_a_deadlock_that_somebody_can_end_now() -> None:
    recording = recording_of(box(closer))
    replayed = replay(box(closer, daemons=[opener]), recording)
    assert replayed.divergence == "nobody is stuck for ever in the last state any more"


def test_a_deadlock_of_some_while_others_move() -> None:
    model = box(closer, daemons=[ticker])
    recording = recording_of(model)
    assert recording.violated == "deadlock"
    assert replay(model, recording).reproduced


def visited(daemon: bool = False, hang: bool = True) -> Model[Box]:
    """A box that only a visitor opens."""
    model = box(closer)
    visit = run(visitor, each=1, daemon=daemon)
    return replace(model, processes=[*model.processes, visit], hang=hang)


def test_a_hang() -> None:
    recording = recording_of(visited())
    assert recording.violated == "hang"
    replayed = replay(visited(), recording)
    assert replayed.reproduced
    assert str(replayed) == "reproduced: hang is violated as recorded"


def test_a_hang_that_a_daemon_can_end_now() -> None:
    replayed = replay(visited(daemon=True), recording_of(visited()))
    assert replayed.divergence == "nobody hangs in the last state any more"


def test_a_hang_that_nobody_asks_for_any_more() -> None:
    replayed = replay(visited(hang=False), recording_of(visited()))
    assert replayed.divergence == "the model does not ask for hangs any more"


def test_one_of_several_initial_states() -> None:
    model = replace(box(adder, tiny), init=somewhere)
    recording = recording_of(model)
    assert recording.start == {"total": "7"}
    assert replay(model, recording).reproduced
