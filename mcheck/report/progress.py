"""How far searches are, on one line of a terminal. Nothing at all where stderr is no terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from mcheck.explorer.limits import Progress
from mcheck.report.phrases import counted, duration

_REPORTS = 10
"""The rate is taken over so many reports, which makes it about two seconds."""
_TICK_SECONDS = 0.5


@contextmanager
def progress(name: str, *, wanted: bool = True) -> Generator[Progress | None]:
    """What an engine calls while it searches; None where there is nobody to see it.

    name: the scenario. The line is gone at the end.
    """
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    with _line() as draw:
        draw(f"{name}: reading the model")
        yield Gauge(lambda text: draw(f"{name}: {text}"))


@contextmanager
def tally(whole: int, *, wanted: bool = True) -> Generator[Callable[[int, Sequence[str]], None]]:
    """What is called with how many of `whole` searches are done, and which are under way."""
    if not wanted or not sys.stderr.isatty():
        yield lambda done, names: None
        return
    with _line() as draw:
        yield lambda done, names: draw(f"{done} of {whole} done; searching {', '.join(names)}")


@contextmanager
def ticking(what: str, *, wanted: bool = True) -> Generator[None]:
    """Shows what is being done, and for how long: for what does not report how far it is."""
    if not wanted or not sys.stderr.isatty():
        yield
        return
    start = time.perf_counter()
    done = threading.Event()
    with _line() as draw:

        def tick() -> None:
            while not done.wait(_TICK_SECONDS):
                draw(f"{what}, {duration(time.perf_counter() - start)}")

        draw(what)
        clock = threading.Thread(target=tick, daemon=True)
        clock.start()
        try:
            yield
        finally:
            done.set()
            clock.join()


@contextmanager
def _line() -> Generator[Callable[[str], None]]:
    """Draws a text over the one before it; the line is gone at the end."""
    from rich.console import Console  # only now: it takes longer to load than small models run
    from rich.live import Live
    from rich.text import Text

    # Refreshed by hand: a thread of its own would compete with the search.
    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:

        def draw(text: str) -> None:
            live.update(Text(text, overflow="ellipsis", no_wrap=True), refresh=True)

        yield draw


class Gauge:
    """Turns what an engine reports into a line, with the rate of the last reports."""

    def __init__(self, draw: Callable[[str], None]) -> None:
        self._draw = draw
        self._past: deque[tuple[float, int]] = deque([(0.0, 0)], maxlen=_REPORTS)

    def __call__(  # noqa: PLR0917 - what an engine reports is given
        self,
        states: int,
        transitions: int,
        depth: int,
        frontier: int,
        seconds: float,
        resident: int,
        /,
    ) -> None:
        """Draw one report; seconds since the start, resident set in bytes."""
        memory = f"{resident / 2**20:,.0f} MiB"
        if not states:  # nothing yet, or an engine that does not count them
            self._draw(f"depth {depth}, {memory}, {duration(seconds)}")
            return
        before, fewer = self._past[0]
        self._past.append((seconds, states))
        rate = (states - fewer) / (seconds - before) if seconds > before else 0.0
        self._draw(
            f"{counted(states, 'state')}, {rate:,.0f}/s, {counted(transitions, 'transition')}, "
            f"depth {depth}, frontier {frontier:,}, {memory}, {duration(seconds)}"
        )
