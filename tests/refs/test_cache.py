"""A toy's table, its proof, and what is said of its variants."""

from __future__ import annotations

import pytest

from mcheck.lang.model import Model
from mcheck.refs.analysis import Analysis, analyse
from mcheck.refs.equations import Holder
from mcheck.refs.features import Feature
from mcheck.refs.frames import Place
from mcheck.refs.text import report
from mcheck.refs.variant import judge
from mcheck.refs.whole import joined
from tests.refs.cache import Cache, cache, doubled, indebted, lost, tardy, unpaid
from tests.refs.states import explained, reachable


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(joined([cache], "cache"))


def test_the_table_is_found_without_the_declarations(found: Analysis) -> None:
    (ledger,) = found.ledgers
    assert ledger.table is not None
    held = {k: n for k, n in ledger.table.items() if n}
    assert held == {
        Feature("Cache.slot", "names"): 1,
        Holder(Place("reader", "use"), "reader.f"): 1,
        Holder(Place("put", "put"), "put.f"): 1,
        Holder(Place("replacer", "switch"), "replacer.new"): 1,
    }
    assert ledger.settled == len(ledger.table), "every number is forced by the equations"
    assert not ledger.assumed


def test_the_declared_holds_agree_and_every_step_is_proved(found: Analysis) -> None:
    (ledger,) = found.ledgers
    assert not ledger.differs
    assert ledger.queries
    assert ledger.proved


def test_the_table_explains_every_reachable_state(found: Analysis) -> None:
    (ledger,) = found.ledgers
    assert ledger.table is not None
    executable = cache.compile()
    cell = executable.program.cells["Folio.refcount"]
    states = reachable(executable, 5_000)
    assert len(states) > 20
    for state in states:
        for f in (1, 2):
            count = executable.number(cell, f - 1, state)
            assert count == explained(executable, ledger.of, ledger.table, state, f)


def test_a_table_that_is_wrong_by_one_is_noticed(found: Analysis) -> None:
    (ledger,) = found.ledgers
    assert ledger.table is not None
    wrong = {**ledger.table, Feature("Cache.slot", "names"): 2}
    executable = cache.compile()
    cell = executable.program.cells["Folio.refcount"]
    assert any(
        executable.number(cell, f - 1, s) != explained(executable, ledger.of, wrong, s, f)
        for s in reachable(executable, 5_000)
        for f in (1, 2)
    )


@pytest.mark.parametrize(
    ("variant", "by", "procedure"),
    [
        (lost, "equations", "forgets"),
        (unpaid, "equations", "never_gets"),
        (doubled, "equations", "put_twice"),
        (tardy, "use", "late"),
        (indebted, "use", "owing"),
    ],
    ids=["put dropped", "get dropped", "put doubled", "get late", "get late, by another name"],
)
def test_what_is_wrong_is_found_and_named(
    found: Analysis, variant: Model[Cache], by: str, procedure: str
) -> None:
    judged = judge(found, joined([variant], "cache"))
    assert judged.by == by
    assert any(name in says for says in judged.says for name in (procedure, "reader", "put"))


def test_the_unmodified_model_is_not_refuted(found: Analysis) -> None:
    assert not judge(found, joined([cache], "cache")).refuted


def test_the_report_has_the_table_and_what_was_proved(found: Analysis) -> None:
    text = report(found)
    assert "Cache.slot" in text
    assert "get unless zero" in text
    assert "the declared holds agree with the table" in text
