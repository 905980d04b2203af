"""One search of a model by an engine of mcheck: `python -m bench.ours M --workers 2`.

It prints one line of JSON. Each search has a process of its own, so that its peak memory is that of
one search.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from typing import Any

from bench.models import find
from mcheck.explorer import Limits, Result, Verdict, native, reference
from mcheck.explorer.machine import resident_bytes
from mcheck.lang import Model


def searched(model: Model[Any], engine: str, workers: int, limits: Limits) -> dict[str, Any]:
    """Search a model, and tell what came of it and what it cost. User seconds have all threads."""
    began = time.perf_counter()
    executable = model.compile()
    lowered, user, before = time.perf_counter(), user_seconds(), resident_bytes()
    if engine == "native":
        result = native.check(executable, limits=limits, workers=workers)
    else:
        result = reference.check(executable, limits=limits)
    user = user_seconds() - user
    return {
        "verdict": result.verdict.value,
        "why": result.why,
        # Where a label has not run, all states are searched and nothing else is wrong.
        "violated": result.verdict is Verdict.VIOLATED and not result.unreached,
        "states": result.states,
        "transitions": result.transitions,
        "depth": result.depth if result.trace is None else result.trace.depth,
        "lower_seconds": lowered - began,
        **costs(result, user, result.peak_bytes - before),
    }


def costs(result: Result, user: float, grown_bytes: int) -> dict[str, float]:
    """What the search itself took, as the engine has measured it, or as it looks from outside.

    Seconds of the search, user and wall; seconds from the lowered model to one that can be
    searched; bytes of states and table, or by how much the process has grown.
    """
    told = result.figures
    return {
        "user_seconds": told.get("search_user_seconds", user),
        "wall_seconds": told.get("search_seconds", result.seconds),
        "compile_seconds": told.get("compile_seconds", 0.0),
        "engine_bytes": told.get("engine_bytes", grown_bytes),
    }


def user_seconds() -> float:
    """User time of this process until now, in seconds."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def main() -> None:
    """Search the model that is named, and print what it cost."""
    parser = argparse.ArgumentParser(prog="python -m bench.ours", description=__doc__)
    parser.add_argument("model", help="as bench/models.py calls it")
    parser.add_argument("--engine", choices=("native", "reference"), default="native")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--max-states", type=int)
    parser.add_argument("--max-seconds", type=float)
    asked = parser.parse_args()
    limits = Limits(states=asked.max_states, seconds=asked.max_seconds)
    try:
        told = searched(find(asked.model), asked.engine, asked.workers, limits)
    except (KeyError, native.CannotCompile) as error:
        sys.exit(str(error))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
