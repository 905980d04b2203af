"""A bounded buffer: a mutex, two condition variables, and the classic ways to lose a wake-up."""

from __future__ import annotations

from mcheck.lang import (
    Array,
    Const,
    Embed,
    Int,
    Lock,
    Model,
    Proc,
    Ref,
    State,
    Struct,
    at,
    choose,
    cover,
    null,
    procedure,
    run,
)


class Condition(Struct):
    """A condition variable. Who sleeps on it, the threads themselves know."""


class Thread(Struct):
    """A producer or a consumer, and what it sleeps on until somebody wakes it."""

    sleeps_on = Ref(Condition)


class Buffer(State):
    """How many items there are, and what protects them. Producers are the first threads.

    One item too many or too few is a violation by itself: it is outside of the bounds of `items`.
    """

    capacity = Const(1)
    producers = Const(1)
    consumers = Const(2)
    items = Int(0, capacity)
    mutex = Embed(Lock)
    not_full = Embed(Condition)
    not_empty = Embed(Condition)
    thread = Array(Thread, producers + consumers)


@procedure
def producer(k: Buffer, number: int) -> Proc[None]:
    """Put one item after the other into the buffer."""
    me = k.thread[number]
    while True:
        yield from lock(k)
        yield from put(k, me)
        yield from notify(k, k.not_empty)
        yield at("unlock")
        k.mutex.release()


@procedure
def consumer(k: Buffer, number: int) -> Proc[None]:
    """Take one item after the other out of the buffer."""
    me = k.thread[k.producers + number]
    while True:
        yield from lock(k)
        yield from get(k, me)
        yield from notify(k, k.not_full)
        yield at("unlock")
        k.mutex.release()


@procedure
def put(k: Buffer, me: Thread) -> Proc[None]:
    """Add an item, as soon as there is room. Called with the mutex held."""
    while True:
        yield at("put")
        if k.items < k.capacity:
            k.items += 1
            return
        yield from wait(k, me, k.not_full)


@procedure
def get(k: Buffer, me: Thread) -> Proc[None]:
    """Remove an item, as soon as there is one. Called with the mutex held."""
    while True:
        yield at("get")
        if k.items > 0:
            k.items -= 1
            return
        yield from wait(k, me, k.not_empty)


# The mutex and the condition variables


@procedure
def lock(k: Buffer) -> Proc[None]:
    """Take the mutex."""
    yield at("lock", until=lambda: not k.mutex.held)
    k.mutex.acquire()


@procedure
def wait(k: Buffer, me: Thread, condition: Condition) -> Proc[None]:
    """Give the mutex up and fall asleep, in one step; take it again when woken."""
    yield at("fall asleep")
    me.sleeps_on = condition
    k.mutex.release()
    yield at("sleep", until=lambda: me.sleeps_on is null)
    yield from lock(k)


@procedure
def notify(k: Buffer, condition: Condition) -> Proc[None]:
    """Wake one of those who sleep on the condition, if anybody does."""
    yield at("notify")
    if any(t.sleeps_on is condition for t in k.thread):
        yield at("wake one")
        sleeper = choose(t for t in k.thread if t.sleeps_on is condition)
        sleeper.sleeps_on = null


@cover
def all_consumers_sleep(k: Buffer) -> bool:
    """All consumers can be asleep at the same time."""
    return sum(t.sleeps_on is k.not_empty for t in k.thread) == k.consumers


buffer = Model(
    "buffer",
    Buffer,
    [run(producer, each=Buffer.producers), run(consumer, each=Buffer.consumers)],
    [all_consumers_sleep],
)


@procedure
def get_if(k: Buffer, me: Thread) -> Proc[None]:
    """`if` instead of `while`: what was there when the thread was woken may be gone by now."""
    yield at("look")
    if k.items == 0:
        yield from wait(k, me, k.not_empty)
        yield at("get")
    k.items -= 1


@procedure
def wait_late(k: Buffer, me: Thread, condition: Condition) -> Proc[None]:
    """The mutex is given up before the thread sleeps: a notification in between wakes nobody."""
    yield at("unlock")
    k.mutex.release()
    yield at("fall asleep")
    me.sleeps_on = condition
    yield at("sleep", until=lambda: me.sleeps_on is null)
    yield from lock(k)


@procedure
def notify_any(k: Buffer, condition: Condition) -> Proc[None]:
    """As if there were only one condition variable: it may be the wrong one who is woken."""
    yield at("notify")
    if any(t.sleeps_on is not null for t in k.thread):
        yield at("wake one")
        sleeper = choose(t for t in k.thread if t.sleeps_on is not null)
        sleeper.sleeps_on = null


@procedure
def notify_all(k: Buffer, condition: Condition) -> Proc[None]:
    """One condition variable again, but everybody is woken: correct, with more work."""
    yield at("wake all")
    for t in k.thread:
        t.sleeps_on = null


if_instead_of_while = buffer.replace("if instead of while", get=get_if)
lost_wakeup = buffer.replace("lost wake-up", wait=wait_late).configure(consumers=1)
one_condition = buffer.replace("one condition", notify=notify_any)
one_condition_all = buffer.replace("one condition, wake all", notify=notify_all)
