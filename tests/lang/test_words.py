"""Words: structs whose fields are loaded and stored together."""

from __future__ import annotations

import textwrap

import pytest

from mcheck.lang import ModelError
from tests.lang.protected import accept
from tests.lang.texts import Writer

STATE = """
class Pte(Struct, word=True):
    present = Flag(by=atomic)
    frame = Int(0, 3, by=atomic)
    young = Flag(by=atomic)
    stores = Int(0, 3, ghost=True)

class Cpu(Struct):
    pte = Embed(Pte)

class S(State):
    pte = Array(Pte, 2)
    cpu = Array(Cpu, 2)
    other = Int(0, 7, by=atomic)
    plain = Int(0, 7)
    i = Int(0, 1)
"""

WRITER = """
@procedure
def writer(k: S) -> Proc[None]:
    yield at("pick")
    pte = choose(k.pte)
    yield at("present")
    pte.present = True
    yield at("frame")
    pte.frame = 1
    yield at("young")
    pte.young = True
    yield at("other")
    k.other = 1
"""


def words(body: str, head: str = "yield at('a')\npte = choose(k.pte)", state: str = STATE) -> str:
    """A model in which two processes run the body in one step, and a third writes all fields."""
    inside = textwrap.indent(head + "\n" + textwrap.dedent(body).strip("\n"), "    ")
    runs = "run(p), run(p, name='again'), run(writer)"
    process = f"@procedure\ndef p(k: S) -> Proc[None]:\n{inside}\n"
    return f"{state}{WRITER}\n{process}\nm = Model('m', S, [{runs}])\n"


def plain(state: str) -> str:
    """The same state without words."""
    return state.replace(", word=True", "")


CMPXCHG = "yield at('a', atomic='cmpxchg')\npte = choose(k.pte)"
LOAD = "if pte.present and pte.frame == 1:\n    k.plain = 1  # here"
STORE = "pte.present = True\npte.frame = 2\npte.young = False  # here"


# One load, one store


@pytest.mark.parametrize("body", [LOAD, STORE])
def test_reads_of_a_word_are_one_load_and_writes_are_one_store(write: Writer, body: str) -> None:
    accept(write, words(body))
    assert "is too coarse" in write.refusal(words(body.replace("  # here", ""), state=plain(STATE)))


def test_a_field_may_be_read_or_written_twice(write: Writer) -> None:
    accept(write, words("pte.young = True\nif k.plain == 0:\n    pte.young = False"))
    accept(write, words("k.plain = pte.frame + pte.frame"))


@pytest.mark.parametrize(
    "body",
    [
        "if pte.present:\n    pte.young = True  # here",
        "pte.young = not pte.present  # here",
        "pte.present = True\nk.plain = pte.frame  # here",
        "pte.frame = 1\npte.frame -= 1  # here",
        "pte.frame ^= 1\npte.young = True  # here",
        "pte.frame ^= 1\nk.plain = pte.frame  # here",
        "pte.young |= True\npte.young |= True  # here",
    ],
)
def test_a_load_and_a_store_are_two_unless_a_primitive_joins_them(write: Writer, body: str) -> None:
    message = write.refusal(words(body))
    assert "the step p.a is too coarse" in message
    assert "for several accesses of one word, the primitive that makes them atomic" in message
    accept(write, words(body, CMPXCHG))


def test_two_words_are_two(write: Writer) -> None:
    first = "k.plain = k.pte[0].frame\n"
    second = "k.plain = k.pte[1].frame  # here"
    accept(write, words(first + second.replace("[1]", "[0]")))
    for head in ("yield at('a')", "yield at('a', atomic='cmpxchg')"):
        assert "is too coarse" in write.refusal(words(first + second, head))


@pytest.mark.parametrize("body", ["k.plain = {}\nk.plain = pte.young", "{} = 1\npte.young = 1"])
def test_what_lies_between_splits_a_load_and_a_store(write: Writer, body: str) -> None:
    split = body.replace("\n", "\nk.plain = k.other\n" if "= {}" in body else "\nk.other = 1\n")
    message = write.refusal(words(split.format("pte.frame")))
    assert "Pte.frame at line" in message
    assert "S.other at line" in message
    assert "Pte.young at line" in message, "the second access of the word is one more"
    quiet = body.replace("\n", "\nk.plain = k.i\n")
    accept(write, words(quiet.format("pte.frame")))


def test_a_primitive_does_not_join_across_what_lies_between(write: Writer) -> None:
    body = "x = pte.frame\nk.plain = k.other  # here\npte.frame = x"
    message = write.refusal(words(body, CMPXCHG))
    assert "Pte.frame at line" in message
    assert "S.other at line" in message


def test_a_ghost_in_a_word_is_not_judged(write: Writer) -> None:
    accept(write, words("pte.present = True\nif pte.stores < 3:\n    pte.stores += 1"))
    accept(write, words("pte.present = True\npte.stores = 1\npte.young = True\npte.stores = 2"))
    seen = STATE.replace("stores = Int(0, 3, ghost=True)", "stores = Int(0, 3, by=atomic)")
    body = "pte.present = True\nif pte.stores < 3:  # here\n    pte.stores += 1"
    assert "is too coarse" in write.refusal(words(body, state=seen))


def test_a_ghost_is_never_judged_whatever_it_declares(write: Writer) -> None:
    declared = STATE.replace("ghost=True", "ghost=True, by=atomic")
    body = "k.other = 1\npte.stores = 1"
    accept(write, words(body, state=declared))
    real = declared.replace("ghost=True, ", "")
    assert "is too coarse" in write.refusal(words(body + "  # here", state=real))


# Which word it is


def test_a_word_is_known_through_one_name(write: Writer) -> None:
    two = "k.plain = {0}.frame\nk.plain = {0}.frame  # here"
    for through in ("k.cpu[0].pte", "k.pte[0]", "pte"):
        accept(write, words(two.format(through)))
    moved = "k.plain = pte.frame\npte = k.pte[k.i]\nk.plain = pte.young  # here"
    assert "is too coarse" in write.refusal(words(moved))


def test_a_helper_may_read_a_word(write: Writer) -> None:
    method = STATE.replace(
        "stores = Int(0, 3, ghost=True)",
        "stores = Int(0, 3, ghost=True)\n\n"
        "    def maps(self, n: int) -> bool:\n"
        "        return self.present and self.frame == n",
    )
    accept(write, words("if pte.maps(1):\n    k.plain = 1", state=method))
    assert "is too coarse" in write.refusal(
        words("if pte.maps(1):  # here\n    k.plain = 1", state=plain(method)).replace(
            "  # here", ""
        )
    )


def test_a_lockless_reader_sees_a_word_that_is_stored_under_a_lock_at_once(write: Writer) -> None:
    text = """
    class Pte(Struct, word=True):
        present = Flag(by="ptl")
        frame = Int(0, 3, by="ptl")

    class S(State):
        ptl = Embed(Lock)
        pte = Array(Pte, 1)
        plain = Int(0, 3)

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("lock", until=lambda: not k.ptl.held)
        k.ptl.acquire()
        if k.pte[0].frame < 2:
            k.pte[0].present = True
            k.pte[0].frame = 1  # here
        k.ptl.release()

    @procedure
    def q(k: S) -> Proc[None]:
        yield at("look")
        if racy(k.pte[0].present):
            k.plain = racy(k.pte[0].frame)

    m = Model("m", S, [run(p), run(p, name="again"), run(q)])
    """
    accept(write, text)
    assert "the step p.lock is too coarse" in write.refusal(plain(text))


# Declarations


def test_a_word_may_be_interchangeable(write: Writer) -> None:
    both = STATE.replace("word=True", "word=True, interchangeable=True")
    accept(write, words(LOAD, state=both))
    named = words("k.plain = k.pte[0].frame  # here", state=both)
    assert "Pte is interchangeable: its elements have no numbers" in write.refusal(named)


def test_a_subclass_of_a_word_is_a_word_with_all_fields(write: Writer) -> None:
    more = STATE.replace("class Pte(", "class Base(").replace(
        "class Cpu", "class Pte(Base{}):\n    dirty = Flag(by=atomic)\n\nclass Cpu"
    )
    store = "pte.dirty = True\npte.present = True  # here"
    accept(write, words(store, state=more.format("")))
    assert "is too coarse" in write.refusal(words(store, state=more.format(", word=False")))


def test_fields_of_a_base_are_parts_of_the_word_too(write: Writer) -> None:
    more = (
        plain(STATE)
        .replace("class Pte(", "class Base(")
        .replace(
            "class Cpu", "class Pte(Base, word=True):\n    dirty = Flag(by=atomic)\n\nclass Cpu"
        )
    )
    accept(write, words("pte.dirty = True\npte.present = True", state=more))


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("Array(Flag(by=atomic), 2)", "an Array"),
        ("Embed(Lock)", "an Embed"),
        ("Map(Key, Flag())", "a Map"),
    ],
)
def test_a_word_holds_plain_fields_only(write: Writer, field: str, what: str) -> None:
    text = """
    class Key(Struct):
        a = Flag()

    class Pte(Struct, word=True):
        present = Flag(by=atomic)
        inner = {}
    """
    with pytest.raises(ModelError) as caught:
        write(text.format(field))
    assert str(caught.value) == (
        f"Pte is one machine word, so it holds plain fields only, and inner is {what}; "
        f"put inner into the struct that has the Pte, or leave out word=True"
    )
    write(plain(text.format(field)))


@pytest.mark.parametrize(
    ("one", "two", "shown"),
    [
        ("by=atomic", "", "first has by=atomic and second has by=None"),
        ("by=atomic", "by=hardware", "first has by=atomic and second has by=hardware"),
        ("by='a'", "by='b'", "first has by='a' and second has by='b'"),
    ],
)
def test_the_parts_of_a_word_have_one_protection(
    write: Writer, one: str, two: str, shown: str
) -> None:
    text = f"""
    class Pte(Struct, word=True):
        note = Flag(ghost=True)
        first = Flag({one})
        second = Flag({two})
    """
    with pytest.raises(ModelError) as caught:
        write(text)
    assert str(caught.value) == (
        f"Pte is one machine word, but {shown}; "
        f"give all its fields the same by=, or leave out word=True"
    )
    write(plain(text))
    write(text.replace(f"Flag({two})", f"Flag({one})"))


def test_a_subclass_may_not_spoil_the_word(write: Writer) -> None:
    with pytest.raises(ModelError, match="More is one machine word, but present has by=atomic"):
        write(f"{STATE}\nclass More(Pte):\n    loose = Flag()\n")


def test_a_lock_is_no_word(write: Writer) -> None:
    with pytest.raises(ModelError, match="Mine inherits from Lock"):
        write("class Mine(Lock, word=True):\n    pass\n")
