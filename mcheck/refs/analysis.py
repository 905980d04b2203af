"""Everything about the reference counts of a model: facts, tables, proofs."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from mcheck.lang.model import Model
from mcheck.refs.declared import Disagreement, disagreements, freezers, kinds
from mcheck.refs.equations import Unknown, Way, ways
from mcheck.refs.facts import Facts
from mcheck.refs.features import Counted, counted
from mcheck.refs.inference import Assumed, Inference, System, determined
from mcheck.refs.proof import Proof, Query
from mcheck.refs.solvers import quick
from mcheck.refs.whole import Whole, whole


@dataclass(frozen=True)
class Ledger:
    """What is known of one counted struct.

    table: the references of every holder and feature, or None where there is none; core: the
    steps that contradict each other then; settled: how many unknowns have the same value in
    every solution; assumed: what the equations take for granted; differs: where the declared
    holds say something else; queries: what was proved.
    """

    of: Counted
    inference: Inference
    table: dict[Unknown, int] | None
    settled: int
    assumed: tuple[Assumed, ...]
    differs: tuple[Disagreement, ...]
    queries: tuple[Query, ...]

    @property
    def system(self) -> System:
        """The equations."""
        return self.inference.system

    @property
    def core(self) -> list[str]:
        """The steps of a smallest contradiction, where there is no table."""
        rows = self.inference.core
        return list(dict.fromkeys(str(w.origin) for r in rows for w in self.system.rows[r]))

    @property
    def proved(self) -> bool:
        """Whether every query was proved."""
        return self.table is not None and all(q.proved for q in self.queries)


@dataclass(frozen=True)
class Analysis:
    """The reference counts of a program: a ledger for each counted struct.

    seconds: how long each part took.
    """

    name: str
    whole: Whole
    ways: list[Way]
    facts: Facts
    ledgers: tuple[Ledger, ...]
    declared: dict[str, str]
    seconds: dict[str, float]


@quick()
def analyse(model: Model[Any]) -> Analysis:
    """Infer who holds what in a model, compare it with what is declared, and prove it."""
    seconds: dict[str, float] = {}
    begin = perf_counter()

    def lap(name: str) -> None:
        nonlocal begin
        now = perf_counter()
        seconds[name] = seconds.get(name, 0.0) + now - begin
        begin = now

    found = whole(model)
    lap("lowering")
    program = found.program
    all_ways = ways(program)
    lap("terms")
    counts = counted(program)
    facts = Facts(program, counts, all_ways, found.empty)
    lap("facts")
    declared = kinds(program)
    ledgers: list[Ledger] = []
    for of in counts:
        inference = Inference(program, of, all_ways, facts, found.beginnings)
        table = inference.infer()
        lap("equations")
        settled, differs, queries = 0, list[Disagreement](), list[Query]()
        if table is not None:
            settled = len(determined([*inference.system.rows, *inference.system.base]))
            hidden = freezers(of, all_ways)
            differs = disagreements(inference.system, table, declared, hidden)
            lap("comparison")
            queries = Proof(program, of, facts, table, inference.assumed).prove(all_ways)
            lap("proof")
        ledgers.append(
            Ledger(
                of,
                inference,
                table,
                settled,
                tuple(inference.assumed),
                tuple(differs),
                tuple(queries),
            )
        )
    return Analysis(model.name, found, all_ways, facts, tuple(ledgers), declared, seconds)
