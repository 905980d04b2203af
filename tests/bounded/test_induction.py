"""k-induction proves what is true if it is inductive, and never what is not true."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from z3 import BoolRef, SolverFor, sat, unsat

from mcheck.explorer import Limits, Result, Verdict, bounded, reference
from mcheck.explorer.bounded import induction
from mcheck.explorer.bounded.relation import Relation
from mcheck.explorer.bounded.unrolled import Unrolled
from mcheck.explorer.limits import Stopped
from mcheck.lang import Const, Int, Model, ModelError, Proc, State, always, at, procedure, run, step
from mcheck.loading.asked import selected
from mcheck.scenarios import SCENARIOS
from tests.bounded.agreement import SMALL
from tests.examples.listing import BY_NAME
from tests.lang.generated.checking import load
from tests.native import waiting
from tests.native.agreement import by_reference
from tests.native.generated import drawn

EXAMPLES = {name: model.compile() for name, model in BY_NAME.items()}
STEPS = 7


def proved(executable: Any, depth: int, *properties: str, **options: Any) -> Result:
    return bounded.check(selected(executable, properties), depth=depth, induction=True, **options)


# What is proved


def test_what_is_inductive_after_some_steps_is_proved() -> None:
    executable = EXAMPLES["counters.counters"]
    result = proved(executable, STEPS)
    assert result.verdict is Verdict.HOLDS
    assert result.proof == ("proved by induction: nothing_lost (7 steps), no step fails (7 steps)")
    assert set(result.undecided) >= {"deadlock", "unreached labels"}
    assert (result.states, result.counted) == (0, False)


def test_what_is_true_and_not_inductive_after_fewer_steps_is_not_proved() -> None:
    executable = EXAMPLES["counters.counters"]
    for depth in range(1, STEPS):
        result = proved(executable, depth)
        assert result.verdict is Verdict.BOUNDED
        assert result.why.startswith(
            f"stopped by the depth: no counterexample of up to {depth} step"
        )
        assert "not proved: nothing_lost, no step fails" in result.why
        assert not result.proof


def test_what_is_true_and_not_inductive_at_all_is_not_proved() -> None:
    result = proved(EXAMPLES["peterson.peterson"], 9)
    assert result.verdict is Verdict.BOUNDED
    assert "proved by induction: no step fails (1 step); not proved: exclusive" in result.why
    assert reference.check(EXAMPLES["peterson.peterson"]).verdict is Verdict.HOLDS


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_twin_is_never_proved(name: str) -> None:
    expected = reference.check(EXAMPLES[name])
    if expected.verdict is not Verdict.HOLDS and expected.property not in ("deadlock", "hang"):
        for depth in (1, 2, 3, 5):
            assert proved(EXAMPLES[name], depth).verdict is not Verdict.HOLDS


UNJUDGED = ("deadlock", "hang", "cover", "unreached")


def proofs_of_generated(programs: int, folder: Path, *, same: bool) -> int:
    """How many generated programs are proved; each of them has nothing wrong that is judged."""
    count = 0
    for case in drawn(programs, same=same):
        file, models = load(folder, case.text)
        try:
            executable = models[-1].compile()
        except ModelError:
            continue
        finally:
            linecache.cache.pop(file, None)
        if bounded.check(executable, depth=1, induction=True).verdict is Verdict.HOLDS:
            expected = reference.check(executable, limits=Limits(states=20_000))
            count += 1
            wrong = (expected.property or "").split(" ")[0]
            assert wrong in ("", *UNJUDGED), f"{wrong} in {case!r}"
    return count


def test_generated_programs_are_not_proved_without_reason(tmp_path: Path) -> None:
    assert proofs_of_generated(20, tmp_path, same=True) >= 3


@pytest.mark.slow
def test_many_generated_programs_are_not_proved_without_reason(tmp_path: Path) -> None:
    assert proofs_of_generated(300, tmp_path, same=False)


class Ring(State):
    """A number that runs round from 0 to `half`, and could run round from there to `size`."""

    size = Const(8)
    half = Const(4)
    place = Int(0, size)
    other = Int(0, 1)


@procedure
def walk(k: Ring) -> Proc[None]:
    """Go on, round the one half or the other."""
    while True:
        yield at("walk", rest=True)
        if k.place < k.half:
            k.place = (k.place + 1) % k.half
        elif k.place + 1 < k.size:
            k.place += 1
        else:
            assert k.place < k.size
            k.place = k.half


@always
def in_the_first_half(k: Ring) -> bool:
    """What is true because the walk begins there."""
    return k.place < k.half


@always
def not_at_the_end(k: Ring) -> bool:
    """Inductive only with the one above, or with as many steps as the other half is long."""
    return k.place < k.size - 1


@step
def forward_or_to_0(before: Ring, after: Ring) -> bool:
    """What is true of every step from everywhere in the first half."""
    return after.place > before.place or after.place == 0 or before.place >= before.half


@step
def never_back(before: Ring, after: Ring) -> bool:
    """Wrong: it goes back once in a round."""
    return after.place > before.place


def ring(*properties: Any, half: int = 4, size: int = 8) -> Any:
    model = Model("ring", Ring, [run(walk)], properties)
    return model.configure(half=half, size=size).compile()


def test_one_property_leans_on_another() -> None:
    alone = proved(ring(not_at_the_end), 2)
    assert alone.verdict is Verdict.BOUNDED
    together = proved(ring(not_at_the_end, in_the_first_half), 2)
    assert together.verdict is Verdict.HOLDS
    assert "not_at_the_end (1 step), in_the_first_half (1 step)" in together.proof


def test_some_are_proved_and_others_not() -> None:
    result = proved(ring(not_at_the_end, forward_or_to_0), 2)
    assert result.verdict is Verdict.BOUNDED
    assert "proved by induction: forward_or_to_0 (1 step), no step fails (1 step); " in result.why
    assert "; not proved: not_at_the_end, which can break after 2 steps from a " in result.why


def test_a_path_without_repetition_comes_to_an_end() -> None:
    """The end is at most as many different states away as there are."""
    assert proved(ring(not_at_the_end), 2).verdict is Verdict.BOUNDED
    result = proved(ring(not_at_the_end), 10)
    assert result.verdict is Verdict.HOLDS


def test_a_step_property_may_be_broken_by_a_step_back() -> None:
    """The last state of a shortest counterexample may be one that was there before."""
    result = proved(ring(never_back), 3)
    assert result.verdict is Verdict.BOUNDED
    assert "not proved: never_back" in result.why
    assert proved(ring(never_back), 4).verdict is Verdict.VIOLATED
    assert proved(ring(never_back, half=1, size=2), 6).verdict is not Verdict.HOLDS


def test_who_waits_in_vain_is_not_judged() -> None:
    line = waiting.line_with_hangs.configure(gap=2).compile()
    result = proved(line, 3)
    assert result.verdict is Verdict.HOLDS
    assert {"deadlock", "hang"} <= set(result.undecided)
    assert proved(line, 4).property == "deadlock"


def test_the_kernel_is_not_proved_so_easily() -> None:
    executable = SCENARIOS["munmap-first-fault"].model.compile()
    result = proved(executable, 1, "isolation_is_counted")
    assert result.verdict is Verdict.BOUNDED


# What it stands on


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_states_that_can_be_reached_are_inside(name: str) -> None:
    """Where induction may begin, so that nothing that is reached is left out."""
    executable = EXAMPLES[name]
    _, states = by_reference(executable, limits=SMALL)
    vector = Relation(executable).vector
    solver = SolverFor("QF_FD")
    solver.add(vector.inside("0"))
    for state in sorted(states)[:: max(1, len(states) // 300)]:
        assert solver.check(vector.equals(state, "0")) == sat, hex(state)


def test_it_does_not_begin_everywhere() -> None:
    """A label that there is not, a dead local with a value: nobody has to prove anything there."""
    executable = EXAMPLES["counters.counters"]
    vector = Relation(executable).vector
    solver = SolverFor("QF_FD")
    solver.add(vector.inside("0"))
    outside = executable.initial[0] | 3 << 8  # what the first worker has seen, before it looked
    assert solver.check(vector.equals(outside, "0")) == unsat


# Limits


def test_induction_is_stopped() -> None:
    executable = EXAMPLES["philosophers.philosophers"]
    result = proved(executable, 60, limits=Limits(seconds=2))
    assert result.verdict is Verdict.BOUNDED
    assert result.why.startswith("stopped by the limit of 2 s: no counterexample of up to ")


@pytest.mark.parametrize(
    ("error", "stopped"),
    [(Stopped("the limit of 1 s"), "the limit of 1 s"), (KeyboardInterrupt(), "an interrupt")],
)
def test_what_is_proved_by_then_is_told(
    error: BaseException, stopped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = induction.Induction._inductive

    def interrupted(self: induction.Induction, steps: int) -> list[str]:
        if steps == 2:
            raise error
        return right(self, steps)

    monkeypatch.setattr(induction.Induction, "_inductive", interrupted)
    result = proved(EXAMPLES["peterson.peterson"], 9)
    assert result.verdict is Verdict.BOUNDED
    assert result.why == (
        f"stopped by {stopped}: no counterexample of up to 9 steps; proved by induction: "
        f"no step fails (1 step); not proved: exclusive"
    )


# Mistakes in the induction itself


@always
def not_the_last(k: Ring) -> bool:
    """Wrong, but not within two steps."""
    return k.place < k.half - 1


def begins_at_the_start(patch: pytest.MonkeyPatch) -> None:
    def inside(self: Unrolled, place: int) -> BoolRef:
        return self.is_state(0, 0)

    patch.setattr(Unrolled, "inside", inside)


def believes_what_it_proves(patch: pytest.MonkeyPatch) -> None:
    right = induction.Induction._right

    def wrong(self: induction.Induction, name: str, place: int, **how: bool) -> BoolRef:
        return right(self, name, max(place - 1, 0), **how)

    patch.setattr(induction.Induction, "_right", wrong)


def has_no_way_on(patch: pytest.MonkeyPatch) -> None:
    right = Unrolled.differ

    def differ(self: Unrolled, one: int, other: int) -> BoolRef:
        return right(self, one, one)

    patch.setattr(Unrolled, "differ", differ)


@pytest.mark.parametrize("plant", [begins_at_the_start, believes_what_it_proves, has_no_way_on])
def test_a_mistake_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proved(ring(not_the_last), 2).verdict is Verdict.BOUNDED
    assert proved(ring(not_the_last), 3).verdict is Verdict.VIOLATED
    plant(monkeypatch)
    assert proved(ring(not_the_last), 2).verdict is Verdict.HOLDS
