"""Scenarios: constants, initial states, and models that share a text but nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.lang import ModelError
from mcheck.lang.direct import Direct
from tests.lang.texts import TOY, Writer, explored, holds, stepping

SIZED = (
    TOY.replace("size = Const(2)", "size = Const(2)\n    fast = Const(False)")
    + """
def boot(k: S) -> None:
    k.a = choose(range(3))
    t = choose(t for t in k.thing if k.a > 0)
    t.v = 1

def few(k: S) -> None:
    k.a = choose((1, 4))
    k.flag = choose((False, True))

@procedure
def p(k: S) -> Proc[None]:
    yield at("go")
    if k.fast:
        k.a = 7
    else:
        yield at("slow")
        k.a = 6
    assert k.size == len(k.thing)

m = Model("m", S, [run(p)], doc="What it is.")
chosen = Model("chosen", S, [run(p)], init=few)
empty = Model("empty", S, [run(p)], init=boot)
"""
)


def test_constants_have_their_defaults_unless_configured(write: Writer) -> None:
    model = write(SIZED).model()
    assert model.constants == {"size": 2, "fast": False}
    other = model.configure("other", size=3, fast=True)
    assert (other.name, other.constants) == ("other", {"size": 3, "fast": True})
    assert (model.name, model.constants["size"], other.doc) == ("m", 2, "What it is.")
    assert other.configure(size=1).constants == {"size": 1, "fast": True}
    assert other.configure(size=1).name == "other"
    assert other.compile().constants == {"size": 3, "fast": True}
    assert holds(other).scope == {"size": 3, "fast": True}


def test_an_unknown_constant_is_refused(write: Writer) -> None:
    with pytest.raises(ModelError) as caught:
        write(SIZED).model().configure(sise=3)
    assert str(caught.value) == "S has no constant sise (did you mean size?); it has size, fast"


def test_a_way_that_the_constants_rule_out_is_not_lowered(write: Writer) -> None:
    slow = write(SIZED).model()
    assert holds(slow).labels == {"p.go": 1, "p.slow": 1}
    fast = slow.configure(fast=True)
    assert holds(fast).labels == {"p.go": 1}
    assert fast.compile().bits == 1 + 3


def test_each_way_of_choosing_in_init_is_an_initial_state(write: Writer) -> None:
    model = write(SIZED).model("chosen")
    compiled = model.compile()
    shown = [compiled.describe(s) for s in compiled.initial]
    assert [(s["a"], s["flag"]) for s in shown] == [("1", "0"), ("1", "1"), ("4", "0"), ("4", "1")]
    for number, state in enumerate(compiled.initial):
        assert Direct(model, number).state() == state
    assert explored(model).states == 4 + 4 + 2
    with pytest.raises(ModelError, match=r"chosen has the initial states 0\.\.3"):
        Direct(model, 4)


def test_initial_states_that_are_alike_are_one(write: Writer) -> None:
    text = SIZED + (
        "def alike(k: S) -> None:\n    k.a = choose(range(6)) // 2\n"
        "again = Model('again', S, [run(p)], init=alike)\n"
    )
    model = write(text).model("again")
    compiled = model.compile()
    assert len(compiled.initial) == 3
    assert len(set(compiled.initial)) == 3
    for number, state in enumerate(compiled.initial):
        assert Direct(model, number).state() == state


def test_an_init_that_fails_is_refused_with_its_place(write: Writer) -> None:
    written = write(SIZED)
    with pytest.raises(ModelError) as caught:
        written.model("empty").compile()
    assert str(caught.value).startswith(f"{written.path}:")
    assert "init of empty fails: choose: the domain of choose() is empty" in str(caught.value)


def test_init_may_use_plain_python(write: Writer) -> None:
    text = (
        TOY
        + stepping("k.flag = all(t.v == i for i in range(2) for t in k.thing if t is k.ref)")
        + (
            "def boot(k: S) -> None:\n"
            "    values = {t: i for i, t in enumerate(k.thing)}\n"
            "    for t, i in values.items():\n"
            "        t.v = i\n"
            "    k.ref, k.sure = list(k.thing)[::-1]\n"
            "m = Model('m', S, [run(p)], init=boot)\n"
        )
    )
    model = write.model(text)
    holds(model)
    state: Any = model.new_state()
    model.init(state)
    assert (state.ref.name_, state.sure.name_, [t.v for t in state.thing]) == ("B", "A", [0, 1])


def test_choose_outside_of_a_run_says_so(write: Writer) -> None:
    module = write(SIZED).module
    with pytest.raises(RuntimeError, match=r"choose\(\) needs a scheduler: run the model"):
        module.few(module.S())


def test_a_model_is_compiled_anew_each_time_and_alike(write: Writer) -> None:
    model = write(SIZED).model("chosen")
    first, second = model.compile(), model.compile()
    assert first.text == second.text
    assert list(first.initial) == list(second.initial)
