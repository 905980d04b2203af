"""Uses of a counted element: what is there at the step that keeps it from being freed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import z3

from mcheck.refs.equations import Holder, Unknown, Way
from mcheck.refs.features import Counted

if TYPE_CHECKING:
    from mcheck.refs.analysis import Analysis, Ledger

Use = tuple[str, str, str]
"""A kind of process, a step, and the local by which it reads or writes the element."""


def uses(of: Counted, way: Way) -> Iterator[str]:
    """The locals by which a way stores to an element of a counted struct."""
    for frame in way.before:
        for id_ in frame.live:
            variable = way.process.variables[id_]
            if variable.type.kind != "ref" or variable.type.of is not of.struct:
                continue
            index = z3.simplify(z3.Int(id_) - 1)
            if any(key.startswith(f"{of.name}.") and at.eq(index) for key, at in way.path.stores):
                yield id_


def held(of: Counted, ways: Sequence[Way], table: Mapping[Unknown, int]) -> dict[Use, bool]:
    """For each use, whether a local of the same frames that names the element has a reference."""
    found: dict[Use, bool] = {}
    for way in ways:
        if way.step is None:
            continue
        for id_ in uses(of, way):
            use = way.process.name, str(way.origin), id_
            good = any(
                table.get(Holder(frame.place, other), 0) > 0 and _same(way, id_, other)
                for frame in way.before
                for other in frame.live
            )
            found[use] = found.get(use, True) and good
    return found


def _same(way: Way, one: str, other: str) -> bool:
    """Whether two locals have the same value wherever a way can be gone."""
    if one == other:
        return True
    solver = z3.SimpleSolver()
    solver.add(*way.path.conditions, z3.Int(one) != z3.Int(other))
    return solver.check() == z3.unsat


def unprotected(
    of: Counted,
    ways: Sequence[Way],
    table: Mapping[Unknown, int],
    unmodified: Analysis,
    ledger: Ledger,
) -> Iterator[str]:
    """The uses that have a hold in the unmodified model and none in the variant."""
    assert ledger.table is not None
    before = held(ledger.of, unmodified.ways, ledger.table)
    for use, good in held(of, ways, table).items():
        if not good and before.get(use, False):
            kind, step, id_ = use
            yield f"{step} uses {id_.rsplit('.', 1)[-1]} without a hold ({kind.strip('{}')})"
