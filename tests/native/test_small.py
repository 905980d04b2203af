"""Both engines say the same of small models, each of which has what may go wrong in one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcheck.explorer import Verdict
from mcheck.lang import Model
from tests.explorer import boxes
from tests.lang.texts import TOY, Writer
from tests.native import failing, reckoning, waiting, wide
from tests.native.agreement import agree

pytestmark = pytest.mark.usefixtures("quickly")


# States of several words, and fields that lie in two of them


@pytest.mark.parametrize("sizes", wide.SIZES)
def test_states_of_several_words(sizes: tuple[int, ...]) -> None:
    agree(wide.configured(wide.wide, sizes).compile())


@pytest.mark.parametrize("sizes", wide.SIZES[1:5])
def test_steps_between_states_of_several_words(sizes: tuple[int, ...]) -> None:
    assert agree(wide.configured(wide.falling, sizes).compile()).property == "not_down"


def test_what_is_wide_is_wide() -> None:
    models = [wide.configured(wide.wide, sizes).compile() for sizes in wide.SIZES]
    assert {-(-model.bits // 64) for model in models} >= {1, 2, 3, 4, 5, 8}
    divided = set[str]().union(*(wide.in_two_words(model.program) for model in models))
    assert divided == {"Wide.lead", "Wide.cell", "Wide.mark", "Wide.far", "writer.seen"}


def test_a_state_of_no_bits(write: Writer) -> None:
    model = write.toy(
        """
        @procedure
        def p(k: S) -> Proc[None]:
            while True:
                yield at("stay", rest=True)

        m = Model("m", S, [run(p)])
        """
    )
    executable = model.compile()
    assert executable.bits == 0
    result = agree(executable)
    assert (result.states, result.transitions) == (1, 1)


# Arithmetic, choices


@pytest.mark.parametrize("model", reckoning.MODELS, ids=lambda m: m.name)
def test_arithmetic_and_choices(model: Model[Any]) -> None:
    agree(model.compile())


def test_several_initial_states() -> None:
    executable = reckoning.playing_for_ever.compile()
    assert len(executable.initial) == 4
    started = replace(boxes.box(), init=boxes.somewhere).compile()
    assert len(started.initial) == 8
    agree(started)
    wrong = replace(boxes.box(boxes.adder, boxes.small), init=boxes.somewhere).compile()
    result = agree(wrong)
    assert result.trace is not None and result.trace.depth == 0


def test_many_initial_states(write: Writer) -> None:
    model = write.model(
        """
        class S(State):
            a = Int(0, 3999)
            b = Int(0, 7)

        def begin(k: S) -> None:
            a = choose(range(4000))
            k.a = a

        @procedure
        def p(k: S) -> Proc[None]:
            while True:
                yield at("add", rest=True)
                k.a = (k.a + 1000) % 4000

        @procedure
        def q(k: S) -> Proc[None]:
            while True:
                yield at("count", rest=True)
                k.b = (k.b + k.a) % 8

        m = Model("m", S, [run(p), run(q)], init=begin)
        """
    )
    result = agree(model.compile())
    assert (result.states, result.depth) == (21_500, 7)


# Steps that fail


@pytest.mark.parametrize("kind", failing.STEPS)
def test_steps_that_fail(write: Writer, kind: str) -> None:
    result = agree(write.step(failing.STEPS[kind]).compile())
    assert (result.verdict, result.property) == (Verdict.VIOLATED, kind)


@pytest.mark.parametrize("body", failing.GUARDED)
def test_guards_filters_and_some_of_many_alternatives_fail(write: Writer, body: str) -> None:
    assert agree(write.step(body).compile()).verdict is Verdict.VIOLATED


# Properties

CLAIMED = [
    (boxes.box(boxes.adder, boxes.small), "VIOLATED small"),
    (boxes.box(boxes.adder, boxes.tiny), "HOLDS None"),
    (boxes.box(boxes.adder, boxes.grows), "VIOLATED grows"),
    (boxes.box(boxes.adder, boxes.overdue), "ERROR overdue"),
    (boxes.box(boxes.careful), "VIOLATED assert"),
    (boxes.box(boxes.picky, boxes.overdue, boxes.grows), "ERROR overdue"),
    (boxes.box(boxes.patient), "VIOLATED deadlock"),
    (boxes.box(boxes.closer), "VIOLATED deadlock"),
    (boxes.box(boxes.closer, daemons=[boxes.closer]), "VIOLATED deadlock"),
    (boxes.box(boxes.closer, daemons=[boxes.visitor]), "HOLDS None"),
    (boxes.box(boxes.patient, boxes.tiny, daemons=[boxes.ticker]), "VIOLATED deadlock"),
]


@pytest.mark.parametrize(("model", "said"), CLAIMED)
def test_properties_and_daemons(model: Model[Any], said: str) -> None:
    result = agree(model.compile())
    assert f"{result.verdict.value} {result.property}" == said


OUTCOMES = """
@procedure
def p(k: S) -> Proc[None]:
    yield at("go")
    x = choose(range(4))
    k.a = x
    yield at("wait", until=lambda: k.a < 2, rest=True)
    k.b = -4
    if k.a == 5:
        yield at("never")
        k.flag = True

@cover
def large(k: S) -> bool:
    return k.a > 6

@cover
def unsure(k: S) -> bool:
    return 6 // (k.a - 2) == 1

@cover
def early(k: S) -> bool:
    return k.a == 0 or 1 // (k.a - 3) == 0

@step
def slow(k: S, then: S) -> bool:
    return 1 // (then.a - 2) <= 1 or k.a == then.a

@always
def fine(k: S) -> bool:
    return k.b > -4 or k.flag or k.a == 0

m = Model("m", S, [run(p)])
excused = m.configure("excused", unreached=["p.never"])
covered = Model("covered", S, [run(p)], [large, early])
in_time = Model("in time", S, [run(p)], [early], unreached=frozenset({"p.*"}))
wrong = Model("wrong", S, [run(p)], [unsure])
steps = Model("steps", S, [run(p)], [slow, fine])
states = Model("states", S, [run(p)], [fine, large])
"""
SAID = {
    "m": "VIOLATED unreached p.never",
    "excused": "HOLDS None",
    "covered": "VIOLATED cover large",
    "in_time": "ERROR None",
    "wrong": "ERROR unsure",
    "steps": "ERROR slow",
    "states": "VIOLATED fine",
}


@pytest.mark.parametrize("name", SAID)
def test_covers_labels_and_properties_that_go_wrong(write: Writer, name: str) -> None:
    result = agree(write(TOY + OUTCOMES).model(name).compile())
    assert f"{result.verdict.value} {result.property}" == SAID[name]


@pytest.mark.parametrize(
    "unreached",
    [{"p.never"}, {"p.never", "p.go"}, {"p.neve"}, {"q.*"}, set[str]()],
    ids=["right", "stale", "misspelt", "of nothing", "none"],
)
def test_labels_that_need_not_run(write: Writer, unreached: set[str]) -> None:
    executable = write(TOY + OUTCOMES).model().compile()
    result = agree(executable, unreached=frozenset(unreached))
    assert (result.verdict is Verdict.HOLDS) == (unreached == {"p.never"})


# Waiting


@pytest.mark.parametrize(
    ("model", "said", "depth"),
    [
        (waiting.gates, "deadlock", 76),
        (waiting.gates_open, None, None),
        (waiting.office, "hang", 10),
        (waiting.office_without_hangs, None, None),
        (waiting.office_with_a_daemon, "hang", 13),
        (waiting.office_that_opens, None, None),
    ],
    ids=lambda each: each.name if isinstance(each, Model) else "",
)
def test_who_waits_in_vain(model: Model[Any], said: str | None, depth: int | None) -> None:
    result = agree(model.compile(), workers=(1, 2, 3, 4))
    assert result.property == said
    assert (result.trace.depth if result.trace else None) == depth


@pytest.mark.parametrize("hands", [3, 17, 33])
def test_many_processes(hands: int) -> None:
    complete = waiting.line.configure(f"{hands} hands", hands=hands)
    assert agree(complete.compile()).verdict is Verdict.HOLDS
    broken = waiting.line.configure(f"{hands} hands, a gap", hands=hands, gap=hands - 1)
    assert agree(broken.compile()).property == "deadlock"


@pytest.mark.parametrize("hands", [5, 9, 17])
def test_many_processes_that_may_hang(hands: int) -> None:
    model = waiting.line_with_hangs.configure(f"{hands} hands", hands=hands, gap=hands - 1)
    assert agree(model.compile()).property == "deadlock"
