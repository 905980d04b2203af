"""A step as guarded transitions: one for each way of choosing, and one for each way of failing.

The order is that of the engines: first the guard, then one choice after the other, each with all
of its alternatives, then the body. Where something fails, nothing of what follows is evaluated.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from mcheck.lang import ir
from mcheck.lang.declare.fields import decode, show
from mcheck.lang.declare.state import State
from mcheck.lang.emit.guarded.pure import Check, Symbols, Values, opposite
from mcheck.lang.program import Choice, Claim, Step

Chosen = tuple[tuple[str, str], ...]
"""(variable, value as a person reads it), in the order of the choices."""


@dataclass(frozen=True)
class Transition:
    """What runs if the guard is true: the values that names have by then, and the step's body."""

    chosen: Chosen
    guard: ast.expr
    values: Values


@dataclass
class Guarded:
    """All that a process can do at one label.

    fails: what goes wrong before the body begins, and when.
    open: the process is not blocked here: the step's own guard is true, or fails.
    """

    step: Step
    transitions: list[Transition] = field(default_factory=list[Transition])
    fails: list[Check] = field(default_factory=list[Check])
    open: ast.expr = field(default_factory=lambda: ir.const(1))


@dataclass(frozen=True)
class Judged:
    """A property: when it is broken, and how its own evaluation fails."""

    claim: Claim
    broken: ast.expr
    fails: list[Check]


def judged(claim: Claim, known: Values) -> Judged:
    """A property as one expression over the state, or over those before and after a step."""
    symbols = Symbols(known)
    symbols.run(claim.body)
    value = symbols.value(claim.value)
    fails, passed = _in_turn([], symbols.checks)
    return Judged(claim, _all([*passed, opposite(value)]), fails)


def guarded(step: Step, known: Values, state: State) -> Guarded:
    """The transitions of a step; known: what is a number, or a table of numbers, there."""
    found = Guarded(step)
    symbols = Symbols(known)
    symbols.run(step.guard_before)
    guard = symbols.value(step.guard) if step.guard is not None else ir.const(1)
    found.fails, passed = _in_turn([], symbols.checks)
    given = [*passed, guard]
    found.open = ir.both(ast.Or(), [*(check.fails for check in found.fails), _all(given)])
    _choose(found, state, given, symbols.values, ())
    return found


def _choose(
    found: Guarded, state: State, given: list[ast.expr], values: Values, chosen: Chosen
) -> None:
    """Add the transitions, given what has been chosen so far."""
    choices = found.step.choices
    if len(chosen) == len(choices):
        guard = _all(given)
        if ir.value_of(guard) != 0:
            found.transitions.append(Transition(chosen, guard, values))
        return
    choice = choices[len(chosen)]
    symbols = Symbols(values)
    symbols.run(choice.before)
    kept = [_alternative(symbols, choice, value) for value in choice.values]
    fails, given = _in_turn(given, symbols.checks)
    found.fails += fails
    empty = _all([*given, ir.negate(ir.both(ast.Or(), [keep for _, keep in kept]))])
    if ir.value_of(empty) != 0:
        found.fails.append(Check(choice.site, empty))
    for value, keep in kept:
        named = (choice.name, _shown(choice, value, state))
        taken = {**symbols.values, choice.item: value, choice.variable: value}
        _choose(found, state, [*given, keep], taken, (*chosen, named))


def _alternative(symbols: Symbols, choice: Choice, element: ast.expr) -> tuple[ast.expr, ast.expr]:
    """One element of a choice's domain, and whether the filter keeps it."""
    value = symbols.value(element)
    symbols.values[choice.item] = value
    symbols.run(choice.before_filter)
    return value, symbols.value(choice.filter) if choice.filter is not None else ir.const(1)


def _shown(choice: Choice, value: ast.expr, state: State) -> str:
    number = ir.value_of(value)
    return ast.unparse(value) if number is None else show(decode(number, choice.type, state))


def _in_turn(given: list[ast.expr], checks: list[Check]) -> tuple[list[Check], list[ast.expr]]:
    """The checks, each given that those before have passed; and what is given after them all."""
    fails: list[Check] = []
    for check in checks:
        condition = _all([*given, check.fails])
        if ir.value_of(condition) != 0:
            fails.append(Check(check.site, condition))
        given = [*given, ir.negate(check.fails)]
    return fails, given


def _all(conditions: list[ast.expr]) -> ast.expr:
    return ir.both(ast.And(), conditions)
