"""Mistakes that the formulas could have, and what is compared to notice them.

Each mistake changes the terms, how they are written as bit-vectors, how paths are put together of
them, or which path is shown; the reference engine stays as it is.
"""

# What is planted takes whatever the right function takes.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import z3

from mcheck.explorer.bounded import parts, relation, shown, unrolled, vain, ways
from mcheck.explorer.bounded.ways import BEFORE
from mcheck.explorer.findings import Rank
from mcheck.lang.emit import smt, words
from mcheck.lang.emit.paths import ending
from tests.bounded.agreement import SMALL, agree, agree_on
from tests.bounded.models import laws, small
from tests.examples.listing import BY_NAME
from tests.native.generated import drawn

PROGRAMS = 60
Plant = Callable[[pytest.MonkeyPatch], None]
MISTAKES: dict[str, Plant] = {}


def mistake(plant: Plant) -> Plant:
    """Put a mistake on the list, under the name of the function that plants it."""
    MISTAKES[plant.__name__] = plant
    return plant


def swapped(name: str, of: Any, attribute: str, wrong: Callable[..., Any]) -> None:
    """A mistake in one function; wrong: is given the right one, and then what that is given."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        right = getattr(of, attribute)
        patch.setattr(of, attribute, lambda *given, **more: wrong(right, *given, **more))

    MISTAKES[name] = plant


def operator(name: str, table: dict[Any, Any], of: type[ast.AST], wrong: Any) -> None:
    """A mistake in how an operator is written."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(table, of, wrong)

    MISTAKES[name] = plant


# The meaning of steps

operator("less is less or equal", smt._COMPARE, ast.Lt, lambda a, b: a <= b)
operator("different is equal", smt._COMPARE, ast.NotEq, lambda a, b: a == b)
operator("xor is or", smt._BITWISE, ast.BitXor, "|")
operator("a shift to the right goes to the left", smt._BITWISE, ast.RShift, "<<")
swapped("checks are not made", smt.Steps, "check", lambda right, *given: None)
swapped(
    "what is evaluated conditionally is always checked",
    smt.Steps,
    "_under",
    lambda right, self, guard, e, path: self._value(e, path),
)
swapped(
    "a branch is taken without its condition",
    smt.Steps,
    "_decide",
    lambda right, self, path, condition: not z3.is_false(smt.simple(condition)),
)


@mistake
def the_first_branch_is_always_taken(patch: pytest.MonkeyPatch) -> None:
    def first(self: Any, s: ast.If, path: Any) -> None:
        self._value(s.test, path)
        self._run_all(s.body, path)

    patch.setattr(smt.Steps, "_merge", first)


@mistake
def min_is_max(patch: pytest.MonkeyPatch) -> None:
    right = smt.Steps._call

    def wrong(self: Any, function: str, args: list[ast.expr], path: Any) -> Any:
        return right(self, "max" if function == "min" else function, args, path)

    patch.setattr(smt.Steps, "_call", wrong)


# Bit-vectors


def rounded_towards_zero(right: Any, a: words.Word, b: words.Word) -> words.Word:
    found = right(a, b)
    x, y = words._same_size(a, b)
    return words._word(x / y, found.lo, found.hi)


def as_negative_as_what_is_divided(right: Any, a: words.Word, b: words.Word) -> words.Word:
    found = right(a, b)
    return words._word(z3.SRem(*words._same_size(a, b)), found.lo, found.hi)


swapped(
    "a number is not negative",
    words,
    "_cut",
    lambda right, bits, size: (
        z3.ZeroExt(size - bits.size(), bits) if size > bits.size() else right(bits, size)
    ),
)
swapped(
    "a quotient is rounded towards zero",
    words,
    "_quotient",
    rounded_towards_zero,
)
swapped("a remainder may be negative", words, "_rest", as_negative_as_what_is_divided)
swapped(
    "an element is that before it",
    words,
    "_chosen",
    lambda right, elements, index: right([elements[0], *elements[:-1]], index),
)
swapped("a field begins at nothing", ways, "distance", lambda right, w, lo, bits: right(w, 0, bits))


@mistake
def the_last_store_is_lost(patch: pytest.MonkeyPatch) -> None:
    right = words.Words._new_array

    def wrong(self: Any, term: Any) -> Any:
        if term.decl().kind() == z3.Z3_OP_STORE:
            return self.array(term.arg(0))
        return right(self, term)

    patch.setattr(words.Words, "_new_array", wrong)


# Ways through steps


def cleared_wrongly(right: Any, process: Any, instance: Any, e: Any, assigned: Any) -> Any:
    return right(process, instance, replace(e, touched=()), assigned)


def forgetful(right: Any, *given: Any) -> Any:
    end = right(*given)
    return replace(end, stored=end.stored[1:])


def standing_still(right: Any, process: Any, instance: Any, e: Any, assigned: Any) -> Any:
    return replace(right(process, instance, e, assigned), label=0)


swapped("dead locals are kept", ways, "ending", cleared_wrongly)
swapped("what is set is not kept", ways, "ending", forgetful)
swapped("every step leads to the first label", ways, "ending", standing_still)
swapped("an empty domain is no failure", parts, "domains", lambda right, step: iter(()))
swapped("guards are true", smt.Steps, "paths", lambda right, *of: right(of[0], unguarded(of[1])))
swapped(
    "filters are dropped", smt.Steps, "paths", lambda right, *of: right(of[0], unfiltered(of[1]))
)
swapped(
    "only one thing can be chosen",
    ways.Ways,
    "_input",
    lambda right, self, k, size: z3.BitVecVal(1, size),
)


def unguarded(step: Any) -> Any:
    return replace(step, guard=None)


def unfiltered(step: Any) -> Any:
    return replace(step, choices=[replace(c, filter=None) for c in step.choices])


@mistake
def all_processes_are_the_first(patch: pytest.MonkeyPatch) -> None:
    right = ways.Ways._words

    def wrong(self: Any, process: Any, instance: Any, step: Any) -> Any:
        return right(self, process, replace(instance, me=process.instances[0].me), step)

    patch.setattr(ways.Ways, "_words", wrong)


# What can be wrong, and paths

swapped("the next state is the one before", relation, "_moment", lambda right, name: BEFORE)
swapped("everybody is at rest", relation, "begins", lambda right, actor, label: True)
swapped("nobody is at rest", relation, "begins", lambda right, actor, label: False)
swapped(
    "the last state is not judged",
    unrolled.Unrolled,
    "anything_wrong",
    lambda right, self, length: right(self, max(length - 1, 0)),
)


def without(rank: Rank) -> Callable[..., Any]:
    def wrong(right: Any, self: Any) -> Iterator[Any]:
        return (w for w in right(self) if w.rank != rank)

    return wrong


swapped("a mistaken property is no error", relation.Relation, "_broken", without(Rank.ERROR))
swapped("properties are not judged", relation.Relation, "_broken", without(Rank.PROPERTY))
swapped("failures are not looked for", relation.Relation, "_failures", lambda right, self: iter(()))
swapped("waiting in vain is fine", vain.Vain, "solution", lambda right, self, *assumed: None)
swapped("no step fails where somebody waits", vain, "in_vain", lambda right, *given: [True])
swapped(
    "where one state is no hang none is",
    vain.Spoilt,
    "find",
    lambda right, self, state: self.found.append(z3.BoolVal(True)),
)


@mistake
def the_same_is_chosen_every_time(patch: pytest.MonkeyPatch) -> None:
    right = unrolled.Unrolled.given

    def wrong(self: Any, which: Any, move: int) -> Any:
        return right(self, which, 0 if which.decl().name() != "who" else move)

    patch.setattr(unrolled.Unrolled, "given", wrong)


@mistake
def the_same_process_moves_every_time(patch: pytest.MonkeyPatch) -> None:
    right = unrolled.Unrolled.given
    patch.setattr(unrolled.Unrolled, "given", lambda self, which, move: right(self, which, 0))


@mistake
def what_is_not_written_becomes_anything(patch: pytest.MonkeyPatch) -> None:
    right = relation.Relation.moves.func  # pyright: ignore

    def wrong(self: Any) -> Any:
        slots = self.vector.slots
        kept = dict(list(slots.items())[:-1])
        patch.setattr(self.vector, "slots", kept)
        try:
            return right(self)
        finally:
            patch.setattr(self.vector, "slots", slots)

    patch.setattr(relation.Relation, "moves", property(wrong))


# Which path is shown

swapped("any path is shown", shown.Shown, "best", lambda right, self, model: self.first(model))
swapped("switches do not count", shown.Shown, "_fewest_switches", lambda right, self, model: None)


@mistake
def the_largest_state_is_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(z3, "ULT", z3.UGT)  # pyright: ignore


assert ending is ways.ending, "the mistakes above are planted where it is used"


def noticed(folder: Path) -> str:
    """Where the engines are found not to agree; empty if they always do."""
    first = ("refcount.leak", "counters.unlocked", "peterson.without_turn")
    last = ("ticket.too_few_numbers", "refcount.get_of_free")
    models = [laws, *(BY_NAME[name] for name in first), *small(folder).values()]
    models += [BY_NAME[name] for name in last]
    executables = [model.compile() for model in models]
    try:
        for executable in executables:
            agree(executable, 13, limits=SMALL)
        agree_on(drawn(PROGRAMS), folder, 5)
    except Exception as found:
        return f"{type(found).__name__}: {found}"
    return ""
