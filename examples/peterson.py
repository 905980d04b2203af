"""Peterson's algorithm: two processes exclude each other with plain loads and stores."""

from __future__ import annotations

from mcheck.lang import (
    Array,
    Flag,
    Int,
    Model,
    Proc,
    State,
    always,
    at,
    cover,
    procedure,
    run,
)


class Peterson(State):
    """Who wants to enter, whose turn it is if both do, and who is inside."""

    wants = Array(Flag(), 2)
    turn = Int(0, 1)
    inside = Array(Flag(ghost=True), 2)


@procedure
def process(k: Peterson, me: int) -> Proc[None]:
    """Enter the critical section and leave it, again and again."""
    while True:
        yield at("outside", rest=True)
        yield from enter(k, me)
        yield at("leave")
        k.inside[me] = False
        k.wants[me] = False


@procedure
def enter(k: Peterson, me: int) -> Proc[None]:
    """Ask, let the other go first, and wait until it does not want to or lets me."""
    other = 1 - me
    yield at("ask")
    k.wants[me] = True
    yield at("give way")
    k.turn = other
    yield at("wait", until=lambda: not k.wants[other] or k.turn == me)
    k.inside[me] = True


@always
def exclusive(k: Peterson) -> bool:
    """At most one process is in the critical section."""
    return not (k.inside[0] and k.inside[1])


@cover
def contended(k: Peterson) -> bool:
    """One process is inside while the other wants to be."""
    return k.inside[0] and k.wants[1]


peterson = Model("peterson", Peterson, [run(process, each=2, name="P{}")], [exclusive, contended])


@procedure
def enter_looking_twice(k: Peterson, me: int) -> Proc[None]:
    """The two things waited for are looked at one after the other, as a CPU must: still correct."""
    other = 1 - me
    yield at("ask")
    k.wants[me] = True
    yield at("give way")
    k.turn = other
    while True:
        yield at("look who wants")
        if not k.wants[other]:
            break
        yield at("look whose turn")
        if k.turn == me:
            break
    k.inside[me] = True


@procedure
def enter_giving_way_first(k: Peterson, me: int) -> Proc[None]:
    """The two stores swapped: both get in."""
    other = 1 - me
    yield at("give way")
    k.turn = other
    yield at("ask")
    k.wants[me] = True
    yield at("wait", until=lambda: not k.wants[other] or k.turn == me)
    k.inside[me] = True


@procedure
def enter_without_turn(k: Peterson, me: int) -> Proc[None]:
    """Nobody gives way: both wait for ever."""
    other = 1 - me
    yield at("ask")
    k.wants[me] = True
    yield at("wait", until=lambda: not k.wants[other])
    k.inside[me] = True


looking_twice = peterson.replace("looking twice", enter=enter_looking_twice)
giving_way_first = peterson.replace("giving way first", enter=enter_giving_way_first)
without_turn = peterson.replace("without turn", enter=enter_without_turn)
