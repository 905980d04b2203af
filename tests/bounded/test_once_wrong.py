"""Models of which z3 once said something else, or nothing, each for a mistake of its own."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.explorer import bounded
from mcheck.explorer.bounded.relation import Relation
from mcheck.explorer.result import Verdict
from mcheck.lang import (
    Array,
    Const,
    Int,
    Model,
    Proc,
    Ref,
    State,
    Struct,
    always,
    at,
    choose,
    null,
    procedure,
    run,
)
from tests.bounded.agreement import agree


class Page(Struct):
    n = Int(0, 3)
    next = Ref(lambda: Page)


class Pages(State):
    page = Array(Page, 2)
    x = Int(0, 3)
    z = Int(0, 3)


@procedure
def filtering(k: Pages) -> Proc[None]:
    """The filter lets the first page through, and fails for the second."""
    yield at("link")
    k.page[0].next = k.page[1]
    yield at("choose")
    p = choose(p for p in k.page if p.next.n == 0)
    k.x = p.n + 1


@always
def cannot_be_said(k: Pages) -> bool:
    """After a step that there is not, this goes wrong."""
    return k.x == 0 or k.x // k.z == 1


filter_fails = Model("filter_fails", Pages, [run(filtering)], [cannot_be_said])


class Nothing(State):
    pages = Const(0)
    page = Array(Page, pages)
    first = Ref(Page)
    x = Int(0, 3)


@procedure
def looking(k: Nothing) -> Proc[None]:
    """There is no page to look at, and this does not."""
    yield at("reset")
    k.first = null
    yield at("look")
    if k.first is not null:
        k.x = k.first.n
        k.first.n = 1


no_pages = Model("no_pages", Nothing, [run(looking)], [])


class Long(State):
    n = Const(250)
    x = Int(0, 255)


@procedure
def hashing(k: Long) -> Proc[None]:
    """One step whose terms are deeper than Python can follow."""
    yield at("hash")
    h = k.x
    for i in range(k.n):
        h = (h ^ (h << 3)) & 255
        h = h ^ i % 2
    k.x = h


too_long = Model("too_long", Long, [run(hashing)], [])


class Same(State):
    value = Array(Int(0, 7), 3)
    x = Int(0, 7)


def all_are_2(k: Same) -> None:
    """Nobody writes them: that they are 2 is known, and not by their bounds."""
    for i in range(3):
        k.value[i] = 2


@procedure
def taking(k: Same) -> Proc[None]:
    """There is one thing to choose."""
    yield at("take")
    value = choose(k.value)
    k.x = value


@always
def is_2(k: Same) -> bool:
    """It is 2 when it is set."""
    return k.x in (0, 2)


one_choice = Model("one_choice", Same, [run(taking)], [is_2], init=all_are_2)


@procedure
def storing(k: Pages) -> Proc[None]:
    """Neither the place is there, nor can it have the value: the place is missing first."""
    yield at("store")
    n = choose(range(2, 6))
    k.page[n].n = n + k.x


two_failures = Model("two_failures", Pages, [run(storing)], [])


@procedure
def doubting(k: Pages) -> Proc[None]:
    """A filter fails, and so nothing is asserted of what it has let through before."""
    yield at("doubt")
    n = choose(range(2))
    m = choose(m for m in range(3) if 2 // (2 - m) > n)
    assert m > 2


@procedure
def doubting_twice(k: Pages) -> Proc[None]:
    """Nor is it seen that there is nothing to choose of in what comes after."""
    yield at("doubt")
    n = choose(n for n in range(3) if 2 // (2 - n) > 0)
    m = choose(m for m in range(3) if m > 4 + n)
    k.x = m


filter_before_assert = Model("filter_before_assert", Pages, [run(doubting)], [])
filter_before_filter = Model("filter_before_filter", Pages, [run(doubting_twice)], [])


class Hash(State):
    rounds = Const(8)
    x = Int(0, 255)
    y = Int(-300, 300)


@procedure
def mixing(k: Hash) -> Proc[None]:
    """One step that would take hundreds of bits, if a remainder could be as large as any number."""
    yield at("choose")
    seed = choose(range(3))
    h = seed
    g = -seed
    for i in range(k.rounds):
        h = (h * 31 + g + i) % 251
        g = (g - h * 17) % -256 + h // (i + 1)
    k.x = h
    k.y = g


@always
def not_often(k: Hash) -> bool:
    """What one of the seeds comes to."""
    return k.x != PYTHON[0] or k.y != PYTHON[1]


def mixed(seed: int) -> tuple[int, int]:
    h, g = seed, -seed
    for i in range(8):
        h = (h * 31 + g + i) % 251
        g = (g - h * 17) % -256 + h // (i + 1)
    return h, g


PYTHON = mixed(2)
long_hash = Model("long_hash", Hash, [run(mixing)], [not_often])


@pytest.mark.parametrize(
    ("model", "verdict"),
    [
        (filter_fails, Verdict.VIOLATED),
        (no_pages, Verdict.BOUNDED),
        (one_choice, Verdict.BOUNDED),
        (two_failures, Verdict.VIOLATED),
        (filter_before_assert, Verdict.VIOLATED),
        (filter_before_filter, Verdict.VIOLATED),
        (long_hash, Verdict.VIOLATED),
    ],
)
def test_z3_and_the_reference_engine_agree(model: Model[Any], verdict: Verdict) -> None:
    assert agree(model.compile(), 3).verdict is verdict


def test_a_long_hash_takes_few_bits() -> None:
    way = Relation(long_hash.configure(rounds=40).compile()).ways.taken[0]
    assert all(put.size() <= 10 for put in way.puts.values())


def test_a_step_that_is_too_long_is_refused_in_words() -> None:
    found = bounded.check(too_long.compile(), depth=2)
    assert found.verdict is Verdict.ERROR
    assert found.why == "a step is too long for z3: its terms are too deep"
