"""What was measured, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import TypeAlias

from tabulate import tabulate

from bench.configurations import CONFIGURATIONS
from bench.measurements import Comparison, Measurement

Row: TypeAlias = dict[str, str]

OURS = "mcheck native"
"""The tool that the others are compared with."""


def comparison(result: Comparison) -> str:
    """All tables of a comparison, and what else there is to say."""
    timed = [m for m in result.measured if not m.violated]
    sections = dict.fromkeys((m.size, m.threads) for m in timed)
    parts = [
        section(size, threads, [m for m in timed if (m.size, m.threads) == (size, threads)], result)
        for size, threads in sections
    ]
    parts += [violations([m for m in result.measured if m.violated])]
    parts += [f"{tool} is skipped: {why}." for tool, why in result.skipped.items()]
    parts += [f"WRONG: {line}" for line in result.wrong]
    return "\n\n".join(filter(None, parts))


def section(size: str, threads: int, runs: Sequence[Measurement], result: Comparison) -> str:
    """The table of one size and one number of threads."""
    of = CONFIGURATIONS[size]
    title = f"{size}: {of.states:,} states, {of.transitions:,} transitions, {on(threads)}"
    tools = dict.fromkeys(m.tool for m in runs)
    rows = [row(tool, runs, threads, result.built.get(tool, {}).get(size)) for tool in tools]
    return f"{title}\n\n{aligned(rows)}"


def row(tool: str, runs: Sequence[Measurement], threads: int, built: float | None) -> Row:
    """The line of one tool: medians over its runs."""
    own = [m for m in runs if m.tool == tool]

    def middle(of: Callable[[Measurement], float]) -> float:
        return median(map(of, own))

    told = [m.engine_bytes / m.states for m in own if m.engine_bytes is not None]
    times = ratio(own, [m for m in runs if m.tool == OURS], threads)
    return {
        "": tool,
        "user s": seconds(middle(lambda m: m.search_user)),
        "wall s": seconds(middle(lambda m: m.search_wall)),
        "states/s": f"{middle(lambda m: m.states / m.search_wall):,.0f}",
        "times ours": "-" if times is None else f"{times:.2f}",
        "command, user s": seconds(middle(lambda m: m.command_user)),
        "wall s ": seconds(middle(lambda m: m.command_wall)),
        "bytes/state": f"{median(told):.1f}" if told else "-",
        "peak MiB": f"{middle(lambda m: m.peak_bytes) / 2**20:,.0f}",
        "build s": "-" if built is None else seconds(built),
    }


def ratio(own: Iterable[Measurement], ours: Iterable[Measurement], threads: int) -> float | None:
    """How many times as long as ours a tool takes: the median of what it is in each round.

    On one core it is user time that counts, on more of them wall time.
    """

    def of(m: Measurement) -> float:
        return m.search_user if threads == 1 else m.search_wall

    in_round = {m.round: of(m) for m in ours}
    ratios = [of(m) / in_round[m.round] for m in own if in_round.get(m.round)]
    return median(ratios) if ratios else None


def violations(found: Sequence[Measurement]) -> str:
    """Who has seen what is wrong, and after how many steps."""
    steps = {m.tool: m.depth for m in reversed(found)}  # with one thread it is the shortest
    who = [tool if n is None else f"{tool}, after {n} steps" for tool, n in reversed(steps.items())]
    return "\n  ".join(["Without the flush a violation is found by", *who]) if who else ""


def on(threads: int) -> str:
    """On how many processors."""
    return "one core" if threads == 1 else f"{threads} cores"


def seconds(value: float) -> str:
    """A time with three digits that mean something."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def aligned(rows: Sequence[Row]) -> str:
    """A table with what can be compared aligned on the right."""
    right = ["right"] * (len(rows[0]) - 1)
    return tabulate(rows, headers="keys", disable_numparse=True, colalign=["left", *right])
