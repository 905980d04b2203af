"""Interchangeable elements: compared, used as keys, but never ordered, numbered, singled out."""

from __future__ import annotations

import pytest

from tests.lang.texts import Writer, holds, stepping

STATE = """\
class Cpu(Struct, interchangeable=True):
    v = Int(0, 3)
    lock = Embed(Lock)

class Page(Struct):
    owner = Ref(Cpu)
    per = Map(Cpu, Int(0, 3))

class S(State):
    cpu = Array(Cpu, 2)
    page = Array(Page, 2, names="AB")
    cur = Ref(Cpu)
    a = Int(0, 7)
    flag = Flag()

def first_idle(k: S) -> Cpu:
    for c in k.cpu:
        if c.v == 0:
            return c
    return k.cur

"""

ALLOWED = [
    "c = choose(k.cpu)\nk.cur = c",
    "c = choose(k.cpu)\nd = choose(x for x in k.cpu if x is not c)\nk.cur = d",
    "k.flag = k.cur is null",
    "c = choose(k.cpu)\nk.flag = c is k.cur or c == k.cur or c != k.cur",
    "k.flag = any(c is k.cur for c in k.cpu)",
    "k.a = sum(c.v for c in k.cpu) + max(c.v for c in k.cpu) + len(k.cpu)",
    "for c in k.cpu:\n    c.v = 1",
    "for c in k.cpu:\n    k.a += c.v + 1",
    "for c in k.cpu:\n    k.flag = True",
    "for c in k.cpu:\n    if c is not k.cur:\n        k.page[0].per[c] = 2\n        k.flag = True",
    "for c in k.cpu:\n    x = c.v + 1\n    c.v = x",
    "for c in k.cpu:\n    c.v = 1\n    for f in k.page:\n        f.per[c] = 2",
    "c = choose(k.cpu)\nk.a = k.page[0].per[c]\nc.lock.acquire()",
]

FOLLOWED = """\
class Page(Struct):
    n = Int(0, 3)

class Cpu(Struct, interchangeable=True):
    page = Ref(Page)
    d = Int(0, 3)

class S(State):
    page = Array(Page, 1)
    cpu = Array(Cpu, 2)

def boot(k: S) -> None:
    for c in k.cpu:
        c.page = k.page[0]
        c.d = 1 if c is k.cpu[1] else 2

@procedure
def p(k: S) -> Proc[None]:
    yield at("go")
    for c in k.cpu:  # here
        c.page.n = c.d

m = Model("m", S, [run(p)], init=boot)
"""


def test_what_an_element_refers_to_is_not_part_of_it(write: Writer) -> None:
    message = write.refusal(FOLLOWED)
    assert "depends on the order of its elements: Page.n is given its value" in message
    holds(write.model(FOLLOWED.replace("c.page.n = c.d", "c.d = c.page.n")))
    holds(write.model(FOLLOWED.replace("c.page.n = c.d", "c.page.n = 3")))


NUMBERS = ("Cpu is interchangeable: its elements have no numbers", "choose(...), a for over all of")
ORDER = (" is interchangeable: it has no order", "== or !=")
COMPUTED = ("Cpu is interchangeable: nothing is computed with a reference to it", "")
KEPT = (
    "Cpu is interchangeable, but what this for does depends on the order of its elements: ",
    "choose(...), or changes of the element itself, +=, or one constant",
)
IN_ORDER = (
    "Cpu is interchangeable: this for visits ",
    "choose(...) among those not yet visited; or a for that runs through in one step",
)

GONE = (" may have no value here", "")

REFUSED = [
    ("k.cur = k.cpu[0]  # here", NUMBERS),
    ("x = k.cpu[0]  # here\nk.cur = x", NUMBERS),
    ("k.a = k.cpu[k.a].v  # here", NUMBERS),
    ("k.a = k.page[0].per[k.cpu[1]]  # here", NUMBERS),
    ("k.flag = k.cpu[0] is k.cur  # here", NUMBERS),
    ("c = choose(k.cpu)\nk.flag = c < k.cur  # here", ORDER),
    ("c = choose(k.cpu)\nk.flag = k.cur >= c  # here", ORDER),
    ("k.a = k.cur + 1  # here", COMPUTED),
    ("k.a = abs(k.cur)  # here", COMPUTED),
    ("k.a = int(k.cur)  # here", COMPUTED),
    ("k.a = min(k.cur, k.cur)  # here", COMPUTED),
    ("k.a = max(c for c in k.cpu)  # here", COMPUTED),
    ("k.flag = k.cur == 1  # here", ("a Cpu or null is never ", "compare like with like")),
    ("k.cur += 1  # here", ("a Cpu or null is nothing to compute with", "an assignment")),
    ("for c in k.cpu:  # here\n    k.cur = c", KEPT),
    ("for c in k.cpu:  # here\n    if c.v == 0:\n        k.cur = c", KEPT),
    ("for c in k.cpu:  # here\n    k.page[0].owner = c", KEPT),
    ("for f in k.page:\n    for c in k.cpu:  # here\n        f.owner = c", KEPT),
    ("for c in k.cpu:  # here\n    k.a = c.v", KEPT),
    ("for c in k.cpu:  # here\n    if k.a < 1:\n        c.v = 1\n        k.a += 1", KEPT),
    ("for c in k.cpu:\n    x = c\nk.cur = x  # here", GONE),
    ("for c in k.cpu:\n    pass\nk.cur = c  # here", GONE),
    ("for c in k.cpu:  # here\n    yield at('b')\n    c.v = 1", IN_ORDER),
    ("for c in k.cpu:  # here\n    if c.v:\n        break\nk.a = 1", IN_ORDER),
    ("for c in k.cpu:  # here\n    if c.v:\n        continue\n    c.v = 1", IN_ORDER),
    ("k.cur = first_idle(k)", IN_ORDER),
]


@pytest.mark.parametrize("body", ALLOWED)
def test_they_are_told_apart_only_by_their_identity(write: Writer, body: str) -> None:
    holds(write.model(STATE + stepping(body)))


@pytest.mark.parametrize(("body", "told"), REFUSED)
def test_whatever_depends_on_their_order_is_refused(
    write: Writer, body: str, told: tuple[str, str]
) -> None:
    problem, instead = told
    message = write.refusal(STATE + stepping(body))
    assert problem in message
    assert f"instead: {instead}" in message or not instead


def test_others_may_be_numbered_and_visited_in_order(write: Writer) -> None:
    body = "for f in k.page:\n    yield at('b')\n    f.owner = k.cur\nk.page[1].owner = null"
    holds(write.model(STATE + stepping(body)))


def test_a_process_each_may_be_given_one(write: Writer) -> None:
    text = STATE + (
        "@procedure\n"
        "def p(k: S, me: Cpu) -> Proc[None]:\n"
        "    yield at('go')\n"
        "    me.v = 1\n"
        "    k.cur = me\n"
        "m = Model('m', S, [run(p, each=S.cpu)])\n"
    )
    result = holds(write.model(text))
    assert result.states == 1 + 2 + 2
