"""Everything about the reference counts of a model: facts, tables, proofs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from mcheck.lang.model import Model
from mcheck.refs.calls import Names
from mcheck.refs.carried import at_all, carried
from mcheck.refs.declared import Disagreement, disagreements, freezers, kinds
from mcheck.refs.equations import Unknown
from mcheck.refs.facts import Facts
from mcheck.refs.features import Counted, Feature, counted
from mcheck.refs.freeze import Comparison, comparisons
from mcheck.refs.frozen import Frozen, Table
from mcheck.refs.inference import Assumed, Inference, System, determined
from mcheck.refs.owners import Known, owners, uncounted
from mcheck.refs.proof import Proof, Query
from mcheck.refs.solvers import quick
from mcheck.refs.ways import Way, ways
from mcheck.refs.whole import Whole, whole


@dataclass(frozen=True)
class Ledger:
    """What is known of one counted struct.

    table: the references of every holder and feature, or None where there is none; core: the
    steps that contradict each other then; settled: how many unknowns have the same value in
    every solution; assumed: what is taken for granted; derived: what the equations take for
    granted, but was proved from the rest; differs: where the declared holds say something else;
    queries: what was proved; comparisons: of the count with what is expected of it; holding: what
    is assumed or was derived, at every place at which it holds; owned: whether every step keeps
    the ledger of who owns a count of 0.
    """

    of: Counted
    inference: Inference
    table: dict[Unknown, int] | None
    settled: int
    assumed: tuple[Assumed, ...]
    derived: tuple[Assumed, ...]
    differs: tuple[Disagreement, ...]
    queries: tuple[Query, ...]
    comparisons: tuple[Comparison, ...] = ()
    holding: tuple[Assumed, ...] = ()
    owned: bool = False

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
        """Whether every query was proved, every freeze is exact, and nothing owes but processes.

        The proof takes it that what all fields stand for is never less than nothing.
        """
        if self.table is None or any(
            n < 0 for u, n in self.table.items() if isinstance(u, Feature)
        ):
            return False
        exact = all(c.exact for c in self.comparisons if c.freezes)
        return exact and all(q.proved for q in self.queries)


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
def analyse(model: Model[Any], trusted: Collection[tuple[str, str]] = ()) -> Analysis:
    """Infer who holds what in a model, compare it with what is declared, and prove it.

    trusted: steps that get a reference without having one, with the local by which they do: of
    these it may be assumed that the count is not 0 then.
    """
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
    facts = Facts(found, counts, all_ways)
    lap("facts")
    declared = kinds(program)
    ledgers: list[Ledger] = []
    for plain in counts:
        inference = Inference(program, plain, all_ways, facts, found.beginnings)
        table = inference.infer()
        of = inference.of
        lap("equations")
        if table is None:
            ledgers.append(Ledger(of, inference, None, 0, (), (), (), ()))
            continue
        settled = len(determined([*inference.system.rows, *inference.system.base]))
        hidden = freezers(of, all_ways)
        differs = disagreements(inference.system, table, declared, hidden)
        lap("comparison")
        proved = Proving(found, of, all_ways, facts, inference, table).prove(trusted)
        lap("proof")
        more = tuple(proved.assumed), tuple(proved.derived), tuple(differs), tuple(proved.queries)
        known = tuple(proved.comparisons), tuple(proved.holding)
        ledgers.append(Ledger(of, inference, table, settled, *more, *known, proved.owned))
    return Analysis(model.name, found, all_ways, facts, tuple(ledgers), declared, seconds)


@dataclass
class Proving:
    """Proves a table, and of what the equations took for granted as much as can be."""

    found: Whole
    of: Counted
    ways: list[Way]
    facts: Facts
    inference: Inference
    table: Mapping[Unknown, int]
    assumed: list[Assumed] = field(default_factory=list[Assumed])
    derived: list[Assumed] = field(default_factory=list[Assumed])
    queries: list[Query] = field(default_factory=list[Query])
    comparisons: list[Comparison] = field(default_factory=list[Comparison])
    holding: list[Assumed] = field(default_factory=list[Assumed])
    owned: bool = False

    def prove(self, trusted: Collection[tuple[str, str]]) -> Proving:
        """Ask everything: the ledger, the way of what is assumed, and that frozen counts stay 0."""
        key = self.of.cell.key
        assumptions = [carried(self.facts, a) for a in self.inference.assumed]
        everywhere = self.holding = at_all(assumptions)
        program = self.found.program
        proof = Proof(program, self.of, self.facts, self.table, everywhere)
        self.queries = [*proof.prove(self.ways), *(q for c in assumptions for q in c.queries)]
        self.assumed = [c.assumed for c in assumptions if key not in c.assumed.fact.cells]
        if any(n < 0 for n in self.table.values()):
            wanted = [c.assumed for c in assumptions if key in c.assumed.fact.cells]
            self._stay_frozen(self._known(everywhere, trusted), wanted)
        else:
            self.owned = all(q.proved for q in Frozen(self._known(everywhere)).prove(self.ways, ()))
        return self

    def _known(
        self, everywhere: Sequence[Assumed], trusted: Collection[tuple[str, str]] = ()
    ) -> Table:
        program, system = self.found.program, self.inference.system
        names = Names(program, self.of, self.ways)
        what = uncounted(program, self.of)
        owned = owners(program, self.of, what, system, self.facts, names, self.table, Known())
        return Table(program, self.of, self.facts, names, self.table, owned, everywhere, trusted)

    def _stay_frozen(self, table: Table, wanted: Sequence[Assumed]) -> None:
        frozen = Frozen(table)
        asked = frozen.prove(self.ways, wanted)
        self.owned = all(q.proved for q in asked)
        good = frozen.begins(self.found.beginnings) and self.owned
        self.queries += asked
        self.assumed += frozen.needed.values() if good else wanted
        self.derived += wanted if good else []
        self.comparisons = comparisons(table, self.ways)
