"""A check by z3: the search, its proof or its counterexample, and the result."""

from __future__ import annotations

from dataclasses import replace

from mcheck.explorer.bounded.induction import Induction
from mcheck.explorer.bounded.relation import Lowered
from mcheck.explorer.bounded.search import Search
from mcheck.explorer.bounded.shown import Disagreement
from mcheck.explorer.limits import UNLIMITED, Limits, Progress, Watch
from mcheck.explorer.recording import record
from mcheck.explorer.replay import replay
from mcheck.explorer.result import Result, Verdict
from mcheck.explorer.verdict import conclude, counted, refused, refused_before
from mcheck.lang.contract import Executable
from mcheck.lang.errors import ModelError


def check(
    executable: Lowered,
    *,
    depth: int,
    induction: bool = False,
    limits: Limits = UNLIMITED,
    unreached: frozenset[str] | None = None,
    progress: Progress | None = None,
) -> Result:
    """Look for a counterexample of up to `depth` steps.

    It is a shortest one, and the one that the other engines show. It has been run by direct
    execution before it is returned. Without one the verdict is BOUNDED: longer paths are not
    judged, nor are covers, labels that nothing reaches, and who waits in vain while others move.

    induction: prove the properties for paths of any length, by induction over up to `depth`
        steps, and that no step fails. If that succeeds for all of them the verdict is HOLDS, with
        `Result.proof`; who waits in vain, covers and labels are not judged then either.
    limits: one of states means nothing here. unreached, progress: see `reference.check`.

    Raises:
        Disagreement: z3 and the model's own steps do not say the same. mcheck is wrong then.
        ValueError: the depth is negative.
    """
    if depth < 0:
        raise ValueError(f"a depth cannot be negative: {depth}")
    search = Search(executable, depth, Watch(limits, progress))
    refusal = refused_before(search, executable.unreached if unreached is None else unreached)
    if refusal is not None:
        return replace(refusal, counted=False)
    try:
        result = _searched(search, search.run(), induction=induction)
    except ModelError as error:
        result = refused(search, str(error))
    return replace(result, labels={}, counted=False)


def _searched(search: Search, stopped: str, *, induction: bool) -> Result:
    if search.path is not None:
        result = conclude(search, "", frozenset())
        confirm(search.lowered, result)
        return replace(result, note=_remark(search))
    open_ = _left_open(search.executable)
    result = replace(counted(search), undecided=open_)
    if stopped:
        return replace(result, why=f"stopped by {stopped}: {_found_nothing(search)}")
    why = f"stopped by the depth: {_found_nothing(search)}"
    if not induction:
        return replace(result, why=f"{why}; longer ones are not looked for")
    return _by_induction(search, result, why)


def _by_induction(search: Search, result: Result, why: str) -> Result:
    """What there is to say after the search, once induction has been tried."""
    attempt = Induction(search)
    stopped = attempt.run()
    took = replace(result, seconds=search.watch.seconds, peak_bytes=search.watch.peak)
    proved = ", ".join(f"{name} ({_steps(k)})" for name, k in attempt.proved.items())
    if not attempt.open:
        return replace(took, verdict=Verdict.HOLDS, proof=f"proved by induction: {proved}")
    so_far = f"proved by induction: {proved or 'nothing'}; not proved"
    open_ = ", ".join(attempt.open)
    if stopped:
        why = f"stopped by {stopped}: {_found_nothing(search)}; {so_far}: {open_}"
        return replace(took, why=why)
    where = f"which can break after {_steps(attempt.tried)} from a state that may never be reached"
    return replace(took, why=f"{why}; {so_far}: {open_}, {where}")


def _found_nothing(search: Search) -> str:
    if search.depth < 0:
        return "nothing is judged"
    return f"no counterexample of up to {_steps(search.depth)}"


def _steps(number: int) -> str:
    return f"{number} step" if number == 1 else f"{number} steps"


def _left_open(executable: Executable) -> tuple[str, ...]:
    waits = ("deadlock", "hang") if executable.hang else ("deadlock",)
    covers = tuple(f"cover {p.name}" for p in executable.properties if p.kind == "cover")
    return (*waits, *covers, "unreached labels")


def _remark(search: Search) -> str:
    if not search.remark:
        return ""
    return (
        f"{search.executable.name}: {search.remark} before the trace with the fewest switches was "
        f"found: another run may show another one"
    )


def confirm(executable: Lowered, result: Result) -> None:
    """Run a counterexample by direct execution.

    Raises:
        Disagreement: it does not do what the result says.
    """
    if result.trace is None or result.verdict is not Verdict.VIOLATED:
        return
    replayed = replay(executable.model, record(result, executable.name))
    if not replayed.reproduced:
        raise Disagreement(f"z3 has found what direct execution does not do: {replayed.divergence}")
