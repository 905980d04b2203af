"""choose(): one transition for each element of a domain, at the head of a step."""

from __future__ import annotations

import pytest

from mcheck.lang.direct import Direct
from tests.lang.texts import Writer, explored, fails, holds

DOMAINS = [
    ("k.thing", ["A", "B"]),
    ("k.of", ["0", "0"]),
    ("range(k.size + 1)", ["0", "1", "2"]),
    ("range(-1, 2)", ["-1", "0", "1"]),
    ("(1, 5)", ["1", "5"]),
    ("(1, 1 << 62)", ["1", "4611686018427387904"]),  # nothing is made for the numbers between
    ("(k.size, 5)", ["2", "5"]),
    ("(True, False)", ["1", "0"]),
    ("(-1, 1)", ["-1", "1"]),
    ("Colour", ["RED", "GREEN", "BLUE"]),
    ("(Colour.RED, Colour.BLUE)", ["RED", "BLUE"]),
    ("k.flags", ["0", "0", "0"]),
    ("(t for t in k.thing)", ["A", "B"]),
    ("(t for t in k.thing if t is not k.sure)", ["B"]),
    ("(t for t in k.thing if t.v == 0 if t.next is null)", ["A", "B"]),
    ("(c for c in Colour if c is not k.colour)", ["GREEN", "BLUE"]),
    ("(n for n in range(4) if n > k.a + 1)", ["2", "3"]),
]


@pytest.mark.parametrize(("domain", "values"), DOMAINS)
def test_a_domain_gives_a_transition_for_each_element(
    write: Writer, domain: str, values: list[str]
) -> None:
    model = write.step(f"x = choose({domain})\nk.flag = True\nyield at('z')\ny = x")
    compiled = model.compile()
    (actor,) = compiled.actors
    traced: list[tuple[int, tuple[tuple[str, str], ...]]] = []
    at = compiled.initial[0] >> actor.pc_shift & actor.pc_mask
    actor.traced[at](compiled.initial[0], traced, [])
    assert [choices for _, choices in traced] == [(("x", v),) for v in values]
    seen: list[list[str]] = []

    def pick(name: str, options: list[str]) -> int:
        seen.append([name, *options])
        return 0

    assert Direct(model).step(0, pick).choices == (("x", values[0]),)
    assert seen == [["x", *values]]


def test_choices_are_transitions_even_where_they_lead_to_one_state(write: Writer) -> None:
    result = holds(write.step("x = choose(range(3))\nk.flag = True"))
    assert (result.states, result.transitions) == (2, 3)


def test_a_later_choice_sees_the_earlier_one(write: Writer) -> None:
    body = """
    x = choose(k.thing)
    y = choose(t for t in k.thing if t is not x)
    z = choose(n for n in range(3) if n > x.v)
    x.v = z
    y.v = 3
    """
    result = holds(write.step(body))
    assert (result.states, result.transitions) == (5, 4)


def test_a_choice_sees_what_the_step_waits_for(write: Writer) -> None:
    body = """
    yield at("wait", until=lambda: k.a == 0)
    x = choose(n for n in range(4) if n > k.a)
    k.a = x
    """
    assert holds(write.step(body)).transitions == 4


def test_an_empty_domain_is_an_error_of_the_model(write: Writer) -> None:
    failed = fails(write.step("x = choose(t for t in k.thing if t.v == 3)\nx.v = 1"), "choose")
    assert failed.messages == ("nothing to choose for x", "the domain of choose() is empty")


@pytest.mark.parametrize("domain", ["range(0)", "range(k.size - 2)", "()"])
def test_a_domain_that_has_no_elements_at_all_is_an_error_of_the_model(
    write: Writer, domain: str
) -> None:
    fails(write.step(f"x = choose({domain})\nk.a = 1"), "choose")


def test_until_excludes_an_empty_domain(write: Writer) -> None:
    body = """
    yield at("wait", until=lambda: any(t.v == 3 for t in k.thing), rest=True)
    x = choose(t for t in k.thing if t.v == 3)
    x.v = 1
    """
    result = explored(write.step(body).configure(unreached=["p.wait"]))
    assert (result.verdict.value, result.states) == ("HOLDS", 2)


def test_only_one_of_two_choices_may_be_empty(write: Writer) -> None:
    body = """
    x = choose(range(3))
    y = choose(n for n in range(3) if n > x)
    k.a = y
    """
    failed = fails(write.step(body), "choose")
    assert failed.lowered.choices == failed.direct.choices == (("x", "2"),)


@pytest.mark.parametrize(
    ("body", "problem", "instead"),
    [
        (
            "k.a = 1\nx = choose(k.thing)  # here",
            "choose() stands in the middle of a step",
            "a yield right before it: what a step chooses, it chooses at its head",
        ),
        (
            "if k.flag:\n    x = choose(k.thing)  # here\n    x.v = 1",
            "choose() stands in the wrong place",
            'yield at("label"), and right after it x = choose(domain)',
        ),
        ("choose(k.thing)  # here", "what choose() picks is assigned to one local", "x = choose("),
        ("k.ref = choose(k.thing)  # here", "what choose() picks is assigned to one local", "x ="),
        ("x, y = choose(k.thing)  # here", "what choose() picks is assigned to one local", "x ="),
        ("x = choose()  # here", "what choose() picks is assigned to one local", "x = choose("),
        ("k.a = 1 + choose(range(2))  # here", "choose() stands in the wrong place", "yield at("),
        ("x = choose(3)  # here", "this is nothing to run over", "an Array, a Map, a range or"),
        ("x = choose([1, 2])  # here", "a list is not part of the language", "an Array declared"),
        (
            "x = choose(t.next for t in k.thing)  # here",
            "choose() filters a domain, and no more",
            "choose(x for x in domain if condition)",
        ),
        (
            "x = choose(t for t in k.thing for u in k.thing)  # here",
            "choose() filters a domain, and no more",
            "choose(x for x in domain if condition)",
        ),
        ("x = choose((k.a, 2))  # here", "a tuple of values that are not constants", "locals of"),
        ("x = choose((1, null))  # here", "this is a", ""),
    ],
)
def test_a_choice_in_another_form_is_refused(
    write: Writer, body: str, problem: str, instead: str
) -> None:
    message = write.refused_step(body)
    assert problem in message
    assert f"instead: {instead}" in message or not instead


def test_a_helper_cannot_choose(write: Writer) -> None:
    rest = """
    def pick(k: S) -> Thing:
        x = choose(k.thing)
        return x
    """
    assert "choose() stands in the middle of a step" in write.refused_step("x = pick(k)", rest)
