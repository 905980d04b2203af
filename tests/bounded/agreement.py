"""Compares what z3 says of paths of some length with what the reference engine says of states."""

from __future__ import annotations

import contextlib
import linecache
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from mcheck.explorer import Limits, Result, Verdict, bounded, reference
from mcheck.explorer.bounded import Lowered
from mcheck.explorer.bounded.shown import in_vain
from mcheck.explorer.limits import UNLIMITED
from mcheck.explorer.trace import Trace
from mcheck.lang import ModelError
from mcheck.lang.emit.python import PythonProgram
from mcheck.loading.asked import Selection
from mcheck.report.race import race_table
from tests.lang.generated.batches import Case
from tests.lang.generated.checking import load

ALIKE = ("verdict", "property", "why", "offenders", "trace", "scope", "bits")
SMALL = Limits(states=3_000)


class Difference(Exception):
    """The engines do not say the same of a model."""


def agree(
    executable: PythonProgram | Selection, depth: int, *, limits: Limits = UNLIMITED
) -> Result:
    """What z3 says of paths of up to `depth` steps.

    A counterexample that is not longer must be found, and be the very same; otherwise nothing
    must be found. A cover that cannot be evaluated is left out, once this is true: z3 says so also
    where it has been hit before, and others do not look any more.

    limits: of the reference engine. The depth is no greater than what it has searched by then.

    Raises:
        Difference: the engines differ.
    """
    expected = reference.check(executable, limits=limits)
    if expected.verdict is Verdict.BOUNDED:
        depth = min(depth, expected.depth)
    found = bounded.check(executable, depth=depth)
    problems = differences(executable, expected, found, depth)
    if problems and mistaken_cover(executable, found):
        others = [p for p in executable.properties if p.name != found.property]
        whole = executable.executable if isinstance(executable, Selection) else executable
        return agree(Selection(whole, others), depth, limits=limits)
    if problems:
        raise Difference(f"{executable.name} to depth {depth}: {'; '.join(problems)}")
    return found


def differences(executable: Lowered, expected: Result, found: Result, depth: int) -> list[str]:
    """What z3 says otherwise than it should."""
    if not to_be_found(executable, expected, depth):
        silent = found.verdict is Verdict.BOUNDED and found.trace is None
        return [] if silent else [f"{found.verdict.value} {found.property}, where there is nothing"]
    problems = [
        f"{name} is {getattr(found, name)} and not {getattr(expected, name)}"
        for name in ALIKE
        if getattr(found, name) != getattr(expected, name)
    ]
    if printed(expected) != printed(found):
        problems.append("the race is printed in another way")
    return problems


def mistaken_cover(executable: Lowered, found: Result) -> bool:
    """Whether it is true that a cover cannot be evaluated at the end of a trace."""
    covers = [p for p in executable.properties if p.kind == "cover" and p.name == found.property]
    if not covers or found.trace is None:
        return False
    last = last_state(found.trace)
    with contextlib.suppress(ModelError):
        covers[0].holds(last, last)
        return False
    return True


def last_state(trace: Trace) -> int:
    """The state in which a trace ends that does not end in a step that fails."""
    last = trace.events[-1].state if trace.events else trace.initial
    assert last is not None
    return last


def to_be_found(executable: Lowered, expected: Result, depth: int) -> bool:
    """Whether the reference engine's counterexample is of the kind that a path shows."""
    trace = expected.trace
    if trace is None or trace.depth > depth:
        return False
    if expected.property in ("deadlock", "hang"):
        return bool(in_vain(executable, last_state(trace)))
    return True


def printed(result: Result) -> str:
    """The race as it is shown."""
    return race_table(replace(result, engine="", seconds=0.0, note=""))


@dataclass
class Tally:
    """What became of generated models. lengths: of the counterexamples that were found."""

    models: int = 0
    refused: int = 0
    said: Counter[str] = field(default_factory=Counter[str])
    lengths: Counter[int] = field(default_factory=Counter[int])

    def add(self, result: Result) -> None:
        """Note what both engines have said of a model."""
        self.models += 1
        kind = (result.property or "").rstrip("0123456789")
        self.said[f"{result.verdict.value} {kind}".strip()] += 1
        if result.trace is not None:
            self.lengths[result.trace.depth] += 1


def agree_on(cases: list[Case], folder: Path, depth: int) -> Tally:
    """Compare the engines on the last model of each generated program.

    Raises:
        Difference: they differ.
    """
    tally = Tally()
    for case in cases:
        file, models = load(folder, case.text)
        try:
            executable = models[-1].compile()
        except ModelError:
            tally.refused += 1
            continue
        finally:
            linecache.cache.pop(file, None)
        try:
            tally.add(agree(executable, depth, limits=SMALL))
        except Exception as error:
            error.add_note(repr(case))
            raise
    return tally
