"""Models in which somebody waits: for long, in vain, or for those who are at rest."""

from __future__ import annotations

from mcheck.lang import Const, Flag, Int, Model, Proc, State, at, choose, procedure, run


class Ring(State):
    """A place that moves round and round; gates that are passed only at some places."""

    size = Const(40)
    waiters = Const(2)
    place = Int(0, size - 1)
    shut = Flag()
    through = Int(0, waiters)


@procedure
def walk(k: Ring) -> Proc[None]:
    """Go round for ever; close the gates in the last place, if so chosen."""
    while True:
        yield at("walk")
        k.place = (k.place + 1) % k.size
        yield at("look")
        closing = choose((False, True))
        if closing and k.place == k.size - 2:
            k.shut = True


@procedure
def walk_and_open(k: Ring) -> Proc[None]:
    """The same, but what was closed is opened again."""
    while True:
        yield at("walk")
        k.place = (k.place + 1) % k.size
        yield at("look")
        closing = choose((False, True))
        if closing and k.place == k.size - 2:
            k.shut = not k.shut


@procedure
def wait(k: Ring, me: int) -> Proc[None]:
    """Pass one gate, and then another one."""
    yield at("first gate", until=lambda: k.place == 3 + me and not k.shut)
    k.through += 1
    yield at("second gate", until=lambda: k.place == 1)
    k.through -= 1


gates = Model("gates", Ring, [run(walk), run(wait, each=Ring.waiters)])
gates_open = gates.replace("gates open", walk=walk_and_open)


class Desk(State):
    """Work that is done at once, and a bell that those ring who may stay away."""

    most = Const(9)
    work = Int(0, most)
    bell = Flag()
    closed = Flag()


@procedure
def clerk(k: Desk) -> Proc[None]:
    """Does what is there; then waits for the bell."""
    yield at("begin")
    while True:
        while k.work > 0:
            yield at("work")
            k.work = k.work - 1
        yield at("wait", until=lambda: k.bell)
        k.bell = False
        k.work = k.most


@procedure
def client(k: Desk) -> Proc[None]:
    """Comes when it likes, and walks up to the bell."""
    while True:
        yield at("outside", rest=True)
        distance = choose((1, 2, 3))
        while distance > 0:
            yield at("walk")
            distance -= 1
        yield at("ring", until=lambda: not k.closed)
        k.bell = True


@procedure
def porter(k: Desk) -> Proc[None]:
    """Closes when little is left to do, and may open again."""
    while True:
        yield at("close", until=lambda: k.work < 3, rest=True)
        k.closed = True
        yield at("open", rest=True)
        k.closed = False


@procedure
def careful_porter(k: Desk) -> Proc[None]:
    """The same, but does not stay away before it is open again."""
    while True:
        yield at("close", until=lambda: k.work < 3, rest=True)
        k.closed = True
        yield at("open")
        k.closed = False


def morning(k: Desk) -> None:
    """There is work for now."""
    k.work = k.most


OFFICE = [run(clerk), run(client), run(porter)]
DAEMON = [run(clerk), run(client, daemon=True), run(porter)]
office = Model("office", Desk, OFFICE, init=morning, hang=True)
office_without_hangs = Model("office without hangs", Desk, OFFICE, init=morning)
office_with_a_daemon = Model("office with a daemon", Desk, DAEMON, init=morning, hang=True)
office_that_opens = office_with_a_daemon.replace("office that opens", porter=careful_porter)


class Line(State):
    """A token that goes from hand to hand. gap: who is left out; -1 if nobody is."""

    hands = Const(3)
    gap = Const(-1)
    turn = Int(0, hands + 1)


@procedure
def hand(k: Line, me: int) -> Proc[None]:
    """Pass the token on."""
    yield at("wait", until=lambda: k.turn == me)
    yield at("pass")
    k.turn = me + (2 if me + 1 == k.gap else 1)


line = Model("line", Line, [run(hand, each=Line.hands)])
line_with_hangs = Model("line with hangs", Line, [run(hand, each=Line.hands)], hang=True)

MODELS = [
    *(gates, gates_open, office, office_without_hangs, office_with_a_daemon, office_that_opens),
]
