"""Frozen counts: that they stay 0, that what is expected is exact, and what may come after."""

from __future__ import annotations

import pytest

from mcheck.lang.model import Model
from mcheck.refs.analysis import Ledger, analyse
from mcheck.refs.equations import Holder
from mcheck.refs.frames import Place
from mcheck.refs.freeze import Comparison, told
from mcheck.refs.frozen import EXPLAINED, OWNED, ZERO
from mcheck.refs.whole import joined
from tests.refs.frozen import Cache, comparing, frozen, plain_get, too_few, too_many
from tests.refs.states import explained, reachable


def ledger_of(model: Model[Cache]) -> Ledger:
    (ledger,) = analyse(joined([model], model.name)).ledgers
    return ledger


@pytest.fixture(scope="module")
def found() -> Ledger:
    return ledger_of(frozen)


def refuted(ledger: Ledger) -> set[tuple[str, str]]:
    return {(str(q.way.origin), q.asked) for q in ledger.queries if not q.proved}


def comparison(ledger: Ledger, step: str) -> Comparison:
    (one,) = [c for c in ledger.comparisons if str(c.way.origin) == step]
    return one


def test_what_is_hidden_is_a_debt_of_the_freezer(found: Ledger) -> None:
    assert found.table is not None
    assert found.table[Holder(Place("freezer", "thaw"), "freezer.f")] == -1


def test_that_the_count_is_still_0_is_proved_and_not_assumed(found: Ledger) -> None:
    assert not refuted(found)
    assert [str(a.place) for a in found.derived] == ["freezer.thaw"]
    assert not found.assumed
    assert {EXPLAINED, OWNED, ZERO} <= {q.asked for q in found.queries}


def test_a_get_without_a_reference_and_without_a_look_is_refuted() -> None:
    ledger = ledger_of(plain_get)
    assert refuted(ledger) == {("reader.get", OWNED)}
    assert [str(a.place) for a in ledger.assumed] == ["freezer.thaw"]
    assert not ledger.derived
    assert not ledger.proved


def test_a_get_that_is_trusted_is_named_as_an_assumption() -> None:
    model = joined([plain_get], "trusted")
    (ledger,) = analyse(model, {("reader.get", "found")}).ledgers
    assert not refuted(ledger)
    assert [str(a) for a in ledger.assumed] == [
        "reader.get: Folio.refcount[-1 + reader.found] >= 1"
    ]


def test_a_freeze_of_what_is_expected_is_exact(found: Ledger) -> None:
    freeze = comparison(found, "freezer.freeze")
    assert freeze.freezes
    assert freeze.exact
    assert not freeze.landing


def test_a_freeze_that_expects_one_too_many_is_not_exact() -> None:
    ledger = ledger_of(too_many)
    assert not comparison(ledger, "freezer.freeze").exact
    assert ("freezer.thaw", EXPLAINED) in refuted(ledger)
    assert not ledger.proved


def test_a_comparison_with_its_own_reference_is_exact_and_readers_may_come_after() -> None:
    compare = comparison(ledger_of(comparing), "compares.compare")
    assert compare.exact
    assert not compare.freezes
    assert [(land.step, land.through) for land in compare.landing] == [
        ("reader.get", ("Cache.slot",))
    ]


def test_a_comparison_that_forgets_its_own_reference_is_not_exact() -> None:
    ledger = ledger_of(too_few)
    assert not comparison(ledger, "expects_less.compare").exact
    assert "NOT EXACT" in "\n".join(told(ledger.comparisons))


def test_the_table_explains_every_reachable_state(found: Ledger) -> None:
    assert found.table is not None
    executable = frozen.compile()
    cell = executable.program.cells["Folio.refcount"]
    states = reachable(executable, 100_000)
    assert any(executable.number(cell, 0, state) == 0 for state in states)
    for state in states:
        for f in (1, 2):
            count = executable.number(cell, f - 1, state)
            assert count == explained(executable, found.of, found.table, state, f)
