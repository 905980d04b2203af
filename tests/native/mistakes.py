"""Mistakes that the C text could have. Run as a module, it tells whether one is noticed.

Each mistake changes what the emitter writes, and leaves the reference engine as it is.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcheck.explorer.native import CannotCompile
from mcheck.lang import Model
from mcheck.lang.emit import c, c_text
from mcheck.lang.emit.c_text import CText
from mcheck.lang.emit.paths import Ending
from mcheck.lang.program import Exit
from tests.explorer import boxes
from tests.lang.texts import Writer
from tests.native import failing, reckoning, waiting, wide
from tests.native.agreement import agree
from tests.native.generated import Tally, agree_on, drawn

NOTICED, NOT_NOTICED = 10, 11
PROGRAMS = 60
Plant = Callable[[pytest.MonkeyPatch], None]
MISTAKES: dict[str, Plant] = {}


def mistake(plant: Plant) -> Plant:
    """Put a mistake on the list, under the name of the function that plants it."""
    MISTAKES[plant.__name__] = plant
    return plant


def rewritten(name: str, pattern: str, replacement: str) -> None:
    """A mistake that replaces something in the text that is emitted."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        original = c.text

        def wrong(*arguments: Any, **options: Any) -> str:
            text = original(*arguments, **options)
            return re.sub(pattern, replacement, text, flags=re.MULTILINE)

        patch.setattr(c, "text", wrong)

    MISTAKES[name] = plant


def operator(name: str, kind: type[ast.AST], wrong: str) -> None:
    """A mistake in how an operator is written."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(c_text._OPERATORS, kind, wrong)

    MISTAKES[name] = plant


ONLY_WIDE = ["the second word of a field is not read", "the second word of a field is not cleared"]
"""Mistakes that only states of several words show."""
NOT_GENERATED = [
    *ONLY_WIDE,
    *("a shift to the right goes to the left", "a property that goes wrong holds"),
    "the state after a step is that before it",
]
"""Mistakes in what generated programs do not have, or seldom."""

operator("less is less or equal", ast.Lt, "<=")
operator("a difference is a sum", ast.Sub, "+")
operator("both is one", ast.And, "||")
operator("a shift to the right goes to the left", ast.RShift, "<<")
rewritten("division truncates", r"return r && .*;$", "return r;")
rewritten("min is max", r"return a < b \? a : b;", "return a > b ? a : b;")
rewritten("values are stored one bit too far", r"v_ << shift_;", "v_ << (shift_ + 1);")
rewritten(ONLY_WIDE[0], r"\(s\)\.w\[LAST_WORD\(at, bits\)\] <<", "0 *")
rewritten(ONLY_WIDE[1], r"&= ~\(MASK\(bits\) >>", r"&= ~(0ull >>")
rewritten(
    "the least value of a field is nothing", r"^(#define \w+\(s, i\) .*) \+ -?\d+(\)?)$", r"\1\2"
)
rewritten("an alternative begins where the last one ended", r"^        t = s;$", "")
rewritten("an alternative that fails is forgotten", r"^( *)\*bad = 1;$", r"\1(void)bad;")
rewritten("asserts are not checked", r"^ *if \(!.*\) goto failed.*;$", "")
rewritten("the state after a step is that before it", r"\(u, ", "(t, ")
rewritten("no label is a resting place", r"(rests_\d+\[\] = ){[^}]*}", r"\1{0, 0, 0, 0, 0, 0, 0}")
rewritten("every process is a daemon", r"^(#define daemon_\d+) 0$", r"\1 1")
rewritten("a property that goes wrong holds", r"return -1;", "return 1;")
rewritten(
    "a property that is false holds", r"claim_(\d+)\(\*t, \*(\w)\) <= 0", r"claim_\1(*t, *\2) < 0"
)
rewritten("a cover is never hit", r"else if \(held\) ", "else if (held < 0) ")
rewritten("guards are true", r"^    if \(!.*\) return out;$", "")


@mistake
def dead_locals_are_kept(patch: pytest.MonkeyPatch) -> None:
    original = c.ending

    def uncleared(process: Any, instance: Any, e: Exit, assigned: set[str]) -> Ending:
        return original(process, instance, replace(e, touched=()), assigned)

    patch.setattr(c, "ending", uncleared)


@mistake
def what_is_set_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    original = c.ending

    def forgetful(process: Any, instance: Any, e: Exit, assigned: set[str]) -> Ending:
        end = original(process, instance, e, assigned)
        return replace(end, stored=end.stored[1:])

    patch.setattr(c, "ending", forgetful)


@mistake
def nothing_is_cleared(patch: pytest.MonkeyPatch) -> None:
    def nothing(bits: int, words: int) -> list[tuple[int, int]]:
        return []

    patch.setattr(c, "masks", nothing)


@mistake
def filters_are_dropped(patch: pytest.MonkeyPatch) -> None:
    original = c._Writer._domain

    def unfiltered(self: Any, choice: Any, depth: int, indent: int) -> list[str]:
        return original(self, replace(choice, filter=None), depth, indent)

    patch.setattr(c._Writer, "_domain", unfiltered)


@mistake
def an_empty_domain_is_no_failure(patch: pytest.MonkeyPatch) -> None:
    original = c._Writer._domain

    def silent(self: Any, choice: Any, depth: int, indent: int) -> list[str]:
        lines = original(self, choice, depth, indent)
        return [line for line in lines if f"if (!n{depth})" not in line]

    patch.setattr(c._Writer, "_domain", silent)


@mistake
def bounds_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    _drop_check(patch, "within")


@mistake
def null_is_not_checked(patch: pytest.MonkeyPatch) -> None:
    _drop_check(patch, "nonnull")


def _drop_check(patch: pytest.MonkeyPatch, dropped: str) -> None:
    original = CText._call

    def unchecked(self: CText, function: str, args: list[ast.expr]) -> str:
        return self.text(args[0]) if function == dropped else original(self, function, args)

    patch.setattr(CText, "_call", unchecked)


def by_hand(folder: Path) -> list[Model[Any]]:
    """Small models that have something of everything."""
    step = Writer(folder).step
    return [
        wide.configured(wide.wide, wide.SIZES[1]),
        wide.configured(wide.wide, wide.SIZES[4]),
        wide.configured(wide.falling, wide.SIZES[1]),
        *(reckoning.dividing, reckoning.shifting, reckoning.playing, reckoning.playing_for_ever),
        *(step(body) for body in failing.STEPS.values()),
        boxes.box(boxes.adder, boxes.overdue),
        *(waiting.office_with_a_daemon, waiting.office_that_opens),
    ]


def noticed(how: str, folder: Path) -> str:
    """Where the engines are found not to agree; empty if they always do.

    how: on "generated" programs, or on those made "by hand".
    """
    tally = Tally()
    try:
        if how == "generated":
            agree_on(drawn(PROGRAMS), folder, tally)
        else:
            for model in by_hand(folder):
                agree(model.compile(), flags=("-O0",))
    except CannotCompile:
        raise
    except Exception as found:  # a state that there is not may be one that nobody can read
        return f"after {tally.models} generated programs: {type(found).__name__}: {found}"
    return ""


def main(name: str, how: str, folder: Path) -> int:
    """Plant a mistake, and say as the exit code whether it is noticed."""
    os.environ["MCHECK_CACHE_DIR"] = str(folder / "cache")
    with pytest.MonkeyPatch.context() as patch:
        MISTAKES[name](patch)
        found = noticed(how, folder)
    print(found)
    return NOTICED if found else NOT_NOTICED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
