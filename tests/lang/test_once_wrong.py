"""Models of which mcheck once said more than was true, each for a mistake of its own."""

from __future__ import annotations

import importlib.util
import linecache
import sys
from pathlib import Path

import pytest

from mcheck.explorer import Verdict, check
from tests.lang.texts import PRELUDE, Writer, explored, violates

COARSE = {
    "an access between a guard's read of a lock and its acquire": """
    class W(State):
        l = Embed(Lock)
        y = Int(0, 3, by=atomic)

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("read and lock", until=lambda: not k.l.held)
        y = k.y  # here
        k.l.acquire()
        yield at("check")
        assert k.y == y

    @procedure
    def q(k: W) -> Proc[None]:
        yield at("lock", until=lambda: not k.l.held)
        k.l.acquire()
        yield at("write")
        k.y = 1
        k.l.release()

    m = Model("m", W, [run(p), run(q)])
    """,
    "two locks taken at once, in two orders": """
    class W(State):
        a = Embed(Lock)
        b = Embed(Lock)
        d = Flag(by="a")

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("both", until=lambda: not k.a.held and not k.b.held)  # here
        k.a.acquire()
        k.b.acquire()

    @procedure
    def q(k: W) -> Proc[None]:
        yield at("b", until=lambda: not k.b.held)
        k.b.acquire()
        yield at("a", until=lambda: not k.a.held)
        k.a.acquire()

    m = Model("m", W, [run(p), run(q)])
    """,
    "a locked section that others can tell apart from its lock": """
    class W(State):
        l = Embed(Lock)
        x = Flag(by=atomic)

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("lock and set", until=lambda: not k.l.held)
        k.l.acquire()
        k.x = True  # here
        yield at("unlock")
        k.l.release()

    @procedure
    def q(k: W) -> Proc[None]:
        yield at("look")
        seen = k.l.held
        yield at("look again")
        assert k.x or not seen

    m = Model("m", W, [run(p), run(q)])
    """,
    "a section of a lock that others take if it is free": """
    class W(State):
        l = Embed(Lock)
        x = Flag(by=atomic)
        free = Flag()

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("lock and set", until=lambda: not k.l.held)
        k.l.acquire()
        k.x = True  # here
        yield at("unlock")
        k.l.release()

    @procedure
    def q(k: W) -> Proc[None]:
        yield at("try")
        k.free = False
        if not k.l.held:
            k.l.acquire()
            k.free = True
        yield at("look again")
        assert k.x or k.free

    m = Model("m", W, [run(p), run(q)])
    """,
    "two places of one array, under one primitive": """
    class W(State):
        s = Array(Int(0, 3, by=atomic), 2)

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("swap", atomic="cmpxchg")
        if k.s[0] == 0:
            k.s[1] = 1  # here

    m = Model("m", W, [run(p), run(p, name="two")])
    """,
    "one element that two kinds of process own": """
    class C(Struct):
        x = Int(0, 3, by=owner)

    class W(State):
        c = Array(C, 2)

    @procedure
    def p(k: W, me: C) -> Proc[None]:
        yield at("a")
        me.x = 1
        me.x = 2  # here

    m = Model("m", W, [run(p, each=W.c, name="p{}"), run(p, each=W.c, name="q{}")])
    """,
}


@pytest.mark.parametrize("text", COARSE.values(), ids=COARSE.keys())
def test_a_step_that_is_too_coarse_is_refused(write: Writer, text: str) -> None:
    assert "is too coarse" in write.refusal(text)


UNLOCKED = {
    "the local chosen anew": """
        f = choose(k.f)
        yield at("lock", until=lambda: not f.lock.held)
        f.lock.acquire()
        yield at("again")
        f = choose(k.f)
        f.d = 1  # here
    """,
    "the lock given back through another name": """
        f = choose(k.f)
        g = choose(k.f)
        yield at("lock", until=lambda: not f.lock.held)
        f.lock.acquire()
        yield at("unlock")
        if g is f:
            g.lock.release()
            yield at("late")
            f.d = 1  # here
    """,
    "a lock that is taken on one way of an `and` only": """
        f = choose(k.f)
        yield at("lock")
        got = k.z and take(f)
        yield at("use")
        f.d = 1  # here
    """,
}


@pytest.mark.parametrize("body", UNLOCKED.values(), ids=UNLOCKED.keys())
def test_a_lock_that_may_not_be_held_is_not_held(write: Writer, body: str) -> None:
    head = """
    class F(Struct):
        lock = Embed(Lock)
        d = Int(0, 3, by="lock")

    class W(State):
        f = Array(F, 2)
        z = Flag(by=atomic)

    def take(f: F) -> bool:
        if f.lock.held:
            return False
        f.lock.acquire()
        return True

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("begin")
    """
    text = head + body + '\n    m = Model("m", W, [run(p), run(p, name="two")])\n'
    assert "F.d is written without its lock" in write.refusal(text)


def test_a_number_is_not_the_same_element_of_two_structs(write: Writer) -> None:
    text = """
    class F(Struct):
        x = Int(0, 7)

    class G(Struct):
        x = Int(0, 7)

    class W(State):
        f = Array(F, 1)
        g = Array(G, 1)

    @procedure
    def q(k: W, o: F) -> Proc[None]:
        yield at("q")
        o.x = 3

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("a")
        yield from q(k, k.f[0])
        yield at("b")
        yield from q(k, k.g[0])

    m = Model("m", W, [run(p)])
    """
    assert "o is a F at one time and a G at another" in write.refusal(text)


def test_holds_of_unequal_bounds_are_each_counted_once(write: Writer) -> None:
    text = """
    class F(Struct):
        count = Int(0, 7)

    class W(State):
        f = Array(F, 4, names="ABCD")

    @procedure
    def p(k: W) -> Proc[None]:
        while True:
            yield at("a")
            x = choose(k.f)
            x.count += 1
            a: Held[F] = hold(x)
            yield at("b")
            a.count -= 1
            release(a)
            yield at("c")
            k.f[3].count += 1
            b: Held[F] = hold(k.f[3])
            yield at("d")
            b.count -= 1
            release(b)

    @always
    def explained(k: W) -> list[F]:
        return [o for o in k.f if o.count != holds(o)]

    @step
    def holds_change(k: W, n: W) -> bool:
        return all(holds(o) == o.count for o in n.f)

    m = Model("m", W, [run(p)], [explained, holds_change])
    """
    assert explored(write.model(text)).verdict is Verdict.HOLDS
    wrong = text.replace("holds(o) == o.count for o in n.f", "holds(o) == 0 for o in n.f")
    violates(write.model(wrong), "holds_change")


def test_a_cover_that_fails_in_one_state_and_is_hit_in_another_is_an_error(write: Writer) -> None:
    text = """
    class F(Struct):
        v = Int(0, 3)

    class W(State):
        f = Array(F, 1)
        r = Ref(F)
        n = Int(0, 3)

    @procedure
    def p(k: W) -> Proc[None]:
        while True:
            yield at("a", rest=True)
            x = choose(range(2))
            k.n = (k.n + 1) % 4
            if x == 1:
                k.r = k.f[0]
                k.f[0].v = 1

    @cover
    def seen(k: W) -> bool:
        return k.n == 1 and k.r.v == 1

    m = Model("m", W, [run(p)], [seen])
    """
    assert explored(write.model(text)).verdict is Verdict.ERROR


def test_a_label_that_the_types_rule_out_is_reported(write: Writer) -> None:
    text = """
    class W(State):
        x = Int(0, 3)

    def found(k: W) -> bool:
        return False

    @procedure
    def p(k: W) -> Proc[None]:
        yield at("look")
        ok = found(k)
        if ok:
            yield at("use")
            k.x = 1

    m = Model("m", W, [run(p)])
    """
    violates(write.model(text), "unreached p.use")


def test_a_module_that_is_loaded_again_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "reloaded.py"
    text = PRELUDE + (
        "class W(State):\n    x = Int(0, 7)\n\n\n@procedure\ndef p(k: W) -> Proc[None]:\n"
        '    yield at("a")\n    k.x = NUMBER\n    assert k.x < 5\n\n\nm = Model("m", W, [run(p)])\n'
    )
    verdicts: list[Verdict] = []
    for number in (1, 6):
        path.write_text(text.replace("NUMBER", f"{number}" + " " * number))
        spec = importlib.util.spec_from_file_location("reloaded", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["reloaded"] = module
        spec.loader.exec_module(module)
        verdicts.append(check(module.m.compile()).verdict)
    del sys.modules["reloaded"]
    linecache.clearcache()
    assert verdicts == [Verdict.HOLDS, Verdict.VIOLATED]
