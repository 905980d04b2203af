"""The language's own lock: who holds it, who waits for it, and its misuse."""

from __future__ import annotations

from tests.lang.texts import Writer, explored, fails, holds, violates

CRITICAL = """
    class S(State):
        lock = Embed(Lock)
        inside = Array(Flag(ghost=True), 3)

    @procedure
    def p(k: S, me: int) -> Proc[None]:
        yield at("lock", until=lambda: not k.lock.held)
        k.lock.acquire()
        k.inside[me] = True
        yield at("unlock")
        k.inside[me] = False
        k.lock.release()

    @always
    def one_inside(k: S) -> bool:
        return sum(i for i in k.inside) <= 1

    @always
    def holder_is_inside(k: S) -> bool:
        return k.lock.held == any(i for i in k.inside)

    m = Model("m", S, [run(p, each=3)], [one_inside, holder_is_inside])
"""


def test_a_lock_excludes(write: Writer) -> None:
    result = holds(write.model(CRITICAL))
    # Three have run or not, and one of those that have not may be inside.
    assert result.states == 8 + 3 * 4
    assert result.bits == 3 * 2 + 2 + 3


def test_without_the_wait_a_held_lock_is_acquired(write: Writer) -> None:
    text = CRITICAL.replace(", until=lambda: not k.lock.held", "")
    failed = fails(write.model(text), "lock")
    assert failed.messages == (
        "a lock is acquired that is held already",
        "lock is acquired while p[0] holds it",
    )


def test_only_the_holder_releases(write: Writer) -> None:
    text = CRITICAL.replace(
        "k.lock.release()\n",
        "k.lock.release()\n\n    @procedure\n    def thief(k: S) -> Proc[None]:\n"
        '        yield at("steal", until=lambda: k.lock.held)\n        k.lock.release()\n',
    ).replace("[run(p, each=3)]", "[run(p, each=1), run(thief)]")
    failed = fails(write.model(text), "lock")
    assert failed.messages == (
        "a lock is released by a process that does not hold it",
        "lock is released by a process that does not hold it; p[0] holds it",
    )


def test_a_free_lock_cannot_be_released(write: Writer) -> None:
    failed = fails(write.step("k.lock.release()"), "lock")
    assert failed.direct.message.endswith("does not hold it; nobody holds it")


def test_a_process_knows_whether_it_holds_a_lock(write: Writer) -> None:
    body = """
    assert not k.lock.mine and not k.lock.held
    k.lock.acquire()
    assert k.lock.mine and k.lock.held
    yield at("other")
    assert k.lock.mine
    k.lock.release()
    assert not k.lock.mine
    """
    rest = """
@procedure
def other(k: S) -> Proc[None]:
    yield at("look", until=lambda: k.lock.held)
    assert not k.lock.mine

m = Model("m", S, [run(p), run(other, daemon=True)])
"""
    holds(write.step(body, rest))


def test_each_lock_is_its_own(write: Writer) -> None:
    body = """
    t = choose(k.thing)
    t.lock.acquire()
    assert sum(u.lock.held for u in k.thing) == 1
    assert t.lock.mine and not k.lock.held
    k.lock.acquire()
    t.lock.release()
    assert k.lock.mine and not t.lock.held
    """
    holds(write.step(body))


def test_a_finished_process_may_leave_a_lock_behind_and_others_then_wait_for_ever(
    write: Writer,
) -> None:
    text = CRITICAL.replace("        k.lock.release()\n", "")
    result = violates(write.model(text.replace(", holder_is_inside]", "]")), "deadlock")
    assert "p[" in result.why


def test_the_state_shows_who_holds_a_lock(write: Writer) -> None:
    compiled = write.model(CRITICAL).compile()
    shown: set[str] = set()
    result = explored(write.model(CRITICAL.replace("<= 1", "== 0")))
    assert result.trace is not None and result.trace.events[0].changed
    for change in result.trace.events[0].changed:
        shown.add(f"{change.name}: {change.before} -> {change.after}")
    assert shown == {"lock: - -> p[0]", "inside[0]: 0 -> 1"}
    assert compiled.describe(compiled.initial[0])["lock"] == "-"


def test_a_lock_is_taken_by_a_process(write: Writer) -> None:
    text = "def boot(k: S) -> None:\n    k.lock.acquire()\n"
    text += "@procedure\ndef p(k: S) -> Proc[None]:\n    yield at('go')\n"
    message = write.refused_toy(text + "m = Model('m', S, [run(p)], init=boot)\n")
    assert "lock is acquired, but no process runs" in message


def test_a_lock_stands_alone(write: Writer) -> None:
    message = write.refused_step("k.flag = k.lock.acquire()  # here")
    assert "acquire() stands alone" in message
    assert "changes nothing" in write.refused_step(
        "k.a = 1",
        """
def sneak(k: S) -> bool:
    k.lock.acquire()
    return True

@procedure
def r(k: S) -> Proc[None]:
    yield at("w", until=lambda: sneak(k))

m = Model("m", S, [run(r)])
""",
    )
