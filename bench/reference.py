"""Speed and memory of the reference engine on the benchmark model: `python -m bench.reference`.

Each size runs in a process of its own, so that the peak memory is that of one search. Figures of
shared machines vary; counts do not.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from tabulate import tabulate

from bench.migration import M, M_no_flush, S
from mcheck.explorer import check

MODELS = {model.name: model for model in (S, M, M_no_flush)}


def peak_bytes() -> int:
    """The largest resident set of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(name: str) -> dict[str, int | float | str]:
    """One search in this process: counts, processor seconds and bytes a state."""
    started = time.process_time()
    program = MODELS[name].compile()
    compiled = time.process_time()
    before = peak_bytes()
    result = check(program)
    seconds = time.process_time() - compiled
    return {
        "model": name,
        "verdict": result.verdict.value,
        "states": result.states,
        "transitions": result.transitions,
        "bits": result.bits,
        "compile s": round(compiled - started, 2),
        "search s": round(seconds, 2),
        "states/s": round(result.states / seconds),
        "bytes/state": round((peak_bytes() - before) / result.states),
    }


def main() -> None:
    """Print one row a model, or one JSON object for the model that is named."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    rows: list[dict[str, int | float | str]] = []
    for name in MODELS:
        command = [sys.executable, "-m", "bench.reference", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout))
    print(tabulate(rows, headers="keys", intfmt=","))


if __name__ == "__main__":
    main()
