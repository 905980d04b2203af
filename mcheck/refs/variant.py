"""A variant of a model against the table of the unmodified one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcheck.lang.build import build
from mcheck.lang.errors import ModelError
from mcheck.lang.model import Model
from mcheck.refs.analysis import Analysis, Ledger
from mcheck.refs.culprit import Culprit, culprit
from mcheck.refs.declared import disagreements, freezers, kinds
from mcheck.refs.equations import Way, ways
from mcheck.refs.features import counted
from mcheck.refs.inference import Inference
from mcheck.refs.use import unprotected


@dataclass(frozen=True)
class Judgement:
    """What is wrong with a variant.

    by: "equations" (they contradict each other), "declared" (there is a table, and it is not
    what the source declares), "use" (something is used without the hold that the unmodified
    model has there), "language" (its own rules on holds refuse the text), or "" where nothing is
    found; says: in words; culprit: of equations that contradict each other; procedures: in whose
    text the fault may be.
    """

    by: str
    says: tuple[str, ...] = ()
    culprit: Culprit | None = None
    procedures: frozenset[str] = frozenset()

    @property
    def refuted(self) -> bool:
        """Whether something is wrong."""
        return bool(self.by)


def judge(unmodified: Analysis, variant: Model[Any]) -> Judgement:
    """Compare a variant with the unmodified model, whose facts and features are taken over.

    The processes that the variant has not are those of the unmodified model.
    """
    try:
        cells = unmodified.whole.program.cells.values()
        written = frozenset(c.key for c in cells if c.constant is None)
        program = build(variant, judged=False, written=written)
    except ModelError as error:
        return Judgement("language", (str(error),))
    mine = {process.name for process in program.processes}
    all_ways = ways(program) + [w for w in unmodified.ways if w.process.name not in mine]
    holds = {**unmodified.declared, **kinds(program)}
    uses: list[str] = []
    declared: list[Judgement] = []
    for of, ledger in zip(counted(program), unmodified.ledgers, strict=True):
        inference = _inference(unmodified, ledger, program, of, all_ways)
        table = inference.infer(learn=False)
        assert ledger.table is not None
        if table is None:
            found = culprit(inference.system, inference.core, ledger.table)
            blamed = {
                place
                for d in found.departures
                for place in (
                    d.way.origin.procedure,
                    *(frame.place.procedure for frame in (*d.way.before, *d.way.after)),
                )
            }
            blamed |= {
                frame.place.procedure
                for row in inference.core
                for way in inference.system.rows[row]
                if str(way.origin) in found.repairs
                for frame in (*way.before, *way.after)
            }
            says = (*(str(d) for d in found.departures), *(f"or: {r}" for r in found.repairs))
            return Judgement("equations", says, found, frozenset(blamed))
        hidden = freezers(of, all_ways)
        differs = disagreements(inference.system, table, holds, hidden)
        if differs:
            places = frozenset(d.holder.place.procedure for d in differs)
            declared.append(Judgement("declared", tuple(map(str, differs)), None, places))
        uses += unprotected(of, all_ways, table, unmodified, ledger)
    if declared:
        return declared[0]
    if uses:
        return Judgement("use", tuple(uses), None, frozenset(u.split(".")[0] for u in uses))
    return Judgement("")


def _inference(
    unmodified: Analysis, ledger: Ledger, program: Any, of: Any, all_ways: list[Way]
) -> Inference:
    before = ledger.inference
    inference = Inference(
        program, of, all_ways, unmodified.facts, before.beginnings, assumed=before.assumed
    )
    inference.features, inference.cache = before.features, before.cache
    return inference
