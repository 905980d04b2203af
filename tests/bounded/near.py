"""Models with thousands of states in which somebody would wait in vain, but that a step fails."""

from __future__ import annotations

from mcheck.lang import Const, Flag, Int, Model, Proc, State, at, choose, procedure, run


class Office(State):
    """A door that somebody else has to open, and a form in which there may be anything.

    signed: the form on which nothing fails; -1 if there is none.
    """

    most = Const(63)
    signed = Const(-1)
    first = Int(0, most)
    second = Int(0, most)
    written = Flag()
    door = Flag()


@procedure
def writer(k: Office) -> Proc[None]:
    """Fills in the form, and goes home."""
    yield at("first")
    first = choose(range(k.most + 1))
    k.first = first
    yield at("second")
    second = choose(range(k.most + 1))
    k.second = second
    k.written = True


@procedure
def visitor(k: Office) -> Proc[None]:
    """Waits at the door."""
    yield at("wait", until=lambda: k.door)


@procedure
def clerk(k: Office) -> Proc[None]:
    """Accepts one form only."""
    yield at("sit", until=lambda: k.written, rest=True)
    assert k.first + k.second == k.signed
    k.door = True


@procedure
def doubtful_clerk(k: Office) -> Proc[None]:
    """Begins with another page on every day, and finds a mistake on one of them."""
    yield at("sit", until=lambda: k.written, rest=True)
    page = choose(range(8))
    assert page != (k.first + k.second) % 8 or k.first + k.second == k.signed


@procedure
def choosy_clerk(k: Office) -> Proc[None]:
    """Begins with two pages, and not with all."""
    yield at("sit", until=lambda: k.written, rest=True)
    page = choose(p for p in range(8) if p < 7 or k.second > 0)
    line = choose(range(8))
    other = page != k.first % 7 or line != (k.first - k.second) % 8
    assert other or k.first + k.second == k.signed


@procedure
def hasty_clerk(k: Office) -> Proc[None]:
    """Fails before it is known whether there is anything to do."""
    yield at(
        "sit",
        until=lambda: k.written and 1 // (1 if k.first + k.second == k.signed else 0) == 0,
        rest=True,
    )


office = Model("office", Office, [run(writer), run(visitor), run(clerk)], hang=True)
"""One look at the form is enough to see that it is wrong."""
doubtful = office.replace("doubtful", clerk=doubtful_clerk)
choosy = office.replace("choosy", clerk=choosy_clerk)
"""Whether the form is wrong depends on what is looked at."""
hasty = office.replace("hasty", clerk=hasty_clerk)
MODELS = [office, doubtful, choosy, hasty]
