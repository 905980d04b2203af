"""What a search that found nothing wrong must have seen: every label run, every cover hit."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from mcheck.explorer.moves import is_done
from mcheck.lang.contract import Executable


def label_runs(executable: Executable, counts: Sequence[Sequence[int]]) -> dict[str, int]:
    """How many transitions each qualified label had, summed over the actors that share it.

    counts: for each actor, for each of its labels. The label of a returned process is left out.
    """
    runs: dict[str, int] = {}
    for actor, runs_of in zip(executable.actors, counts, strict=True):
        for index, label in enumerate(actor.labels):
            if not is_done(actor, index):
                runs[label.qualified] = runs.get(label.qualified, 0) + runs_of[index]
    return runs


def never_ran(runs: dict[str, int]) -> tuple[str, ...]:
    """The labels that had no transition, in the model's order."""
    return tuple(label for label, times in runs.items() if not times)


def misspelt(runs: Iterable[str], allowed: frozenset[str]) -> str:
    """Complains about allowances for labels that the model does not have; empty if there are none.

    runs: the qualified labels of the model.
    """
    known = list(runs)
    complaints = [
        f'"{name}" may stay unreached, but there is no such label{_meant(name, known)}'
        for name in sorted(allowed.difference(known))
    ]
    return "; ".join(complaints)


def stale(runs: dict[str, int], allowed: frozenset[str]) -> str:
    """Complains about allowances for labels that did run; empty if there are none."""
    ran = [label for label, times in runs.items() if times and label in allowed]
    if not ran:
        return ""
    verb = "does" if len(ran) == 1 else "do"
    return f"{', '.join(ran)} may stay unreached, but {verb} run: take the allowance away"


def _meant(name: str, known: Sequence[str]) -> str:
    """A hint at the names that are like this one; a label's name without its procedure helps."""
    if name.endswith(".*"):
        known = list(dict.fromkeys(f"{label.partition('.')[0]}.*" for label in known))
    close = difflib.get_close_matches(name, known, n=3)
    close += [label for label in known if label.rpartition(".")[2] == name and label not in close]
    return f" (did you mean {' or '.join(close)}?)" if close else ""
