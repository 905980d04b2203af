"""A search by the native engine, told in the same words as one by the reference engine.

The engine finds in which states something is wrong, and no more. What is wrong there, who is to
blame and how to get there is asked of the Python form of the same steps and properties.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial

from mcheck.explorer.deadlock import hanging_of, stuck_in, stuck_of
from mcheck.explorer.findings import Finding, deadlock, hang, wrong_moves, wrong_states
from mcheck.explorer.limits import UNLIMITED, Limits, Progress, Stopped, Watch, too_many
from mcheck.explorer.machine import available_bytes, resident_bytes, usable_cores
from mcheck.explorer.moves import moves
from mcheck.explorer.native.compiler import CannotCompile, compiled
from mcheck.explorer.native.library import Found, Library, Search, Why
from mcheck.explorer.result import Result
from mcheck.explorer.shortest import Level
from mcheck.explorer.verdict import conclude, refused, refused_before
from mcheck.lang.contract import Compilable, Executable
from mcheck.lang.errors import ModelError

ENGINE = "native"

_NO_LIMIT = 1 << 62
_LOOK_MILLISECONDS = 100
_SHARE_OF_FREE_MEMORY = 0.75
_MOST_WORKERS = 64
_LEAST_BYTES = 1 << 20


def check(
    executable: Compilable,
    *,
    limits: Limits = UNLIMITED,
    unreached: frozenset[str] | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    share: int = 1,
    flags: tuple[str, ...] = (),
) -> Result:
    """Search all reachable states of the executable, as far as the limits allow.

    As `reference.check`, with the same answer; only what a limit of time or memory leaves
    unsearched differs.

    workers: how many threads search; as many as there are processors where it is left out. The
        answer does not depend on it.
    share: how many searches there are at the same time, for each of which the memory has to do.
    flags: for the C compiler, beside those that it is always given.

    Raises:
        CannotCompile: there is no native code for the model.
    """
    watch = Watch(limits, progress)
    allowed = executable.unreached if unreached is None else unreached
    refusal = refused_before(_Nothing(executable, watch), allowed)
    if refusal is not None:
        return refusal
    library = _library(executable, flags)
    threads = max(1, min(workers or usable_cores(), _MOST_WORKERS))
    search = _Search(executable, library, watch, limits, threads=threads, share=share)
    search.compile_seconds = watch.seconds
    try:
        result = conclude(search, search.run(), allowed)
    except ModelError as error:
        result = refused(search, str(error))
    return replace(result, figures=search.measured())


def _library(executable: Compilable, flags: tuple[str, ...]) -> Library:
    try:
        text = executable.c()
    except ModelError as error:
        raise CannotCompile(str(error)) from None
    try:
        return Library(compiled(executable.name, text, flags))
    except OSError as error:
        raise CannotCompile(f"the compiled model cannot be loaded: {error}") from None


def _end(search: Search) -> None:
    """Its threads must not go on, whatever happens, and however often somebody presses Ctrl-C."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            if not search.started:
                return
            search.stop()
            if search.wait(_LOOK_MILLISECONDS):
                return


class _Nothing:
    """A search that has not begun."""

    engine: str = ENGINE
    states = transitions = depth = unexpanded = 0

    def __init__(self, executable: Executable, watch: Watch) -> None:
        self.executable, self.watch = executable, watch
        self.counts = [[0] * len(actor.labels) for actor in executable.actors]
        self.open_covers = [p for p in executable.properties if p.kind == "cover"]

    def findings(self) -> list[Finding]:
        return []

    def levels_before(self) -> Iterator[Level]:
        return iter(())

    def stuck_in(self, state: int) -> int:
        return 0

    def hangs_in(self, state: int) -> int:
        return 0

    def look_ahead(self, state: int) -> int:
        return 0


class _Search(_Nothing):
    """What the engine has found, as `verdict.Searched` tells it.

    compile_seconds: how long it took until there was machine code.
    """

    compile_seconds: float = 0

    def __init__(
        self,
        executable: Compilable,
        library: Library,
        watch: Watch,
        limits: Limits,
        *,
        threads: int,
        share: int,
    ) -> None:
        super().__init__(executable, watch)
        self._limits, self._threads = limits, threads
        self._claims = executable.claims
        self._free = available_bytes()
        self._most_bytes = self._memory(limits, share)
        judged = {p.name for p in executable.properties}
        asked = [name in judged for name in self._claims]
        self._search = self._prepared(library, asked) or self._alone(library, asked)
        self._figures = self._search.figures()

    def _alone(self, library: Library, asked: list[bool]) -> Search:
        """With one thread, which needs less address space."""
        self._threads = 1
        search = self._prepared(library, asked)
        if search is None:
            room = f"{self._most_bytes / 2**20:,.0f} MiB of states"
            raise CannotCompile(f"the address space (ulimit -v) is too small for {room}")
        return search

    def _prepared(self, library: Library, asked: list[bool]) -> Search | None:
        most = self._limits.states
        try:
            return Search(
                library,
                self.executable.initial,
                asked,
                threads=self._threads,
                most_states=_NO_LIMIT if most is None else most,
                most_bytes=self._most_bytes,
            )
        except MemoryError:
            return None

    def _memory(self, limits: Limits, share: int) -> int:
        """What the states and their index may take, in bytes."""
        free = int(self._free * _SHARE_OF_FREE_MEMORY) // share
        if limits.memory_bytes is not None:
            free = min(free, limits.memory_bytes - resident_bytes())
        return max(free, _LEAST_BYTES)

    def run(self) -> str:
        """Search; what stopped the search before its end, or an empty text."""
        search = self._search
        try:
            self.watch.due()
        except Stopped as reason:
            return str(reason)
        stopped = self._follow(search)
        self._figures = search.figures()
        runs = iter(search.runs(sum(map(len, self.counts))))
        self.counts = [[next(runs) for _ in labels] for labels in self.counts]
        still = {n for n, left in zip(self._claims, search.still_open(), strict=True) if left}
        self.open_covers = [claim for claim in self.open_covers if claim.name in still]
        return self._why(stopped)

    def _follow(self, search: Search) -> str:
        """Watch the search until it ends; what made it end, if it did not do so by itself."""
        stopped = ""
        try:
            if not search.start():
                return "the system, which gives no threads"
            while not search.wait(_LOOK_MILLISECONDS):
                if self.watch.due():
                    now = search.figures()
                    self.watch.look(now.states, now.transitions, now.level, now.frontier)
        except Stopped as reason:
            stopped = str(reason)
        except KeyboardInterrupt:
            stopped = "an interrupt"
        finally:
            _end(search)
        return stopped

    def _why(self, stopped: str) -> str:
        match self._figures.reason:
            case Why.STATES:
                assert self._limits.states is not None
                return too_many(self._limits.states)
            case Why.MEMORY:
                return self._memory_limit()
            case Why.EXHAUSTED | Why.FOUND:
                return ""
            case _:
                return stopped

    def _memory_limit(self) -> str:
        most = self._limits.memory_bytes
        if most is not None:
            return f"the memory limit of {most / 2**20:,.0f} MiB"
        return f"its share of the free memory, {self._most_bytes / 2**20:,.0f} MiB"

    @property
    def states(self) -> int:
        return self._figures.states

    @property
    def transitions(self) -> int:
        return self._figures.transitions

    @property
    def depth(self) -> int:
        return self._figures.level

    @property
    def unexpanded(self) -> int:
        return self._figures.states - self._figures.expanded

    @cached_property
    def _in_vain(self) -> dict[int, int]:
        """The states in which somebody waits in vain, with who does."""
        return dict(self._found(Found.IN_VAIN))

    def _found(self, which: Found) -> list[tuple[int, int]]:
        return self._search.found(which)

    def findings(self) -> list[Finding]:
        if self._in_vain:
            return [
                hang(s) if self._only_hangs(s, who) else deadlock(s)
                for s, who in self._in_vain.items()
            ]
        bad = [state for state, _ in self._found(Found.BAD)]
        sources = [state for state, _ in self._found(Found.BAD_SOURCES)]
        found = wrong_states(self.executable, ("always", "cover"), bad)
        found += wrong_moves(self.executable, sources)
        if self._figures.reason == Why.FOUND and not found:
            where = (bad or sources)[0]
            raise RuntimeError(f"state {where:#x} is wrong in native code, and not in Python")
        return found

    def _only_hangs(self, state: int, who: int) -> bool:
        if self._figures.settled:
            return not stuck_of(self.executable, who)
        return any(moves(actor, state)[0] for actor in self.executable.actors)

    def levels_before(self) -> Iterator[Level]:
        below = self._figures.begun - (1 if self._in_vain else 0)
        for level in reversed(range(below)):
            yield partial(self._search.leading_to, level)

    def stuck_in(self, state: int) -> int:
        return stuck_of(self.executable, self._in_vain[state])

    def hangs_in(self, state: int) -> int:
        return hanging_of(self.executable, self._in_vain[state])

    def look_ahead(self, state: int) -> int:
        if self._figures.settled:
            return self.stuck_in(state)
        return stuck_in(self.executable, state, self._tick)

    def _tick(self, found: int) -> None:
        most = self._limits.states
        if most is not None and found > most:
            raise Stopped(too_many(most))
        if self.watch.due():
            self.watch.look(self.states, self.transitions, self.depth, 0)

    def measured(self) -> dict[str, float]:
        """What a benchmark asks: see `Result.figures`."""
        return {
            "workers": self._threads,
            "engine_bytes": self._figures.bytes,
            "search_seconds": self._figures.seconds,
            "search_user_seconds": self._figures.user,
            "compile_seconds": self.compile_seconds,
        }
