"""One generated program: written to a file, loaded, and compared in both forms."""

from __future__ import annotations

import itertools
import linecache
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mcheck.lang import Model, ModelError
from mcheck.lang.emit.python import PythonProgram
from tests.lang.generated.agreement import (
    Disagreement,
    Number,
    Pair,
    Tally,
    explore,
    repeat,
    sample,
    walk,
)
from tests.lang.generated.census import Census, Watch
from tests.lang.generated.programs import Text

_numbers = itertools.count()


@dataclass(frozen=True)
class Effort:
    """How much is tried with a program.

    models: of how many of the file's models; walks: random walks of at most `steps` steps;
    states: how many states the search may find, of which `repeats` are reached again directly.
    """

    models: int = 2
    walks: int = 4
    steps: int = 30
    states: int = 300
    repeats: int = 2


def load(folder: Path, text: Text) -> tuple[str, list[Model[Any]]]:
    """The file that a text was written to, and the models that it defines."""
    file = folder / f"generated_{next(_numbers)}.py"
    file.write_text(text.text)
    module = ModuleType(file.stem)
    exec(compile(text.text, str(file), "exec"), vars(module))
    return str(file), [x for x in vars(module).values() if isinstance(x, Model)]


def agree(text: Text, folder: Path, number: Number, census: Census, effort: Effort) -> None:
    """Compare both forms of all models of a program.

    Raises:
        Disagreement: they differ.
    """
    file, models = load(folder, text)
    watch = Watch(file)
    tally = Tally(watching=watch)
    for model in models[: effort.models]:
        try:
            _compare(model, number, tally, effort)
        except ModelError as refused:
            census.refused.append(str(refused))
    census.add(text, watch.lines, tally.failures, tally.steps)
    linecache.cache.pop(file, None)


def _compiled(model: Model[Any]) -> PythonProgram:
    try:
        return model.compile()
    except ModelError:
        raise
    except Exception as e:
        raise Disagreement(f"{model.name} cannot be lowered") from e


def _compare(model: Model[Any], number: Number, tally: Tally, effort: Effort) -> None:
    compiled = _compiled(model)
    for _ in range(effort.walks):
        initial = number(0, len(compiled.initial) - 1)
        walk(Pair(model, compiled, initial, tally), number, effort.steps)
    reached, order = explore(compiled, effort.states)
    for state in sample(order, number, effort.repeats):
        repeat(model, compiled, reached, state, tally)
