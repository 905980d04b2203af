"""The reference engine: breadth-first search, exact and deterministic, in plain Python.

A level (all states at one distance from the initial states) is finished before a violation is
chosen, so neither the verdict nor the trace depends on the order within a level. Within a level,
states are expanded in the order of their discovery, by one actor after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from mcheck.explorer.deadlock import (
    NOTHING_KNOWN,
    freers,
    hanging_of,
    hangs_part,
    nobody_works,
    settle,
    stuck_in,
    stuck_of,
    waits,
)
from mcheck.explorer.findings import Finding, deadlock, hang, wrong_moves, wrong_states
from mcheck.explorer.limits import UNLIMITED, Limits, Progress, Stopped, Watch, too_many
from mcheck.explorer.moves import rows
from mcheck.explorer.result import Result
from mcheck.explorer.shortest import Level, leading_to
from mcheck.explorer.verdict import conclude, refused, refused_before
from mcheck.lang.contract import Executable, Failure, Property
from mcheck.lang.errors import ModelError

ENGINE = "reference"

_STATES_A_LOOK = 256
_NO_LIMIT = 1 << 62


def check(
    executable: Executable,
    *,
    limits: Limits = UNLIMITED,
    unreached: frozenset[str] | None = None,
    progress: Progress | None = None,
    small: int | None = None,
) -> Result:
    """Search all reachable states of the executable, as far as the limits allow.

    unreached: qualified labels that need not run; those that the scenario names where it is left
        out. A name among them that is no label, or whose label does run, is an error.

    small: give up when the model turns out to have more states. It is no limit of the caller's: it
        does not count when it is looked at who could still free whom.

    A violation ends the search with the level in which it is found. That a process is stuck, or
    hangs, while others move on is known only when all states are found; a state from which nothing
    moves at all is a violation like any other, and so is, where the model asks for hangs, one from
    which only processes at rest can move. An interrupt from the keyboard (Ctrl-C) ends the search
    as a limit does. What a limit of time or memory leaves unsearched differs from run to run; all
    else is the same on every run. The trace of a violation is built whatever the limits.

    The result knows nothing of the model's edition and variant: the caller may add them.
    """
    watch = Watch(limits, progress)
    search = _Search(executable, watch, limits, small)
    allowed = executable.unreached if unreached is None else unreached
    refusal = refused_before(search, allowed)
    if refusal is not None:
        return refusal
    try:
        return conclude(search, search.run(), allowed)
    except ModelError as error:
        return refused(search, str(error))


class _Search:
    """The states found so far, and what is wrong with them.

    _seen: every state found, in the order of discovery, with who may be stuck or hang there.
    _settled: that is who is stuck or hangs, and not only who may be or do so.
    _in_vain: deadlocks and hangs in the level that is being expanded.
    _hit: the names of the covers that are hit.
    _sizes: how many states each complete level has.
    _expanding: the level that is being expanded; -1 before the first.
    """

    engine: str = ENGINE

    def __init__(
        self, executable: Executable, watch: Watch, limits: Limits, small: int | None
    ) -> None:
        self.executable = executable
        self.watch = watch
        self.counts = [[0] * len(actor.labels) for actor in executable.actors]
        self.open_covers = _claims(executable, "cover")
        self._always = _claims(executable, "always")
        self._step = _claims(executable, "step")
        self._most = _NO_LIMIT if limits.states is None else limits.states
        self._small = self._most if small is None else min(small, self._most)
        self._hit: set[str] = set()
        self._freers = freers(executable)
        self._hangs_part = hangs_part(executable)
        self._seen: dict[int, int] = {}
        self._settled = False
        self._sizes: list[int] = []
        self._expanding = -1
        self._bad_states: list[int] = []
        self._bad_sources: list[int] = []
        self._in_vain: list[Finding] = []

    @property
    def states(self) -> int:
        return len(self._seen)

    @property
    def transitions(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def depth(self) -> int:
        return max(len(self._sizes) - 1, 0)

    @property
    def unexpanded(self) -> int:
        return sum(known == NOTHING_KNOWN for known in self._seen.values())

    def run(self) -> str:
        """Search; what stopped the search before its end, or an empty text."""
        try:
            self._explore()
        except Stopped as reason:
            return str(reason)
        except KeyboardInterrupt:
            return "an interrupt"
        finally:
            self._close_covers()
        return ""

    def _explore(self) -> None:
        """Find all states, or the first level in which something is wrong.

        Raises:
            Stopped: a limit is reached.
        """
        frontier = list(self.executable.initial)
        self._seen = dict.fromkeys(frontier, NOTHING_KNOWN)
        self._judge(frontier)
        while frontier:
            self._sizes.append(len(frontier))
            if self._found():
                return
            if self.states > self._small:
                raise Stopped(too_many(self._small))
            self._close_covers()
            self._expanding += 1
            frontier = self._next_level(frontier)
        if not self._found():
            self._find_stuck()

    def findings(self) -> list[Finding]:
        # Who waits in vain ends a trace one event earlier than what was found in the expansion.
        if self._in_vain:
            return self._in_vain
        # Not only the covers that are open: one may have failed here before another state hit it.
        found = wrong_states(self.executable, ("always", "cover"), self._bad_states)
        return found + wrong_moves(self.executable, self._bad_sources)

    def levels_before(self) -> Iterator[Level]:
        below = self._expanding + (0 if self._in_vain else 1)
        order = reversed(self._seen)
        later = len(self._seen) - sum(self._sizes[:below])
        next(islice(order, later, later), None)
        for size in reversed(self._sizes[:below]):
            yield partial(leading_to, self.executable, list(islice(order, size)))

    def stuck_in(self, state: int) -> int:
        return stuck_of(self.executable, self._seen[state])

    def hangs_in(self, state: int) -> int:
        return hanging_of(self.executable, self._seen[state])

    def look_ahead(self, state: int) -> int:
        if self._settled:
            return self.stuck_in(state)
        return stuck_in(self.executable, state, self._tick_ahead)

    def _found(self) -> bool:
        return bool(self._bad_states or self._bad_sources or self._in_vain)

    def _next_level(self, level: list[int]) -> list[int]:
        """Expand a level, and return the new states: the next level.

        Raises:
            Stopped: a limit is reached. What is found by then is judged.
        """
        fresh: list[int] = []
        judged = 0
        try:
            for start in range(0, len(level), _STATES_A_LOOK):
                if self.watch.due():
                    self._look(len(level) - start + len(fresh))
                self._expand(level[start : start + _STATES_A_LOOK], fresh)
                self._judge(fresh[judged:])
                judged = len(fresh)
        except (Stopped, KeyboardInterrupt):
            self._judge(fresh[judged:])
            raise
        return fresh

    def _expand(self, level: Sequence[int], fresh: list[int]) -> None:
        """Add the successors of each state. This is the hot loop."""
        seen = self._seen
        step_claims = self._step
        hangs_part, table = self._hangs_part, self._freers
        # A tuple for each actor: where it stands, what it does there, how often, and its bit.
        actors = [
            (*row, runs, waits(self.executable, index))
            for index, (row, runs) in enumerate(
                zip(rows(self.executable), self.counts, strict=True)
            )
        ]
        successors: list[int] = []
        failures: list[Failure] = []
        clear = successors.clear
        for state in level:
            stuck = 0
            made = 0
            for shift, mask, steps, runs, bits in actors:
                position = (state >> shift) & mask
                steps[position](state, successors, failures)
                now = len(successors)
                if now > made:
                    runs[position] += now - made
                    made = now
                else:
                    stuck |= bits[position]
            if failures:
                self._bad_sources.append(state)
                failures.clear()
            elif stuck and (not made or (hangs_part and nobody_works(table, state, stuck))):
                self._in_vain.append(hang(state) if made else deadlock(state))
            elif step_claims and self._breaks_step_claim(state, successors):
                self._bad_sources.append(state)
            for successor in successors:
                if successor not in seen:
                    seen[successor] = NOTHING_KNOWN
                    fresh.append(successor)
            # Who is known to move on after a successor is not stuck here. Who hangs is not asked
            # before all states are found. (A process whose step fails is no longer of interest:
            # the search ends with this level.)
            if stuck:
                for successor in successors:
                    stuck &= seen[successor] | hangs_part
            seen[state] = stuck
            clear()

    def _judge(self, fresh: Sequence[int]) -> None:
        """Evaluate the claims about single states on new states."""
        always = [claim.holds for claim in self._always]
        for state in fresh:
            try:
                for holds in always:
                    if not holds(state, state):
                        self._bad_states.append(state)
                        break
                if self.open_covers:
                    self._cover(state)
            except ModelError:
                self._bad_states.append(state)

    def _cover(self, state: int) -> None:
        """Cross off what is hit. It is still asked for in the level, so that no order matters."""
        self._hit.update(claim.name for claim in self.open_covers if claim.holds(state, state))

    def _close_covers(self) -> None:
        if self._hit:
            self.open_covers = [c for c in self.open_covers if c.name not in self._hit]

    def _breaks_step_claim(self, state: int, successors: list[int]) -> bool:
        claims = [claim.holds for claim in self._step]
        try:
            return not all(holds(state, after) for after in successors for holds in claims)
        except ModelError:
            return True

    def _find_stuck(self) -> None:
        """All states are found: look for the first level in which somebody is stuck, or hangs."""
        settle(self.executable, self._seen, self._tick)
        self._settled = True
        order = iter(self._seen.items())
        for level, size in enumerate(self._sizes):
            found = [(state, kept) for state, kept in islice(order, size) if kept]
            if found:
                self._in_vain = [
                    deadlock(state) if stuck_of(self.executable, kept) else hang(state)
                    for state, kept in found
                ]
                self._expanding = level
                return

    def _tick_ahead(self, found: int) -> None:
        if found > self._most:
            raise Stopped(too_many(self._most))
        self._tick()

    def _tick(self) -> None:
        if self.watch.due():
            self._look(0)

    def _look(self, frontier: int) -> None:
        self.watch.look(self.states, self.transitions, self.depth, frontier)


def _claims(executable: Executable, kind: str) -> list[Property]:
    return [claim for claim in executable.properties if claim.kind == kind]
