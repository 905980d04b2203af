"""The sizes of the benchmark model, and how many states and transitions each has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Configuration:
    """One size of the benchmark model.

    objects, frames, cpus, gups: how many there are; flush: does the migrator flush the TLB?
    states, transitions: how many there are, in every tool; None where the search ends early.
    violated_after: how many steps the shortest way to a violation has; None where all holds.
    log2_places: a hash table of 2 ** log2_places places is filled to a half, or a little more.
    deepest: depth-first search goes no deeper.
    """

    name: str
    objects: int
    frames: int
    cpus: int
    gups: int
    states: int | None
    transitions: int | None
    log2_places: int
    deepest: int
    flush: bool = True
    violated_after: int | None = None


CONFIGURATIONS = {
    c.name: c
    for c in (
        Configuration("S", 1, 3, 2, 0, 88_644, 316_656, 17, 100_000),
        Configuration("M", 1, 2, 3, 1, 2_142_352, 11_919_720, 22, 1_000_000),
        Configuration("L", 2, 3, 2, 0, 38_635_392, 185_620_560, 26, 20_000_000),
        Configuration(
            "M-no-flush", 1, 2, 3, 1, None, None, 22, 1_000_000, flush=False, violated_after=22
        ),
    )
}
"""By name. M-no-flush is not for measuring: it shows that every tool sees the mistake."""
