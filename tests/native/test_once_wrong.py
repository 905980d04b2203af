"""What the native engine once said and should not have."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.explorer import Verdict, engines
from mcheck.explorer.native import library
from mcheck.explorer.native.library import Found
from mcheck.lang import Flag, Int, Model, Proc, State, at, choose, cover, procedure, run
from tests.native import arithmetic
from tests.native.agreement import agree, by_native

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.mark.parametrize("model", arithmetic.VIOLATED, ids=lambda m: m.name)
def test_literals_and_truths_are_as_wide_as_all_else(model: Model[Any]) -> None:
    assert agree(model.compile()).verdict is Verdict.VIOLATED


def test_what_only_native_code_finds_wrong_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in the C form must not end as HOLDS, with states that nobody has looked at."""
    found = library.Search.found
    model = arithmetic.storing.compile()
    start = model.initial[0]

    def elsewhere(search: library.Search, which: Found) -> list[tuple[int, int]]:
        return [(start, 0) for _ in found(search, which)]

    monkeypatch.setattr(library.Search, "found", elsewhere)
    with pytest.raises(RuntimeError, match="is wrong in native code, and not in Python"):
        by_native(model, workers=1)


class Roam(State):
    """Many states in which one process moves, and another one never will."""

    started = Flag()
    a = Int(0, 200)
    b = Int(0, 200)
    never = Flag()


@procedure
def waiter(k: Roam) -> Proc[None]:
    yield at("begin")
    k.started = True
    yield at("wait", until=lambda: k.never)


@procedure
def roamer(k: Roam) -> Proc[None]:
    while True:
        yield at("roam", rest=True, until=lambda: k.started)
        up = choose((False, True))
        if up:
            k.a = (k.a + 1) % 201
        else:
            k.b = (k.b + 1) % 201


def test_the_limit_for_small_models_decides_nothing() -> None:
    model = Model("roaming", Roam, [run(waiter), run(roamer)], hang=True).compile()
    result = engines.check(model)
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "deadlock")
    assert agree(model).property == "deadlock"


class Wide(State):
    """Many states in one level."""

    x = Int(0, 6000)
    y = Int(0, 2)


@procedure
def spread(k: Wide) -> Proc[None]:
    yield at("choose")
    v = choose(range(1, 6001))
    k.x = v
    yield at("tell")
    k.y = 2 if k.x == 3840 else 1 if k.x == 3841 else 0


@cover
def hit_or_wrong(k: Wide) -> bool:
    return (k.x == 3841 and k.y == 1) or (k.x == 3840 and k.y > 1 and 1 // (k.y - 2) == 0)


def test_a_cover_that_is_hit_is_asked_for_to_the_end_of_its_level() -> None:
    """Whether it goes wrong elsewhere in the level is no matter of who is first."""
    model = Model("covers", Wide, [run(spread)], [hit_or_wrong]).compile()
    for _ in range(5):
        assert agree(model).verdict is Verdict.ERROR
