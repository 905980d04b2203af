"""The inferred table against the holds that the source declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import z3

from mcheck.lang.program import Program
from mcheck.refs.equations import Holder, Unknown
from mcheck.refs.features import Counted
from mcheck.refs.inference import System, solve, variable
from mcheck.refs.ways import Way


@dataclass(frozen=True)
class Disagreement:
    """A local whose declared references contradict the equations, alone or with others.

    kind: of hold that is declared, or None; weight: how many references such a hold counts;
    inferred: what the table says; deciding: steps that settle it, if a declaration is impossible.
    """

    holder: Holder
    kind: str | None
    weight: int
    inferred: int
    deciding: tuple[str, ...]

    def __str__(self) -> str:
        says = f"{self.kind} hold ({self.weight})" if self.kind else "no hold"
        by = f"; decided by {', '.join(self.deciding)}" if self.deciding else ""
        return f"{self.holder}: declared {says}, inferred {self.inferred}{by}"


def kinds(program: Program) -> dict[str, str]:
    """The declared holds: kind by local."""
    return {
        v.id: v.hold for p in program.processes for v in p.variables.values() if v.hold is not None
    }


def weights(table: Mapping[Unknown, int], declared: Mapping[str, str]) -> dict[str, int]:
    """How many references a hold of each kind counts: what most of its locals have."""
    seen: dict[str, list[int]] = {}
    for unknown, n in table.items():
        if isinstance(unknown, Holder) and unknown.local in declared and n > 0:
            seen.setdefault(declared[unknown.local], []).append(n)
    return {kind: max(set(ns), key=ns.count) for kind, ns in seen.items()}


def freezers(of: Counted, ways: Iterable[Way]) -> set[str]:
    """The locals through which some step hides a count: it stores 0, whatever was there."""
    found: set[str] = set()
    for way in ways:
        for key, at in way.path.stores:
            if key == of.cell.key:
                after = way.path.after.cell(key, at)
                if z3.is_int_value(after) and after.as_long() == 0:
                    found |= {
                        id_
                        for frame in way.before
                        for id_ in frame.live
                        if at.eq(z3.simplify(z3.Int(id_) - 1))
                    }
    return found


def disagreements(
    system: System,
    table: Mapping[Unknown, int],
    declared: Mapping[str, str],
    freezing: Collection[str],
) -> list[Disagreement]:
    """Where source and equations differ; nothing if all that is declared solves them together.

    freezing: the locals that may owe what they have hidden of a count; nothing declares that.
    """
    weight = weights(table, declared)
    frozen = {
        u for u, n in table.items() if n < 0 and isinstance(u, Holder) and u.variable in freezing
    }
    want: dict[Holder, int] = {}
    for unknown in table:
        if isinstance(unknown, Holder) and unknown not in frozen:
            kind = declared.get(unknown.local)
            want[unknown] = weight.get(kind, 1) if kind else 0
    besides = [(variable(u) == n, f"declared{i}") for i, (u, n) in enumerate(want.items())]
    solved = solve(system, besides)
    if solved.table is not None:
        return []
    steps = tuple(dict.fromkeys(str(system.rows[r][0].origin) for r in solved.core))
    blamed = [u for i, u in enumerate(want) if f"declared{i}" in solved.besides]
    return [Disagreement(u, declared.get(u.local), want[u], table[u], steps) for u in blamed]
