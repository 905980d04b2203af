"""Procedures: calls, values that they return, and what no procedure and no process may do."""

from __future__ import annotations

import linecache
from typing import Any

import pytest

from mcheck.lang import ModelError
from tests.lang.texts import TOY, Writer, fails, holds, left_by, run_directly, successors

MORE = """
@procedure
def q(k: S, n: int) -> Proc[int]:
    yield at("q")
    k.a = n
    return n + 1

@procedure
def quiet(k: S) -> Proc[None]:
    yield at("quiet")
    k.flag = True

@procedure
def maybe(k: S) -> Proc[bool]:
    yield at("maybe")
    if k.a == 0:
        k.a = 1
        return False
    yield at("more")
    return True
"""


def test_a_procedure_returns_a_value(write: Writer) -> None:
    body = """
    x = yield from q(k, 2)
    y = yield from q(k, 4)
    yield at("z")
    assert x == 3 and y == 5
    k.b = x - y
    """
    model = write.step(body, MORE)
    assert holds(model).labels == {"p.go": 1, "q.q": 2, "p.z": 1}
    assert left_by(model).b == -2


def test_a_procedure_may_return_on_several_ways(write: Writer) -> None:
    body = """
    first = yield from maybe(k)
    second = yield from maybe(k)
    yield at("z")
    assert not first and second
    """
    assert holds(write.step(body, MORE)).labels["maybe.more"] == 1


def test_what_a_call_returns_can_be_returned(write: Writer) -> None:
    rest = """
    @procedure
    def outer(k: S, n: int) -> Proc[int]:
        if n == 3:
            return (yield from q(k, n))
        yield at("outer")
        return yield_nothing(n)

    def yield_nothing(n: int) -> int:
        return n + 3
    """
    body = "x = yield from outer(k, 3)\ny = yield from outer(k, 4)\nyield at('z')\n"
    model = write.step(body + "assert x == 4 and y == 7\nk.a = 0", MORE, rest)
    holds(model)
    run_directly(model)


def test_a_call_at_the_end_returns_to_its_callers_caller(write: Writer) -> None:
    rest = """
    @procedure
    def inner(k: S) -> Proc[None]:
        yield at("inner")
        k.a += 1

    @procedure
    def middle(k: S) -> Proc[None]:
        yield from inner(k)
        yield from inner(k)
    """
    body = "yield from middle(k)\nyield from inner(k)\nyield from middle(k)\n"
    model = write.step(body + "yield at('z')\nassert k.a == 5", rest)
    assert holds(model).labels["inner.inner"] == 5
    assert left_by(model).a == 5


def test_the_procedures_that_a_process_stands_in_are_told(write: Writer) -> None:
    rest = """
    @procedure
    def middle(k: S) -> Proc[None]:
        yield from quiet(k)
    """
    failed = fails(
        write.step("yield from middle(k)\nyield at('z')\nassert not k.flag", MORE, rest),
        "assert",
    )
    assert failed.lowered.message == "assert not k.flag"
    compiled = write.step("yield from middle(k)", MORE, rest).compile()
    (state,) = compiled.initial
    inside: list[tuple[str, ...]] = []
    while True:
        inside.append(compiled.where(state, 0))
        (actor,) = compiled.actors
        out: list[int] = []
        actor.steps[state >> actor.pc_shift & actor.pc_mask](state, out, [])
        if not out:
            break
        (state,) = out
    assert inside == [("p",), ("p", "middle", "quiet"), ()]


def test_a_procedure_with_several_callers_knows_which_it_stands_in(write: Writer) -> None:
    rest = """
    @procedure
    def middle(k: S) -> Proc[None]:
        yield from quiet(k)
    """
    compiled = write.step("yield from middle(k)\nyield from quiet(k)", MORE, rest).compile()
    inside: list[tuple[str, ...]] = []
    states = list(compiled.initial)
    for state in states:
        inside.append(compiled.where(state, 0))
        states += [s for s, _ in successors(compiled, state)]
    assert inside == [("p",), ("p", "middle", "quiet"), ("p", "quiet"), ()]


def test_parameters_are_locals(write: Writer) -> None:
    rest = """
    @procedure
    def count(k: S, n: Annotated[int, Range(0, 3)]) -> Proc[None]:
        while n:
            yield at("count")
            k.a += 1
            n -= 1
    """
    model = write.step("yield from count(k, 3)\nyield from count(k, 2)", rest)
    assert holds(model).labels["count.count"] == 5
    assert left_by(model).a == 5


def test_an_argument_outside_a_parameters_bounds_is_a_violation(write: Writer) -> None:
    rest = """
    @procedure
    def q(k: S, n: Annotated[int, Range(0, 3)]) -> Proc[None]:
        yield at("q")
        k.a = n
    """
    failed = fails(write.step("x = choose(range(3, 5))\nyield from q(k, x)", rest), "local")
    assert failed.lowered.choices == (("x", "4"),)


def test_a_parameter_without_bounds_that_can_be_seen_is_refused(write: Writer) -> None:
    body = "x = yield from q(k, 1)\ny = yield from q(k, x)"
    message = write.refused_step(body, MORE)
    assert "n has no bounds that can be seen: it grows from call to call" in message
    assert "def q(k: S, n: int)" in message
    assert "instead: n: Annotated[int, Range(lo, hi)] among the parameters of q" in message


def test_recursion_is_refused(write: Writer) -> None:
    rest = """
    @procedure
    def one(k: S) -> Proc[None]:
        yield at("one")
        yield from two(k)

    @procedure
    def two(k: S) -> Proc[None]:
        yield at("two")
        yield from one(k)  # here
    """
    message = write.refused_step("yield from one(k)", rest)
    assert "in two: one calls itself, directly or not" in message
    assert "instead: a while" in message
    message = write.refused_step("yield from p(k)  # here")
    assert "in p: p calls itself, directly or not" in message


def test_a_plain_generator_is_no_procedure(write: Writer) -> None:
    rest = "def q(k: S) -> Proc[None]:\n    yield at('q')\n"
    message = write.refused_step("yield from q(k)  # here", rest)
    assert "yield from calls a procedure" in message
    assert "instead: @procedure above what is called" in message
    message = write.refused_step("q(k)", rest)
    assert "q yields but is no procedure" in message
    assert "instead: @procedure above it" in message


def test_a_procedure_has_to_yield(write: Writer) -> None:
    message = write.refused_step("k.a = 1", "@procedure  # here\ndef q(k: S) -> None:\n    k.a = 1")
    assert "q is a procedure but never yields" in message
    assert "instead: a plain function for what belongs to its caller's step" in message


def test_a_process_is_given_what_it_takes(write: Writer) -> None:
    text = "@procedure\ndef p(k: S{more}) -> Proc[None]:\n    yield at('go')\n\n"
    cases = [
        (", me: Thing", "run(p)", "has the parameters (k, me), but it is given the state"),
        (
            "",
            "run(p, each=S.thing)",
            "has the parameters (k), but it is given the state and its own",
        ),
        (", a: int, b: int", "run(p, each=2)", "has the parameters (k, a, b), but it is given the"),
    ]
    for more, how, problem in cases:
        message = write.refused_toy(text.format(more=more) + f"m = Model('m', S, [{how}])\n")
        assert f"process p {problem}" in message
        assert str(write.path) in message


def test_only_a_procedure_runs_as_a_process(write: Writer) -> None:
    text = "def p(k: S) -> Proc[None]:\n    yield at('x')\nm = Model('m', S, [run(p)])"
    assert "no procedure; @procedure above it" in write.refused_toy(text)


@pytest.mark.parametrize(
    ("each", "problem"),
    [
        ("S.flags", "flags holds no structs; each= takes those"),
        ("S.of", "each= takes an Array of structs or a number"),
    ],
)
def test_each_names_an_array_of_structs(write: Writer, each: str, problem: str) -> None:
    message = write.refused_toy(
        "@procedure\ndef p(k: S, me: int) -> Proc[None]:\n    yield at('x')\n"
        f"m = Model('m', S, [run(p, each={each})])"
    )
    assert f"run(p): {problem}" in message


SOME = """\
@procedure
def p(k: S, me: {given}) -> Proc[None]:
    yield at("x")
    k.flags[{mine}] = True

m = Model("m", S, [run(p, each={each}, only={only}{more})])
"""


def test_only_some_of_the_elements_get_a_process(write: Writer) -> None:
    text = SOME.format(given="int", mine="me", each="3", only="(0, 2)", more="")
    model = write.model(TOY + text)
    assert [a.name for a in model.compile().actors] == ["p[0]", "p[2]"]
    holds(model)
    ran: list[Any] = [run_directly(model, i).k for i in (0, 1)]
    assert [list(k.flags) for k in ran] == [[True, False, False], [False, False, True]]
    text = SOME.format(given="Thing", mine="me.v", each="S.thing", only="[1]", more=', name="T{}"')
    model = write.model(TOY + text)
    assert [a.name for a in model.compile().actors] == ["T1"]
    model = write.model(TOY + text.replace("k.flags[me.v] = True", "assert me is k.thing[1]"))
    holds(model)
    both = text.replace(")])", "), run(p, each=S.thing, only=range(1))])")
    assert [a.name for a in write.model(TOY + both).compile().actors] == ["T1", "p[0]"]


@pytest.mark.parametrize(
    ("each", "only", "problem"),
    [
        ("3", "(0, 3)", "run(p): only= names element 3 of 3"),
        ("S.thing", "[-1]", "run(p): only= names element -1 of 2"),
        ("S.thing", "()", "m has no process with these constants"),
        ("3", "(1, 0, 1)", "run(p): only= names element 1 twice"),
        ("None", "(0,)", "run(p): only= says which of each= there are, and there is no each="),
        ("3", "1", "run(p): only=1: it takes the numbers of elements, such as (0, 2)"),
    ],
)
def test_only_names_elements_that_there_are(
    write: Writer, each: str, only: str, problem: str
) -> None:
    text = SOME.format(given="int", mine="0", each=each, only=only, more="")
    with pytest.raises(ModelError) as caught:
        write.model(TOY + text).compile()
    assert problem in str(caught.value)


@pytest.mark.parametrize("how", ["    pass", "    if k.flag:\n        return 1"])
def test_a_value_that_is_used_is_returned_on_every_way(write: Writer, how: str) -> None:
    rest = f"@procedure\ndef r(k: S) -> Proc[int]:\n    yield at('r')\n{how}\n"
    message = write.refused_step("x = yield from r(k)\nyield at('z')\nk.b = x", rest)
    assert "r returns nothing here, but a caller wants a value" in message
    assert "instead: return a value on every way" in message


def test_a_process_may_be_a_number_or_an_element(write: Writer) -> None:
    text = TOY + (
        "@procedure\n"
        "def number(k: S, me: int) -> Proc[None]:\n"
        "    yield at('n')\n"
        "    k.flags[me] = True\n"
        "@procedure\n"
        "def element(k: S, me: Thing) -> Proc[None]:\n"
        "    yield at('e')\n"
        "    me.v = 1\n"
        "m = Model('m', S, [run(number, each=3), run(element, each=S.thing, name='T{}'),\n"
        "                   run(number, each=S.size - 1, name='one')])\n"
    )
    model = write.model(text)
    names = ["number[0]", "number[1]", "number[2]", "T0", "T1", "one[0]"]
    assert [a.name for a in model.compile().actors] == names
    holds(model)


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ("", "m has no process with these constants"),
        ("run(p, each=0)", "m has no process with these constants"),
        ("run(p, each=S.size - 3)", "run(p): each=-1 is negative"),
        ("run(p, each=1), run(p, each=2)", 'two processes are called p[0]; run(..., name="...")'),
    ],
)
def test_there_are_processes_and_each_has_a_name_of_its_own(
    write: Writer, runs: str, problem: str
) -> None:
    text = "@procedure\ndef p(k: S, me: int) -> Proc[None]:\n    yield at('x')\n"
    assert problem in write.refused_toy(text + f"m = Model('m', S, [{runs}])\n")


def test_two_procedures_of_one_name_are_refused(write: Writer) -> None:
    rest = (
        "def maker(k: int):\n"
        "    @procedure\n"
        "    def q(k: S) -> Proc[None]:\n"
        "        yield at('q')\n"
        "    return q\n"
        "q = maker(1)\n"
        "q2 = maker(2)\n"
    )
    message = write.refused_step("yield from q(k)\nyield from q2(k)", rest)
    assert "two procedures are called q" in message
    assert "rename one" in message
    other = (
        "@procedure\n"
        "def r(k: S) -> Proc[None]:\n"
        "    yield from q2(k)\n"
        "m = Model('m', S, [run(p), run(r)])\n"
    )
    message = write.refused_step("yield from q(k)", rest, other)
    assert "two procedures are called q" in message
    assert "rename one" in message


def test_a_procedure_is_found_wherever_it_is_named(write: Writer) -> None:
    model = write.step(
        "yield from both[1](k)\nyield at('z')\nassert k.flag", MORE, "both = (q, quiet)"
    )
    holds(model)
    assert left_by(model).flag


def test_a_text_that_is_not_there_any_more_is_refused(write: Writer) -> None:
    model = write.step("k.a = 1")
    write.path.write_text("def (\n")
    linecache.clearcache()
    with pytest.raises(ModelError, match="the text of p is no Python"):
        model.compile()
    model = write.step("k.a = 1")
    write.path.write_text("# nothing\n")
    linecache.clearcache()
    with pytest.raises(ModelError, match="the text of p cannot be found; a model function must"):
        model.compile()
