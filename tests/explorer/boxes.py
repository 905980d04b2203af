"""Models in the language, for simulation and replay: processes that add to one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcheck.lang import (
    Const,
    Flag,
    Int,
    Model,
    Proc,
    State,
    always,
    at,
    choose,
    procedure,
    run,
    step,
)
from mcheck.lang.procedures import Procedure


class Box(State):
    """A number that everybody adds to."""

    adders = Const(2)
    total = Int(0, 9)
    shut = Flag()


@procedure
def adder(k: Box, me: int) -> Proc[None]:
    """Read, then write what was read and 1 or 2 more."""
    yield at("read")
    seen = k.total
    yield at("add")
    amount = choose(range(1, 3))
    k.total = seen + amount


@procedure
def careful(k: Box, me: int) -> Proc[None]:
    """Believes that nobody else adds."""
    yield at("read")
    seen = k.total
    yield at("add")
    amount = choose(range(1, 3))
    assert k.total == seen
    k.total = seen + amount


@procedure
def picky(k: Box, me: int) -> Proc[None]:
    """Adds 2 or 3."""
    yield at("read")
    seen = k.total
    yield at("add")
    amount = choose(range(2, 4))
    k.total = seen + amount


@procedure
def decided(k: Box, me: int) -> Proc[None]:
    """Adds 2 without a choice."""
    yield at("read")
    seen = k.total
    yield at("add")
    k.total = seen + 2


@procedure
def fickle(k: Box, me: int) -> Proc[None]:
    """Chooses twice."""
    yield at("read")
    seen = k.total
    yield at("add")
    amount = choose(range(1, 3))
    more = choose(range(2))
    k.total = seen + amount + more


@procedure
def otherwise(k: Box, me: int) -> Proc[None]:
    """Calls its choice by another name."""
    yield at("read")
    seen = k.total
    yield at("add")
    much = choose(range(1, 3))
    k.total = seen + much


@procedure
def patient(k: Box, me: int) -> Proc[None]:
    """Waits for something before it adds."""
    yield at("read")
    seen = k.total
    yield at("add", until=lambda: k.shut)
    amount = choose(range(1, 3))
    k.total = seen + amount


@procedure
def short(k: Box, me: int) -> Proc[None]:
    """Has lost its first step."""
    yield at("add")
    amount = choose(range(1, 3))
    k.total = k.total + amount


@procedure
def generous(k: Box, me: int) -> Proc[None]:
    """Adds one more than it chose."""
    yield at("read")
    seen = k.total
    yield at("add")
    amount = choose(range(1, 3))
    k.total = seen + amount + 1


@procedure
def closer(k: Box, me: int) -> Proc[None]:
    """Closes the box, and then waits until it is open."""
    yield at("close")
    k.shut = True
    yield at("wait", until=lambda: not k.shut)
    k.total = 0


@procedure
def opener(k: Box, me: int) -> Proc[None]:
    """Opens the box, as long as it likes."""
    while True:
        yield at("open")
        k.shut = False


@procedure
def visitor(k: Box, me: int) -> Proc[None]:
    """Opens the box if it ever comes along."""
    while True:
        yield at("outside", rest=True)
        k.shut = False


@procedure
def ticker(k: Box, me: int) -> Proc[None]:
    """Moves for ever, and helps nobody."""
    while True:
        yield at("tick", until=lambda: k.total < 9)
        k.total = k.total + 1
        yield at("tock")
        k.total = 0


def somewhere(k: Box) -> None:
    """The number may be anything at the start."""
    k.total = choose(range(8))


@always
def overdue(k: Box) -> bool:
    """Divides by nothing if the number is 4."""
    return 8 // (4 - k.total) > -9


@always
def small(k: Box) -> bool:
    """The number stays small."""
    return k.total < 4


@always
def tiny(k: Box) -> bool:
    """The number is never as large as it can be."""
    return k.total < 9


@step
def grows(before: Box, after: Box) -> bool:
    """The number never gets smaller."""
    return after.total >= before.total


def box(
    body: Procedure[..., None] = adder,
    *properties: Callable[..., Any],
    name: str = "adder",
    daemons: Sequence[Procedure[..., None]] = (),
) -> Model[Box]:
    """Processes that run the body, and others beside them."""
    others = [run(daemon, each=1, daemon=True) for daemon in daemons]
    return Model("box", Box, [run(body, each=Box.adders, name=name), *others], properties)
