"""Mutants of an edition's reference counting, and what refutes each of them.

One at a time: a get dropped, a put dropped, a put doubled, a get one step later, a put one step
earlier, a reference that is not given to a field or not taken from it.
`python -m bench.refmutants [--json FILE] [SCENARIO ...] [PROCEDURE ...] [KIND ...]` prints the
table; without a scenario, for all processes of the folio edition. A KIND, such as "put early", is
of several words. With PROCEDUREs or KINDs, only their mutants.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from tabulate import tabulate

from bench.refedits import Mutant, mutants
from mcheck.lang.errors import ModelError
from mcheck.lang.model import Model
from mcheck.lang.procedures import Procedure, as_procedure
from mcheck.loading.refs import edition_model
from mcheck.refs.analysis import Analysis, analyse
from mcheck.refs.variant import LANGUAGE, Judge, Judgement
from mcheck.refs.whole import joined
from mcheck.scenarios import SCENARIOS
from mcheck.spec.unheld import UNHELD

COLUMNS = (
    "equations",
    "use",
    "query",
    "freeze",
    "declared",
    "language",
    "not refuted",
    "no program",
)
"""What refutes a mutant; "no program" is one that is no Python or no model."""


@dataclass(frozen=True)
class Row:
    """What was found about a mutant. named: whether its line is among the repairs."""

    mutant: str
    where: str
    by: str
    named: bool
    says: tuple[str, ...]
    seconds: float


def of_model(model: Model[Any]) -> Iterator[Mutant]:
    """All mutants of the procedures of a model."""
    for name, procedure in model.procedures().items():
        file = inspect.getsourcefile(procedure.function)
        assert file is not None
        yield from mutants(name, file)


def planted(model: Model[Any], mutant: Mutant, directory: Path) -> tuple[Model[Any], str]:
    """The model with a mutant in it, and the file that the mutant's text is in."""
    lines = mutant.text.split("\n")
    at = next(i for i, old in enumerate(lines) if old.startswith("from mcheck.lang import"))
    lines[at] = f"from mcheck.lang import Held, Pinned, hold, release; {lines[at]}"
    path = directory / f"m{next(_count)}_{Path(mutant.file).name}"
    module = _loaded("\n".join(lines), path)
    procedure: Procedure[Any, Any] | None = as_procedure(getattr(module, mutant.procedure))
    assert procedure is not None
    for name, known in model.procedures().items():
        if name != mutant.procedure and hasattr(module, name):
            setattr(module, name, known)  # the copy's own procedures are strangers to the model
    running = [
        run
        for run in model.processes
        if mutant.procedure in replace(model, processes=[run]).procedures()
    ]
    table = {**model.table, mutant.procedure: procedure}
    return replace(model, processes=running, table=table), str(path)


_count = iter(range(10**6))


def _loaded(text: str, path: Path) -> ModuleType:
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def judged(judge: Judge, model: Model[Any], mutant: Mutant, directory: Path) -> Row:
    """What refutes a mutant."""
    begin = perf_counter()
    file = mutant.file
    try:
        variant, file = planted(model, mutant, directory)
        found = judge.judge(variant)
    except (ModelError, SyntaxError) as error:
        found = Judgement(LANGUAGE, (str(error),))
    by = found.by or "not refuted"
    if by == LANGUAGE and "after its reference" not in found.says[0]:
        by = "no program"
    named = any(found.names(file, line) for line in mutant.changed)
    says = tuple(" ".join(text.replace(f"{directory}/", "").split()) for text in found.says)
    return Row(mutant.kind, mutant.place, by, named, says, perf_counter() - begin)


def table(rows: list[Row]) -> str:
    """How many mutants of each kind are refuted by what, and of how many the line is named."""
    by = Counter((row.mutant, row.by) for row in rows)
    named = Counter(row.mutant for row in rows if row.named)
    kinds = dict.fromkeys(row.mutant for row in rows)
    there = [how for how in COLUMNS if any(by[kind, how] for kind in kinds)]
    lines = {k: [*(by[k, how] for how in there), named[k]] for k in kinds}
    lines["all"] = [sum(column) for column in zip(*lines.values(), strict=True)]
    cells = [(kind, *counts) for kind, counts in lines.items()]
    return tabulate(cells, headers=("mutant", *there, "line named"))


def run(analysis: Analysis, model: Model[Any], only: Collection[str]) -> Iterator[Row]:
    """Judge the mutants of the procedures that a model runs; or only some kinds or procedures."""
    judge = Judge(analysis, UNHELD)
    kinds = {name for name in only if " " in name}
    procedures = set(only) - kinds
    with tempfile.TemporaryDirectory() as temporary:
        for mutant in of_model(model):
            wanted = not kinds or mutant.kind in kinds
            wanted = wanted and (not procedures or mutant.procedure in procedures)
            if wanted and mutant.procedure in analysis.whole.program.procedures:
                yield judged(judge, model, mutant, Path(temporary))


def main(*names: str) -> None:
    """Judge mutants and print the table."""
    words = list(names)
    file: Path | None = None
    if "--json" in words:
        at = words.index("--json")
        file = Path(words[at + 1])
        del words[at : at + 2]
    scenarios = [name for name in words if name in SCENARIOS]
    model = edition_model("folio")
    if scenarios:
        model = joined([SCENARIOS[name].model for name in scenarios], " ".join(scenarios))
    rows: list[Row] = []
    for row in run(analyse(model, UNHELD), model, set(words) - set(scenarios)):
        rows.append(row)
        first = row.says[0] if row.says else ""
        said = row.mutant, row.where, row.by, "named" if row.named else "-", first[:150]
        print(*said, f"{row.seconds:.1f} s", sep=" | ", flush=True)
        if file is not None:
            file.write_text(json.dumps([asdict(r) for r in rows], indent=1), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
