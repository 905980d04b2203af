"""A variant of a model against the table of the unmodified one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mcheck.lang.errors import ModelError
from mcheck.lang.model import Model
from mcheck.lang.program import Process, Program
from mcheck.refs.analysis import Analysis, Ledger, Proving
from mcheck.refs.carried import at_all, carried
from mcheck.refs.culprit import Culprit, culprit
from mcheck.refs.declared import Disagreement, disagreements, freezers, kinds
from mcheck.refs.equations import Holder, Unknown
from mcheck.refs.examined import judged_by
from mcheck.refs.facts import Facts
from mcheck.refs.features import Counted, Feature, counted
from mcheck.refs.frames import names
from mcheck.refs.frozen import Table
from mcheck.refs.inference import Assumed, Inference
from mcheck.refs.owners import Known
from mcheck.refs.proof import Proof, Query
from mcheck.refs.relied import Flow
from mcheck.refs.repair import Lines
from mcheck.refs.solvers import quick
from mcheck.refs.thawed import only_frozen, thawed
from mcheck.refs.use import Uses
from mcheck.refs.used import UNLESS_ZERO, Use, unheld
from mcheck.refs.ways import Way, ways
from mcheck.refs.whole import Whole, lowered

EQUATIONS, USE, QUERY, FREEZE = "equations", "use", "query", "freeze"
DECLARED, LANGUAGE = "declared", "language"


@dataclass(frozen=True)
class Debt:
    """A local that owes references, though its process has frozen nothing; or a field that does.

    The proof takes it that what other processes hold, and fields stand for, is never less than
    nothing.
    """

    holder: Unknown
    owes: int

    def __str__(self) -> str:
        what = self.holder if isinstance(self.holder, Holder) else self.holder.cell
        return f"{what} owes {self.owes}: a reference is used before it is got"


@dataclass(frozen=True)
class Judgement:
    """What is wrong with a variant.

    by: "equations" (they contradict each other), "use" (something is used without what keeps it
    in the unmodified model), "query" (there is a table, but a step need not keep it), "freeze"
    (a count is not compared or frozen as it was), "declared" (there is a table, and it is not what
    the source declares), "language" (its own rules on holds refuse the text), or "" if nothing is
    found; says: in words; culprit: of equations that contradict each other; uses, queries, debts,
    differs: what else was found; rests: if nothing is wrong, the unproved uses and assumptions
    whose reasons were given for steps that the variant has changed.
    """

    by: str
    says: tuple[str, ...] = ()
    culprit: Culprit | None = None
    uses: tuple[Use, ...] = ()
    queries: tuple[Query, ...] = ()
    debts: tuple[Debt, ...] = ()
    differs: tuple[Disagreement, ...] = ()
    program: Program | None = field(default=None, repr=False)
    rests: tuple[Use | Assumed, ...] = ()

    @property
    def refuted(self) -> bool:
        """Whether something is wrong."""
        return bool(self.by)

    def names(self, file: str, line: int) -> bool:
        """Whether a line of the source is among those at which this could be mended."""
        if self.culprit is not None:
            return self.culprit.names(file, line)
        if self.program is None:
            return False
        lines = Lines(self.program)
        procedures = {use.step.split(".")[0] for use in self.uses}
        holders = [d.holder for d in (*self.debts, *self.differs)]
        procedures |= {h.place.procedure for h in holders if isinstance(h, Holder)}
        procedures |= {procedure for query in self.queries for procedure in query.via[:1]}
        return any(lines.covers(p, file, line) for p in procedures) or any(
            stretch.has(file, line) for q in self.queries for stretch in lines.stretches(q.way)
        )


@dataclass
class Judge:
    """Compares variants with an unmodified model, whose features and assumptions are taken over."""

    unmodified: Analysis
    trusted: Collection[tuple[str, str]] = ()
    known: Known = field(default_factory=Known)
    """The equations of owners, which go by what locks tell: only where that is as it was."""
    before: dict[str, list[Use]] = field(default_factory=dict[str, list[Use]])
    """The uses without a hold of the unmodified model, once they are known."""
    locked: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Its last puts by who may have locked what is freed, likewise."""

    @quick()
    def judge(self, variant: Model[Any]) -> Judgement:
        """What is wrong with a variant.

        The processes that the variant has not are those of the unmodified model.
        """
        unmodified = self.unmodified
        try:
            cells = unmodified.whole.program.cells.values()
            written = frozenset(c.key for c in cells if c.constant is None)
            program = lowered(variant, written)
        except ModelError as error:
            return Judgement(LANGUAGE, (str(error),))
        mine = {process.name for process in program.processes}
        own = ways(program)
        all_ways = own + [w for w in unmodified.ways if w.process.name not in mine]
        known = {way.key for way in unmodified.ways}
        fresh = [way for way in own if way.key not in known]
        facts = self._facts(program, own, all_ways)
        of_table = {ledger.of.name: ledger for ledger in unmodified.ledgers}
        tables: list[tuple[Counted, Ledger, Inference]] = []
        for plain in counted(program):
            ledger = of_table[plain.name]
            if ledger.table is None:
                continue
            of = replace(plain, splits=ledger.of.splits)
            inference = _inference(ledger, program, of, all_ways, facts)
            if inference.infer(learn=False) is None:
                found = culprit(inference, ledger.table)
                says = (*map(str, found.repairs), *(f"departs: {d}" for d in found.departures))
                return Judgement(EQUATIONS, says, found, program=program)
            tables.append((of, ledger, inference))
        return self._with_tables(program, tables, fresh, all_ways, facts)

    def _with_tables(
        self,
        program: Program,
        tables: Sequence[tuple[Counted, Ledger, Inference]],
        fresh: list[Way],
        all_ways: list[Way],
        facts: Facts,
    ) -> Judgement:
        """What is wrong with a variant that has a table."""
        uses: list[Use] = []
        queries: list[Query] = []
        debts: list[Debt] = []
        differs: list[Disagreement] = []
        holds = {**self.unmodified.declared, **kinds(program)}
        thawing: list[str] = []
        for of, ledger, inference in tables:
            table, old = inference.table, ledger.table
            assert table is not None and old is not None
            about = [*fresh, *_moved(all_ways, fresh, table, old)]
            system = inference.system
            known_rows = self.known if facts is self.unmodified.facts else Known()
            judged = Uses(program, of, all_ways, facts, system, table, known_rows)
            loose = [use for use in judged.of_ways(about) if not use.kept]
            before = self._before(ledger)
            uses += [use for use in loose if not any(use.within(old) for old in before)]
            proof = Proof(program, of, facts, table, inference.assumed)
            queries += [q for q in proof.prove(about) if not q.proved]
            hidden = freezers(of, all_ways)
            debts += _debts(table, old, hidden)
            if not (uses or queries or debts):
                assumed = at_all([carried(facts, a) for a in inference.assumed])
                queries += self._last_puts(judged, ledger, assumed)
                more = judged.names, table, judged.owned, assumed, self.trusted
                only = only_frozen(old, self.unmodified.ways)
                known = Table(program, of, facts, *more)
                thawing += thawed(ledger.comparisons, only, known, all_ways)
            differs += disagreements(system, table, holds, hidden)
        unproved: list[str] = []
        if not (uses or queries or debts or thawing):
            unproved = list(self._unproved(program, tables, all_ways, facts))
        for by, found in (
            (USE, uses),
            (QUERY, [*queries, *debts]),
            (FREEZE, thawing),
            (QUERY, unproved),
            (DECLARED, differs),
        ):
            if found:
                says = [str(u.first) for u in unheld(uses)] if by == USE else map(str, found)
                more = tuple(uses), tuple(queries), tuple(debts), tuple(differs)
                return Judgement(by, tuple(says), None, *more, program=program)
        return Judgement("", rests=tuple(self._rests(program, all_ways, facts)))

    def _rests(
        self, program: Program, all_ways: list[Way], facts: Facts
    ) -> Iterator[Use | Assumed]:
        """What the unmodified model has a reason for, that was given for what is changed now."""
        before = self.unmodified.whole.program.procedures
        changed = {
            name for name, text in program.procedures.items() if before.get(name) is not text
        }
        for ledger in self.unmodified.ledgers:
            table = ledger.table or {}
            counting = [u for u, n in table.items() if isinstance(u, Feature) and n]
            flow = Flow(program, [*self.unmodified.ways, *all_ways], counting)
            for use in self._before(ledger):
                mine = {use.step.split(".")[0]} | flow.procedures(use.kind, use.found)
                if mine & changed and use.by != UNLESS_ZERO:
                    yield use
            for assumed in ledger.assumed:
                kinds_ = {k.strip("{}") for k, place in facts.at if place == assumed.place}
                by = names(assumed.fact.term)
                mine = set[str]().union(*(flow.procedures(kind, by) for kind in kinds_))
                if (mine | {assumed.place.procedure}) & changed:
                    yield assumed

    def _last_puts(
        self, judged: Uses, ledger: Ledger, assumed: Sequence[Assumed]
    ) -> Iterator[Query]:
        """The last puts by who may have locked what is freed, which he has not before."""
        unmodified = self._unlocked(ledger)
        for query in judged.book(assumed).unlocked(judged.ways):
            if not query.proved and str(query) not in unmodified:
                yield query

    def _unlocked(self, ledger: Ledger) -> set[str]:
        name = ledger.of.name
        if name not in self.locked:
            book = judged_by(self.unmodified, ledger).book(ledger.holding)
            asked = book.unlocked(self.unmodified.ways)
            self.locked[name] = {str(query) for query in asked if not query.proved}
        return self.locked[name]

    def _before(self, ledger: Ledger) -> list[Use]:
        name = ledger.of.name
        if name not in self.before:
            uses = judged_by(self.unmodified, ledger).all()
            self.before[name] = [use for use in uses if not use.kept]
        return self.before[name]

    def _facts(self, program: Program, own: list[Way], all_ways: list[Way]) -> Facts:
        """What is known in a variant: anew, unless it has the same ways, each as often."""
        facts = self.unmodified.facts
        mine = {process.name for process in program.processes}
        before = [way for way in self.unmodified.ways if way.process.name in mine]
        if Counter(way.key for way in own) == Counter(way.key for way in before):
            return facts
        return Facts(self._joint(program), counted(program), all_ways)

    def _joint(self, program: Program) -> Whole:
        """The variant's program, with the processes that it has not."""
        whole = self.unmodified.whole
        mine = {process.name for process in program.processes}
        every = [*program.processes, *(p for p in whole.program.processes if p.name not in mine)]
        return replace(whole, program=replace(program, processes=every))

    def _unproved(
        self,
        program: Program,
        tables: Iterable[tuple[Counted, Ledger, Inference]],
        all_ways: list[Way],
        facts: Facts,
    ) -> Iterator[str]:
        """What is proved of the unmodified model, and is not of the variant."""
        found = self._joint(program)
        for of, ledger, inference in tables:
            assert inference.table is not None
            proving = Proving(found, of, all_ways, facts, inference, inference.table)
            proved = proving.prove(self.trusted)
            known = {str(q) for q in (*ledger.queries, *ledger.comparisons)}
            known |= {str(a) for a in ledger.assumed}
            wrong = [str(q) for q in proved.queries if not q.proved]
            wrong += [str(c) for c in proved.comparisons if not c.exact]
            yield from (each for each in wrong if each not in known)
            more = [str(a) for a in proved.assumed if str(a) not in known]
            yield from (f"would have to be assumed: {a}" for a in more)


def judge(
    unmodified: Analysis, variant: Model[Any], trusted: Collection[tuple[str, str]] = ()
) -> Judgement:
    """Compare one variant with the unmodified model; trusted: as that was analysed with."""
    return Judge(unmodified, trusted).judge(variant)


def _debts(
    table: Mapping[Unknown, int], old: Mapping[Unknown, int], freezing: Collection[str]
) -> Iterator[Debt]:
    """The places at which a process has less than nothing, and has frozen nothing."""
    for unknown, n in table.items():
        frozen = isinstance(unknown, Holder) and unknown.variable in freezing
        if n < 0 and not frozen and old.get(unknown, 0) >= 0:
            yield Debt(unknown, -n)


def _moved(
    all_ways: Iterable[Way], fresh: list[Way], table: dict[Unknown, int], old: dict[Unknown, int]
) -> Iterator[Way]:
    """The ways, besides fresh ones, at which a process or its callers have something else."""
    places = {
        unknown.place
        for unknown in (*table, *old)
        if isinstance(unknown, Holder) and table.get(unknown, 0) != old.get(unknown, 0)
    }
    places |= {frame.place for way in fresh for frame in (*way.before, *way.after)}
    called = {place.point.partition("():")[0] for place in places if place.call}
    seen = {id(way) for way in fresh}
    within: dict[str, set[str]] = {}
    for way in all_ways:
        if id(way) in seen or not way.before:
            continue
        name = way.process.name
        if name not in within:
            within[name] = _within(way.process, called)
        here = any(frame.place in places for frame in (*way.before, *way.after))
        if here or way.before[-1].place.procedure in within[name]:
            yield way


def _within(process: Process, called: set[str]) -> set[str]:
    """Some procedures, and all that a process calls from them."""
    found = set(called)
    changed = True
    while changed:
        inner = {
            procedure
            for procedure, sites in process.callers.items()
            if procedure not in found and any(site.caller in found for site in sites)
        }
        found |= inner
        changed = bool(inner)
    return found


def _inference(
    ledger: Ledger, program: Program, of: Counted, all_ways: list[Way], facts: Facts
) -> Inference:
    before = ledger.inference
    # Facts that are found anew are others, even if they say the same.
    there = {f.number: f for some in (*facts.dropped.values(), *facts.at.values()) for f in some}
    assumed = [Assumed(a.place, there.get(a.fact.number, a.fact)) for a in before.assumed]
    inference = Inference(program, of, all_ways, facts, before.beginnings, assumed=assumed)
    inference.features = before.features
    if facts is before.facts:
        inference.cache = before.cache
    return inference
