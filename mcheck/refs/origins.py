"""Where a reference that a local holds came from: the primitive that took it, or a field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import z3

from mcheck.lang.program import Program
from mcheck.refs.equations import Holder, Unknown
from mcheck.refs.features import Counted, Feature
from mcheck.refs.frames import names
from mcheck.refs.inference import System
from mcheck.refs.ways import Way

GET, TRY, TAKEN = "get", "get unless zero", "taken from {}"


def origins(
    program: Program, of: Counted, system: System, table: Mapping[Unknown, int]
) -> dict[Holder, tuple[str, ...]]:
    """By which primitives the references of each holder were taken, on all ways to it."""
    found: dict[Holder, dict[str, None]] = defaultdict(dict)
    moves: dict[Holder, set[Holder]] = defaultdict(set)
    for row, ways in system.rows.items():
        held = [(u, n * table.get(u, 0)) for u, n in row.terms]
        gains = [u for u, n in held if n > 0 and isinstance(u, Holder)]
        for holder in gains:
            for unknown, n in held:
                if n >= 0:
                    continue
                if isinstance(unknown, Holder):
                    moves[holder].add(unknown)
                else:
                    found[holder][TAKEN.format(called(program, unknown))] = None
            if row.change > 0:
                found[holder].update((_primitive(of, way), None) for way in ways)
    changed = True
    while changed:
        changed = False
        for holder, sources in moves.items():
            more = {how: None for s in sources for how in found[s] if how not in found[holder]}
            if more and holder not in sources:
                found[holder].update(more)
                changed = True
    return {holder: tuple(sorted(how)) for holder, how in found.items()}


def _primitive(of: Counted, way: Way) -> str:
    """Whether a way gets a reference only where the count is not 0."""
    key = of.cell.key
    array = z3.Array(key, z3.IntSort(), z3.IntSort())
    for condition in way.path.conditions:
        if key in names(condition):
            zero = z3.substitute(condition, (array, z3.K(z3.IntSort(), z3.IntVal(0))))
            if z3.is_false(z3.simplify(zero)):
                return TRY
    return GET


def called(program: Program, feature: Feature) -> str:
    """A feature in words: which field, with which value, stands for references."""
    cell = program.cells[feature.cell]
    if feature.sibling:
        near = program.cells[feature.sibling]
        return f"{feature.cell}, where {near.name} is {_value(near.type.of, feature.of)}"
    match feature.how:
        case "names":
            return feature.cell
        case "listed":
            return f"on {feature.cell}"
        case "some":
            return f"{feature.cell} > 0"
        case _:
            if cell.type.kind == "bool":
                return feature.cell
            return f"{feature.cell} is {_value(cell.type.of, feature.value)}"


def _value(of: object, number: int) -> str:
    members: list[object] = list(of) if isinstance(of, type) else []  # pyright: ignore
    return str(getattr(members[number], "name", number)) if members else str(number)
