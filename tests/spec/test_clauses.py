"""The clause table is whole, and what it points at exists in the model."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mcheck.impl.editions import DEFAULT_EDITION, EDITIONS
from mcheck.lang import Model, at
from mcheck.lang.procedures import Procedure
from mcheck.lang.source import function_of
from mcheck.scenarios import SCENARIOS
from mcheck.spec.clauses import BINDING, CLAUSES, HEADERS, REASONS, Clause, Kind, rows
from mcheck.spec.clauses.table import by_id

NUMBERS = {
    "s001": {
        *(f"intro.{n}" for n in range(1, 27)),
        *(f"A.{n}" for n in range(1, 4)),
        "B",
        *(f"B.{n}" for n in range(1, 17)),
        "B.19",
        "B.20",
    },
    "s004": {
        *(f"intro.{n}" for n in range(1, 28)),
        *(f"use.{n}" for n in range(1, 4)),
        "steps",
        *(str(n) for n in range(1, 19)),
        *(f"non-lru.{n}" for n in range(1, 6)),
        *(f"monitoring.{n}" for n in range(1, 4)),
        "PGMIGRATE_SUCCESS",
        "PGMIGRATE_FAIL",
        "THP_MIGRATION_SUCCESS",
        "THP_MIGRATION_FAIL",
        "THP_MIGRATION_SPLIT",
    },
}
"""What the documents number: their steps as they do, other sentences by their place."""

NOT_MODELLED = {
    "s001": {f"intro.{n}" for n in (5, 6, 7, 10, 21, 22, 23)},
    "s004": {
        *(f"intro.{n}" for n in (6, 7, 8, 11, 22, 23, 24)),
        *(f"non-lru.{n}" for n in (3, 4, 5)),
        "PGMIGRATE_SUCCESS",
        "PGMIGRATE_FAIL",
        "THP_MIGRATION_SUCCESS",
        "THP_MIGRATION_FAIL",
        "THP_MIGRATION_SPLIT",
        "monitoring.2",
    },
}
"""The obligations that the model does not have yet: system calls, cpusets, drivers, counters."""

JUDGED = frozenset({"deadlock", "hang"})
"""What is judged in every model without being stated as a property."""


@dataclass(frozen=True)
class Modelled:
    """What a model has for clauses to point at.

    steps: procedures, and "procedure.label"; properties: by name; said: for each procedure the
    clauses that it says it realises, as it writes them.
    """

    steps: frozenset[str]
    properties: frozenset[str]
    said: Mapping[str, str]


def of_the_default_edition() -> list[Model[Any]]:
    return [s.model for s in SCENARIOS.values() if s.edition == DEFAULT_EDITION]


def labels_of(procedure: Procedure[Any, Any]) -> set[str]:
    """The labels in a procedure's text."""
    return {
        node.args[0].value
        for node in ast.walk(function_of(procedure.function).tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == at.__name__
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


@pytest.fixture(scope="module")
def kernel() -> Modelled:
    """All that the scenarios of the default edition have."""
    steps: set[str] = set()
    properties: set[str] = set(JUDGED)
    said: dict[str, str] = {}
    for model in of_the_default_edition():
        for name, procedure in model.procedures().items():
            steps |= {name, *(f"{name}.{label}" for label in labels_of(procedure))}
            said[name] = procedure.clause
        properties |= {claim.name for claim in model.claims}
    return Modelled(frozenset(steps), frozenset(properties), said)


# ---- the checks: each returns what is wrong, a line a fault


def point_at_nothing(table: Iterable[Clause]) -> list[str]:
    """Obligations with neither step nor property, nor a reason why there is none yet."""
    return [
        f"{c.id} points at nothing"
        for c in table
        if c.kind in BINDING and not (c.steps or c.properties or c.unmodelled)
    ]


def unmodelled_wrongly(table: Iterable[Clause], expected: Mapping[str, Iterable[str]]) -> list[str]:
    """Rows that say they are not modelled, but are, or are not among those known to be so."""
    known = {f"{seed}/{number}" for seed, numbers in expected.items() for number in numbers}
    found = [c for c in table if c.unmodelled]
    both = [f"{c.id} is unmodelled, but points at something" for c in found if _points(c)]
    more = sorted({c.number for c in found} - known)
    less = sorted(known - {c.number for c in found})
    return [
        *both,
        *(f"{number} is not expected to be unmodelled" for number in more),
        *(f"{number} is modelled, but listed as if it were not" for number in less),
    ]


def named_in_vain(table: Iterable[Clause], model: Modelled) -> list[str]:
    """Names of procedures, labels and properties that the model does not have."""
    wrong: list[str] = []
    for c in table:
        wrong += [f"{c.id}: no step {name}" for name in c.steps if name not in model.steps]
        wrong += [
            f"{c.id}: no property {name}" for name in c.properties if name not in model.properties
        ]
    return wrong


def said_in_vain(table: Iterable[Clause], model: Modelled) -> list[str]:
    """Clauses that a procedure says it realises, but whose rows do not name it, or do not exist."""
    clauses = list(table)
    wrong: list[str] = []
    for procedure, said in model.said.items():
        for name in names_in(said):
            meant = [c for c in clauses if c.answers_to(name)]
            if not meant:
                wrong.append(f"{procedure}: no clause {name}")
            elif not any(_realised_by(c, procedure) for c in meant):
                wrong.append(f"{procedure}: says {name}, whose row does not name it")
    return wrong


def left_unsaid(table: Iterable[Clause], model: Modelled) -> list[str]:
    """Rows that name a procedure which says what it realises, but leaves that row out."""
    wrong: list[str] = []
    for c in table:
        for procedure in sorted({name.partition(".")[0] for name in c.steps}):
            names = names_in(model.said.get(procedure, ""))
            seeds = {name.partition("/")[0] for name in names}
            if c.seed in seeds and not any(c.answers_to(name) for name in names):
                wrong.append(f"{c.id} names {procedure}, which does not say so")
    return wrong


def malformed(table: Iterable[Clause]) -> list[str]:
    """Rows that lack what their kind needs, or have what it has no use for."""
    wrong: list[str] = []
    for c in table:
        if not c.text.strip():
            wrong.append(f"{c.id} has no text")
        if c.kind is Kind.NO_CODE and not (c.edition and c.evidence):
            wrong.append(f"{c.id}: no code, but in which edition, and what shows it?")
        if c.kind is not Kind.NO_CODE and (c.edition or c.evidence):
            wrong.append(f"{c.id} has evidence, but is no NO_CODE")
        if (c.kind is Kind.INTENT) != (c.reason in REASONS):
            wrong.append(f"{c.id}: a reason belongs to an INTENT, and is one of {sorted(REASONS)}")
        if c.kind not in BINDING and (_points(c) or c.unmodelled):
            wrong.append(f"{c.id} obliges nobody, but points at something")
    return wrong


def misnumbered(table: Iterable[Clause], numbers: Mapping[str, Iterable[str]]) -> list[str]:
    """Numbers of the documents without a row, and rows without a number of a document."""
    have = {c.number for c in table}
    want = {f"{seed}/{number}" for seed, of_seed in numbers.items() for number in of_seed}
    return [
        *(f"{number} has no row" for number in sorted(want - have)),
        *(f"{number} stands in no document" for number in sorted(have - want)),
    ]


def names_in(said: str) -> list[str]:
    """The ids in what a procedure writes as its clauses: "s004/5, s004/6"."""
    return [name.strip() for name in said.split(",") if name.strip()]


def _points(c: Clause) -> bool:
    return bool(c.steps or c.properties)


def _realised_by(c: Clause, procedure: str) -> bool:
    return any(name.partition(".")[0] == procedure for name in c.steps)


# ---- the table


def no_fault(found: list[str]) -> None:
    """The test fails with a line a fault."""
    assert not found, "\n".join(found)


def test_every_obligation_points_at_something() -> None:
    no_fault(point_at_nothing(CLAUSES.values()))


def test_what_is_not_modelled_is_known() -> None:
    no_fault(unmodelled_wrongly(CLAUSES.values(), NOT_MODELLED))


def test_every_step_and_property_exists(kernel: Modelled) -> None:
    no_fault(named_in_vain(CLAUSES.values(), kernel))


@pytest.mark.slow
def test_every_label_is_lowered_in_some_scenario() -> None:
    wanted = {name for c in CLAUSES.values() for name in c.steps if "." in name}
    for model in of_the_default_edition():
        if wanted:
            processes = model.lower().processes
            wanted -= {f"{step.procedure}.{step.label}" for p in processes for step in p.steps}
    no_fault(sorted(wanted))


def test_procedures_and_rows_agree(kernel: Modelled) -> None:
    clauses = CLAUSES.values()
    no_fault([*said_in_vain(clauses, kernel), *left_unsaid(clauses, kernel)])
    assert any(kernel.said.values()), "no procedure says which clause it realises"


def test_every_row_has_what_its_kind_needs() -> None:
    no_fault(malformed(CLAUSES.values()))


def test_what_has_no_code_lacks_it_in_an_edition_that_exists() -> None:
    assert {c.edition for c in CLAUSES.values() if c.kind is Kind.NO_CODE} <= set(EDITIONS)


def test_every_number_of_the_documents_has_a_row() -> None:
    no_fault(misnumbered(CLAUSES.values(), NUMBERS))


def test_the_table_is_kept_by_id() -> None:
    assert {id: c.id for id, c in CLAUSES.items()} == {id: id for id in CLAUSES}


def test_rows_have_a_text_for_every_column() -> None:
    table = rows(CLAUSES.values())
    assert [row[0] for row in table] == list(CLAUSES)
    assert {len(row) for row in table} == {len(HEADERS)}
    notes = {row[0]: row[-1] for row in table}
    assert notes["s004/7"].startswith("no code in folio: ")
    assert notes["s004/18.a"].startswith("Linux 6.1: ")
    assert notes["s004/non-lru.3"].startswith("not modelled: ")
    assert notes["s004/intro.5"] == "motivation"


# ---- the twins: a table with one fault in it, and the line that tells it

RIGHT = (
    Clause("s009/1", Kind.STEP, "Lock it.", steps=("move.lock",), properties=("safe",)),
    Clause("s009/2.a", Kind.PROMISE, "Nobody else has it.", properties=("safe",)),
    Clause("s009/2.b", Kind.CONTRACT, "The caller has it.", steps=("isolate",)),
    Clause("s009/3", Kind.DRIVER_RULE, "Do not touch it.", unmodelled="no drivers"),
    Clause("s009/4", Kind.INTENT, "It is faster.", reason="motivation"),
    Clause("s009/5", Kind.NO_CODE, "Look twice.", edition="new", evidence="f() looks once"),
)
MODEL = Modelled(
    frozenset({"move", "move.lock", "isolate"}),
    frozenset({"safe"}),
    {"move": "s009/1", "isolate": "s009/2", "helper": ""},
)
SEED = {"s009": {"1", "2", "3", "4", "5"}}
ABSENT = {"s009": {"3"}}


def faults(table: Iterable[Clause], model: Modelled = MODEL) -> list[str]:
    """What all the checks say of a small table."""
    clauses = list(table)
    return [
        *point_at_nothing(clauses),
        *unmodelled_wrongly(clauses, ABSENT),
        *named_in_vain(clauses, model),
        *said_in_vain(clauses, model),
        *left_unsaid(clauses, model),
        *malformed(clauses),
        *misnumbered(clauses, SEED),
    ]


def changed(row: str, **fields: object) -> list[Clause]:
    """The right table with one row changed."""
    return [replace(c, **fields) if c.id == row else c for c in RIGHT]  # pyright: ignore[reportArgumentType]


def test_a_right_table_has_no_fault() -> None:
    assert faults(RIGHT) == []


FAULTS: list[tuple[Iterable[Clause], str]] = [
    (changed("s009/2.a", properties=()), "s009/2.a points at nothing"),
    (changed("s009/3", steps=("move",)), "s009/3 is unmodelled, but points at something"),
    (
        changed("s009/2.a", properties=(), unmodelled="later"),
        "s009/2 is not expected to be unmodelled",
    ),
    (
        changed("s009/3", steps=("move",), unmodelled=""),
        "s009/3 is modelled, but listed as if it were not",
    ),
    (changed("s009/1", steps=("move.look",)), "s009/1: no step move.look"),
    (changed("s009/2.a", properties=("sane",)), "s009/2.a: no property sane"),
    (changed("s009/2.b", steps=("move",)), "isolate: says s009/2, whose row does not name it"),
    (changed("s009/2.b", steps=("move",)), "s009/2.b names move, which does not say so"),
    (changed("s009/1", text=" "), "s009/1 has no text"),
    (
        changed("s009/5", evidence=""),
        "s009/5: no code, but in which edition, and what shows it?",
    ),
    (changed("s009/1", edition="new"), "s009/1 has evidence, but is no NO_CODE"),
    (
        changed("s009/4", reason="whim"),
        "s009/4: a reason belongs to an INTENT, and is one of ['motivation', 'pointer', 'scope']",
    ),
    (changed("s009/4", steps=("move",)), "s009/4 obliges nobody, but points at something"),
    (RIGHT[:-1], "s009/5 has no row"),
    (changed("s009/5", id="s009/6"), "s009/6 stands in no document"),
]


@pytest.mark.parametrize(("table", "told"), FAULTS)
def test_a_fault_in_the_table_is_told(table: Iterable[Clause], told: str) -> None:
    assert told in faults(table)


def test_a_procedure_that_says_what_no_document_does_is_told() -> None:
    wrong = replace(MODEL, said={**MODEL.said, "move": "s009/1, s009/9"})
    assert faults(RIGHT, wrong) == ["move: no clause s009/9"]


def test_two_rows_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="two clauses are called s009/1"):
        by_id([*RIGHT, RIGHT[0]])


@pytest.mark.parametrize("seed", NUMBERS)
def test_a_row_that_is_taken_out_is_missed(seed: str) -> None:
    rest = {number: c for number, c in CLAUSES.items() if c.seed != seed}
    assert len(misnumbered(rest.values(), NUMBERS)) == len(NUMBERS[seed])
