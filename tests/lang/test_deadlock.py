"""Waiting: blocking until, rest, daemons, and the deadlock of those who can never go on."""

from __future__ import annotations

from tests.lang.texts import Writer, holds, run_directly, violates

TWO_LOCKS = """
    class S(State):
        one = Embed(Lock)
        two = Embed(Lock)

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("p one", until=lambda: not k.one.held)
        k.one.acquire()
        yield at("p two", until=lambda: not k.two.held)
        k.two.acquire()
        yield at("p unlock")
        k.one.release()
        k.two.release()

    @procedure
    def q(k: S) -> Proc[None]:
        yield at("q two", until=lambda: not k.two.held)
        k.two.acquire()
        yield at("q one", until=lambda: not k.one.held)
        k.one.acquire()
        yield at("q unlock")
        k.one.release()
        k.two.release()

    m = Model("m", S, [run(p), run(q)])
"""


def waiting(waiter: str, others: str, runs: str) -> str:
    """A process that waits for a flag, and others."""
    return f"""
    @procedure
    def p(k: S) -> Proc[None]:
        yield at("wait", until=lambda: k.flag{waiter})
        k.a = 1

{others}
    m = Model("m", S, [{runs}]).configure(unreached=["p.wait"])
    """


def test_a_guard_that_is_false_blocks(write: Writer) -> None:
    text = """
    @procedure
    def p(k: S) -> Proc[None]:
        yield at("wait", until=lambda: k.flag)
        k.a = 1

    @procedure
    def q(k: S) -> Proc[None]:
        yield at("set")
        k.flag = True

    m = Model("m", S, [run(p), run(q)])
    """
    result = holds(write.toy(text))
    assert (result.states, result.transitions) == (3, 2)
    direct = run_directly(write.toy(text), actor=1)
    assert direct.enabled() == [0]
    model = write.toy(text)
    compiled = model.compile()
    assert [(x.name, x.blocking, x.rest) for x in compiled.actors[0].labels] == [
        ("wait", True, False),
        ("done", True, True),
    ]


def test_a_guard_is_evaluated_with_its_step(write: Writer) -> None:
    text = """
    @procedure
    def p(k: S) -> Proc[None]:
        yield at("take", until=lambda: k.a == 0)
        k.a += 1
        assert k.a == 1
        yield at("give")
        k.a -= 1

    m = Model("m", S, [run(p), run(p, name='two'), run(p, name='three')])
    """
    holds(write.toy(text))


def test_two_locks_in_two_orders_deadlock(write: Writer) -> None:
    result = violates(write.model(TWO_LOCKS), "deadlock")
    assert result.trace is not None and result.trace.depth == 2
    assert [e.label for e in result.trace.events] in (
        ["p one", "q two"],
        ["q two", "p one"],
    )
    assert "p" in result.why and "q" in result.why


def test_a_process_that_waits_for_ever_is_deadlocked_though_others_move(write: Writer) -> None:
    busy = """
    @procedure
    def q(k: S) -> Proc[None]:
        while True:
            yield at("round")
            k.b = 1 - k.b

"""
    result = violates(write.toy(waiting("", busy, "run(p), run(q)")), "deadlock")
    assert "p" in result.why


def test_a_process_at_rest_is_not_deadlocked(write: Writer) -> None:
    holds(write.toy(waiting(", rest=True", "", "run(p)")))
    violates(write.toy(waiting("", "", "run(p)")), "deadlock")


def test_a_process_may_finish(write: Writer) -> None:
    assert holds(write.step("k.a = 1")).states == 2


def test_a_daemon_may_wait_for_ever(write: Writer) -> None:
    holds(write.toy(waiting("", "", "run(p, daemon=True)")))


def test_daemons_alone_do_not_make_a_state_alive(write: Writer) -> None:
    busy = """
    @procedure
    def q(k: S) -> Proc[None]:
        while True:
            yield at("round")
            k.b = 1 - k.b

"""
    violates(write.toy(waiting("", busy, "run(p), run(q, daemon=True)")), "deadlock")


def test_a_daemon_may_wake_others(write: Writer) -> None:
    waker = """
    @procedure
    def q(k: S) -> Proc[None]:
        yield at("wake")
        k.flag = True

"""
    text = waiting("", waker, "run(p), run(q, daemon=True)").replace(
        '.configure(unreached=["p.wait"])', ""
    )
    holds(write.toy(text))


def test_until_may_read_locals_of_its_procedure(write: Writer) -> None:
    text = """
    @procedure
    def p(k: S, me: int) -> Proc[None]:
        n = k.size - me
        yield at("wait", until=lambda: k.a >= n)
        k.a += 1

    m = Model("m", S, [run(p, each=2), run(q)])
    """
    starter = """
    @procedure
    def q(k: S) -> Proc[None]:
        yield at("start")
        k.a += 1

    """
    result = holds(write.toy(starter + text))
    assert (result.states, result.depth) == (4, 3)
