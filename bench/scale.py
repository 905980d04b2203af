"""One large search, and its rate in each quarter: `python -m bench.scale`.

The rate is that of the search forward. A quarter has a quarter of all states; where it ends is seen
about five times a second. After the last one, what is left is to settle who waits in vain.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.models import find
from bench.process import cores
from bench.table import Row, aligned, seconds
from mcheck.explorer import Limits, native

QUARTERS = 4
LARGEST = "anon-forked-both-4"
"""What is searched unless told: it has more than 200 million states."""

Seen = tuple[int, float]
"""How many states there were after how many seconds."""


def crossing(seen: Sequence[Seen], states: float) -> float:
    """After how many seconds there were so many states: on a line between what was seen."""
    before = (0, 0.0)
    for now in seen:
        if now[0] >= states:
            (n, t), (m, u) = before, now
            return t if m == n else t + (u - t) * (states - n) / (m - n)
        before = now
    raise ValueError(f"there were never {states:,.0f} states")


def quarters(seen: Sequence[Seen], states: int) -> list[tuple[int, float]]:
    """For each quarter: how many states, in how many seconds."""
    ends = [crossing(seen, states * (i + 1) / QUARTERS) for i in range(QUARTERS)]
    begins = [0.0, *ends]
    sizes = [states * (i + 1) // QUARTERS - states * i // QUARTERS for i in range(QUARTERS)]
    return [(sizes[i], ends[i] - begins[i]) for i in range(QUARTERS)]


def main() -> None:
    """Search the model that is named, and print what it cost."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("model", nargs="?", default=LARGEST, help="as bench/models.py calls it")
    parser.add_argument("--workers", type=int, default=len(cores()))
    parser.add_argument("--max-gib", type=float, default=18)
    parser.add_argument("--trail", type=Path, help="write what was seen on the way to this file")
    asked = parser.parse_args()
    seen: list[Seen] = []

    def note(states: int, _t: int, _d: int, _left: int, seconds: float, _bytes: int) -> None:
        if not seen or states > seen[-1][0]:
            seen.append((states, seconds))

    try:
        executable = find(asked.model).compile()
    except KeyError as error:
        sys.exit(str(error))
    limits = Limits(memory_bytes=int(asked.max_gib * 2**30))
    result = native.check(executable, limits=limits, workers=asked.workers, progress=note)
    if asked.trail is not None:
        asked.trail.write_text("".join(f"{n} {t:.3f}\n" for n, t in seen), encoding="utf-8")
    why = f" ({result.why})" if result.why else ""
    print(f"{result.scenario}: {result.verdict.value}{why}; {asked.workers} workers")
    print(f"{result.states:,} states, {result.transitions:,} transitions, depth {result.depth}")
    told = result.figures
    print(
        f"{seconds(told['search_seconds'])} s of the search, "
        f"{seconds(told['search_user_seconds'])} s of its threads, "
        f"{told['engine_bytes'] / result.states:.1f} bytes a state, "
        f"peak {result.peak_bytes / 2**30:.1f} GiB\n"
    )
    seen = [(n, max(0.0, t - told["compile_seconds"])) for n, t in seen]
    if not seen or seen[-1][0] < result.states:
        seen.append((result.states, told["search_seconds"]))
    rows: list[Row] = []
    for i, (states, took) in enumerate(quarters(seen, result.states)):
        rate = f"{states / took:,.0f}" if took else ""
        rows.append(
            {"quarter": str(i + 1), "states": f"{states:,}", "s": seconds(took)}
            | {"states/s": rate}
        )
    print(aligned(rows))


if __name__ == "__main__":
    main()
