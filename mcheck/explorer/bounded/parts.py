"""Parts of steps, and properties, as steps of their own, so that one executor runs them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcheck.lang import ir
from mcheck.lang.contract import Source
from mcheck.lang.program import Choice, Claim, Exit, Step

GUARD = "@guard"
"""The local in which the step of a guard leaves its value."""
CLAIMED = -1
"""The site at which a property fails by being false; at all others its evaluation goes wrong."""

_END = Exit(0, (), ())
_NOWHERE = Source("", 0)


def guard(step: Step) -> Step:
    """The guard alone: it is computed, and not waited for."""
    value = ir.const(1) if step.guard is None else step.guard
    body = [*step.guard_before, ir.assign(ir.name(GUARD), value), ir.goto(0)]
    return replace(step, guard_before=[], guard=None, choices=[], body=body, exits=[_END])


def domains(step: Step) -> Iterator[Step]:
    """For each choice that may have nothing to choose: the step that fails where it has."""
    for number, choice in enumerate(step.choices):
        if choice.filter is not None or not choice.values:
            body = [*choice.before, *_something(choice), ir.goto(0)]
            yield replace(step, choices=step.choices[:number], body=body, exits=[_END])


def _something(choice: Choice) -> Iterator[ir.ast.stmt]:
    """Statements that fail unless the filter lets something through."""
    kept: list[ir.IR] = []
    for number, value in enumerate(choice.values):
        yield ir.assign(ir.name(choice.item), value)
        yield from choice.before_filter
        kept.append(ir.name(f"@kept{number}"))
        let_through = ir.const(1) if choice.filter is None else choice.filter
        yield ir.assign(kept[-1], let_through)
    yield ir.require(ir.both(ir.ast.Or(), kept), choice.site)


def values(step: Step, number: int) -> tuple[Step, list[str]]:
    """A step that computes what a choice chooses from, and the locals in which that is then."""
    choice = step.choices[number]
    names = [f"@value{n}" for n in range(len(choice.values))]
    computed = [
        ir.assign(ir.name(name), value) for name, value in zip(names, choice.values, strict=True)
    ]
    body = [*choice.before, *computed, ir.goto(0)]
    return replace(step, choices=step.choices[:number], body=body, exits=[_END]), names


def claim(of: Claim) -> Step:
    """The evaluation of a property, which fails at `CLAIMED` where it is false."""
    body = [*of.body, ir.require(of.value, CLAIMED), ir.goto(0)]
    return Step("", of.name, 0, _NOWHERE, False, "", body=body, exits=[_END])
