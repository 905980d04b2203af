"""From what a search has found to its result: the same words and the same rules in every engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from mcheck.explorer import coverage
from mcheck.explorer.deadlock import members
from mcheck.explorer.findings import Finding, Rank, broken, hanging, offenders, stuck
from mcheck.explorer.limits import Stopped, Watch
from mcheck.explorer.moves import moves
from mcheck.explorer.result import Result, Verdict
from mcheck.explorer.shortest import Level, shortest_trace
from mcheck.lang.contract import Executable, Property


class Searched(Protocol):
    """A search that has ended, by itself or not.

    counts: for each actor, for each of its labels: how many transitions it had.
    open_covers: the covers that were not hit.
    states, transitions: what was found so far, an unfinished level included.
    depth: the greatest distance from the initial states up to which all states are found.
    unexpanded: how many of the states found were not expanded.
    """

    engine: str
    executable: Executable
    watch: Watch
    counts: list[list[int]]
    open_covers: list[Property]

    @property
    def states(self) -> int: ...
    @property
    def transitions(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def unexpanded(self) -> int: ...

    def findings(self) -> list[Finding]:
        """All that is wrong at the end of a trace of minimal length; empty if nothing is."""
        ...

    def levels_before(self) -> Iterator[Level]:
        """The levels that lead to the findings: what `shortest_trace` asks for."""
        ...

    def stuck_in(self, state: int) -> int:
        """The processes that are stuck in the state of a deadlock, as a set of bits."""
        ...

    def hangs_in(self, state: int) -> int:
        """The processes that hang in the state of a hang, as a set of bits."""
        ...

    def look_ahead(self, state: int) -> int:
        """The processes that are stuck in the state of a hang: it may be a deadlock as well.

        Raises:
            Stopped: a limit is reached before that is decided.
        """
        ...


def refused_before(search: Searched, unreached: frozenset[str]) -> Result | None:
    """An ERROR that is known before the search; None if there is none."""
    labels = coverage.label_runs(search.executable, search.counts)
    problem = coverage.misspelt(labels, unreached)
    if not search.executable.initial:
        problem = "the model has no initial state"
    return refused(search, problem) if problem else None


def refused(search: Searched, problem: str) -> Result:
    """The result when something is wrong with the model itself, or with what is asked of it."""
    return replace(counted(search), verdict=Verdict.ERROR, why=problem)


def conclude(search: Searched, stopped: str, unreached: frozenset[str]) -> Result:
    """The result of a search.

    stopped: what ended it before all was searched; empty if nothing did.
    unreached: labels that need not run.
    """
    findings = search.findings()
    if findings:
        result = _wrong(search, findings)
        return _with_coverage(search, result) if not search.unexpanded else result
    result = _with_coverage(search, counted(search))
    if stopped:
        return _bounded(search, result, stopped)
    assert not search.unexpanded, "nothing stopped the search, and it left states out"
    return _exhausted(result, unreached, replaced=search.executable.replaced)


def counted(search: Searched) -> Result:
    """The counts alone; the verdict is still open, and BOUNDED until somebody knows it."""
    executable = search.executable
    search.watch.measure()
    return Result(
        scenario=executable.name,
        verdict=Verdict.BOUNDED,
        engine=search.engine,
        states=search.states,
        transitions=search.transitions,
        depth=search.depth,
        seconds=search.watch.seconds,
        scope=executable.constants,
        labels=coverage.label_runs(executable, search.counts),
        bits=executable.bits,
        peak_bytes=search.watch.peak,
    )


def _with_coverage(search: Searched, result: Result) -> Result:
    """With what was not seen.

    Not for a search that broke off at a violation: its list would mean nothing.
    """
    return replace(
        result,
        unreached=coverage.never_ran(result.labels),
        uncovered=tuple(claim.name for claim in search.open_covers),
    )


def _wrong(search: Searched, findings: list[Finding]) -> Result:
    try:
        finding, trace = shortest_trace(search.executable, findings, search.levels_before())
        remark = ""
    except KeyboardInterrupt:
        finding, trace = min(findings, key=lambda f: f.preference), None
        remark = " (interrupted before its trace was found)"
    name, why = _told(search, finding)
    return replace(
        counted(search),
        verdict=Verdict.ERROR if finding.rank == Rank.ERROR else Verdict.VIOLATED,
        property=name,
        why=why + remark,
        offenders=offenders(search.executable, finding),
        trace=trace,
    )


def _told(search: Searched, finding: Finding) -> tuple[str, str]:
    """What is violated, and the sentence about it."""
    executable = search.executable
    match finding.rank:
        case Rank.ERROR:
            return finding.name, finding.error
        case Rank.DEADLOCK:
            who = search.stuck_in(finding.state)
            return finding.name, stuck(executable, finding.state, members(who))
        case Rank.HANG:
            return _hang(search, finding.state)
        case Rank.FAILURE:
            assert finding.actor is not None
            actor = executable.actors[finding.actor]
            return finding.name, moves(actor, finding.state)[1][finding.index].message
        case Rank.PROPERTY:
            return finding.name, broken(executable.properties[finding.order])


def _hang(search: Searched, state: int) -> tuple[str, str]:
    """The same of a hang; where nobody at rest can free somebody either, it is a deadlock."""
    remark = ""
    try:
        who = search.look_ahead(state)
        if who:
            return "deadlock", stuck(search.executable, state, members(who))
    except Stopped as reason:
        remark = f" (stopped by {reason} before it was known whether they could)"
    except KeyboardInterrupt:
        remark = " (interrupted before it was known whether they could)"
    return "hang", hanging(search.executable, state, members(search.hangs_in(state))) + remark


def _bounded(search: Searched, result: Result, stopped: str) -> Result:
    left = search.unexpanded
    rest = f"{left:,} states are left to expand" if left else "who is stuck is not decided"
    return replace(
        result,
        why=f"stopped by {stopped}: all states up to depth {result.depth} are searched, {rest}",
        undecided=undecided(result, hang=search.executable.hang),
    )


def undecided(result: Result, *, hang: bool) -> tuple[str, ...]:
    """What nobody can know as long as states are missing.

    hang: the model asks for hangs.
    """
    waits = ("deadlock", "hang") if hang else ("deadlock",)
    covers = tuple(f"cover {name}" for name in result.uncovered)
    labels = ("unreached labels",) if result.unreached else ()
    return (*waits, *covers, *labels)


def _exhausted(result: Result, unreached: frozenset[str], *, replaced: bool) -> Result:
    """The verdict when all states are found and nothing is wrong in any of them."""
    missing = [label for label in result.unreached if label not in unreached]
    stale = "" if replaced else coverage.stale(result.labels, unreached)
    if result.uncovered:
        name = f"cover {result.uncovered[0]}"
        why = f"in no reachable state: {', '.join(result.uncovered)}"
        return replace(result, verdict=Verdict.VIOLATED, property=name, why=why)
    if missing:
        name = f"unreached {missing[0]}"
        why = f"never ran: {', '.join(missing)}"
        return replace(result, verdict=Verdict.VIOLATED, property=name, why=why)
    if stale:
        return replace(result, verdict=Verdict.ERROR, why=stale)
    return replace(result, verdict=Verdict.HOLDS)
