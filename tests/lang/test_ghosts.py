"""Ghosts: properties read them, the protocol never does."""

from __future__ import annotations

import pytest

from tests.lang.texts import Writer, holds, stepping, violates

STATE = """\
class Page(Struct):
    v = Int(0, 7)
    seen = Flag(ghost=True)

class S(State):
    page = Array(Page, 2, names="AB")
    a = Int(0, 7)
    b = Int(0, 7)
    count = Int(0, 3, ghost=True)
    marks = Array(Flag(ghost=True), 2)
    last = Ref(Page, ghost=True)

def note(k: S) -> None:
    k.count = min(k.count + 1, 3)

def is_seen(f: Page) -> bool:
    return f.seen

def two(k: S) -> int:
    k.b = 1
    return 2

def peek(k: S) -> int:
    if k.b == 1:
        return k.count
    return 0

@procedure
def tell(k: S) -> Proc[int]:
    yield at("tell")
    return k.count

@procedure
def given(k: S, n: int) -> Proc[None]:
    yield at("given")
    k.a = n

"""

ALLOWED = [
    "k.count = 1",
    "k.count += 1",
    "k.count += k.a",
    "k.count = k.a",
    "k.count = k.count + k.a",
    "k.count = 1 if k.page[0].seen else 2",
    "k.page[0].seen = not k.page[0].seen",
    "k.page[1].seen = all(f.seen for f in k.page)",
    "k.last = k.page[0]\nk.last.seen = True",
    "note(k)\nnote(k)",
    "k.a = 1\nnote(k)",
    "k.marks[k.a] = True",
]

REFUSED = [
    ("k.a = k.count  # here", "k.count"),
    ("k.a += k.count  # here", "k.count"),
    ("k.a = 1 if k.page[0].seen else 0  # here", "k.page[0].seen"),
    ("if k.count:  # here\n    k.a = 1", "k.count"),
    ("if is_seen(k.page[0]):\n    k.a = 1", "seen"),
    ("if k.count:  # here\n    return", "k.count"),
    ("while k.count < 2:  # here\n    yield at('b')\n    k.count += 1", "k.count"),
    ("yield at('b', until=lambda: k.count == 0)  # here\nk.a = 1", "k.count"),
    ("yield at('b')\nf = choose(f for f in k.page if not f.seen)  # here\nf.v = 1", "seen"),
    ("yield at('b')\nn = choose(k.marks)  # here\nk.a = n", "k.marks"),
    ("assert k.count == 0  # here", "k.count"),
    ("k.page[k.count].v = 1  # here", "k.count"),
    ("k.last = k.page[0]\nk.last.v = 1  # here", "k.last"),
    ("k.a = peek(k)", "k.count"),
    ("k.a = k.count + two(k)  # here", "k.count"),
    ("if k.count and two(k):  # here\n    k.a = 1", "k.count"),
    ("x = yield from tell(k)\nyield at('b')\nk.a = x", "k.count"),
    ("yield from given(k, k.count)", "k.count"),
    ("for n in k.marks:\n    k.a = n", "k.marks"),
    ("for f in k.page:\n    if f.seen:\n        break\nk.a = 1", "f.seen"),
]


@pytest.mark.parametrize("body", ALLOWED)
def test_a_ghost_is_computed_from_whatever_there_is(write: Writer, body: str) -> None:
    holds(write.model(STATE + stepping(body)))


@pytest.mark.parametrize(("body", "ghost"), REFUSED)
def test_the_protocol_reads_no_ghost(write: Writer, body: str, ghost: str) -> None:
    message = write.refusal(STATE + stepping(body))
    assert "the protocol reads a ghost" in message
    assert ghost in message
    assert "instead: ghosts are read by properties, and to compute ghosts" in message


def test_properties_read_ghosts(write: Writer) -> None:
    text = (
        STATE
        + stepping("k.a = 1\nnote(k)")
        + (
            "@always\ndef counted(k: S) -> bool:\n    return k.count == k.a\n"
            "@always\ndef never(k: S) -> bool:\n    return k.count == 0\n"
            "good = Model('good', S, [run(p)], [counted])\n"
            "bad = Model('bad', S, [run(p)], [counted, never])\n"
        )
    )
    written = write(text)
    holds(written.model("good"))
    violates(written.model("bad"), "never")


def test_a_ghost_that_leaves_its_bounds_is_a_violation(write: Writer) -> None:
    violates(write.model(STATE + stepping("k.count += 4")), "bounds")
