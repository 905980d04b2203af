"""Protection: what the fields declare is held to, and a step that is too coarse is refused."""

from __future__ import annotations

import textwrap

import pytest

from tests.lang.protected import TWICE, WITH_WRITER, accept, protected
from tests.lang.texts import Writer

# A step touches one thing that others may touch meanwhile


def test_a_step_that_touches_two_things_is_too_coarse(write: Writer) -> None:
    body = "yield at('a')\nf = choose(k.page)\nf.ref = 1\nk.top = f  # here"
    message = write.refusal(protected(body))
    assert "the step p.a is too coarse: it touches more than one thing that others may" in message
    line = write.line
    assert line is not None
    assert f"Page.ref at line {line - 1}: again writes it at p.a" in message
    assert f"S.top at line {line}: again writes it at p.a" in message
    assert (
        "instead: a yield between them; or, for several accesses of one cell, the primi" in message
    )
    assert 'at(..., atomic="cmpxchg")' in message


def test_who_else_touches_them_is_told(write: Writer) -> None:
    reader = """
    @procedure
    def q(k: S) -> Proc[None]:
        yield at("read")
        x = k.page[0].maps
        yield at("write")
        k.page[0].ref = x

    """
    body = "yield at('a')\nk.page[0].maps = k.page[0].ref  # here"
    text = protected(body, "run(p), run(q)").replace(
        "@procedure\ndef p", textwrap.dedent(reader) + "@procedure\ndef p"
    )
    message = write.refusal(text)
    assert f"Page.ref at line {write.line}: q writes it at q.write" in message
    assert f"Page.maps at line {write.line}: q reads it at q.read" in message


def test_what_nobody_else_touches_does_not_count(write: Writer) -> None:
    body = "yield at('a')\nf = choose(k.page)\nf.ref = 1\nk.top = f"
    accept(write, protected(body, "run(p)"))
    read = "yield at('a')\nf = choose(k.page)\nk.cpu[0].mine = f.ref + f.maps"
    accept(write, protected(read, "run(p), run(writer)"))


def test_a_yield_between_the_two_makes_it_fine(write: Writer) -> None:
    accept(
        write, protected("yield at('a')\nf = choose(k.page)\nf.ref = 1\nyield at('b')\nk.top = f")
    )


def test_each_way_through_a_step_is_judged_by_itself(write: Writer) -> None:
    one = (
        "yield at('a')\nf = choose(k.page)\nif f is k.fixed:\n    f.ref = 1\nelse:\n    f.maps = 1"
    )
    accept(write, protected(one))
    both = "yield at('a')\nif k.page[0].ref == 0:\n    k.page[1].ref = 1  # here"
    message = write.refusal(protected(both))
    assert "the step p.a is too coarse" in message


def test_a_field_that_declares_nothing_is_not_checked(write: Writer) -> None:
    body = "yield at('a')\nf = choose(k.page)\nf.free = 1\nk.page[0].free = 2\nk.page[1].free = 3"
    accept(write, protected(body))


def test_an_increment_is_one_access_and_a_read_and_a_write_are_two(write: Writer) -> None:
    accept(write, protected("yield at('a')\nf = choose(k.page)\nf.ref += 1"))
    message = write.refusal(
        protected("yield at('a')\nf = choose(k.page)\nf.ref = f.ref + 1  # here")
    )
    assert "the step p.a is too coarse" in message
    assert "again reads it at p.a; again writes it at p.a" in message


def test_a_primitive_makes_several_accesses_of_one_cell_one(write: Writer) -> None:
    head = "yield at('a', atomic='inc_not_zero')\nf = choose(k.page)\n"
    accept(write, protected(head + "if f.ref != 0:\n    f.ref = f.ref + 1"))
    message = write.refusal(protected(head + "f.ref += 1\nf.maps = f.ref  # here"))
    assert "too coarse" in message
    two = "yield at('a', atomic='inc')\nk.page[0].ref += 1\nk.page[1].ref += 1  # here"
    assert "too coarse" in write.refusal(protected(two))


# Racy reads, owners


def test_a_racy_read_is_a_step_of_its_own(write: Writer) -> None:
    alone = "yield at('a')\nx = racy(k.page[0].d)\nyield at('b')\nk.page[0].ref = x"
    accept(write, protected(alone, WITH_WRITER))
    both = "yield at('a')\nx = racy(k.page[0].d)\nk.page[0].ref = x  # here"
    message = write.refusal(protected(both, WITH_WRITER))
    assert "the step p.a is too coarse" in message
    assert "writer writes it at writer.write" in message


def test_a_step_may_wait_for_what_it_reads_racily(write: Writer) -> None:
    waits = "yield at('a', until=lambda: not racy(k.page[0].d) > 1)"
    accept(write, protected(f"{waits}\nk.cpu[0].page.free = 1", WITH_WRITER))
    message = write.refusal(protected(waits.replace("racy", "") + "  # here", WITH_WRITER))
    assert "Page.d is read without its lock lock" in message
    both = protected(f"{waits}\nk.page[0].ref = 1  # here", WITH_WRITER)
    assert "the step p.a is too coarse" in write.refusal(both)


def test_a_racy_write_is_none(write: Writer) -> None:
    body = "yield at('a')\nk.page[0].d = racy(k.page[0].e)  # here"
    assert "Page.d is written without its lock" in write.refusal(protected(body, WITH_WRITER))


def test_an_owner_touches_its_element_as_it_likes(write: Writer) -> None:
    body = "yield at('a')\nme.mine = 1\nme.mine += 1\nme.cur = k.page[0]\nme.cur.ref = me.mine"
    accept(write, protected(body, "run(p, each=S.cpu)", ", me: Cpu"))


def test_only_the_owner_touches_what_an_owner_protects(write: Writer) -> None:
    body = "yield at('a')\nme.mine = 1\nyield at('b')\nk.cpu[0].mine = 2  # here"
    message = write.refusal(protected(body, "run(p, each=S.cpu)", ", me: Cpu"))
    assert "Cpu.mine belongs to one process, and this is another; p writes it at p.a" in message
    assert "instead: by=atomic or a lock, if several processes touch it" in message


# Several values of one element

SLOTS = """
class Page(Struct):
    free = Flag()

class S(State):
    page = Array(Page, 2, names="AB")
    slot = Array(Ref(Page, by=atomic), 3)
    of = Map(Page, Ref(Page, by=atomic))
    i = Int(0, 2)

@procedure
def turn(k: S) -> Proc[None]:
    yield at("turn")
    k.i = 1

@procedure
def p(k: S) -> Proc[None]:
    yield at("pick")
    f = choose(k.page)
    i = choose((0, 1, 2))
    yield at("a", atomic="cmpxchg")
"""


def slots(body: str) -> str:
    """A model in which two processes run the body in one step, as a primitive."""
    inside = textwrap.indent(body, "    ")
    return f"{SLOTS}{inside}\n\nm = Model('m', S, [{TWICE}, run(turn)])\n"


@pytest.mark.parametrize("which", ["k.slot[0]", "k.slot[i]", "k.slot[2 - i]", "k.of[f]"])
def test_each_value_of_an_array_is_a_cell(write: Writer, which: str) -> None:
    body = f"if {which} is null:\n    {which} = f  # here"
    accept(write, slots(body))
    plain = slots(body).replace(', atomic="cmpxchg"', "")
    assert "the step p.a is too coarse" in write.refusal(plain)


@pytest.mark.parametrize(
    ("one", "other", "between"),
    [
        ("k.slot[0]", "k.slot[1]", ""),
        ("k.slot[i]", "k.slot[0]", ""),
        ("k.slot[i]", "k.slot[2 - i]", ""),
        ("k.slot[i]", "k.slot[i]", "i = 0\n    "),
        ("k.of[f]", "k.of[f]", "f = k.page[0] if f is k.page[1] else k.page[1]\n    "),
        ("k.slot[k.i]", "k.slot[k.i]", ""),
    ],
)
def test_what_may_be_another_value_is_another_cell(
    write: Writer, one: str, other: str, between: str
) -> None:
    body = f"if {one} is null:\n    {between}{other} = f  # here"
    assert "the step p.a is too coarse" in write.refusal(slots(body))


# What by= names


@pytest.mark.parametrize(
    ("by", "problem"),
    [
        ('"locks"', 'by="locks": S has no lock or reference locks'),
        ('"free"', 'by="free": S has no lock or reference free'),
        ('"next"', 'by="next" ends at a '),
        ('"lock.holder"', 'by="lock.holder": Lock has no lock or reference holder'),
    ],
)
def test_by_names_a_lock(write: Writer, by: str, problem: str) -> None:
    text = f"""
    class Page(Struct):
        free = Int(0, 3)
        lock = Embed(Lock)
        next = Ref(lambda: Page)
        d = Int(0, 3, by={by})

    class S(State):
        page = Array(Page, 2)

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("go")
        k.page[0].d = 1  # here

    m = Model("m", S, [run(p), run(p, name='two')])
    """
    assert problem in write.refusal(text)


def test_by_may_lead_through_a_reference_that_no_step_writes(write: Writer) -> None:
    text = """
    class Table(Struct):
        lock = Embed(Lock)

    class Page(Struct):
        table = Ref(Table, null=False)
        d = Int(0, 3, by="table.lock")

    class S(State):
        table = Array(Table, 2)
        page = Array(Page, 2)

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("a")
        f = choose(k.page)
        yield at("l")
        f.table.lock.acquire()
        yield at("s")
        f.d = 1
        f.table.lock.release()

    @procedure
    def mover(k: S) -> Proc[None]:
        yield at("move")
        k.page[0].table = k.table[1]

    m = Model("m", S, [run(p), run(p, name='two')])
    """
    write.model(text).compile()
    moved = text.replace("name='two')]", "name='two'), run(mover)]")
    assert "Page.d is written without its lock table.lock" in write.refusal(moved)
