"""A ticket lock: draw a number, wait until it is called. First come, first served."""

from __future__ import annotations

from mcheck.lang import (
    Array,
    Const,
    Flag,
    Int,
    Model,
    Proc,
    Ref,
    State,
    Struct,
    always,
    at,
    cover,
    null,
    procedure,
    run,
)


class Thread(Struct):
    """What the properties need to know: is it inside, and behind whom did it queue up?"""

    inside = Flag(ghost=True)
    behind = Ref(lambda: Thread, ghost=True)


class Tickets(State):
    """The next number to draw, and the one that is served. Numbers wrap: after the last comes 0."""

    threads = Const(3)
    numbers = Const(3)
    drawn = Int(0, numbers - 1)
    served = Int(0, numbers - 1)
    thread = Array(Thread, threads)
    last = Ref(Thread, ghost=True)


@procedure
def thread(k: Tickets, me: Thread) -> Proc[None]:
    """Enter the critical section and leave it, again and again."""
    while True:
        yield at("outside", rest=True)
        mine = yield from draw(k, me)
        yield at("wait", until=lambda: k.served == mine)
        me.inside = True
        yield at("leave")
        k.served = (k.served + 1) % k.numbers
        me.inside = False
        step_out(k, me)


@procedure
def draw(k: Tickets, me: Thread) -> Proc[int]:
    """Draw a number: fetch-and-add, in one step."""
    yield at("fetch and add")
    number = k.drawn
    k.drawn = (k.drawn + 1) % k.numbers
    queue_up(k, me)
    return number


def queue_up(k: Tickets, me: Thread) -> None:
    """For the properties: the thread comes after whoever came last."""
    me.behind = k.last
    k.last = me


def step_out(k: Tickets, me: Thread) -> None:
    """For the properties: nobody is behind this thread any more."""
    for t in k.thread:
        if t.behind is me:
            t.behind = null
    if k.last is me:
        k.last = null


@always
def exclusive(k: Tickets) -> bool:
    """At most one thread is in the critical section."""
    return sum(t.inside for t in k.thread) <= 1


@always
def first_come_first_served(k: Tickets) -> list[Thread]:
    """Nobody gets in before somebody who drew a number earlier."""
    return [t for t in k.thread if t.inside and t.behind is not null]


@cover
def all_queue(k: Tickets) -> bool:
    """One thread is inside while all others queue."""
    return sum(t.behind is not null for t in k.thread) == k.threads - 1


ticket = Model(
    "ticket",
    Tickets,
    [run(thread, each=Tickets.thread, name="T{}")],
    [exclusive, first_come_first_served, all_queue],
)


@procedure
def draw_in_two_steps(k: Tickets, me: Thread) -> Proc[int]:
    """The fetch and the add apart: two threads can draw the same number."""
    yield at("fetch")
    number = k.drawn
    queue_up(k, me)
    yield at("add")
    k.drawn = (number + 1) % k.numbers
    return number


two_steps = ticket.replace("draw in two steps", draw=draw_in_two_steps)
too_few_numbers = ticket.configure("too few numbers", numbers=2)
