"""The benchmark model in all tools: `python -m bench.compare`, or `make bench`.

The tools take turns, round after round, so that what else the machine does falls on all of them.
All have to find the same states and transitions. The table has medians over the rounds; the JSON
file has every measurement.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.configurations import CONFIGURATIONS, Configuration
from bench.measurements import Comparison, Measurement, machine
from bench.process import CommandFailed, confined_to, cores, run, say
from bench.table import comparison
from bench.tools import TOOLS, Answer, Tool, Unreadable

OUTPUT = Path("build") / "bench.json"


class Comparing:
    """A comparison under way. A tool that fails on a size is not run on it again.

    scratch: a folder for what is built.
    """

    def __init__(
        self,
        tools: Sequence[Tool],
        sizes: Sequence[Configuration],
        scratch: Path,
        most_threads: int,
    ) -> None:
        self.result = Comparison(machine())
        self._scratch = scratch
        self._most_threads = most_threads
        self._depths: dict[str, tuple[str, int]] = {}
        for tool in tools:
            if missing := tool.missing():
                self.result.skipped[tool.name] = f"{missing} is not installed"
        self._able = [
            (tool, size)
            for size in sizes
            for tool in tools
            if size.name in tool.sizes and tool.name not in self.result.skipped
        ]

    def build(self) -> None:
        """Build every tool for every size."""
        for tool, size in list(self._able):
            say(f"building: {tool.name}, {size.name}")
            folder = self._folder(tool, size)
            folder.mkdir()
            start = time.perf_counter()
            try:
                told = tool.build(size, folder)
            except (CommandFailed, Unreadable) as error:
                self._fails(tool, size, f"cannot be built: {error}")
                continue
            seconds = time.perf_counter() - start if told is None else told
            self.result.built.setdefault(tool.name, {})[size.name] = seconds

    def round(self, number: int) -> None:
        """Run every tool on every size, with each number of threads.

        Sizes that have a violation are there for the answer: they are searched in round 0 only.
        """
        for tool, size in list(self._able):
            if number and size.violated_after is not None:
                continue
            try:
                for threads in tool.threads:
                    if threads <= self._most_threads:
                        say(f"round {number + 1}: {tool.name}, {size.name}, {threads} threads")
                        self.result.measured.append(self._run(tool, size, threads, number))
            except (CommandFailed, Unreadable) as error:
                self._fails(tool, size, str(error))

    def _folder(self, tool: Tool, size: Configuration) -> Path:
        return self._scratch / f"{tool.name}, {size.name}".replace(", ", "-").replace(" ", "-")

    def _fails(self, tool: Tool, size: Configuration, why: str) -> None:
        self._able.remove((tool, size))
        self.result.wrong.append(f"{tool.name} on {size.name}: {why}")

    def _run(self, tool: Tool, size: Configuration, threads: int, number: int) -> Measurement:
        folder = self._folder(tool, size)
        with confined_to(threads):
            ran = run(
                tool.command(size, folder, threads),
                folder=folder,
                environment=tool.environment(folder),
                may_fail=True,
            )
        try:
            answer = tool.read(ran, threads)
        except Unreadable as error:
            raise Unreadable(f"has ended with {ran.status}: {error}") from None
        if wrong := self._unexpected(tool, size, answer):
            raise Unreadable(wrong)
        return Measurement(
            tool=tool.name,
            size=size.name,
            threads=threads,
            round=number,
            states=answer.states,
            transitions=answer.transitions,
            depth=answer.depth,
            violated=answer.violated,
            search_user=ran.user if answer.user_seconds is None else answer.user_seconds,
            search_wall=ran.wall if answer.wall_seconds is None else answer.wall_seconds,
            command_user=ran.user,
            command_wall=ran.wall,
            engine_bytes=answer.engine_bytes,
            peak_bytes=ran.peak_bytes,
        )

    def _unexpected(self, tool: Tool, size: Configuration, answer: Answer) -> str:
        """What is wrong with an answer, in words that follow the tool's name; empty if nothing."""
        if wrong := unexpected(size, answer):
            return wrong
        if answer.depth is not None:
            other, depth = self._depths.setdefault(size.name, (tool.name, answer.depth))
            if depth != answer.depth:
                return f"has come to depth {answer.depth}, but {other} to {depth}"
        return ""


def unexpected(of: Configuration, answer: Answer) -> str:
    """What is not as it is known to be, in words that follow the tool's name; empty if all is."""
    if answer.violated != (of.violated_after is not None):
        return "has found a violation" if answer.violated else "has found no violation"
    if answer.violated:
        if answer.depth not in (None, of.violated_after):
            return f"has a violation after {answer.depth} steps instead of {of.violated_after}"
        return ""
    assert of.states is not None and of.transitions is not None
    off = abs(answer.transitions - of.transitions)
    if answer.states != of.states or off > answer.rounded:
        found = f"{answer.states:,} states and {answer.transitions:,} transitions"
        return f"has found {found} instead of {of.states:,} and {of.transitions:,}"
    return ""


def main() -> None:
    """Compare what the command line asks for; exit with 1 if a tool's answer is wrong.

    Ctrl-C ends the comparison, and what was measured until then is shown.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("--sizes", nargs="+", choices=CONFIGURATIONS, default=[*CONFIGURATIONS])
    parser.add_argument("--tools", nargs="+", choices=[tool.name for tool in TOOLS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(cores()), help="at most")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the JSON file to write")
    asked = parser.parse_args()
    tools = [tool for tool in TOOLS if asked.tools is None or tool.name in asked.tools]
    sizes = [CONFIGURATIONS[name] for name in asked.sizes]
    with tempfile.TemporaryDirectory(prefix="mcheck-bench-") as scratch:
        comparing = Comparing(tools, sizes, Path(scratch), asked.threads)
        try:
            comparing.build()
            for number in range(asked.rounds):
                comparing.round(number)
        except KeyboardInterrupt:
            comparing.result.wrong.append("an interrupt: not all was measured")
    say("")
    result = comparing.result

    print(comparison(result))
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(asdict(result), indent=1) + "\n")
    sys.exit(1 if result.wrong else 0)


if __name__ == "__main__":
    main()
