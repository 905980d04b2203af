"""What the machine keeps behind the program's back: by=hardware."""

from __future__ import annotations

import textwrap

import pytest

from tests.lang.protected import accept
from tests.lang.texts import Writer

STATE = """
class Pte(Struct, word=True):
    present = Flag(by=atomic)
    frame = Int(0, 3, by=atomic)
    accessed = Flag(by=atomic)

class Tlb(Struct):
    valid = Flag(by=hardware)
    frame = Int(0, 3, by=hardware)
    pcid = Int(0, 1, by=hardware)

class S(State):
    pte = Array(Pte, 2)
    tlb = Array(Tlb, 2)
    other = Int(0, 7, by=atomic)
    lock = Embed(Lock)
    plain = Int(0, 7)
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
    yield at("other")
    k.other = 1
    yield at("tlb")
    tlb = choose(k.tlb)
    tlb.valid = False
"""

WALK = """
if not tlb.valid:
    if pte.present:
        tlb.frame = pte.frame
        tlb.pcid = 1
        pte.accessed = True
        tlb.valid = True  # here
"""


def walk(body: str, atomic: str = "page walk", state: str = STATE, more: str = "") -> str:
    """A model with two processes that run the body in one step, which may name a primitive.

    A third one writes all fields, each in a step.
    """
    named = f", atomic={atomic!r}" if atomic else ""
    head = f"yield at('a'{named}{more})\npte = choose(k.pte)\ntlb = choose(k.tlb)\n"
    inside = textwrap.indent(head + body.strip("\n"), "    ")
    runs = "run(p), run(p, name='again'), run(writer)"
    process = f"@procedure\ndef p(k: S) -> Proc[None]:\n{inside}\n"
    return f"{state}{WRITER}\n{process}\nm = Model('m', S, [{runs}])\n"


def test_a_page_walk_joins_one_word_with_what_the_hardware_keeps(write: Writer) -> None:
    accept(write, walk(WALK))
    ordinary = STATE.replace("hardware", "atomic")
    assert "is too coarse" in write.refusal(walk(WALK.replace("  # here", ""), state=ordinary))


def test_a_page_walk_joins_one_cell_with_what_the_hardware_keeps(write: Writer) -> None:
    body = "tlb.frame = 1\nk.other = k.other + 1 if k.other < 7 else 7\ntlb.valid = True"
    accept(write, walk(body))


def test_the_hardware_alone_may_be_joined_too(write: Writer) -> None:
    body = "tlb.valid = not tlb.valid\nk.tlb[0].frame = k.tlb[1].frame  # here"
    accept(write, walk(body))
    assert "is too coarse" in write.refusal(walk(body.replace("  # here", ""), ""))


@pytest.mark.parametrize(
    "body",
    [
        "tlb.valid = True\npte.present = True  # here",
        "if pte.present:\n    tlb.valid = True  # here",
        "k.other = 1\ntlb.valid = False  # here",
        "if tlb.valid:\n    tlb.valid = False  # here",
        "tlb.valid = False\ntlb.frame = 0  # here",
    ],
)
def test_without_a_primitive_each_access_is_one_of_its_own(write: Writer, body: str) -> None:
    message = write.refusal(walk(body, ""))
    assert "the step p.a is too coarse" in message
    assert "instead: a yield between them; or, for what the hardware does together" in message
    assert 'at(..., atomic="page walk")' in message
    accept(write, walk(body))


def test_one_access_alone_is_fine(write: Writer) -> None:
    accept(write, walk("tlb.valid = False", ""))


def test_a_word_of_the_hardware_is_loaded_and_stored_as_a_whole(write: Writer) -> None:
    body = "tlb.valid = False\ntlb.frame = 0  # here"
    assert "is too coarse" in write.refusal(walk(body, ""))
    accept(
        write, walk(body, "", STATE.replace("class Tlb(Struct)", "class Tlb(Struct, word=True)"))
    )


@pytest.mark.parametrize(
    "body",
    [
        "tlb.frame = pte.frame\nk.other = 1  # here",
        "k.plain = k.pte[0].frame\ntlb.valid = True\nk.plain = k.pte[1].frame  # here",
        "pte.accessed = True\ntlb.valid = True\nk.other = 1  # here",
        "k.plain = pte.frame\nk.other = 1  # here\npte.accessed = True",
    ],
)
def test_two_ordinary_things_are_refused_in_a_page_walk_too(write: Writer, body: str) -> None:
    message = write.refusal(walk(body))
    assert "the step p.a is too coarse" in message
    assert "Tlb." not in message, "what the hardware does is no reason"
    assert "page walk" not in message


def test_the_guard_is_part_of_the_primitive(write: Writer) -> None:
    body = "k.plain = k.pte[0].frame"
    until = ", until=lambda: not k.tlb[0].valid and not k.tlb[1].valid"
    accept(write, walk(body, more=until))
    assert "is too coarse" in write.refusal(walk(body, "", more=until))


def test_a_lock_counts_in_a_page_walk(write: Writer) -> None:
    body = (
        "if not k.lock.held:\n    k.lock.acquire()\n    tlb.valid = True\n    k.other = 1  # here"
    )
    message = write.refusal(walk(body))
    assert "Lock.holder at line" in message
    assert "S.other at line" in message


def test_what_nobody_else_touches_does_not_count(write: Writer) -> None:
    text = walk("tlb.valid = True\ntlb.frame = 1\nk.other = 1", "")
    accept(write, text.replace(", run(p, name='again'), run(writer)", ""))
    assert "is too coarse" in write.refusal(text)


def test_the_marker_is_shown_as_it_is_written(write: Writer) -> None:
    assert repr(write("shown = hardware").module.shown) == "hardware"
