"""Properties: of states, of steps, and of what must be reachable; and who offends them."""

from __future__ import annotations

import pytest

from mcheck.lang import ModelError
from tests.lang.texts import TOY, Writer, explored, holds, stepping, violates

BODY = "t = choose(k.thing)\nt.v = 2\nyield at('more')\nt.v = 3\nk.a = 5"


def claimed(claim: str, body: str = BODY, names: str = "claim") -> str:
    """A model with one property."""
    return TOY + stepping(body) + claim + f"\nm = Model('m', S, [run(p)], [{names}])\n"


ALWAYS = [
    ("k.a == 0 or any(t.v == 3 for t in k.thing)", None),
    ("k.a == 0", ()),
    ("not any(t.v == 3 for t in k.thing)", ()),
    ("[]", None),
    ("[t for t in k.thing if t.v == 3]", ("A",)),
    ("[t for t in k.thing if t.v == 4]", None),
    ("[t.v for t in k.thing if t.v > 2]", ("3",)),
    ("[n for n in range(8) if n == k.a and n > 0]", ("5",)),
    ("[t for t in k.thing for u in k.thing if t.v + u.v == 6 if t is u]", ("A",)),
    ("[c for c in Colour if k.a == 5]", ("RED", "GREEN", "BLUE")),
    ("[k.ref for t in k.thing if t.v == 3]", ("null",)),
]


@pytest.mark.parametrize(("returned", "offenders"), ALWAYS)
def test_a_property_of_states(
    write: Writer, returned: str, offenders: tuple[str, ...] | None
) -> None:
    kind = "list[object]" if returned[0] == "[" else "bool"
    claim = f"@always\ndef claim(k: S) -> {kind}:\n    return {returned}\n"
    model = write.model(claimed(claim))
    if offenders is None:
        holds(model)
        return
    result = violates(model, "claim")
    assert result.offenders == offenders
    assert result.trace is not None and result.trace.depth == 2


def test_a_property_that_states_before_every_step_are_asked_too(write: Writer) -> None:
    claim = "@always\ndef claim(k: S) -> bool:\n    return k.thing[0].v > 0\n"
    result = violates(write.model(claimed(claim)), "claim")
    assert result.trace is not None and result.trace.depth == 0


def test_a_property_of_steps_compares_two_states(write: Writer) -> None:
    claim = "@step\ndef grows(before: S, after: S) -> bool:\n    return before.a <= after.a\n"
    holds(write.model(claimed(claim, names="grows")))
    shrinks = BODY + "\nyield at('down')\nk.a = 4"
    result = violates(write.model(claimed(claim, shrinks, "grows")), "grows")
    assert result.trace is not None and result.trace.events[-1].label == "down"


def test_a_property_of_steps_may_follow_an_element(write: Writer) -> None:
    claim = """
@step
def grows(before: S, after: S) -> list[int]:
    return [i for i in range(k_size(before)) if before.thing[i].v > after.thing[i].v]

def k_size(k: S) -> int:
    return k.size
"""
    holds(write.model(claimed(claim, names="grows")))
    result = violates(
        write.model(claimed(claim, BODY + "\nyield at('d')\nt.v = 1", "grows")), "grows"
    )
    assert result.offenders in (("0",), ("1",))


def test_states_before_and_after_are_told_apart(write: Writer) -> None:
    claim = "@step\ndef s(before: S, after: S) -> bool:\n    return before.sure is after.sure\n"
    with pytest.raises(ModelError, match="`is` between the states before and after"):
        write.model(claimed(claim, names="s")).compile()
    equal = claim.replace(" is ", " == ")
    holds(write.model(claimed(equal, names="s")))


def test_a_cover_has_to_be_reached(write: Writer) -> None:
    claim = "@cover\ndef claim(k: S) -> bool:\n    return k.a == {}\n"
    holds(write.model(claimed(claim.format(5))))
    result = violates(write.model(claimed(claim.format(6))), "cover claim")
    assert (result.uncovered, result.trace) == (("claim",), None)


def test_the_first_property_in_order_is_reported(write: Writer) -> None:
    claims = (
        "@always\ndef one(k: S) -> bool:\n    return k.a == 0\n"
        "@always\ndef two(k: S) -> bool:\n    return not any(t.v == 3 for t in k.thing)\n"
    )
    violates(write.model(claimed(claims, names="one, two")), "one")
    violates(write.model(claimed(claims, names="two, one")), "two")


def test_a_property_may_have_statements_and_helpers(write: Writer) -> None:
    claim = """
def total(k: S) -> int:
    found = 0
    for t in k.thing:
        found += t.v
    return found

@always
def claim(k: S) -> bool:
    n = total(k)
    if n > 2:
        return k.a == 5
    return k.a == 0
"""
    holds(write.model(claimed(claim)))
    violates(write.model(claimed(claim.replace("k.a == 5", "k.a == 4"))), "claim")


@pytest.mark.parametrize("returned", ["k.ref.v == 0", "1 // k.a == 0", "k.thing[k.a - 1].v == 0"])
def test_a_property_that_fails_itself_is_an_error_of_the_model(
    write: Writer, returned: str
) -> None:
    claim = f"@always\ndef claim(k: S) -> bool:\n    return {returned}\n"
    result = explored(write.model(claimed(claim)))
    assert (result.verdict.value, result.property) == ("ERROR", "claim")
    assert "the property claim fails: " in result.why
    assert ".py:" in result.why


def test_offenders_that_cannot_be_named_are_an_error_of_the_model(write: Writer) -> None:
    returned = "[k.ref.v for t in k.thing if t.v == 3]"
    claim = f"@always\ndef claim(k: S) -> list[int]:\n    return {returned}\n"
    compiled = write.model(claimed(claim)).compile()
    state = compiled.initial[0] | (1 << compiled.bits) - 1
    with pytest.raises(ModelError, match="claim"):
        compiled.properties[0].offenders(state, state)


REFUSED = [
    (
        "@always\ndef claim(k: S, other: S) -> bool:\n    return True\n",
        "the always property claim takes one state, not 2 parameters",
    ),
    (
        "@step\ndef claim(k: S) -> bool:\n    return True\n",
        "the step property claim takes the states before and after, not 1 parameters",
    ),
    (
        "@always\ndef claim(k: S) -> None:\n    pass\n",
        "claim returns nothing; return a flag, or a list of what offends",
    ),
    (
        "@cover\n@always\ndef claim(k: S) -> bool:\n    return True\n",
        "claim is both @always and @cover",
    ),
    ("def claim(k: S) -> bool:\n    return True\n", "claim is no property; mark it @always, @step"),
    (
        "@always\ndef claim(k: S) -> bool:\n    k.a = 1\n    return True\n",
        "a property changes nothing",
    ),
    (
        "@always\ndef claim(k: S) -> bool:\n    k.lock.acquire()\n    return True\n",
        "a property changes nothing",
    ),
    (
        "@always\ndef claim(k: S) -> bool:\n    yield at('x')\n",
        "claim yields but is no procedure",
    ),
    ("@always\ndef claim(k: S) -> bool:\n    x = choose(k.thing)\n    return True\n", "choose()"),
    ("@always\ndef claim(k: S) -> bool:\n    return k.zz == 1\n", "S has no zz"),
]


@pytest.mark.parametrize(("claim", "problem"), REFUSED)
def test_a_property_that_is_none_is_refused(write: Writer, claim: str, problem: str) -> None:
    message = write.refusal(claimed(claim))
    assert problem in message
    assert str(write.path) in message


def test_what_a_property_says_of_itself_is_kept(write: Writer) -> None:
    claim = '@always\ndef claim(k: S) -> bool:\n    """Says so."""\n    return True\n'
    (held,) = write.model(claimed(claim)).compile().properties
    assert (held.kind, held.name, held.doc) == ("always", "claim", "Says so.")
