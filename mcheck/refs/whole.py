"""An edition as one program: every process that some scenario runs, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcheck.lang import Model, choose
from mcheck.lang.build import build, initial, numbers_in
from mcheck.lang.model import Run
from mcheck.lang.procedures import Procedure
from mcheck.lang.program import Program


@dataclass(frozen=True)
class Whole:
    """A program with all processes, and how it may begin.

    empty: the fields that are 0 everywhere then; beginnings: the values of all fields, by cell.
    """

    program: Program
    empty: frozenset[str]
    beginnings: tuple[Mapping[str, list[int]], ...]


def joined(
    models: Iterable[Model[Any]],
    name: str,
    further: Callable[[Mapping[str, int]], Mapping[str, int]] = lambda largest: {},
) -> Model[Any]:
    """One model that runs each process of the given models once, from any of their beginnings.

    Its constants are the largest that some model has, and what `further` makes of these. It is
    for its steps, not to be searched: its processes may share what in each of the models is
    one's own.
    """
    models = list(models)
    runs: dict[str, Run] = {}
    boots: dict[Callable[[Any], None], None] = {}
    constants: dict[str, int] = {}
    table: Mapping[str, Procedure[Any, Any]] = {}
    for model in models:
        for run in model.processes:
            called = run.procedure.__name__
            only = None if run.only is None else run.only[:1]
            runs.setdefault(called, replace(run, name=f"{called}{{}}", only=only))
        boots[model.init] = None
        for key, value in model.constants.items():
            constants[key] = max(constants.get(key, 0), int(value))
        table = {**table, **model.table}
    beginnings = list(boots)

    def init(k: Any) -> None:
        number = choose(range(len(beginnings)))
        beginnings[number](k)

    return replace(
        models[0],
        name=name,
        processes=list(runs.values()),
        properties=(),
        init=init,
        values={**constants, **further(constants)},
        unreached=frozenset[str](),
        table=table,
    )


def whole(model: Model[Any]) -> Whole:
    """A model's program, whose protection is not judged: its scenarios have been."""
    program = build(model, judged=False)
    beginnings = tuple(
        {key: numbers_in(cell, state) for key, cell in program.cells.items()}
        for state in initial(model)
    )
    zero = {key for key in program.cells if not any(any(values[key]) for values in beginnings)}
    return Whole(program, frozenset(zero), beginnings)
