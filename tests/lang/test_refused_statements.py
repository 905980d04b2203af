"""What no step may say: statements outside the language, each with what to write instead."""

from __future__ import annotations

import pytest

from tests.lang.texts import Writer

OTHERS = """
@procedure
def q(k: S) -> Proc[int]:
    yield at("q")
    return 1

def plain(k: S) -> int:
    return 1

def generator(k: S) -> Proc[int]:
    yield at("q")
    return 1

def caller(k: S) -> Proc[int]:
    x = yield from q(k)
    return x
"""

STATEMENTS = [
    (
        "with k.lock:  # here\n    pass",
        "`with` is not part of the language",
        "acquire and release in steps of their own",
    ),
    (
        "try:  # here\n    k.a = 1\nfinally:\n    k.a = 2",
        "`try` is not part of the language",
        "a value that tells, and an if",
    ),
    (
        "raise ValueError  # here",
        "`raise` is not part of the language",
        "assert, for what must never happen",
    ),
    (
        "k.a = k.b = 1  # here",
        "several targets at once are not part of the language",
        "one assignment each",
    ),
    ("x, y = 1, 2  # here", "several targets at once", "one assignment each"),
    ("[x, y] = 1, 2  # here", "several targets at once", "one assignment each"),
    ("x = 1\ndel x  # here", "`del` is not part of the language", "= null"),
    (
        "match k.a:  # here\n    case 0:\n        k.a = 1",
        "`match` is not part of the language",
        "if ... elif ... else",
    ),
    ("global m  # here", "`global` is not part of the language", "a field of the state"),
    ("import os  # here", "an import inside a step", "import at the top of the file"),
    ("from os import path  # here", "an import inside a step", "import at the top of the file"),
    (
        "def f() -> int:  # here\n    return 1",
        "a function inside a step",
        "a function at the top of the file",
    ),
    ("class C:  # here\n    pass", "a class inside a step", "a class at the top of the file"),
    ("k.a == 1  # here", "an expression that does nothing", "a call, or an assignment"),
    (
        "while k.a == 0:  # here\n    yield at('w')\nelse:\n    k.a = 1",
        "while ... else is not part of the language",
        "a flag",
    ),
    (
        "for t in k.thing:  # here\n    yield at('w')\nelse:\n    k.a = 1",
        "for ... else is not part of the language",
        "a flag",
    ),
    (
        "for t in k.thing:  # here\n    k.a = 1\nelse:\n    k.a = 2",
        "a for binds one local and has no else",
        "for x in ...",
    ),
    ("for x, y in k.thing:  # here\n    k.a = 1", "a for binds one local", "for x in ..."),
    ("for x, y in k.thing:  # here\n    yield at('w')", "a for binds one local", "for x in ..."),
    (
        "for x in 3:  # here\n    k.a = 1",
        "this is nothing to run over",
        "an Array, a Map, a range or a tuple of constants, or an enum class",
    ),
    (
        "for x in k.ref:  # here\n    yield at('w')",
        "this is nothing to run over",
        "an Array, a Map, a range or a tuple of constants, or an enum class",
    ),
    (
        "for x in range(k.a):  # here\n    k.b = 1",
        "the bounds of a range are constants of the scenario",
        "a while with a local",
    ),
    (
        "assert k.a == 0, k.b  # here",
        "an assert's message is a plain text",
        'assert x, "why"',
    ),
    ("k.colour += 1  # here", "a Colour is nothing to compute with", "an assignment"),
    ("k.thing[0] = k.thing[1]  # here", "this cannot be assigned to", "one local, or one field"),
    ("k.thing[0].lock = k.lock  # here", "elements are never assigned", "assign to their fields"),
    (
        "k.lock.holder = null  # here",
        "a lock's holder is not assigned",
        "acquire(), release()",
    ),
    ("k.thing = k.a  # here", "elements are never assigned", "assign to their fields"),
    ("k.size = 3  # here", "size is a constant of the scenario", "a field, if it changes"),
    ("k.zz = 3  # here", "S declares no field zz", ""),
    ("k.a = null  # here", "S.a is a 0..7, and this is a null", ""),
    ("k.a = k.colour  # here", "S.a is a 0..7, and this is a Colour", ""),
    ("k.ref = k.a  # here", "S.ref is a Thing or null, and this is a 0..7", ""),
    ("k.ref = k.lock  # here", "S.ref is a Thing or null, and this is a Lock", ""),
    ("k.colour = k.a  # here", "S.colour is a Colour, and this is a 0..7", ""),
    ("k = null  # here", "k is given by the model and cannot be changed", ""),
    ("async def f() -> int:  # here\n    return 1", "AsyncFunctionDef is not part of", ""),
]

YIELDS = [
    ("x = yield  # here", "a yield has no value and stands alone", 'yield at("label")'),
    ("x = yield at('x')  # here", "a yield has no value and stands alone", 'yield at("label")'),
    ("yield 3  # here", "a yield yields a label", 'yield at("label")'),
    ("yield at  # here", "a yield yields a label", 'yield at("label")'),
    ("yield at(k.a)  # here", "a yield yields a label", 'yield at("label")'),
    ("yield at(label='x')  # here", "a yield yields a label", 'yield at("label")'),
    ("yield at('x', 'y')  # here", "a yield yields a label", 'yield at("label")'),
    (
        "yield at('x', until=k.flag)  # here",
        "at() takes no until like this",
        'until=lambda: ..., rest=True, atomic="name of the primitive"',
    ),
    (
        "yield at('x', until=lambda x: k.flag)  # here",
        "at() takes no until like this",
        "until=lambda: ...",
    ),
    ("yield at('x', rest=k.flag)  # here", "at() takes no rest like this", "until=lambda: ..."),
    ("yield at('x', atomic=3)  # here", "at() takes no atomic like this", "until=lambda: ..."),
    ("yield at('x', often=True)  # here", "at() takes no often like this", "until=lambda: ..."),
    (
        "yield at('x', until=lambda: set_a(k))",
        "in set_a: what a step waits for or chooses from changes nothing",
        "",
    ),
    ("yield at('go')  # here", "the label 'go' stands twice in p", "a name of its own"),
    (
        "yield at('done')  # here",
        "the label 'done' is where a finished process stands",
        "another name",
    ),
    ("x = at('x')  # here", "at() stands in the wrong place", 'yield at("label")'),
]

CALLS = [
    ("k.a = yield from q(k)  # here", "what a procedure returns goes to a local first", "x = yie"),
    ("x, y = yield from q(k)  # here", "what a procedure returns goes to a local first", "x = yi"),
    (
        "k.a = 1 + (yield from q(k))  # here",
        "yield from stands inside an expression",
        "x = yield from p(k, ...)",
    ),
    (
        "while (yield from q(k)):  # here\n    pass",
        "yield from stands inside an expression",
        "x = yield from p(k, ...)",
    ),
    (
        "if (yield from q(k)):  # here\n    k.a = 1",
        "yield from stands inside an expression",
        "x = yield from p(k, ...)",
    ),
    ("yield from q  # here", "yield from calls a procedure", "yield from p(k, ...)"),
    ("yield from range(3)  # here", "yield from calls a procedure", "@procedure above what is"),
    ("yield from plain(k)  # here", "yield from calls a procedure", "@procedure above what is"),
    ("yield from generator(k)  # here", "yield from calls a procedure", "@procedure above what"),
    ("generator(k)", "generator yields but is no procedure", "@procedure above it"),
    ("caller(k)", "caller calls a procedure but is none", "@procedure above it"),
    ("q(k)  # here", "q is a procedure", "yield from q(...)"),
    ("k.a = q(k)  # here", "q is a procedure", "yield from q(...)"),
    ("yield from q(k, 1)  # here", "q takes 1 arguments, not 2", ""),
    ("yield from q()  # here", "q takes 1 arguments, not 0", ""),
    ("yield from q(k=k)  # here", "arguments are given by position", "f(a, b)"),
    ("yield from q(*[k])  # here", "arguments are given by position", "f(a, b)"),
    ("k.a = plain(k, 1)  # here", "plain takes 1 arguments, not 2", "every argument, by position"),
    ("k.a = plain(k=k)  # here", "arguments are given by position", "f(a, b)"),
]

SETTER = """
def set_a(k: S) -> bool:
    k.a = 1
    return True
"""


@pytest.mark.parametrize(("body", "problem", "instead"), STATEMENTS + YIELDS + CALLS)
def test_a_statement_outside_the_language_is_refused(
    write: Writer, body: str, problem: str, instead: str
) -> None:
    message = write.refused_step(body, OTHERS + SETTER)
    assert f": {problem}" in message
    assert not instead or f"\n  instead: {instead}" in message


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("with k.lock:  # here\n    yield at('x')", "`with` is not part of the language"),
        ("try:  # here\n    yield at('x')\nfinally:\n    pass", "`try` is not part"),
        ("match k.a:  # here\n    case 0:\n        yield at('x')", "`match` is not part"),
    ],
)
def test_it_is_refused_for_itself_when_it_has_a_yield_inside(
    write: Writer, body: str, problem: str
) -> None:
    assert f": {problem}" in write.refused_step(body)


def test_a_text_that_is_refused_names_its_file_line_and_remedy(write: Writer) -> None:
    message = write.refused_step("k.a = 1\nraise ValueError  # here")
    assert message.splitlines() == [
        f"{write.path}:{write.line}: in p: `raise` is not part of the language",
        "    raise ValueError  # here",
        "  instead: assert, for what must never happen",
    ]


def test_what_does_nothing_is_let_through(write: Writer) -> None:
    body = "pass\n'text'\nx: int\nk.a = 1"
    assert write.step(body).compile().bits == 3 + 1
