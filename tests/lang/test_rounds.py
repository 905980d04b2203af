"""Steps are lowered again where something turns out to be different, until all of it is known."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from mcheck.lang import Model
from mcheck.lang.lower.facts import Fact, Facts, Place
from mcheck.lang.lower.lowering import Lowering
from tests.lang.texts import Writer, holds

TEXT = """
@procedure
def take(k: S, l: Lock, n: int, last: bool) -> Proc[int]:
    yield at("take", until=lambda: not l.held)
    l.acquire()
    k.a = n
    return n + 1 if last else n

@procedure
def give(k: S, l: Lock) -> Proc[None]:
    yield at("give")
    l.release()

@procedure
def p(k: S) -> Proc[None]:
    n: Annotated[int, Range(0, 3)] = 0
    t = k.thing[0]
    while n < 3:
        yield at("next")
        t = choose(k.thing)
        n += 1
        m = yield from take(k, t.lock, n, False)
        yield from give(k, t.lock)
    n = yield from take(k, k.lock, n - 1, True)
    yield at("end")
    k.ref = t
    k.a = n
    yield from give(k, k.lock)

m = Model("m", S, [run(p)])
"""


def lowered(model: Model[Any]) -> str:
    """All that the steps of a model do, and what lives at their ends."""
    lines: list[str] = []
    for process in model.lower().processes:
        lines += [str(v) for v in process.variables.values()]
        for step in process.steps:
            lines += [f"{step.procedure}.{step.label} {step.number} {step.live} {step.exits}"]
            lines += [ast.unparse(ast.fix_missing_locations(s)) for s in step.body]
    return "\n".join(lines)


def deaf(self: Facts, fact: Fact) -> None:
    """Forgets who asked."""


def test_who_asked_for_what_is_only_a_matter_of_speed(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write.toy(TEXT)
    holds(model)
    once = lowered(model)
    assert lowered(model) == once
    monkeypatch.setattr(Facts, "ask", deaf)
    assert lowered(model) == once  # the last round is of all steps


def test_but_somebody_has_to_notice(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = write.toy(TEXT)
    once = lowered(model)
    original = Lowering.again

    def hasty(self: Lowering) -> bool:
        original(self)
        return False

    monkeypatch.setattr(Lowering, "again", hasty)
    assert lowered(model) == once  # those who have asked notice
    monkeypatch.setattr(Facts, "ask", deaf)
    assert lowered(model) != once


def test_no_step_is_lowered_much_more_often_than_needed(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write.toy(TEXT)
    attempts: list[Place] = []
    original = Facts.begin

    def begin(self: Facts, place: Place) -> None:
        attempts.append(place)
        original(self, place)

    monkeypatch.setattr(Facts, "begin", begin)
    steps = [step for process in model.lower().processes for step in process.steps]
    assert len(attempts) < 10 * len(steps)
    assert {place[0] for place in attempts} == {"p", "take", "give"}
