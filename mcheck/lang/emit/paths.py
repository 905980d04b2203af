"""What every emitter has to know of a step: which locals it reads, sets, keeps and clears."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from mcheck.lang import ir
from mcheck.lang.program import Exit, Instance, Process, Step, Variable


@dataclass(frozen=True)
class Ending:
    """What becomes of one process's own bits where a path ends.

    cleared: the bits that are zeroed before anything is put in; label: the new label, shifted to
    its place; stored: the locals that the path has set, and that are put in.
    """

    cleared: int
    label: int
    stored: tuple[Variable, ...]


def ending(process: Process, instance: Instance, e: Exit, assigned: set[str]) -> Ending:
    """The end of a path: what is dead is zero, what lives is put in or stays as it was.

    assigned: the locals that the step gives a value.
    """
    base = instance.base
    cleared = ((1 << process.pc_bits) - 1) << instance.pc_offset
    for v in process.variables.values():
        if v.procedure in e.touched:
            cleared |= _bits(v, base)
    label = process.done if e.label < 0 else e.label
    assert label is not None
    stored: list[Variable] = []
    for id_ in dict.fromkeys(e.live):
        v = process.variables[id_]
        if not v.type.bits:
            continue
        if id_ in assigned:
            stored.append(v)
        else:
            cleared &= ~_bits(v, base)
    return Ending(cleared, label << instance.pc_offset, tuple(stored))


def _bits(v: Variable, base: int) -> int:
    return ((1 << v.type.bits) - 1) << base + v.offset


def changed_by(body: Sequence[ast.stmt]) -> set[str]:
    """The locals and temporaries that statements give a value."""
    return {
        node.targets[0].id
        for s in body
        for node in ast.walk(s)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def assigned_in(step: Step) -> set[str]:
    """The locals and temporaries that a step gives a value, its choices included."""
    return changed_by(step.body) | {c.variable for c in step.choices}


def loaded_by(step: Step) -> set[str]:
    """The names that a step needs before it begins, those it puts back at its end included."""
    trees: list[ast.AST] = [*step.guard_before, *step.body]
    trees += [step.guard] if step.guard is not None else []
    for choice in step.choices:
        trees += [*choice.before, *choice.values, *choice.before_filter]
        trees += [choice.filter] if choice.filter is not None else []
    used = {name for tree in trees for name in ir.names_read(tree)}
    assigned = assigned_in(step)
    return used | {v for e in step.exits for v in e.live if v in assigned}
