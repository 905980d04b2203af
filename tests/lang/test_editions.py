"""Editions: a replacement reaches every caller, in direct execution as in the lowered form."""

from __future__ import annotations

import pytest

from mcheck.lang import ModelError
from tests.lang.texts import TOY, Writer, explored, holds, left_by, run_directly, violates

LAYERS = (
    TOY
    + """
@procedure
def inner(k: S, n: int) -> Proc[None]:
    yield at("inner")
    k.a = n

@procedure
def middle(k: S, n: int) -> Proc[None]:
    yield from inner(k, n)

@procedure
def outer(k: S) -> Proc[None]:
    yield at("go")
    yield from middle(k, 3)

@procedure
def mine(k: S, n: int) -> Proc[None]:
    yield at("first")
    k.flag = True
    yield at("second")
    k.a = n + 1

@procedure
def aside(k: S, n: int) -> Proc[None]:
    yield from other(k, n)

@procedure
def other(k: S, n: int) -> Proc[None]:
    yield at("other")
    k.b = n

@procedure
def wrong(k: S) -> Proc[None]:
    yield at("wrong")

@procedure
def renamed(k: S, m: int) -> Proc[None]:
    yield at("renamed")

def plain(k: S, n: int) -> None:
    k.a = n

@procedure
def around(k: S, n: int) -> Proc[None]:
    yield at("around")
    yield from inner(k, n)

@always
def three_at_most(k: S) -> bool:
    return k.a <= 3

m = Model("m", S, [run(outer)], [three_at_most])
"""
)


def test_a_replacement_reaches_a_caller_two_levels_up(write: Writer) -> None:
    text = write(LAYERS)
    model = text.model()
    assert holds(model).labels == {"outer.go": 1, "inner.inner": 1}
    assert left_by(model).a == 3

    twin = model.replace(inner=text.module.mine)
    result = violates(twin, "three_at_most")
    assert result.trace is not None
    labels = [e.label for e in result.trace.events]
    assert labels == ["go", "first", "second"]
    direct = run_directly(twin)
    assert (left_by(twin).a, left_by(twin).flag) == (4, True)
    assert direct.state() == result.trace.events[-1].state


def test_the_model_itself_is_not_changed(write: Writer) -> None:
    text = write(LAYERS)
    model = text.model()
    twin = model.replace(inner=text.module.mine)
    assert explored(twin).property == "three_at_most"
    holds(model)
    assert left_by(model).a == 3
    assert (model.variant, twin.edition) == (None, None)
    assert twin.variant is not None and "inner" in twin.variant


def test_a_replacement_brings_procedures_of_its_own(write: Writer) -> None:
    text = write(LAYERS)
    twin = text.model().replace(middle=text.module.aside)
    assert holds(twin).labels == {"outer.go": 1, "other.other": 1}
    assert left_by(twin).b == 3
    assert sorted(twin.procedures()) == ["middle", "other", "outer"]


def test_a_process_itself_may_be_replaced(write: Writer) -> None:
    text = write(LAYERS)
    twin = text.model().replace(outer=text.module.wrong)
    assert holds(twin).labels == {"outer.wrong": 1}
    assert run_directly(twin).label(0) == "outer.done"


def test_several_replacements_add_up(write: Writer) -> None:
    text = write(LAYERS)
    twin = text.model().replace(middle=text.module.aside).replace(other=text.module.mine)
    assert violates(twin, "three_at_most").property == "three_at_most"
    assert left_by(twin).a == 4


def test_what_replaces_a_procedure_may_not_call_it_itself(write: Writer) -> None:
    text = write(LAYERS)
    with pytest.raises(ModelError, match="inner calls itself, directly or not"):
        text.model().replace(inner=text.module.around).compile()


def test_an_unknown_name_is_refused(write: Writer) -> None:
    text = write(LAYERS)
    with pytest.raises(ModelError) as caught:
        text.model().replace(iner=text.module.mine)
    message = "no procedure of m is called iner (did you mean inner?); it has inner, middle, outer"
    assert str(caught.value) == message
    with pytest.raises(ModelError, match=r"no procedure of m is called other \(did you mean outer"):
        text.model().replace(other=text.module.mine)


@pytest.mark.parametrize("name", ["wrong", "renamed"])
def test_another_signature_is_refused(write: Writer, name: str) -> None:
    text = write(LAYERS)
    with pytest.raises(ModelError) as caught:
        text.model().replace(inner=getattr(text.module, name))
    message = str(caught.value)
    assert message.startswith(f"{text.path}:")
    assert "cannot replace inner(k" in message
    assert message.endswith("the signatures differ")


def test_a_plain_function_is_refused(write: Writer) -> None:
    text = write(LAYERS)
    with pytest.raises(ModelError, match="the replacement of inner is no procedure; @procedure"):
        text.model().replace(inner=text.module.plain)


def test_a_replacement_may_come_from_another_file(write: Writer) -> None:
    text = write(LAYERS)
    other = write(
        """
        @procedure
        def twice(k: State, n: int) -> Proc[None]:
            yield at("twice")
            k.a = n
            k.a = 2 * n
        """
    )
    twin = text.model().replace(inner=other.module.twice)
    violates(twin, "three_at_most")
    assert left_by(twin).a == 6


def test_helpers_are_resolved_where_they_are_written(write: Writer) -> None:
    text = write(LAYERS.replace("k.a = n + 1", "helper(k, n)") + "def helper(k, n):\n    k.b = n\n")
    twin = text.model().replace(inner=text.module.mine)
    holds(twin)
    assert left_by(twin).b == 3
