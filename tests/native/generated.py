"""Generated programs in both engines. What the C compiler does is done for several at a time."""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mcheck.explorer import Limits, Result, Verdict
from mcheck.explorer.native.compiler import compiled
from mcheck.lang import ModelError
from mcheck.lang.emit.python import PythonProgram
from tests.lang.generated.batches import Case, run_batch
from tests.lang.generated.checking import load
from tests.native.agreement import agree

AT_ONCE = 2
SMALL = Limits(states=2_000)


@dataclass
class Tally:
    """What became of the generated models.

    refused: by the language; too_large: their numbers may not fit into a machine's; said: how
    often each verdict, with what is violated.
    """

    models: int = 0
    refused: int = 0
    too_large: int = 0
    states: int = 0
    said: Counter[str] = field(default_factory=Counter[str])

    def add(self, result: Result) -> None:
        """Note what both engines have said of a model."""
        self.models += 1
        self.states += result.states
        what = result.property or ""
        kind = what.split()[0].rstrip("0123456789") if result.verdict is Verdict.VIOLATED else ""
        self.said[f"{result.verdict.value} {kind}".strip()] += 1

    def report(self) -> str:
        """What became of all of them, in a line."""
        said = ", ".join(f"{count} {name}" for name, count in self.said.most_common())
        return (
            f"native engine: {self.models} models, {self.states} states; {said}; "
            f"{self.refused} refused, {self.too_large} with numbers that are too large"
        )


def drawn(programs: int, *, same: bool = True) -> list[Case]:
    """So many programs; the same ones in every run, or others each time."""
    cases: list[Case] = []
    run_batch(cases.append, programs, same=same)
    return cases


@dataclass(frozen=True)
class Waiting:
    """A generated model that is being compiled."""

    case: Case
    program: PythonProgram
    path: Future[Path]


def agree_on(
    cases: list[Case], folder: Path, tally: Tally, flags: tuple[str, ...] = ("-O0",)
) -> None:
    """Compare both engines on the last model of each program.

    Raises:
        Disagreement: they differ.
    """
    waiting: list[Waiting] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for case, program, text in _written(cases, folder, tally):
            path = pool.submit(compiled, program.name, text, flags)
            waiting.append(Waiting(case, program, path))
            if len(waiting) > AT_ONCE:
                _compare(waiting.pop(0), tally, flags)
        for left in waiting:
            _compare(left, tally, flags)


def _written(
    cases: list[Case], folder: Path, tally: Tally
) -> Iterator[tuple[Case, PythonProgram, str]]:
    """The models that are not refused, with their C texts."""
    for case in cases:
        file, models = load(folder, case.text)
        try:
            program = models[-1].compile()
        except ModelError:
            tally.refused += 1
            continue
        finally:
            linecache.cache.pop(file, None)
        try:
            yield case, program, program.c()
        except ModelError:
            tally.too_large += 1


def _compare(waiting: Waiting, tally: Tally, flags: tuple[str, ...]) -> None:
    try:
        waiting.path.result()
        tally.add(agree(waiting.program, limits=SMALL, flags=flags))
    except Exception as error:
        error.add_note(repr(waiting.case))
        raise
