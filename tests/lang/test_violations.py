"""Steps that fail: each kind of violation, with a trace, in the lowered form and directly."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.lang.direct import Direct
from tests.lang.texts import (
    TOY,
    Writer,
    explored,
    fails,
    first,
    holds,
    run_directly,
    stepping,
    successors,
)

VIOLATIONS = [
    # body, kind, what the lowered form says, what direct execution says
    ("k.a = k.a - 1", "bounds", "S.a is 0..7; it would be -1", "state.a = -1, but state.a is 0..7"),
    ("k.a = 8", "bounds", "S.a is 0..7; it would be 8", "state.a = 8, but state.a is 0..7"),
    ("k.a += 8", "bounds", "S.a is 0..7; it would be 8", "state.a = 8, but state.a is 0..7"),
    ("k.a = -k.b - 1", "bounds", "S.a is 0..7; it would be -1", "state.a = -1, but"),
    ("k.thing[1].v = 4", "bounds", "Thing.v is 0..3; it would be 4", "B.v = 4, but B.v is 0..3"),
    ("k.of[k.sure] = 4", "bounds", "S.of is 0..3; it would be 4", "of[A] = 4, but of[A] is 0..3"),
    ("k.flag = 2", "bounds", "S.flag is ", "state.flag = 2, but state.flag is "),
    ("k.flags[1] = 1 + 1", "bounds", "S.flags is ", "flags[1] = 2, but flags[1] is "),
    ("k.thing[2].v = 1", "index", "thing has the indices 0..1; it would be 2", "thing[2], but it"),
    ("k.thing[-1].v = 1", "index", "thing has the indices 0..1; it would be -1", "thing[-1], but"),
    ("k.flags[k.a + 3] = True", "index", "flags has the indices 0..2; it would be 3", "flags[3],"),
    ("k.a = k.thing[k.b - 1].v", "index", "thing has the indices 0..1; it would be -1", "thing["),
    ("k.a = k.ref.v", "null", "a field of null is used: k.ref.v", "null has no field v"),
    ("k.ref.v = 1", "null", "a field of null is used: k.ref.v", "null has no field v"),
    ("k.ref.next.v += 1", "null", "a field of null is used: k.ref.next", "null has no field next"),
    ("k.ref.lock.acquire()", "null", "a field of null is used: k.ref.lock", "null has no field"),
    ("k.sure = k.ref", "null", "S.sure may not be null", "state.sure = null, but state.sure is Th"),
    ("k.sure = null", "null", "S.sure may not be null", "state.sure = null, but state.sure is Th"),
    ("k.of[k.ref] = 1", "null", "null", "null is no index of of"),
    ("k.a = 1 // k.a", "divide", "division by zero", "division by zero"),
    ("k.a = 1 % k.b", "divide", "division by zero", "division by zero"),
    ("k.b //= k.b", "divide", "division by zero", "division by zero"),
    ("assert k.a == 1", "assert", "assert k.a == 1", "assert k.a == 1"),
    ("assert k.a == 1, 'no good'", "assert", "no good", "no good"),
    ("assert False", "assert", "assert False", "assert False"),
    (
        "k.lock.release()",
        "lock",
        "a lock is released by a process that does not hold it",
        "lock is",
    ),
    (
        "k.lock.acquire()\nk.lock.acquire()",
        "lock",
        "a lock is acquired that is held",
        "lock is acq",
    ),
    (
        "x: Annotated[int, Range(0, 3)] = k.a + 4\nyield at('z')\nk.a = x",
        "local",
        "x is 0..3",
        "p.",
    ),
]


@pytest.mark.parametrize(("body", "kind", "lowered", "direct"), VIOLATIONS)
def test_a_step_that_goes_wrong_is_a_violation(
    write: Writer, body: str, kind: str, lowered: str, direct: str
) -> None:
    text = write(TOY + stepping(body))
    failed = fails(text.model(), kind)
    assert failed.lowered.message.startswith(lowered)
    assert failed.direct.message.startswith(direct)
    assert failed.lowered.source.file == str(text.path)
    if kind != "local":
        assert failed.lowered.source == failed.direct.source
        assert failed.lowered.source.line == _line(text.path.read_text(), body.splitlines()[-1])


def _line(text: str, statement: str) -> int:
    return max(n for n, line in enumerate(text.splitlines(), 1) if line.strip() == statement)


def test_the_trace_leads_to_what_fails_and_shows_its_choices(write: Writer) -> None:
    body = "x = choose(range(3))\nk.a = 2 * x\nyield at('z')\ny = choose(range(3))\nk.b = k.a + y"
    failed = fails(write.step(body), "bounds")
    assert failed.lowered.choices == failed.direct.choices == (("y", "1"),)
    result = explored(write.step(body))
    assert result.trace is not None
    first, last = result.trace.events
    assert (first.label, first.choices) == ("go", (("x", "2"),))
    assert (last.label, last.choices, last.state) == ("z", (("y", "1"),), None)


def test_a_step_that_fails_has_no_successor(write: Writer) -> None:
    model = write.step("x = choose(range(3))\nk.a = 2\nk.b = 3 + x")
    compiled = model.compile()
    (actor,) = compiled.actors
    out: list[int] = []
    actor.steps[0](compiled.initial[0], out, bad := [])
    assert len(out) == 2
    assert [(f.kind, f.choices) for f in bad] == [("bounds", (("x", "2"),))]


def test_a_guard_or_a_filter_that_fails_is_a_violation(write: Writer) -> None:
    fails(write.step("yield at('w', until=lambda: k.ref.v == 0)\nk.a = 1"), "null")
    fails(write.step("yield at('w', until=lambda: k.a // k.a == 0)\nk.a = 1"), "divide")
    fails(write.step("yield at('w')\nx = choose(t for t in k.thing if t.next.v)\nx.v = 1"), "null")


def test_what_is_not_looked_at_does_not_fail(write: Writer) -> None:
    body = """
    k.flag = k.ref is not null and k.ref.v == 1
    k.flag = k.ref is null or k.ref.v == 1
    k.a = 3 if k.ref is null else k.ref.v
    k.flag = any(t.next.v == 1 for t in k.thing if t.next is not null)
    k.flag = all(t.next is null or t.next.v == 1 for t in k.thing)
    k.a = sum(t.next.v for t in k.thing if t.next is not null)
    if k.a:
        k.a = 1 // k.a
    k.flag = 0 < k.a < 1 // max(k.a, 1)
    """
    model = write.step(body)
    holds(model)
    run_directly(model)


SUMS = [
    ("-3 // 2", -2),
    ("3 // -2", -2),
    ("-3 // -2", 1),
    ("-3 % 2", 1),
    ("3 % -2", -1),
    ("-3 % -2", -1),
    ("abs(-3)", 3),
    ("min(2, -3, 1)", -3),
    ("max(2, -3, 1)", 2),
    ("2 - 3 * 2 + 1", -3),
    ("-(2 - 3)", 1),
    ("+(2 - 3)", -1),
    ("1 << 2", 4),
    ("7 >> 1", 3),
    ("6 & 3", 2),
    ("4 | 1", 5),
    ("6 ^ 3", 5),
    ("int(True) + True", 2),
    ("3 if 0 else 4", 4),
    ("bool(3) + bool(0)", 1),
    ("len((1, 2)) + len(k.thing)", 4),
    ("sum(n for n in range(4))", 6),
    ("sum(1 for n in range(4) for m in range(2) if n == m)", 2),
    ("min(n * n for n in range(-2, 2))", 0),
    ("max(n for n in (3, 1, 2))", 3),
]


@pytest.mark.parametrize(("text", "value"), SUMS)
def test_constants_are_computed_as_in_python(write: Writer, text: str, value: int) -> None:
    model = write.step(f"assert {text} == {value}\nk.b = {text}".replace("k.b", "k.a", value > 4))
    run_directly(model)
    holds(model)


@pytest.mark.parametrize("operator", ["//", "%"])
def test_division_and_remainder_floor_whatever_the_signs(write: Writer, operator: str) -> None:
    body = f"""
    x = choose(range(-4, 5))
    y = choose((-3, -2, -1, 1, 2, 3))
    k.b = x
    yield at("divide")
    k.b = k.b {operator} y
    """
    model = write.step(body)
    compiled = model.compile()
    for chosen, choices in successors(compiled, compiled.initial[0]):
        x, y = (int(value) for _, value in choices)
        ((divided, _),) = successors(compiled, chosen)
        direct = Direct(model, 0, compiled)
        values = {"x": x, "y": y}
        direct.step(0, lambda name, options, v=values: options.index(str(v[name])))
        direct.step(0, first)
        left: Any = direct.k
        right = x // y if operator == "//" else x % y
        assert int(compiled.describe(divided)["b"]) == left.b == right


def test_operators_agree_with_python_on_values_of_fields(write: Writer) -> None:
    body = """
    x = choose(range(8))
    y = choose(range(4))
    k.a = x
    k.thing[0].v = y
    yield at("compute")
    v = k.thing[0].v
    assert k.a + v == x + y and k.a - v == x - y and k.a * v == x * y
    assert (k.a & v) + (k.a | v) == x + y
    assert (k.a ^ v) + 2 * (k.a & v) == x + y
    assert k.a << v == x * (1 << y) and k.a >> v == x // (1 << y)
    assert min(k.a, v) + max(k.a, v) == x + y and abs(v - k.a) == max(x, y) - min(x, y)
    assert (k.a < v) + (k.a == v) + (k.a > v) == 1
    assert (k.a <= v) == (not k.a > v) and (k.a != v) == (not k.a == v)
    assert (k.a in (1, 2)) == (x == 1 or x == 2) and (k.a not in range(3)) == (x >= 3)
    assert (1 < k.a < 5) == (x in (2, 3, 4))
    """
    holds(write.step(body))
    run_directly(write.step(body))
