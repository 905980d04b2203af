"""The table of the folio edition against the explicit engine. Minutes."""

from __future__ import annotations

import pytest

from mcheck.loading.refs import edition_model
from mcheck.refs.analysis import Analysis, Ledger, analyse
from mcheck.refs.features import Feature
from mcheck.refs.whole import joined
from mcheck.scenarios import SCENARIOS
from tests.refs.states import explained, frames, reachable, says

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(edition_model("folio"))


def ledger_of(found: Analysis, name: str) -> Ledger:
    return next(ledger for ledger in found.ledgers if ledger.of.name == name)


def test_every_number_is_forced_and_declared_and_every_step_proved(found: Analysis) -> None:
    for ledger in found.ledgers:
        assert ledger.table is not None
        assert ledger.settled == len(ledger.table)
        assert not ledger.differs
        assert ledger.proved


def test_what_stands_for_references(found: Analysis) -> None:
    table = ledger_of(found, "Folio").table
    assert table is not None
    assert {u.cell for u, n in table.items() if n and isinstance(u, Feature)} == {
        "Slot.folio",
        "Cpu.fbatch",
        "Cpu.from_list",
        "Cpu.ret_list",
        "Pte.folio",
    }


def test_what_has_to_be_assumed(found: Analysis) -> None:
    assert sorted(str(a) for ledger in found.ledgers for a in ledger.assumed) == [
        "folio_migrate_mapping.folio_ref_unfreeze: "
        "Folio.refcount[-1 + folio_migrate_mapping.src] == 0",
        "folio_migrate_mapping.xas_store: "
        "Slot.folio[folio_migrate_mapping.page] == folio_migrate_mapping.src",
    ]


@pytest.mark.parametrize("name", ["file-read", "file-cached-two-migrators", "file-pin"])
def test_the_table_and_the_assumptions_hold_in_every_reachable_state(name: str) -> None:
    model = SCENARIOS[name].model
    ledger = ledger_of(analyse(joined([model], name)), "Folio")
    executable = model.compile()
    assert ledger.table is not None
    cell = executable.program.cells["Folio.refcount"]
    met = 0
    for state in reachable(executable, 100_000):
        for f in range(1, cell.count + 1):
            count = executable.number(cell, f - 1, state)
            assert count == explained(executable, ledger.of, ledger.table, state, f)
        for process, instance in executable.instances:
            places = {frame.place for frame in frames(executable, process, instance, state)}
            for assumed in ledger.assumed:
                if assumed.place in places:
                    met += 1
                    assert says(executable, assumed, process, instance, state)
    assert met, "no state is at a place where something is assumed"
