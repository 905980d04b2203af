"""Labels that a scenario says need not run: by name, or all of a procedure."""

from __future__ import annotations

import pytest

from mcheck.explorer import Verdict
from mcheck.lang import ModelError, Proc, at, procedure
from tests.lang.texts import TOY, Writer, explored, holds, violates

TEXT = (
    TOY
    + """
@procedure
def fault(k: S) -> Proc[None]:
    yield at("look up")
    if k.flag:
        yield at("map")
        k.a = 1
        yield at("unlock")
        k.a = 2

@procedure
def fault_again(k: S) -> Proc[None]:
    yield at("look up")
    k.a = 3

@procedure
def flush(k: S) -> Proc[None]:
    yield at("send")
    k.b = 1

@procedure
def p(k: S) -> Proc[None]:
    yield at("go")
    if k.flag:
        yield from fault(k)
    if k.size > 2:
        yield from flush(k)
    yield from fault_again(k)

m = Model("m", S, [run(p)])
"""
)
FAULT = ("fault.look up", "fault.map", "fault.unlock")


def test_a_star_stands_for_all_labels_of_a_procedure(write: Writer) -> None:
    model = write(TEXT).model()
    said = violates(model, "unreached fault.look up")
    assert said.unreached == FAULT
    named = model.configure(unreached=["fault.*"])
    assert holds(named).unreached == FAULT
    assert named.compile().unreached == set(FAULT)
    assert holds(model.configure(unreached=["fault.*", "fault.map"])).unreached == FAULT


def test_of_a_procedure_no_label_may_run(write: Writer) -> None:
    result = explored(write(TEXT).model().configure(unreached=["fault.*", "fault_again.*"]))
    assert result.verdict is Verdict.ERROR
    assert result.why == (
        "fault_again.look up may stay unreached, but does run: take the allowance away"
    )


def test_of_a_procedure_that_is_cut_no_label_runs(write: Writer) -> None:
    model = write(TEXT).model()
    named = model.configure(unreached=["fault.*", "flush.*"])
    assert named.compile().cut == {"flush.send"}
    assert named.compile().unreached == set(FAULT)
    holds(named)
    wrong = explored(named.configure(size=3))
    assert wrong.why == "flush.send may stay unreached, but does run: take the allowance away"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fualt.*", " (did you mean fault.* or fault_again.*?)"),
        ("fault.locate", " (did you mean fault.unlock or fault.map or fault.look up?)"),
        ("look up", " (did you mean fault.look up or fault_again.look up?)"),
        ("*", ""),
        ("fault*", " (did you mean fault.map?)"),
        ("nothing.*", ""),
    ],
)
def test_a_name_that_stands_for_no_label_is_an_error(write: Writer, name: str, meant: str) -> None:
    model = write(TEXT).model().configure(unreached=["fault.*", name])
    result = explored(model)
    assert result.verdict is Verdict.ERROR
    expected = f'"{name}" may stay unreached, but there is no such label{meant}'
    assert result.why == expected


@procedure
def no_fault(k: object) -> Proc[None]:
    yield at("only this")


def test_what_a_scenario_says_of_labels_binds_no_variant_of_it(write: Writer) -> None:
    """Its procedures are others: the labels may not be there, or may run."""
    model = write(TEXT).model()
    named = model.configure(unreached=["fault.*", "fault_again.nothing"])
    assert explored(named).verdict is Verdict.ERROR
    changed = named.replace(fault=no_fault)
    assert changed.compile().unreached == {"fault.only this"}
    holds(changed)


def test_constants_stay_what_they_are(write: Writer) -> None:
    with pytest.raises(ModelError, match="S has no constant unreach"):
        write(TEXT).model().configure(unreach=1)
