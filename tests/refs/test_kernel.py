"""The table of the folio edition against the explicit engine. Minutes."""

from __future__ import annotations

import pytest

from mcheck.loading.refs import edition_model
from mcheck.refs.analysis import Analysis, Ledger, analyse
from mcheck.refs.features import Feature
from mcheck.refs.whole import joined
from mcheck.scenarios import SCENARIOS
from mcheck.spec.unheld import UNHELD
from tests.refs.states import explained, frames, reachable, says

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(edition_model("folio"), UNHELD)


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
        "disk.folio_get: Folio.refcount[-1 + disk.folio] >= 1",
        "folio_migrate_mapping.folio_ref_freeze: "
        "Slot.folio[folio_migrate_mapping.page] == folio_migrate_mapping.src",
    ]
    assert [str(a) for ledger in found.ledgers for a in ledger.derived] == [
        "folio_migrate_mapping.folio_ref_unfreeze: "
        "Folio.refcount[-1 + folio_migrate_mapping.src] == 0",
    ]


def test_what_is_expected_of_a_count_is_exact(found: Analysis) -> None:
    told = {str(c.way.origin): c for c in ledger_of(found, "Folio").comparisons}
    assert {step: (str(c.expected), c.freezes) for step, c in told.items()} == {
        "can_reuse.folio_ref_count == 1": ("1", False),
        "folio_migrate_mapping.folio_ref_freeze": ("2", True),
        "folio_migrate_unslotted.folio_ref_count": ("1", False),
        "unmap_and_move.page_count": ("1", False),
    }
    assert all(c.exact for c in told.values())


def test_what_may_land_after_a_comparison(found: Analysis) -> None:
    told = {str(c.way.origin): c for c in ledger_of(found, "Folio").comparisons}
    assert not told["folio_migrate_mapping.folio_ref_freeze"].landing
    landing = told["folio_migrate_unslotted.folio_ref_count"].landing
    assert {land.step: land.through for land in landing} == {
        "disk.folio_get": ("Slot.bio",),
        "gup_pte_range.folio_ref_try_add_rcu": ("Pte.folio",),
        "isolate_migratepages_block.get_page_unless_zero": ("its number",),
        "mapping_get_entry.folio_try_get_rcu": ("Slot.folio",),
    }


@pytest.mark.parametrize("name", ["file-read", "file-cached-two-migrators", "file-pin"])
def test_the_table_and_the_assumptions_hold_in_every_reachable_state(name: str) -> None:
    model = SCENARIOS[name].model
    ledger = ledger_of(analyse(joined([model], name), UNHELD), "Folio")
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
            for assumed in (*ledger.assumed, *ledger.derived):
                if assumed.place in places:
                    met += 1
                    assert says(executable, assumed, process, instance, state)
    assert met, "no state is at a place where something is assumed"


@pytest.mark.parametrize("cell", ["Slot.folio", "Cpu.from_list"])
def test_a_field_that_is_not_counted_on_is_noticed(cell: str) -> None:
    model = SCENARIOS["file-read"].model
    ledger = ledger_of(analyse(joined([model], "file-read")), "Folio")
    assert ledger.table is not None
    wrong = {
        u: 0 if isinstance(u, Feature) and u.cell == cell else n for u, n in ledger.table.items()
    }
    executable = model.compile()
    count = executable.program.cells["Folio.refcount"]
    assert any(
        executable.number(count, f - 1, state) != explained(executable, ledger.of, wrong, state, f)
        for state in reachable(executable, 100_000)
        for f in range(1, count.count + 1)
    )
