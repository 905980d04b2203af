"""Lost wake-ups that only processes at rest could make good: hang=True finds them."""

from __future__ import annotations

import re

import pytest

from tests.lang.texts import Writer, explored, holds, violates

SLEEPING_LOCK = """
    class Task(Struct):
        asleep = Flag()

    class S(State):
        tasks = Const(2)
        locked = Flag()
        task = Array(Task, tasks, names="AB")

    @procedure
    def lock(k: S, me: Task) -> Proc[None]:
        yield at("try")
        while k.locked:
            yield at("fall asleep")
            me.asleep = True
            yield at("asleep", until=lambda: not me.asleep)
        k.locked = True

    @procedure
    def unlock(k: S) -> Proc[None]:
        yield at("unlock")
        k.locked = False
        for t in k.task:
            t.asleep = False

    @procedure
    def work(k: S, me: Task) -> Proc[None]:
        while True:
            yield at("idle", rest=True)
            yield from lock(k, me)
            yield from unlock(k)

    @procedure
    def look_again(k: S, me: Task) -> Proc[None]:
        yield at("try")
        while k.locked:
            yield at("fall asleep")
            me.asleep = k.locked
            yield at("asleep", until=lambda: not me.asleep)
        k.locked = True

    users = [run(work, each=S.task, name="{}")]
    lost = Model("lost", S, users, hang=True)
    hidden = Model("hidden", S, users)
    mended = lost.replace("mended", lock=look_again)
"""


@pytest.mark.parametrize("tasks", [2, 3])
def test_a_lost_wake_up_in_a_sleeping_lock(write: Writer, tasks: int) -> None:
    text = write(SLEEPING_LOCK)
    holds(text.model("hidden").configure(tasks=tasks))
    holds(text.model("mended").configure(tasks=tasks))
    result = violates(text.model("lost").configure(tasks=tasks), "hang")
    assert re.match(r"\d waits at lock.asleep \(.*\), and nobody who is still at work", result.why)
    assert result.trace is not None
    assert result.trace.events[-1].label == "fall asleep"
    assert [e.label for e in result.trace.events].count("unlock") == 1


def test_whether_hangs_are_asked_for_is_kept(write: Writer) -> None:
    text = write(SLEEPING_LOCK)
    for name, hang in {"lost": True, "mended": True, "hidden": False}.items():
        model = text.model(name)
        assert model.configure("other", tasks=3).hang == model.hang == hang
        assert model.replace("other", unlock=model.procedures()["unlock"]).hang == hang
        assert model.compile().hang == hang


def test_nobody_comes_back_for_the_sleeper(write: Writer) -> None:
    """Each works once and returns: then it is a deadlock, whether hangs are asked for or not."""
    once = SLEEPING_LOCK.replace("while True:", "if k.tasks > 0:").replace(", rest=True", "")
    text = write(once)
    for name in ("lost", "hidden"):
        violates(text.model(name), "deadlock")
    holds(text.model("mended"))


def test_a_consumer_may_wait_for_a_producer_at_rest(write: Writer) -> None:
    """Which is why a model has to ask."""
    text = """
    class S(State):
        item = Flag()

    @procedure
    def produce(k: S) -> Proc[None]:
        while True:
            yield at("produce", until=lambda: not k.item, rest=True)
            k.item = True

    @procedure
    def consume(k: S) -> Proc[None]:
        while True:
            yield at("consume", until=lambda: k.item)
            k.item = False

    m = Model("m", S, [run(produce), run(consume)])
    asked = Model("asked", S, [run(produce), run(consume)], hang=True)
    busy = Model("busy", S, [run(produce, daemon=True), run(consume)], hang=True)
    """
    holds(write(text).model("m"))
    violates(write(text).model("asked"), "hang")
    holds(write(text).model("busy"))
    assert explored(write(text).model("asked")).why.startswith("consume waits at consume.consume")
