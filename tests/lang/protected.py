"""Models whose fields declare what protects them: for the tests of what that means."""

from __future__ import annotations

import textwrap

from tests.lang.texts import Writer, explored

STATE = """\
class Page(Struct):
    ref = Int(0, 7, by=atomic)
    maps = Int(0, 7, by=atomic)
    lock = Embed(Lock)
    d = Int(0, 3, by="lock")
    e = Int(0, 3, by="lock")
    big = Int(0, 3, by="big")
    free = Int(0, 3)

class Cpu(Struct):
    mine = Int(0, 3, by=owner)
    cur = Ref(Page, by=owner)
    page = Embed(Page)

class S(State):
    page = Array(Page, 2, names="AB")
    cpu = Array(Cpu, 2)
    big = Embed(Lock)
    top = Ref(Page, null=False, by=atomic)
    fixed = Ref(Page, null=False)

@procedure
def spin(k: S, l: Lock) -> Proc[None]:
    yield at("spin", until=lambda: not l.held)
    l.acquire()

@procedure
def trylock(k: S, l: Lock) -> Proc[bool]:
    yield at("try")
    if l.held:
        return False
    l.acquire()
    return True

@procedure
def unlock(k: S, l: Lock) -> Proc[None]:
    yield at("unlock")
    l.release()

@procedure
def writer(k: S) -> Proc[None]:
    yield from spin(k, k.page[0].lock)
    yield at("write")
    k.page[0].d = 1
    k.page[0].lock.release()

"""

TWICE = "run(p), run(p, name='again')"
WITH_WRITER = "run(p), run(writer), run(p, name='again')"


def protected(body: str, runs: str = TWICE, more: str = "") -> str:
    """A model in which two processes run the body (from its first line: it has no yield yet)."""
    inside = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return (
        f"{STATE}@procedure\ndef p(k: S{more}) -> Proc[None]:\n{inside}\n\n"
        f"m = Model('m', S, [{runs}])\n"
    )


def accept(write: Writer, text: str) -> None:
    """The model is accepted, and nothing in it fails."""
    result = explored(write.model(text))
    assert result.property is None or result.property.startswith("unreached"), result.why


def use_first(text: str, procedure: str) -> str:
    """The text with one procedure more."""
    return text.replace("@procedure\ndef p(", procedure + "\n@procedure\ndef p(")
