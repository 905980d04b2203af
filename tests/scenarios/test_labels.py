"""Each procedure of the kernel, and each label of it, runs in a scenario that is searched.

Nothing is searched for that: the check of a scenario fails if a label of it never runs that the
scenario neither rules out nor excuses.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, replace

import mcheck.impl
from mcheck.explorer.moves import is_done
from mcheck.lang.procedures import Procedure
from mcheck.scenarios import SCENARIOS, Scenario, Size

NOWHERE = {
    "filemap_fault.replaced": "whoever has found a folio keeps it in the cache: nothing truncates",
    "generic_perform_write.replaced": "the same as filemap_fault.replaced",
    "wp_page_shared.pte_unmap_unlock(changed)": "two CPUs store to the same page of a file at once",
}
"""Labels that no scenario runs that is searched to its end, and what it would take to run them."""


@dataclass(frozen=True)
class Labels:
    """Of a compiled scenario: all labels of what it runs, and those that a search must run."""

    known: frozenset[str]
    run: frozenset[str]


def labels_of(scenario: Scenario) -> Labels:
    """The labels that are neither ruled out nor excused do run: else the check of it fails."""
    program = scenario.model.compile()
    there = frozenset(
        label.qualified
        for actor in program.actors
        for index, label in enumerate(actor.labels)
        if not is_done(actor, index)
    )
    return Labels(there | program.cut, there - program.unreached - program.cut)


def never_run(of: Mapping[str, Labels], excused: Mapping[str, str]) -> list[str]:
    """Labels that no scenario runs and nobody excuses; excuses that are not needed."""
    known = frozenset[str]().union(*(labels.known for labels in of.values()))
    ran = frozenset[str]().union(*(labels.run for labels in of.values()))
    return [
        *(f"{label}: no scenario runs it" for label in sorted(known - ran - excused.keys())),
        *(f"{label}: excused, and runs" for label in sorted(excused.keys() & ran)),
        *(f"{label}: excused, and no label" for label in sorted(excused.keys() - known)),
    ]


def procedures_of_the_kernel() -> set[str]:
    """The names of all procedures of mcheck.impl."""
    modules = [
        importlib.import_module(f"{mcheck.impl.__name__}.{module.name}")
        for module in pkgutil.iter_modules(mcheck.impl.__path__)
    ]
    return {
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Procedure)
    }


def unused(catalogue: Mapping[str, Scenario], procedures: set[str]) -> set[str]:
    """Procedures that no scenario can call."""
    return procedures - {name for s in catalogue.values() for name in s.model.procedures()}


def test_each_procedure_of_the_kernel_is_in_a_scenario() -> None:
    assert unused(SCENARIOS, procedures_of_the_kernel()) == set()


def test_each_label_runs_in_a_scenario() -> None:
    searched = {n: labels_of(s) for n, s in SCENARIOS.items() if s.size is not Size.DEEP}
    assert never_run(searched, NOWHERE) == []


def test_a_procedure_that_nobody_calls_is_noticed() -> None:
    assert unused({"anon-fault": SCENARIOS["anon-fault"]}, {"user", "read"}) == {"read"}
    assert "filemap_read" in procedures_of_the_kernel()


FILE_READ = SCENARIOS["file-read"]


def test_a_label_that_a_scenario_excuses_does_not_run_there() -> None:
    plain = labels_of(FILE_READ)
    excused = labels_of(replace(FILE_READ, model=FILE_READ.model.configure(unreached=["read.*"])))
    assert plain.known == excused.known
    assert plain.run - excused.run == {"read.read()", "read.return"}


def test_a_label_that_a_scenario_rules_out_is_known_and_does_not_run() -> None:
    of = labels_of(FILE_READ)
    assert "try_to_migrate.vma_interval_tree_foreach" in of.known - of.run


def test_labels_that_run_nowhere_and_excuses_that_are_stale_are_noticed() -> None:
    known = frozenset({"p.a", "p.b", "p.c"})
    of = {
        "one": Labels(known, frozenset({"p.a"})),
        "two": Labels(known, frozenset({"p.a", "p.b"})),
    }
    assert never_run(of, {"p.c": "why"}) == []
    assert never_run(of, {}) == ["p.c: no scenario runs it"]
    assert never_run(of, {"p.b": "why", "p.c": "why", "p.d": "why"}) == [
        "p.b: excused, and runs",
        "p.d: excused, and no label",
    ]
