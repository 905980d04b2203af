"""When another checker says the same as the reference engine. docs/export.md derives the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcheck.explorer import Result, Verdict
from mcheck.explorer.reference import check
from mcheck.lang import Model
from mcheck.lang.emit import murphi, promela
from mcheck.lang.emit.python import PythonProgram
from mcheck.lang.program import Program
from tests.export.checkers import Answer, rumur, spin

IN_VAIN = ("deadlock", "hang")


def ours(model: Model[Any], program: Program) -> Result:
    """The reference engine's result, with all levels of a violation and all labels allowed."""
    compiled = PythonProgram(model, program)
    return check(compiled, unreached=compiled.unreached)


def by_spin(model: Model[Any], program: Program, folder: Path) -> Answer:
    """SPIN's answer to an exported model."""
    return spin(promela.emit(model, program), folder)


def by_rumur(model: Model[Any], program: Program, folder: Path) -> Answer:
    """Rumur's answer to an exported model."""
    return rumur(murphi.emit(model, program), folder)


def spin_agrees(program: Program, result: Result, answer: Answer, starts: int = 0) -> None:
    """SPIN counts a transition more, which leads to the initial state.

    starts: how many initial states there are, if a process `boot` chooses one: a transition more
        leads to each of them, from a state in which nothing has begun.
    """
    boot = (1, starts) if starts else (0, 0)
    if _has_no_trace(result) or (answer.failed is None and result.property in IN_VAIN):
        assert answer.failed is None
        found = (answer.states - boot[0], answer.transitions - 1 - boot[1])
        assert found == (result.states, result.transitions)
        if result.verdict is Verdict.HOLDS:
            assert answer.depth == result.depth + boot[0]
        return
    assert result.trace is not None and answer.depth is not None
    assert _same(answer.failed, result.property)
    assert answer.depth - boot[0] + _more(program, answer.failed) == result.trace.depth


def rumur_agrees(result: Result, answer: Answer) -> None:
    """Rumur counts as the engines do. Who is stuck while others move it finds at the end."""
    if result.verdict is not Verdict.VIOLATED or answer.depth is None:
        assert (answer.states, answer.transitions) == (result.states, result.transitions)
    if result.verdict is Verdict.HOLDS:
        assert answer.failed is None
        return
    assert _same(answer.failed, result.property)
    if answer.depth is not None:
        assert result.trace is not None
        assert answer.depth == result.trace.depth


def _has_no_trace(result: Result) -> bool:
    """It holds; or a cover is missed, of which SPIN is not told."""
    return result.trace is None


def _more(program: Program, failed: str | None) -> int:
    """How many steps a trace of ours has more than SPIN counts."""
    if failed == "deadlock":
        return -1
    states = [claim.name for claim in program.claims if claim.kind == "always"]
    return 0 if failed == "hang" or failed in states else 1


def _same(theirs: str | None, name: str | None) -> bool:
    """What nobody can move out of is a hang, too."""
    return theirs == name or {theirs, name} == set(IN_VAIN)
