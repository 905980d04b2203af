"""What no step may compute: expressions outside the language, each with what to write instead."""

from __future__ import annotations

import pytest

from tests.lang.texts import Writer

A_VALUE = "a number, a flag, a member of an enum, an element or null"

VALUES = [
    ("k.a = 1.5", "1.5 is no value of the language", "a number or a flag"),
    ("k.a = 'x'", "'x' is no value of the language", "a number or a flag"),
    ("k.ref = None", "None is no value of the language", ""),
    ("k.a = [1]", "a list is not part of the language", "an Array declared in the state"),
    ("k.a = {1: 2}", "a dict is not part of the language", "a Map declared in the state"),
    ("k.a = {1}", "a set is not part of the language", "a tuple of constants"),
    ("k.a = (1, 2)", "(1, 2) is no value of the language", A_VALUE),
    ("x = (k.a, 2)", "a tuple of values that are not constants", "locals of their own"),
    ("k.a = f'{k.b}'", "an f-string is not part of the language", "no text at all"),
    ("k.a = (x := 3)", ":= is not part of the language", "an assignment of its own before it"),
    ("k.a = [t.v for t in k.thing]", "a list is not part of the language", "all(...), any(...)"),
    ("k.a = (t.v for t in k.thing)", "a bare generator expression is not part of", "all(...)"),
    ("x = lambda: 1", "a lambda is not part of the language", "a plain function, or until="),
    ("k.a = k.thing[0:1]", "Slice is not part of the language", ""),
    ("k.a = len", "<built-in function len> is no value of the language", A_VALUE),
    ("x = p", "<procedure p> is no value of the language", A_VALUE),
    ("x = k.thing", "S.thing is no value of the language", A_VALUE),
    ("k.a = k.sure.double", "the method double is no value of the language", A_VALUE),
]

NAMES = [
    ("k.a = nothing", "nothing is called nothing here", ""),
    ("k.a = k.zz", "S has no zz", "one of size, a, b, flag, colour, ref, sure, thing, flags"),
    ("k.a = k.thing[0].zz", "Thing has no zz", "one of v, next, lock, double"),
    ("k.a = k.values_", "S has no values_", "one of size, a"),
    ("k.a = k.thing.v", "S.thing has no v", "index it first"),
    ("k.a = Colour.PINK", "<enum 'Colour'> has no PINK", ""),
    ("k.a = k.a.v", "a 0..7 has no fields", "an element of a struct"),
    ("k.a = k.colour.name", "a Colour has no fields", "an element of a struct"),
    ("k.a = null.v", "this is always null here: it has no fields", ""),
    ("x = null; k.a = x.v", "this is always null here: it has no fields", ""),
    ("if k.flag: x = 1\nk.a = x", "x may have no value here", "give x a value on every way"),
    ("k.a = x", "x may have no value here", "give x a value on every way"),
]

INDICES = [
    ("k.a = k.a[0]", "only an Array or a Map can be indexed", ""),
    ("k.a = (1, 2)[k.a]", "only an Array or a Map can be indexed", ""),
    ("k.a = (1, 2)[5]", "(1, 2)[5]: tuple index out of range", ""),
    ("k.a = k.thing[k.sure].v", "an Array is indexed by a number, and this is Thing", "a Map"),
    ("k.a = k.flags[k.colour]", "an Array is indexed by a number, and this is Colour", "a Map"),
    ("k.a = k.of[0]", "of is a Map over Thing, not ", ""),
    ("k.a = k.of[k.lock]", "of is a Map over Thing, not Lock", ""),
]

OPERATORS = [
    ("k.a = ~k.a", "~ is not part of the language", "arithmetic, or `not`"),
    ("k.a = k.a ** 2", "Pow is not part of the language", "+ - * // % & | ^, or << >>"),
    ("k.a = k.a / 2", "Div is not part of the language", "+ - * // % & | ^, or << >>"),
    ("k.a = k.a << k.b", "LShift is not part of the language", "+ - * // % & | ^, or << >> by"),
    ("k.a = k.b & 1", "bits of a number that may be negative", "bounds from 0 up"),
    ("k.a = k.a + null", "a null is nothing to compute with", "a number"),
    ("k.a = k.a + k.colour", "a Colour is nothing to compute with", "a number"),
    ("k.a = k.ref + 1", "a Thing or null is nothing to compute with", "a number"),
    ("k.a = k.a or 3", "`and` and `or` give a flag here, and this is none", "compare it"),
    ("k.flag = k.a is k.b", "`is` compares elements, not numbers", "=="),
    ("k.flag = k.ref == k.lock", "a Thing or null is never a Lock", "compare like with like"),
    ("k.flag = k.colour == k.a", "a Colour is never a 0..7", "compare like with like"),
    ("k.flag = k.a == null", "a 0..7 is never a null", "compare like with like"),
    ("k.flag = k.colour < Colour.BLUE", "a Colour is no number: it has no order", "== or !="),
    ("k.flag = k.ref < k.sure", "a Thing or null is no number: it has no order", "== or !="),
    ("k.flag = k.ref in k.thing", "`in` takes a tuple", "x in (A, B)"),
    ("if k.colour: k.a = 1", "a Colour is neither true nor false", "compare it"),
    ("k.flag = not k.colour", "a Colour is neither true nor false", "compare it"),
    ("k.flag = bool(k.colour)", "a Colour is neither true nor false", "compare it"),
    ("x = k.a if k.flag else null", "this is a 0..7 on one way and a null on the other", ""),
    ("x = k.ref if k.flag else k.lock", "this is a Thing or null on one way and a Lock on", ""),
]

FUNCTIONS = [
    ("k.a = sum(k.flags)", "sum() takes a generator expression", "for example any(f.lru for"),
    ("k.a = max(k.a)", "max() takes a generator expression", "for example any(f.lru for"),
    ("k.flag = all(1 for a, b in k.thing)", "a generator binds one name at a time", "for x in"),
    (
        "k.a = min(t.v for t in k.thing if t.v)",
        "min() over a filtered domain, which may be empty",
        "min(x if cond else neutral for ...)",
    ),
    ("k.a = min()", "min() is not called like this here", "arguments by position, as many as"),
    ("x = abs()", "abs() is not called like this here", "arguments by position, as many as"),
    ("x = bool()", "bool() is not called like this here", "arguments by position, as many as"),
    ("x = len()", "len() is not called like this here", "arguments by position, as many as"),
    ("x = hold()", "hold() is not called like this here", "arguments by position, as many as"),
    (
        "k.a = sum((t.v for t in k.thing), start=3)",
        "sum() is not called like this here",
        "arguments by position, as many as",
    ),
    (
        "k.a = max(k.a, k.b, key=abs)",
        "max() is not called like this here",
        "arguments by position, as many as",
    ),
    ("k.a = min(x for x in range(0))", "min() of nothing", "at least one value"),
    ("k.a = len(k.a)", "len() of this is not known", "len() of an Array, Map or tuple"),
    ("k.a = sorted(k.flags)", "<built-in function sorted> is no function of", "a plain def"),
    ("k.a = str(k.a)", "<class 'str'> is no function of the model", "a plain def, or a procedure"),
    ("print(k.sure.double())", "print() and breakpoint() are for direct execution only", "no cal"),
    ("k.a = k.a(1)", "a 0..7 cannot be called", ""),
    ("k.a = k.thing(1)", "S.thing cannot be called", ""),
    ("k.a = holds(k.sure)", "holds() is for properties: no process can count holds", ""),
    ("k.flag = k.lock.acquire()", "acquire() stands alone", ""),
    ("release(k.sure)", "release() of something that owns no reference", "a local declared Held"),
    ("x = choose(range(S.size))", "a constant that is read off its class", "the state's: k.size"),
    ("x = choose(range(k.a))", "the bounds of a range are constants of the scenario", "a while"),
]

EXPRESSIONS = VALUES + NAMES + INDICES + OPERATORS + FUNCTIONS


@pytest.mark.parametrize(("body", "problem", "instead"), EXPRESSIONS)
def test_an_expression_outside_the_language_is_refused(
    write: Writer, body: str, problem: str, instead: str
) -> None:
    lines = body.split("\n")
    # A name that nothing ever binds is no local, and so not one that may have no value.
    rest = "x = 1" if body == "k.a = x" else ""
    message = write.refused_step("\n".join([*lines[:-1], lines[-1] + "  # here", rest]))
    assert f": {problem}" in message
    assert not instead or f"\n  instead: {instead}" in message


@pytest.mark.parametrize(
    ("definition", "problem", "instead"),
    [
        (
            "def f(k: S) -> int:  # here\n    if k.flag:\n        return 1",
            "f returns a value on some ways only",
            "return on every way",
        ),
        (
            "def f(k: S, *rest: int) -> int:  # here\n    return 1",
            "f has *args, **kwargs or keyword-only parameters",
            "name each parameter",
        ),
        ("f = lambda k: 1  # here", "a lambda is no model function", "def it with a name"),
        (
            "def f(k: S) -> int:\n    return f(k) if k.flag else 1  # here",
            "f calls itself",
            "a while or a for",
        ),
        (
            "exec('def f(k): return 1')",
            "the text of f cannot be found; a model function must stand in a file",
            "",
        ),
    ],
)
def test_a_helper_outside_the_language_is_refused(
    write: Writer, definition: str, problem: str, instead: str
) -> None:
    message = write.refused_step("k.a = f(k)", definition)
    assert f": {problem}" in message or f": in f: {problem}" in message
    assert not instead or f"\n  instead: {instead}" in message
