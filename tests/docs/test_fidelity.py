"""docs/fidelity.md speaks of the model as it is: every procedure, every label, in its order.

In that document a name in backticks is one of these: `procedure.label`, a step of the model;
`.label`, a step of the procedure named last; a procedure; or a name of the kernel. A file is told
from a step by its ending.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mcheck.lang import Proc, State, at, procedure
from mcheck.lang.procedures import Procedure

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "fidelity.md"
_CODE = re.compile(r"`([^`\n]+)`")
_STEP = re.compile(r"(?P<procedure>(?:[A-Za-z_]\w*)?)\.(?P<label>.+)")
_FILE = re.compile(r"[\w/.-]+\.(c|h|md|py)")


class Step(NamedTuple):
    """A step that the document speaks of."""

    procedure: str
    label: str

    def __str__(self) -> str:
        return f"{self.procedure}.{self.label}"


def labels_of(of: Procedure[Any, Any]) -> list[str]:
    """The labels of a procedure that have names, in the order of the text."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(of.function)))
    yields = [n for n in ast.walk(tree) if isinstance(n, ast.Yield)]
    yields.sort(key=lambda n: (n.lineno, n.col_offset))
    found: list[str] = []
    for node in yields:
        match node.value:
            case ast.Call(args=[ast.Constant(value=str(label))]):
                found.append(label)
            case _:
                pass
    return found


def mentioned(text: str, model: Mapping[str, Any]) -> Iterator[str | Step]:
    """What stands in backticks, in the order of the text: names, and steps of the model."""
    last = ""
    for code in _CODE.findall(text):
        step = None if _FILE.fullmatch(code) else _STEP.fullmatch(code)
        if step is None:
            name = code.removesuffix("()")
            last = name if name in model else last
            yield name
        else:
            last = step["procedure"] or last
            yield Step(last, step["label"])


def complaints(text: str, model: Mapping[str, Procedure[Any, Any]]) -> list[str]:
    """What the document leaves out, and what it tells that is not so."""
    told = list(mentioned(text, model))
    real = {name: labels_of(of) for name, of in model.items()}
    wrong = [
        f"the model has no step {step}"
        for step in told
        if isinstance(step, Step) and step.label not in real.get(step.procedure, [])
    ]
    for name, labels in real.items():
        if name not in told:
            wrong.append(f"{name} is not mentioned")
        wrong += [
            f"{Step(name, label)} is not mentioned"
            for label in labels
            if Step(name, label) not in told
        ]
    return wrong


def disordered(text: str, model: Mapping[str, Procedure[Any, Any]]) -> list[str]:
    """Procedures whose labels are first told in another order than that of the model's text."""
    told: dict[str, list[str]] = {}
    for step in mentioned(text, model):
        if isinstance(step, Step) and step.procedure in model:
            of = told.setdefault(step.procedure, [])
            if step.label not in of:
                of.append(step.label)
    return [
        f"{name}: the document has {', '.join(labels)}"
        for name, labels in told.items()
        if labels != [label for label in labels_of(model[name]) if label in labels]
    ]


def the_model() -> dict[str, Procedure[Any, Any]]:
    """The procedures of all scenarios, by name."""
    from mcheck.scenarios import SCENARIOS

    found: dict[str, Procedure[Any, Any]] = {}
    for scenario in SCENARIOS.values():
        found |= scenario.model.procedures()
    return found


def test_the_document_speaks_of_every_step_and_of_nothing_else() -> None:
    assert complaints(DOCUMENT.read_text(encoding="utf-8"), the_model()) == []


def test_the_document_tells_the_steps_in_their_order() -> None:
    assert disordered(DOCUMENT.read_text(encoding="utf-8"), the_model()) == []


class Toy(State):
    pass


@procedure
def freeze(k: Toy) -> Proc[None]:
    yield at("folio_ref_freeze")
    if True:
        yield at("slot = B")
    yield


@procedure
def thaw(k: Toy) -> Proc[None]:
    yield at("unfreeze()")


TOYS = {"freeze": freeze, "thaw": thaw}
GOOD = (
    "`folio_ref_freeze()` of `mm/toy.c` is in `freeze()`: `.folio_ref_freeze`, then `.slot = B`; "
    "the other, `thaw`, is `thaw.unfreeze()`."
)


def test_a_document_that_tells_all_is_good() -> None:
    assert complaints(GOOD, TOYS) == []
    assert disordered(GOOD, TOYS) == []


def test_a_step_that_is_left_out_is_noticed() -> None:
    assert complaints(GOOD.replace(", then `.slot = B`", ""), TOYS) == [
        "freeze.slot = B is not mentioned"
    ]


def test_a_procedure_that_is_left_out_is_noticed() -> None:
    assert complaints(GOOD.partition(";")[0], TOYS) == [
        "thaw is not mentioned",
        "thaw.unfreeze() is not mentioned",
    ]


def test_a_step_that_is_gone_is_noticed() -> None:
    assert complaints(GOOD + " `.refreeze`, `melt.unfreeze()`", TOYS) == [
        "the model has no step thaw.refreeze",
        "the model has no step melt.unfreeze()",
    ]


def test_another_order_is_noticed() -> None:
    assert disordered("`freeze.slot = B`, then `.folio_ref_freeze`", TOYS) == [
        "freeze: the document has slot = B, folio_ref_freeze"
    ]
