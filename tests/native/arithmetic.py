"""Models whose values are too large for C's int, but not for the native engine."""

from __future__ import annotations

from mcheck.lang import Flag, Int, Model, Proc, State, always, at, procedure, run


class Counter(State):
    """Something to shift by, and something large."""

    shift = Int(0, 40)
    large = Int(-2_000_000_000, 5_000_000_000)
    flag = Flag()
    end = Int(0, 5)


@procedure
def count(k: Counter) -> Proc[None]:
    while True:
        yield at("count", rest=True)
        if k.shift < 40:
            k.shift += 1


@always
def shifted_literal_is_small(k: Counter) -> bool:
    return (1 << k.shift) < 1 << 35


@procedure
def multiply(k: Counter, me: int) -> Proc[None]:
    yield at("multiply")
    k.large = (me + 1) * 1_000_000_000


@always
def product_is_small(k: Counter) -> bool:
    return k.large != 3_000_000_000


@procedure
def store(k: Counter) -> Proc[None]:
    yield at("store")
    k.large = 1_000_000_000
    k.flag = True
    yield at("end")
    k.end = 3


@always
def has_not_ended(k: Counter) -> bool:
    return k.end != 3


@always
def truth_is_small(k: Counter) -> bool:
    return (k.flag and k.end == 3) * 3 << 31 < 6_000_000_000


shifting = Model("shifting", Counter, [run(count)], [shifted_literal_is_small])
multiplying = Model("multiplying", Counter, [run(multiply, each=4)], [product_is_small])
storing = Model("storing", Counter, [run(store)], [has_not_ended])
reckoning = Model("reckoning", Counter, [run(store)], [truth_is_small])

VIOLATED = [shifting, multiplying, storing, reckoning]
