"""Dining philosophers: each eats with two forks, and shares them with the neighbours."""

from __future__ import annotations

from mcheck.lang import (
    Array,
    Const,
    Flag,
    Lock,
    Model,
    Proc,
    State,
    always,
    at,
    cover,
    procedure,
    run,
)


class Table(State):
    """A round table. Fork i lies to the left of seat i, and to the right of seat i - 1."""

    seats = Const(5)
    fork = Array(Lock, seats)
    eating = Array(Flag(ghost=True), seats)


@procedure
def philosopher(k: Table, me: int) -> Proc[None]:
    """Think, take two forks, eat, put them back."""
    while True:
        yield at("think", rest=True)
        yield from take_forks(k, me)
        yield at("eat")
        k.eating[me] = False
        k.fork[me].release()
        yield at("put right fork back")
        k.fork[(me + 1) % k.seats].release()


@procedure
def take_forks(k: Table, me: int) -> Proc[None]:
    """Take the fork with the lower number first, whichever side it is on."""
    first = min(me, (me + 1) % k.seats)
    second = max(me, (me + 1) % k.seats)
    yield at("take lower fork", until=lambda: not k.fork[first].held)
    k.fork[first].acquire()
    yield at("take higher fork", until=lambda: not k.fork[second].held)
    k.fork[second].acquire()
    k.eating[me] = True


@always
def neighbours_take_turns(k: Table) -> list[int]:
    """Nobody eats at the same time as the neighbour on the right."""
    return [i for i in range(k.seats) if k.eating[i] and k.eating[(i + 1) % k.seats]]


@cover
def two_eat(k: Table) -> bool:
    """Two philosophers can eat at the same time."""
    return sum(k.eating[i] for i in range(k.seats)) == 2


philosophers = Model(
    "philosophers",
    Table,
    [run(philosopher, each=Table.seats, name="P{}")],
    [neighbours_take_turns, two_eat],
)


@procedure
def take_left_first(k: Table, me: int) -> Proc[None]:
    """Everybody takes the left fork first: when all have, nobody can go on."""
    right = (me + 1) % k.seats
    yield at("take left fork", until=lambda: not k.fork[me].held)
    k.fork[me].acquire()
    yield at("take right fork", until=lambda: not k.fork[right].held)
    k.fork[right].acquire()
    k.eating[me] = True


left_first = philosophers.replace("left first", take_forks=take_left_first)
