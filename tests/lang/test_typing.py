"""What a type checker makes of a model: right models pass in strict mode, wrong ones do not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

STATE = """\
from __future__ import annotations

import enum
from typing import Annotated

from mcheck.lang import *


class Colour(enum.Enum):
    RED = 0
    BLUE = 1


class Thing(Struct):
    v = Int(0, 3)
    next = Ref["Thing"](lambda: Thing)
    lock = Embed(Lock)

    @property
    def full(self) -> bool:
        return self.v == 3


class S(State):
    size = Const(2)
    a = Int(0, 7)
    flag = Flag()
    colour = OneOf(Colour)
    ref = Ref(Thing)
    sure = Ref(Thing, null=False)
    thing = Array(Thing, size, names="AB")
    flags = Array(Flag(), 3)
    of = Map(Thing, Int(0, 3))
    to = Map(Thing, Ref(Thing))
    lock = Embed(Lock)


Small = Annotated[int, Range(0, 3)]


def take(t: Thing) -> Held[Thing]:
    t.v += 1
    return hold(t)


@procedure
def q(k: S, n: int) -> Proc[bool]:
    yield at("q")
    k.a = n
    return n > 1


@procedure(clause="s001/B.7")
def r(k: S, t: Thing) -> Proc[Held[Thing]]:
    yield at("r")
    return take(t)

"""

GOOD = """

@procedure
def p(k: S, me: Thing) -> Proc[None]:
    while True:
        yield at("go", until=lambda: not k.lock.held, rest=True)
        t = choose(k.thing)
        n = choose(range(3))
        c = choose(Colour)
        u = choose(x for x in k.thing if x is not t)
        k.lock.acquire()
        done = yield from q(k, n)
        reveal_type(done)  # reveals: bool
        reveal_type(t)  # reveals: Thing
        reveal_type(n)  # reveals: int
        reveal_type(c)  # reveals: Colour
        reveal_type(u)  # reveals: Thing
        reveal_type(k.of[t])  # reveals: int
        reveal_type(k.to[t].v)  # reveals: int
        reveal_type(k.ref)  # reveals: Thing
        reveal_type(k.size)  # reveals: int
        reveal_type(k.flags[0])  # reveals: bool
        reveal_type(k.thing[0].lock)  # reveals: Lock
        reveal_type(racy(k.a))  # reveals: int
        yield at("z")
        k.flag = done or t.full
        k.of[t] = 3
        k.to[t] = u
        k.colour = c
        k.lock.release()
        h: Held[Thing] = yield from r(k, t)
        reveal_type(h)  # reveals: Thing
        tries: Small = 0
        yield at("y")
        h.v = tries
        release(h)
        me.next = null


def boot(k: S) -> None:
    k.a = choose(range(3))


@always
def ledger(k: S) -> list[Thing]:
    return [t for t in k.thing if t.v != holds(t, "expected")]


@step
def grows(before: S, after: S) -> bool:
    return before.a <= after.a


@cover
def reached(k: S) -> bool:
    return any(f for f in k.flags)


m = Model("m", S, [run(p, each=S.thing, daemon=True)], [ledger, grows, reached], init=boot)
other = m.configure("other", size=3).replace(q=q)
reveal_type(other)  # reveals: Model[S]
"""

LIVE = """

@procedure
def p(k: S) -> Proc[None]:
    t = k.sure
    yield at("go")
    k.flag = True
    yield at("flag")
    if not k.flag:
        k.a = 1
    k.a = 3
    yield at("a")
    if k.a == 4:
        k.a = 1
    k.colour = Colour.RED
    yield at("colour")
    if k.colour is Colour.BLUE:
        k.a = 2
    k.ref = null
    yield at("ref")
    if k.ref is not null:
        k.ref.v = 2
    k.ref = t
    yield at("ref again")
    if k.ref is null:
        k.a = 2
    if k.flag:
        yield at("narrowed flag")
        if not k.flag:
            k.a = 1
    if k.a == 3:
        yield at("narrowed a")
        if k.a == 4:
            k.a = 1
    if k.colour is Colour.RED:
        yield at("narrowed colour")
        if k.colour is Colour.BLUE:
            k.a = 1
        elif k.colour == Colour.RED:
            k.a = 2
    if k.ref is null:
        yield at("narrowed ref")
        if k.ref is not null:
            k.ref.v = 1
    if k.ref is t:
        yield at("narrowed element")
        if k.ref is not t:
            k.a = 1
    assert t.lock.held
    yield at("held")
    if not t.lock.held:
        t.v = 1
    assert k.flags[0]
    yield at("item")
    if not k.flags[0]:
        k.a = 1
    assert t.full
    yield at("property")
    if not t.full:
        t.v = 1
    while not k.flag:
        yield at("round")
    k.flag = False
    while not k.flag:
        yield at("another round")
    k.a = 5
"""

CONTROL = """

def p(n: bool) -> int:
    if n:
        if not n:
            return 1  # unreachable
    return 2
"""

WRONG = """

@procedure
def p(k: S, me: Thing) -> Proc[None]:
    yield at("go")
    k.a = k.bb  # wrong
    k.a = "x"  # wrong
    k.a = None  # wrong
    k.flag = 3  # wrong
    k.colour = 1  # wrong
    k.ref = k.lock  # wrong
    k.thing[0].v = k.sure  # wrong
    k.flags["x"] = True  # wrong
    k.flags[0] = "x"  # wrong
    k.of[0] = 1  # wrong
    k.of[me] = me  # wrong
    k.thing = k.thing  # wrong
    yield "label"  # wrong
    yield at(3)  # wrong
    yield at("x", until=k.flag)  # wrong
    x: Thing = yield from q(k, 1)  # wrong
    yield from q(k)  # wrong
    yield from q(k, me)  # wrong
    yield from q(me, 1)  # wrong
    y = q(k, 1) + 1  # wrong
    z = choose(3)  # wrong
    return 3  # wrong


@procedure  # wrong
def no_proc(k: S) -> bool:  # wrong
    yield at("x")  # wrong
    return True


@procedure
def forgets(k: S) -> Proc[bool]:  # wrong
    yield at("x")


@procedure  # wrong
def plain(k: S) -> None:
    k.a = 1


m = Model("m", S, [run(q), run(take)])  # wrong
n = Model("n", Thing, [])  # wrong
"""

MISSPELT = """

@procedure
def p(k: S, me: Thing) -> Proc[None]:
    yield at("go")
    k.aa = 1  # wrong
    me.w = 1  # wrong
    k.thing[0].lock.holdr = me  # wrong
"""

_MARK = re.compile(r"# (wrong|unreachable|reveals: (.*))$")


@dataclass(frozen=True)
class Checked:
    """What the type checker says of one text: by line, and what is marked there."""

    errors: dict[int, list[str]]
    revealed: dict[int, str]
    marked: dict[int, str]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checked]:
    """All texts, checked in one run: it takes seconds to start."""
    folder = tmp_path_factory.mktemp("typing")
    texts = {"good": GOOD, "live": LIVE, "control": CONTROL, "wrong": WRONG, "misspelt": MISSPELT}
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(STATE + text)
    settings = {
        "typeCheckingMode": "strict",
        "reportUnreachable": "error",
        "reportWildcardImportFromLibrary": "none",
        "pythonVersion": "3.11",
        "extraPaths": [str(ROOT)],
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [
        str(Path(sys.executable).parent / "basedpyright"),
        *("--project", str(folder), "--pythonpath", sys.executable, "--outputjson"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    said: dict[str, Any] = json.loads(done.stdout)
    return {name: _read(folder / f"{name}.py", said["generalDiagnostics"]) for name in texts}


def _read(path: Path, diagnostics: list[dict[str, Any]]) -> Checked:
    errors: dict[int, list[str]] = {}
    revealed: dict[int, str] = {}
    for said in diagnostics:
        if said["file"] != str(path):
            continue
        line: int = said["range"]["start"]["line"] + 1
        if said["severity"] == "information":
            revealed[line] = re.findall(r'is "(.*)"', said["message"])[0]
        else:
            errors.setdefault(line, []).append(said["message"])
    marked = {
        number: found[2] or found[1]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := _MARK.search(line))
    }
    return Checked(errors, revealed, marked)


def test_a_model_passes_in_strict_mode(checked: dict[str, Checked]) -> None:
    assert checked["good"].errors == {}


def test_types_are_inferred_as_a_reader_would(checked: dict[str, Checked]) -> None:
    assert checked["good"].revealed == checked["good"].marked


def test_a_field_that_was_tested_or_set_before_a_yield_is_open_after_it(
    checked: dict[str, Checked],
) -> None:
    assert checked["live"].errors == {}


def test_the_type_checker_does_report_what_is_unreachable(checked: dict[str, Checked]) -> None:
    assert list(checked["control"].errors) == list(checked["control"].marked)
    assert "unreachable" in str(checked["control"].errors)


def test_each_wrong_line_is_reported(checked: dict[str, Checked]) -> None:
    assert sorted(checked["wrong"].marked) == sorted(checked["wrong"].errors)


def test_a_field_that_is_not_declared_cannot_be_set(checked: dict[str, Checked]) -> None:
    assert sorted(checked["misspelt"].marked) == sorted(checked["misspelt"].errors)


def test_a_wrong_name_or_type_is_told_in_the_models_terms(checked: dict[str, Checked]) -> None:
    said = "\n".join(m for messages in checked["wrong"].errors.values() for m in messages)
    assert 'Cannot access attribute "bb" for class "S"' in said
    assert 'Cannot assign to attribute "colour" for class "S"' in said
    assert '"Lock" is not assignable to "Thing"' in said
