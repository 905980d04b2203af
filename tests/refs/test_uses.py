"""Uses that are easily overlooked, each in a toy that has it and in a twin that has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mcheck.lang import (
    Held,
    Model,
    Proc,
    at,
    hold,
    null,
    procedure,
    release,
    run,
)
from mcheck.lang.procedures import Procedure
from mcheck.refs.analysis import analyse
from mcheck.refs.examined import examine
from mcheck.refs.used import unheld
from mcheck.refs.whole import joined
from tests.refs.shelf import Folio, Shelf, keeper, there


@procedure
def getter(k: Shelf, me: int) -> Proc[None]:
    """Gets a reference and uses the folio while it has it."""
    while True:
        yield at("get", until=lambda: k.slot is not null, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("use")
        f.dirty = True
        yield at("put")
        f.refcount -= 1
        release(f)


@procedure
def reads_after_a_store(k: Shelf, me: int) -> Proc[None]:
    """The same, but what the hint names is read in the step that has stored to its own."""
    while True:
        yield at("get", until=lambda: k.slot is not null and k.hint is not null, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        hint = k.hint
        yield at("use", atomic="both")
        f.dirty = True
        k.was = hint.dirty
        yield at("put")
        f.refcount -= 1
        release(f)


@procedure
def by_number(k: Shelf, me: int) -> Proc[None]:
    """The second folio is looked at because it is the second."""
    while True:
        yield at("look", rest=True)
        k.was = k.folio[1].dirty


@procedure
def by_number_with_a_reference(k: Shelf, me: int) -> Proc[None]:
    """The same, if the reference that it has gotten is to the second."""
    while True:
        yield at("get", until=lambda: k.slot is k.folio[1], atomic="lock")
        f: Held[Folio] = hold(k.folio[1])
        f.refcount += 1
        yield at("use")
        k.was = k.folio[1].dirty
        yield at("put")
        f.refcount -= 1
        release(f)


def second(k: Shelf) -> None:
    k.folio[1].refcount = 1
    k.slot = k.folio[1]


def shelf(procedure: Procedure[Any, Any], init: Callable[[Shelf], None] = there) -> Model[Shelf]:
    running = [run(procedure, each=2), run(getter, each=2), run(keeper, each=1)]
    return Model("shelf", Shelf, running[procedure is getter :], init=init)


def loose(model: Model[Shelf]) -> set[tuple[str, str]]:
    """The uses that nothing keeps."""
    found = analyse(joined([model], model.name))
    (ledger,) = found.ledgers
    return {(use.first.step, use.first.name) for use in unheld(examine(found).uses[ledger.of.name])}


def test_with_a_reference_nothing_is_loose_but_the_get_by_the_slot() -> None:
    assert not {use for use in loose(shelf(getter)) if not use[0].endswith(".get")}


def test_a_read_after_a_store_in_the_same_step_is_a_use() -> None:
    assert ("reads_after_a_store.use", "hint") in loose(shelf(reads_after_a_store))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (shelf(by_number), {("by_number.look", "Folio by its number")}),
        (shelf(by_number_with_a_reference, init=second), set[tuple[str, str]]()),
    ],
)
def test_what_is_called_by_its_number_is_used(
    model: Model[Shelf], expected: set[tuple[str, str]]
) -> None:
    found = loose(model)
    assert {use for use in found if not use[0].endswith(".get")} == expected
