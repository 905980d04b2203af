"""An edition as one program: every process that some scenario runs, each once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mcheck.lang import Model, choose
from mcheck.lang.build import build, initial, numbers_in
from mcheck.lang.errors import ModelError
from mcheck.lang.model import Run
from mcheck.lang.procedures import Procedure
from mcheck.lang.program import Program


@dataclass(frozen=True)
class Whole:
    """A program with all processes, and how it may begin.

    empty: the fields that are 0 everywhere then; beginnings: the values of all fields, by cell;
    shared: pairs of processes that may be given the same element.
    """

    program: Program
    empty: frozenset[str]
    beginnings: tuple[Mapping[str, list[int]], ...]
    shared: frozenset[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Joined(Model[Any]):
    """One model that stands for several.

    shared: pairs of processes that are given the same element in one of these; switches: the
    constants that are truths, of which nothing is known.
    """

    shared: frozenset[frozenset[str]] = field(default=frozenset(), kw_only=True)
    switches: frozenset[str] = field(default=frozenset(), kw_only=True)


def joined(
    models: Iterable[Model[Any]],
    name: str,
    further: Callable[[Mapping[str, int]], Mapping[str, int]] = lambda largest: {},
) -> Joined:
    """One model that runs each process of the given models once, from any of their beginnings.

    Its constants are the largest that some model has, and what `further` makes of these; but what
    is a truth is either. It is for its steps, not to be searched: its processes may share what in
    each of the models is one's own.

    Raises:
        ModelError: two of the models run different procedures of the same name.
    """
    models = list(models)
    runs: dict[str, Run] = {}
    boots: dict[Callable[[Any], None], None] = {}
    constants: dict[str, int] = {}
    table: dict[str, Procedure[Any, Any]] = {}
    for model in models:
        there = model.new_state()
        for run in model.processes:
            if not model.instances(run, there):
                continue  # it may be that another model has some
            called = run.procedure.__name__
            only = None if run.only is None else run.only[:1]
            known = runs.setdefault(called, replace(run, name=f"{called}{{}}", only=only))
            if known.procedure is not run.procedure:
                raise ModelError(f"{name}: two procedures are called {called}; rename one")
        boots[model.init] = None
        for key, value in model.constants.items():
            constants[key] = max(constants.get(key, 0), int(value))
        table.update(model.table)
    constants.update(further(constants))
    state = models[0].state
    switches = [key for key, start in state.constants().items() if isinstance(start, bool)]
    beginnings = list(boots)

    def init(k: Any) -> None:
        for switch in switches:
            k.constants_[switch] = choose((False, True))
        beginnings[choose(range(len(beginnings)))](k)

    return Joined(
        name,
        state,
        list(runs.values()),
        init=init,
        values=constants,
        table=table,
        switches=frozenset(switches),
        shared=frozenset(pair for model in models for pair in _sharing(model)),
    )


def _sharing(model: Model[Any]) -> Iterator[frozenset[str]]:
    """The processes that are given the same element; one alone, if two of its kind are."""
    state = model.new_state()
    given: dict[object, list[str]] = {}
    for run in model.processes:
        for _, me in model.instances(run, state):
            if me is not None:
                of = getattr(run.each, "item", int), me
                given.setdefault(of, []).append(f"{run.procedure.__name__}{{}}")
    for there in given.values():
        yield from (frozenset(pair) for pair in itertools.combinations(there, 2))


def lowered(model: Model[Any], written: frozenset[str] = frozenset()) -> Program:
    """A model's program, whose protection is not judged: its scenarios have been.

    written: the fields that processes change which the model has not.

    Raises:
        ModelError: its text is refused.
    """
    either = model.switches if isinstance(model, Joined) else frozenset[str]()
    return build(model, judged=False, written=written, either=either)


def whole(model: Model[Any]) -> Whole:
    """A model's program, and what is known of its beginnings."""
    program = lowered(model)
    beginnings = tuple(
        {key: numbers_in(cell, state) for key, cell in program.cells.items()}
        for state in initial(model)
    )
    zero = {key for key in program.cells if not any(any(values[key]) for values in beginnings)}
    shared = model.shared if isinstance(model, Joined) else frozenset(_sharing(model))
    return Whole(program, frozenset(zero), beginnings, shared)
