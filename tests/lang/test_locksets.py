"""Locks as protection: which are surely held at an access, and what that allows."""

from __future__ import annotations

import textwrap

import pytest

from tests.lang.protected import WITH_WRITER, accept, protected, use_first
from tests.lang.texts import Writer


def test_a_field_under_a_lock_needs_the_lock(write: Writer) -> None:
    message = write.refusal(protected("yield at('a')\nf = choose(k.page)\nf.d = 1  # here"))
    assert "Page.d is written without its lock lock; again writes it at p.a" in message
    assert "instead: hold lock here" in message
    read = "yield at('a')\nk.page[0].free = k.page[0].d  # here"
    message = write.refusal(protected(read, WITH_WRITER))
    assert "Page.d is read without its lock lock; writer writes it at writer.write" in message
    assert "instead: hold lock here, or racy(...) in a step of its own" in message
    accept(write, protected(read.replace("  # here", "")))  # nobody writes it


def test_a_guard_and_a_filter_need_the_lock_too(write: Writer) -> None:
    guard = "yield at('a', until=lambda: k.page[0].d == 0)  # here\nk.page[0].free = 1"
    assert "read without its lock" in write.refusal(protected(guard, WITH_WRITER))
    kept = "yield at('a')\nf = choose(f for f in k.page if f.d == 0)  # here\nf.free = 1"
    assert "read without its lock" in write.refusal(protected(kept, WITH_WRITER))


def test_acquire_a_section_and_release_in_one_step_is_one_thing(write: Writer) -> None:
    body = """
    yield at('a', until=lambda: not k.page[0].lock.held)
    k.page[0].lock.acquire()
    k.page[0].d = 1
    k.page[0].e = k.page[0].d
    k.page[0].lock.release()
    """
    accept(write, protected(body))


def test_a_section_may_touch_one_thing_more(write: Writer) -> None:
    body = """
    yield at('a', until=lambda: not k.page[0].lock.held)
    k.page[0].lock.acquire()
    k.page[0].d = 1
    k.page[0].ref = 1
    k.page[0].lock.release()
    """
    accept(write, protected(body))
    late = body.rstrip() + "\n    k.page[1].ref = 1\n"
    assert "the step p.a is too coarse" in write.refusal(protected(late))
    early = body.replace(
        "    k.page[0].lock.acquire()", "    k.top = k.fixed\n    k.page[0].lock.acquire()"
    )
    assert "the step p.a is too coarse" in write.refusal(protected(early))


def test_locks_are_taken_one_a_step_and_given_back_together(write: Writer) -> None:
    body = """
    yield at('big', until=lambda: not k.big.held)
    k.big.acquire()
    yield at('lock', until=lambda: not k.page[0].lock.held)
    k.page[0].lock.acquire()
    k.page[0].d = 1
    k.page[0].big = 1
    k.page[0].lock.release()
    k.big.release()
    """
    accept(write, protected(body))
    both = """
    yield at('both', until=lambda: not k.big.held and not k.page[0].lock.held)
    k.big.acquire()
    k.page[0].lock.acquire()
    """
    assert "the step p.both is too coarse" in write.refusal(protected(both))


def test_what_stands_between_a_guard_and_the_acquire_is_not_in_the_section(write: Writer) -> None:
    body = """
    yield at('a', until=lambda: not k.big.held)
    x = k.page[0].ref
    k.big.acquire()
    k.page[0].ref = x
    k.big.release()
    """
    assert "the step p.a is too coarse" in write.refusal(protected(body))


def test_a_lock_that_is_given_back_and_taken_again_lets_others_in(write: Writer) -> None:
    section = "k.big.acquire()\nk.page[0].big = 1\nk.big.release()\n"
    body = "yield at('a', until=lambda: not k.big.held)\n" + section + section
    assert "the step p.a is too coarse" in write.refusal(protected(body))


def test_a_lock_is_held_from_step_to_step(write: Writer) -> None:
    body = """
    yield at('a')
    f = choose(k.page)
    yield from spin(k, f.lock)
    yield at('one')
    f.d = 1
    f.e = f.d
    f.ref = 1
    yield at('two')
    f.d = 2
    f.lock.release()
    """
    accept(write, protected(body))
    late = body.rstrip().replace("f.e = f.d\n    f.ref = 1", "k.page[0].free = 1")
    late += "\n    f.d = 3  # here\n"
    assert "Page.d is written without its lock" in write.refusal(protected(late))


def test_a_procedure_may_take_and_give_back_its_callers_lock(write: Writer) -> None:
    body = """
    yield at('a')
    f = choose(k.page)
    yield from spin(k, f.lock)
    yield from use(k, f)
    yield from unlock(k, f.lock)
    yield at('z')
    f.free = 1
    """
    use = "@procedure\ndef use(k: S, f: Page) -> Proc[None]:\n    yield at('use')\n"
    use += "    f.d = 1\n    f.e = 2\n"
    accept(write, use_first(protected(body), use))
    late = body.replace("f.free = 1", "f.d = 1  # here")
    assert "Page.d is written without its lock" in write.refusal(use_first(protected(late), use))
    bare = body.replace("    yield from spin(k, f.lock)\n", "").replace(
        "    yield from unlock(k, f.lock)\n", ""
    )
    message = write.refusal(use_first(protected(bare), use))
    assert "Page.d is written without its lock lock; again writes it at use.use" in message


def test_a_trylock_is_believed_only_where_it_said_so(write: Writer) -> None:
    head = "yield at('a')\nf = choose(k.page)\ngot = yield from trylock(k, f.lock)\n"
    accept(write, protected(head + "if got:\n    yield at('s')\n    f.d = 1\n    f.lock.release()"))
    late = head + "yield at('s')\nif got:\n    f.d = 1  # here\n    f.lock.release()"
    assert "Page.d is written without its lock" in write.refusal(protected(late))


HELPERS = """
def try_to(l: Lock) -> bool:
    if l.held:
        return False
    l.acquire()
    return True

def give_back(l: Lock) -> None:
    l.release()

"""


@pytest.mark.parametrize("taken", ["if try_to(f.lock):", "got = try_to(f.lock)\nif got:"])
def test_a_helper_that_takes_a_lock_is_believed_where_it_said_so(write: Writer, taken: str) -> None:
    body = f"yield at('a')\nf = choose(k.page)\nyield at('try')\n{taken}\n"
    inside = "    yield at('s')\n    f.d = 1\n    give_back(f.lock)"
    accept(write, use_first(protected(body + inside), HELPERS))
    late = body + "    yield at('s')\nf.d = 1  # here"
    assert "written without its lock" in write.refusal(use_first(protected(late), HELPERS))


def test_a_helper_that_fails_to_take_a_lock_may_end_the_process(write: Writer) -> None:
    body = "yield at('a')\nf = choose(k.page)\nyield at('try')\n"
    body += "if not try_to(f.lock):\n    return\nyield at('s')\nf.d = 1\ngive_back(f.lock)"
    accept(write, use_first(protected(body), HELPERS))


@pytest.mark.parametrize("negated", [False, True])
def test_a_helper_may_take_a_lock_and_the_step_use_it_at_once(write: Writer, negated: bool) -> None:
    ways = ["f.d = 1", "f.free = 1"]
    body = "yield at('a')\nf = choose(k.page)\nyield at('try')\nif {}try_to(f.lock):\n    {}\nelse:"
    body += "\n    {}\nyield at('b')\nf.free = 2"
    taken, other = ways[::-1] if negated else ways
    text = body.format("not " if negated else "", taken, other)
    accept(write, use_first(protected(text), HELPERS))
    taken, other = [f"{w}  # here" if w == "f.d = 1" else w for w in (other, taken)]
    text = body.format("not " if negated else "", taken, other)
    assert "written without its lock" in write.refusal(use_first(protected(text), HELPERS))


def test_a_call_that_two_ways_lead_to_locks_what_both_pass(write: Writer) -> None:
    body = """
    yield at('a')
    f = choose(k.page)
    g = choose(k.page)
    yield at('which')
    which = choose((False, True))
    if which:
        yield at('first')
        x = {}
    else:
        yield at('second')
        x = {}
    yield from spin(k, x.lock)
    yield at('use')
    {}
    x.lock.release()
    """
    for ways in (("f", "g"), ("g", "f")):
        for use in ("f.d = 1  # here", "g.d = 1  # here"):
            message = write.refusal(protected(body.format(*ways, use)))
            assert "Page.d is written without its lock" in message
    accept(write, protected(body.format("g", "g", "g.d = 1")))


def test_a_call_that_two_ways_lead_to_locks_what_is_passed(write: Writer) -> None:
    lock = """
    @procedure
    def lock_page(k: S, f: Page) -> Proc[None]:
        yield at("lock", until=lambda: not f.lock.held)
        f.lock.acquire()

    """
    body = """
    yield at('a')
    f = choose(k.page)
    g = choose(k.page)
    yield at('which')
    which = choose((False, True))
    if which:
        yield at('first')
        x = f
    else:
        yield at('second')
        x = g
    yield from lock_page(k, x)
    yield at('use')
    x.d = 1
    x.lock.release()
    """
    text = use_first(protected(body), textwrap.dedent(lock))
    accept(write, text)
    assert "without its lock" in write.refusal(text.replace("x.d = 1", "g.d = 1  # here"))


def test_a_lock_may_be_named_by_a_path_from_the_state(write: Writer) -> None:
    body = (
        "yield at('a')\nf = choose(k.page)\nyield from spin(k, k.big)\nyield at('s')\nf.big = 1\n"
    )
    accept(write, protected(body + "k.big.release()"))
    bare = "yield at('a')\nf = choose(k.page)\nyield at('s')\nf.big = 1  # here"
    assert "Page.big is written without its lock big" in write.refusal(protected(bare))


def test_another_elements_lock_does_not_help(write: Writer) -> None:
    body = """
    yield from spin(k, k.page[0].lock)
    yield at('s')
    k.page[1].d = 1  # here
    k.page[0].lock.release()
    """
    assert "Page.d is written without its lock" in write.refusal(protected(body))


def test_a_local_that_is_moved_takes_no_lock_along(write: Writer) -> None:
    body = """
    yield at('a')
    f = choose(k.page)
    yield from spin(k, f.lock)
    yield at('s')
    f.d = 1
    f = k.page[1]
    f.d = 1  # here
    """
    assert "Page.d is written without its lock" in write.refusal(protected(body))


def test_a_reference_that_steps_move_names_no_lock_for_long(write: Writer) -> None:
    body = """
    yield at('a')
    t = k.top
    yield from spin(k, t.lock)
    yield at('s')
    k.top.d = 1  # here
    yield at('move')
    k.top = k.page[1]
    """
    assert "Page.d is written without its lock" in write.refusal(protected(body))
    accept(
        write,
        protected(
            body.replace("k.top.d = 1  # here", "t.d = 1\nt.lock.release()".replace("\n", "\n    "))
        ),
    )


def test_a_lock_that_is_given_back_under_another_name_is_given_back(write: Writer) -> None:
    body = """
    yield at('a')
    f = choose(k.page)
    g = choose(k.page)
    yield from spin(k, f.lock)
    yield at('s')
    if g is f:
        g.lock.release()
        yield at('t')
        f.d = 1  # here
    else:
        f.lock.release()
    """
    assert "Page.d is written without its lock" in write.refusal(protected(body))


NAMED = [
    """
    yield at('a')
    f = choose(k.page)
    yield from spin(k, f.lock)
    yield from spin(k, k.big)
    yield at('s')
    f.d = 1
    f.big = 1
    f.lock.release()
    k.big.release()
    """,
    """
    yield at('a')
    yield from spin(k, k.fixed.lock)
    yield at('s')
    k.fixed.d = 1
    k.fixed.lock.release()
    """,
    """
    yield from spin(k, k.page[0].lock)
    yield from spin(k, k.page[1].lock)
    yield at('s')
    k.page[0].d = k.page[1].d
    yield from unlock(k, k.page[1].lock)
    yield from unlock(k, k.page[0].lock)
    """,
]


@pytest.mark.parametrize("body", NAMED)
def test_a_lock_is_known_after_a_call_however_it_was_named(write: Writer, body: str) -> None:
    accept(write, protected(body))


def test_an_elements_own_lock_is_known_after_a_call(write: Writer) -> None:
    body = """
    yield from spin(k, me.lock)
    yield at('s')
    me.d = 1
    me.e = me.d
    me.lock.release()
    """
    accept(write, protected(body, "run(p, each=S.page), run(writer)", ", me: Page"))
