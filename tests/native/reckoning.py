"""Models that compute: each operation with all signs, whose results are kept in the state."""

from __future__ import annotations

from mcheck.lang import (
    Array,
    Flag,
    Int,
    Model,
    Proc,
    State,
    Struct,
    always,
    at,
    choose,
    cover,
    procedure,
    run,
)


class Numbers(State):
    """Room for results. Fields begin below nothing, and above it."""

    quotient = Int(-50, 50)
    rest = Int(-9, 9)
    least = Int(-20, 20)
    most = Int(-20, 20)
    bits = Int(0, 31)
    shifted = Int(-200, 200)
    back = Int(-20, 20)
    high = Int(5, 300)
    low = Int(-300, -7)
    flag = Flag()


@procedure
def divide(k: Numbers) -> Proc[None]:
    """Divide, with the rest, what may be below nothing."""
    yield at("divide")
    a = choose(range(-7, 8))
    b = choose(n for n in range(-3, 4) if n != 0)
    k.quotient = a // b
    k.rest = a % b
    k.least = min(a, b, 2 * b)
    k.most = max(a - b, -a, abs(b))
    yield at("again")
    k.quotient = k.quotient * 3 // (2 * k.rest + 1)
    k.high = 5 + (k.rest - 9) % 10
    k.low = -7 - k.most % 4
    k.flag = k.rest < 0 <= k.quotient or not k.least > -3


@procedure
def shift(k: Numbers) -> Proc[None]:
    """Shift and combine bits."""
    yield at("shift")
    a = choose(range(-6, 7))
    s = choose(range(5))
    k.shifted = a << s
    k.back = a >> s
    yield at("combine")
    b = choose(range(8))
    k.bits = (k.shifted % 16 & b) | (b ^ 5) << 1
    k.high = 300 if k.flag else 1 << b
    k.low = -k.high - 7 if k.high < 290 else -300


@procedure
def careful_shift(k: Numbers) -> Proc[None]:
    """The same, but never below what `high` can be."""
    yield at("shift")
    a = choose(range(-6, 7))
    s = choose(range(5))
    k.shifted = a << s
    k.back = a >> s
    yield at("combine")
    b = choose(n for n in range(9) if n > 2)
    k.bits = (k.shifted % 16 & b) | (b ^ 5) << 1
    k.high = 300 if k.flag else 1 << b
    k.low = -k.high - 7 if k.high < 290 else -300


@always
def rests_have_the_sign_of_the_divisor(k: Numbers) -> bool:
    """Or of nothing."""
    return k.rest >= 0 or k.quotient > -9


@cover
def all_below(k: Numbers) -> bool:
    """Everything that can be below nothing is."""
    return k.quotient < 0 and k.rest < 0 and k.least < 0


dividing = Model("dividing", Numbers, [run(divide)], [all_below])
signs = Model("signs", Numbers, [run(divide)], [rests_have_the_sign_of_the_divisor])
shifting = Model("shifting", Numbers, [run(shift)])
shifting_carefully = Model("shifting carefully", Numbers, [run(careful_shift)])


class Card(Struct):
    """A card with a number that several may have."""

    number = Int(1, 4)
    taken = Flag()


class Game(State):
    """Cards, and what the players have put together."""

    card = Array(Card, 4, names="ABCD")
    total = Int(0, 30)
    rounds = Int(0, 3)


@procedure
def play(k: Game, me: int) -> Proc[None]:
    """Choose a card, then a larger one that is not taken, then what to do with both."""
    yield at("play", until=lambda: k.rounds < 3)
    first = choose(c for c in k.card if not c.taken)
    second = choose(c for c in k.card if c is not first and c.number >= first.number)
    factor = choose(n for n in range(1, 5) if n >= first.number and n != second.number)
    first.taken = True
    k.total = first.number * factor + second.number
    k.rounds += 1
    yield at("look")
    if k.total > 12 or factor == 1:
        second.taken = True


@procedure
def play_for_ever(k: Game, me: int) -> Proc[None]:
    """Choose, and give back."""
    while True:
        yield at("play", until=lambda: any(not c.taken for c in k.card), rest=True)
        first = choose(c for c in k.card if not c.taken)
        factor = choose(n for n in range(3) if n < first.number)
        first.taken = True
        yield at("count")
        k.total = (k.total + factor) % 5
        yield at("give back")
        first.taken = False


def deal(k: Game) -> None:
    """One card of each number, the first one of any."""
    first = choose(range(1, 5))
    for i, card in enumerate(k.card):
        card.number = i + 1
    k.card[0].number = first


playing = Model("playing", Game, [run(play, each=2)], init=deal)
playing_for_ever = Model("playing for ever", Game, [run(play_for_ever, each=2)], init=deal)

MODELS = [dividing, signs, shifting, shifting_carefully, playing, playing_for_ever]
