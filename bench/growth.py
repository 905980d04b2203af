"""The kernel's own scenarios, and how they grow: `python -m bench.growth`, or `make bench`.

First each scenario by both engines. Then models that are made larger in one respect, with a plot of
time and memory. What a limit of time ends is shown as that, and is not in the plot.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from bench.measurements import machine
from bench.models import SERIES, Series
from bench.plot import Line, Panel, drawn
from bench.process import CommandFailed, confined_to, cores, run, say
from bench.table import Row, aligned, seconds
from bench.tools import Native, Unreadable, told_in_json, with_cache
from mcheck.scenarios import SCENARIOS, Size

OUTPUT = Path("build") / "growth.json"
PLOT = Path("build") / "growth.svg"

LEAST = 0.001
"""Seconds of processor time; what is less is not measured well enough to be drawn."""

Engine: TypeAlias = tuple[str, int]
"""An engine and a number of workers."""


@dataclass(frozen=True)
class Search:
    """One search of one model.

    exhausted: no limit has ended it; user_seconds, wall_seconds: of the search alone;
    build_seconds: from the model's text to what can be searched; engine_bytes: of states and table,
    or of a search in plain Python by how much the process has grown: too little for small models,
    which fit into what the process had before.
    """

    model: str
    engine: str
    workers: int
    exhausted: bool
    states: int
    transitions: int
    depth: int
    user_seconds: float
    wall_seconds: float
    build_seconds: float
    engine_bytes: int


def searched(model: str, engine: Engine, limit: float, cache: Path) -> Search:
    """Search a model in a process of its own, for so many seconds at most.

    Raises:
        CommandFailed: it cannot be searched.
    """
    name, workers = engine
    words = ["--engine", name, "--workers", str(workers), "--max-seconds", str(limit)]
    with confined_to(workers):
        ran = run(
            [sys.executable, "-m", "bench.ours", model, *words], environment=with_cache(cache)
        )
    told = told_in_json(ran.output)
    if told["violated"] or told["verdict"] == "ERROR":
        raise CommandFailed(f"{model}: {told['verdict']}: {told['why']}")
    return Search(
        model=model,
        engine=name,
        workers=workers,
        exhausted=told["verdict"] != "BOUNDED",
        build_seconds=told["lower_seconds"] + told["compile_seconds"],
        **{field: told[field] for field in ("states", "transitions", "depth")},
        **{field: told[field] for field in ("user_seconds", "wall_seconds", "engine_bytes")},
    )


def row(model: str, searches: Sequence[Search]) -> Row:
    """The line of one model. What a limit has ended has a > before what it took."""
    most = max(searches, key=lambda s: (s.exhausted, s.states))
    line = {"": model, "states": ("" if most.exhausted else "> ") + f"{most.states:,}"}
    for s in searches:
        more = "" if s.exhausted else "> "
        engine = s.engine if s.workers == 1 else f"{s.engine}, {s.workers} cores"
        line[f"{engine}, s"] = more + seconds(s.wall_seconds)
        if engine == "native":
            line["bytes/state"] = f"{s.engine_bytes / s.states:,.0f}"
            line["build s"] = seconds(s.build_seconds)
    return line


def different(searches: Sequence[Search]) -> str:
    """In what exhausted searches of one model differ; empty if they do not."""
    counts = {(s.states, s.transitions, s.depth) for s in searches if s.exhausted}
    if len(counts) < 2:
        return ""
    return f"{searches[0].model}: states, transitions and depth are {sorted(counts)}"


def plot(series: Sequence[Series], searches: Sequence[Search]) -> str:
    """Processor time and memory of the exhausted searches with one worker, as SVG.

    The memory of plain Python is not shown: it is measured from outside, too coarsely.
    """
    time = Panel("processor time of the search", "seconds", [])
    memory = Panel("memory of states and table", "MiB", [])
    for colour, one in enumerate(series):
        for engine in ("native", "reference"):
            mine = [s for s in searches if s.engine == engine and s.workers == 1 and s.exhausted]
            at = [(one.names[s.model], s) for s in mine if s.model in one.names]
            times = [(n, s.user_seconds) for n, s in at if s.user_seconds >= LEAST]
            time.lines.append(Line(f"{one.what}, {engine}", colour, engine == "reference", times))
            if engine == "native":
                sizes = [(n, s.engine_bytes / 2**20) for n, s in at]
                memory.lines.append(Line(f"{one.what}, {engine}", colour, False, sizes))
    return drawn([time, memory], "how many there are")


def engines() -> list[Engine]:
    """All that can be compared here, the slowest last."""
    if missing := Native().missing():
        print(f"The native engine is skipped: {missing} is not installed.\n")
        return [("reference", 1)]
    on_two = [("native", 2)] if len(cores()) > 1 else []
    return [("native", 1), *on_two, ("reference", 1)]


class Measuring:
    """Models that are being measured, by some engines.

    searches: what was measured so far; wrong: what failed, and in what engines differ, as lines.
    """

    def __init__(self, by: Sequence[Engine], limit: float, cache: Path) -> None:
        self.searches: list[Search] = []
        self.wrong: list[str] = []
        self._by, self._limit, self._cache = by, limit, cache

    def table(self, models: Sequence[str]) -> str:
        """Search the models, and show how long it took."""
        rows: list[Row] = []
        for model in models:
            searches = self._all_of(model)
            self.searches += searches
            self.wrong += filter(None, [different(searches)])
            rows += [row(model, searches)] if searches else []
        say("")
        return aligned(rows) if rows else ""

    def _all_of(self, model: str) -> list[Search]:
        searches: list[Search] = []
        for engine in self._by:
            say(f"{model}: {engine[0]}, {engine[1]} workers")
            try:
                searches.append(searched(model, engine, self._limit, self._cache))
            except (CommandFailed, Unreadable) as error:
                self.wrong.append(str(error))
        return searches


def main() -> None:
    """Measure, print the tables, write the JSON file and the plot.

    The exit code is 1 if a search fails, or if the engines differ.
    """
    default = [name for name, s in SCENARIOS.items() if s.size is Size.DEFAULT]
    growing = [name for series in SERIES for name in series.names]
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument(
        "--scenarios", nargs="*", choices=SCENARIOS, default=default, metavar="NAME"
    )
    parser.add_argument("--growing", nargs="*", choices=growing, default=growing, metavar="NAME")
    parser.add_argument("--max-seconds", type=float, default=120, help="of one search")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the JSON file to write")
    parser.add_argument("--plot", type=Path, default=PLOT, help="the SVG file to write")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcheck-bench-") as cache:
        measuring = Measuring(engines(), asked.max_seconds, Path(cache))
        for models in (asked.scenarios, asked.growing):
            print(measuring.table(models), end="\n\n")
    searches, wrong = measuring.searches, measuring.wrong
    for line in wrong:
        print(f"WRONG: {line}")
    told = {"machine": machine(), "searches": [asdict(s) for s in searches], "wrong": wrong}
    write(asked.output, json.dumps(told, indent=1) + "\n")
    write(asked.plot, plot(SERIES, searches))
    sys.exit(1 if wrong else 0)


def write(file: Path, text: str) -> None:
    """Write a file, in a folder that need not be there yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    main()
