"""Small models that together have something of everything that formulas are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcheck.lang import Int, Model, Proc, State, always, at, choose, cover, procedure, run
from tests.bounded import near
from tests.native import arithmetic, waiting
from tests.native.mistakes import by_hand


class Nothing(State):
    """A state without anything in it."""


@procedure
def reckon(k: Nothing) -> Proc[None]:
    """What is true of all numbers; a term that means something else breaks one of the laws."""
    yield at("reckon")
    a = choose(range(-7, 8))
    b = choose(range(-3, 4))
    assert (a < b) == (not a >= b)
    assert (a == b) == (a <= b and a >= b)
    assert (a != b) == (a < b or a > b)
    assert min(a, b) + max(a, b) == a + b
    assert min(a, b) <= a
    quotient = a // b if b != 0 else a
    rest = a % b if b != 0 else 0
    if b > 0:
        assert quotient * b + rest == a
        assert 0 <= rest < b
    elif b < 0:
        assert quotient * b + rest == a
        assert b < rest <= 0


@procedure
def set_bits(k: Nothing) -> Proc[None]:
    """The same of bits, which only numbers from 0 up have."""
    yield at("bits")
    c = choose(range(8))
    d = choose(range(4))
    assert (c ^ d) == (c | d) - (c & d)
    assert (c & d) + (c | d) == c + d
    assert (c & 1) == c % 2
    assert c << 2 == 4 * c
    assert c >> 1 == c // 2
    assert (c << d) >> d == c


laws = Model("laws", Nothing, [run(reckon), run(set_bits)])


class Count(State):
    """A number that goes up."""

    n = Int(0, 3)


@procedure
def count(k: Count) -> Proc[None]:
    """Up to 3."""
    while True:
        yield at("count", until=lambda: k.n < 3, rest=True)
        k.n += 1


@cover
def is_divided(k: Count) -> bool:
    """Hit at once, and later no number."""
    return 2 // (1 - k.n) > 0


@always
def low(k: Count) -> bool:
    """Wrong after two steps."""
    return k.n < 2


once_hit = Model("once_hit", Count, [run(count)], [is_divided, low])


def small(folder: Path) -> dict[str, Model[Any]]:
    """The models, by names that are different from each other; their texts are in the folder."""
    models = [laws, *by_hand(folder), *waiting.MODELS, *arithmetic.VIOLATED]
    found = {f"{number} {model.name}": model for number, model in enumerate(models)}
    for model in (waiting.line, waiting.line_with_hangs):
        for gap in (-1, 1, 2):
            found[f"{model.name}, gap {gap}"] = model.configure(gap=gap)
    for model in near.MODELS:
        for signed in (-1, 3):
            found[f"{model.name}, signed {signed}"] = model.configure(most=7, signed=signed)
    return found
