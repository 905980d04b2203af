"""Locals: kept across yields while they are needed, cleared where dead, and bounded."""

from __future__ import annotations

import pytest

from mcheck.lang.direct import Direct
from tests.lang.texts import Writer, fails, first, holds, left_by, successors


def test_a_local_lives_across_yields(write: Writer) -> None:
    body = "x = choose(range(4))\nyield at('y')\nk.flag = True\nyield at('z')\nk.a = x"
    result = holds(write.step(body))
    assert result.states == 1 + 4 + 4 + 4
    assert result.bits == 2 + 2 + 1 + 3  # four labels, x, flag, a


def test_a_dead_local_splits_no_states(write: Writer) -> None:
    body = "x = choose(range(4))\nk.flag = x > 1\nyield at('y')\nk.a = 1\nyield at('z')\nk.a = 2"
    result = holds(write.step(body))
    assert result.states == 1 + 2 + 2 + 2
    assert result.bits == 2 + 1 + 3


def test_a_local_is_cleared_where_it_was_read_last(write: Writer) -> None:
    body = "x = choose(range(4))\nyield at('y')\nk.a = x\nk.a = 0\nyield at('z')\nk.flag = True"
    result = holds(write.step(body))
    assert result.states == 1 + 4 + 1 + 1


def test_a_local_that_is_set_anew_is_dead_before(write: Writer) -> None:
    body = """
    x = choose(range(4))
    yield at('y')
    x = choose(range(2))
    yield at('z')
    k.a = x
    """
    assert holds(write.step(body)).states == 1 + 1 + 2 + 2


def test_a_read_by_until_is_a_use(write: Writer) -> None:
    body = """
    x = choose(range(4))
    yield at("y")
    k.a = 3
    yield at("z", until=lambda: k.a >= x)
    k.flag = True
    """
    assert holds(write.step(body)).states == 1 + 4 + 4 + 1


def test_a_read_by_a_choice_is_a_use(write: Writer) -> None:
    body = """
    x = choose(k.thing)
    yield at("y")
    y = choose(t for t in k.thing if t is not x)
    k.flag = True
    """
    assert holds(write.step(body)).states == 1 + 2 + 1


def test_a_local_that_one_way_needs_is_kept_on_that_way(write: Writer) -> None:
    body = """
    x = choose(range(4))
    yield at("y")
    if k.flag:
        yield at("never")
        k.a = x
    else:
        yield at("always")
        k.a = 1
    """
    result = holds(write.step(body).configure(unreached=["p.never"]))
    assert result.states == 1 + 4 + 1 + 1


def test_what_only_an_impossible_way_needs_is_not_kept(write: Writer) -> None:
    body = """
    x = choose(range(4))
    yield at("y")
    if k.size == 3:
        yield at("never")
        k.a = x
    else:
        yield at("always")
        k.a = 1
    """
    assert holds(write.step(body)).states == 1 + 1 + 1 + 1
    assert holds(write.step(body).configure(size=3)).states == 1 + 4 + 4 + 4


@pytest.mark.parametrize(
    "body",
    [
        "if k.flag:\n    x = k.b\n    k.a = x\nk.flag = not k.flag",
        "if k.flag:\n    x = k.b\nelse:\n    x = 1\nk.a = x\nk.flag = not k.flag",
        "for t in k.thing:\n    k.flag = t is k.sure",
        "for t in k.thing:\n    x = t.v + 1\n    k.flag = x == 2",
    ],
)
def test_a_local_of_one_step_takes_no_room(write: Writer, body: str) -> None:
    inside = body.replace("\n", "\n    ")
    result = holds(write.step(f"while True:\n    {inside}\n    yield at('z', rest=True)"))
    stored = 3 if "k.a" in body else 0
    assert result.bits == 1 + 1 + stored  # two labels, flag, and a


def test_a_local_of_a_caller_is_kept_during_a_call(write: Writer) -> None:
    rest = """
@procedure
def q(k: S) -> Proc[None]:
    yield at("q")
    k.flag = True
"""
    kept = "x = choose(range(4))\nyield from q(k)\nyield at('z')\nk.a = x"
    dead = "x = choose(range(4))\nyield from q(k)\nyield at('z')\nk.a = 1"
    assert holds(write.step(kept, rest)).states == 1 + 4 + 4 + 4
    assert holds(write.step(dead, rest)).states == 1 + 1 + 1 + 1


def test_locals_that_are_never_live_together_share_bits(write: Writer) -> None:
    one = "x = choose(range(4))\nyield at('y')\nk.a = x\n"
    result = holds(write.step(one + "yield at('z')\ny = choose(range(4))\nyield at('w')\nk.a = y"))
    assert result.bits == 3 + 2 + 3  # five labels; x and y; a
    both = """
    x = choose(range(4))
    yield at("y")
    y = choose(range(4))
    k.a = 1
    yield at("z")
    k.b = y - x
    """
    assert holds(write.step(both)).bits == 2 + 2 + 2 + 3 + 4  # four labels; x; y; a; b


def test_locals_of_procedures_that_never_run_together_share_bits(write: Writer) -> None:
    rest = """
@procedure
def q(k: S) -> Proc[None]:
    yield at("q")
    x = choose(range(4))
    yield at("q2")
    k.a = x

@procedure
def r(k: S) -> Proc[None]:
    yield at("r")
    y = choose(k.thing)
    yield at("r2")
    y.v = 1
"""
    result = holds(write.step("yield from q(k)\nyield from r(k)", rest))
    assert result.bits == 3 + 2 + 3 + 2 * 2  # six labels; x or y; a; A.v, B.v
    body = "n = choose(range(4))\nyield from q(k)\nyield at('z')\nk.b = n\nyield from r(k)"
    body = body.replace("k.b = n\n", "k.b = n\nyield at('w')\nk.b = 1\nyield at('v')\npass\n")
    result = holds(write.step(body, rest))
    assert result.bits == 4 + 2 + 2 + 3 + 4 + 2 * 2  # n is alive while q runs


def test_a_procedure_that_is_called_from_two_places_remembers_which(write: Writer) -> None:
    rest = """
@procedure
def q(k: S) -> Proc[None]:
    yield at("q")
    k.a += 1
"""
    end = "yield at('z')\nk.flag = True"
    once = holds(write.step("yield from q(k)\n" + end, rest))
    assert once.bits == 2 + 3 + 1
    twice = holds(
        write.step("yield from q(k)\nyield from q(k)\nyield at('z')\nk.flag = True", rest)
    )
    assert twice.bits == 2 + 1 + 3 + 1
    assert twice.labels["q.q"] == 2


def test_an_argument_that_is_always_the_same_takes_no_room(write: Writer) -> None:
    rest = """
@procedure
def q(k: S, t: Thing) -> Proc[None]:
    yield at("q")
    t.v = 1
"""
    same = "yield from q(k, k.thing[1])\nyield from q(k, k.thing[1])"
    other = "yield from q(k, k.thing[1])\nyield from q(k, k.thing[0])"
    assert holds(write.step(same, rest)).bits == 2 + 1 + 2 * 2
    assert holds(write.step(other, rest)).bits == 2 + 1 + 1 + 2 * 2


def test_a_local_outside_its_declared_bounds_at_a_yield_is_a_violation(write: Writer) -> None:
    body = """
    n: Annotated[int, Range(0, 3)] = 0
    while True:
        yield at("round")
        n += 1
    """
    failed = fails(write.step(body), "local")
    assert failed.messages == (
        "n is 0..3 at a yield; it would be 4",
        "p.n = 4, but it is 0..3 at a yield",
    )


def test_bounds_of_a_local_hold_only_at_yields(write: Writer) -> None:
    body = """
    n: Annotated[int, Range(0, 3)] = 0
    yield at("y")
    n += 7
    n -= 4
    yield at("z")
    k.a = n
    """
    assert holds(write.step(body)).states == 4
    assert left_by(write.step(body)).a == 3


def test_bounds_of_a_local_may_be_constants_of_the_scenario(write: Writer) -> None:
    body = "n: Annotated[int, Range(0, S.size)] = 0\nyield at('y')\nn += 3\nyield at('z')\nk.a = n"
    fails(write.step(body), "local")
    holds(write.step(body).configure(size=3))


def test_a_local_without_bounds_that_can_be_seen_is_refused(write: Writer) -> None:
    body = "n = 0\nwhile True:\n    yield at('round')  # here\n    n += 1"
    message = write.refused_step(body)
    assert "n has no bounds that can be seen" in message
    assert "instead: n: Annotated[int, Range(lo, hi)] = ..." in message


def test_a_local_whose_bounds_follow_from_a_test_needs_none(write: Writer) -> None:
    body = "n = 0\nwhile n < 3:\n    yield at('round')\n    n += 1\nk.a = n"
    result = holds(write.step(body))
    assert (result.labels["p.round"], result.bits) == (3, 1 + 1 + 2 + 3) or result.bits == 2 + 2 + 3


def test_a_local_is_of_one_kind(write: Writer) -> None:
    body = "x = k.a\nyield at('y')\nk.b = x - x\nx = k.sure\nyield at('z')\nx.v = 1"
    message = write.refused_step(body)
    assert "x is a" in message and "at one time and a Thing at another" in message
    assert "instead: two locals" in message


def test_a_local_has_a_value_on_every_way(write: Writer) -> None:
    message = write.refused_step("if k.flag:\n    x = 1\nyield at('y')\nk.a = x  # here")
    assert "x may have no value here" in message
    assert "instead: give x a value on every way" in message
    holds(write.step("x = 2\nif k.flag:\n    x = 1\nyield at('y')\nk.a = x"))


def test_direct_execution_sees_the_same_locals(write: Writer) -> None:
    body = """
    x = choose(range(4))
    t = choose(k.thing)
    yield at("y")
    c = choose(Colour)
    t.v = x
    yield at("z")
    k.colour = c
    k.ref = t
    """
    model = write.step(body)
    compiled = model.compile()
    direct = Direct(model, 0, compiled)
    state = compiled.initial[0]
    while 0 in direct.enabled():
        assert direct.state() == state
        state = successors(compiled, state)[0][0]
        direct.step(0, first)
    assert direct.state() == state
