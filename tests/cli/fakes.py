"""Small catalogues that stand for the built-in one. Workers find them by the functions' names."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace

from mcheck.lang import Const, Int, Model, Proc, State, always, at, choose, cover, procedure, run
from mcheck.loading.catalogue import Catalogue
from mcheck.scenarios.catalogue import Meeting, Scenario, Size
from mcheck.zoo.bug import Bug


class Sum(State):
    """One counter."""

    workers = Const(2)
    total = Int(0, 99)


@procedure
def add(k: Sum, me: int) -> Proc[None]:
    """Add one or two."""
    yield at("add")
    n = choose(range(1, 3))
    k.total = k.total + n


@procedure
def add_too_much(k: Sum, me: int) -> Proc[None]:
    """Add up to three."""
    yield at("add")
    n = choose(range(1, 4))
    k.total = k.total + n


@procedure
def leave(k: Sum) -> Proc[None]:
    """Do something else."""
    yield at("leave")
    k.total = 0


@procedure
def print_total(k: Sum) -> Proc[None]:
    """Do what no step can do."""
    yield at("print")
    k.total = len(str(k.total))


@always
def small(k: Sum) -> bool:
    """The sum is at most two for each worker."""
    return k.total <= 2 * k.workers


@always
def natural(k: Sum) -> bool:
    """The sum is not negative."""
    return k.total >= 0


@cover
def met(k: Sum) -> bool:
    """Two have added."""
    return k.total > 2


def scenario(name: str, size: str, *meetings: Meeting, workers: int = 2) -> Scenario:
    """Some workers that add."""
    adding = Model(
        name,
        Sum,
        [run(add, each=Sum.workers, name="CPU{}")],
        [natural, small, met],
        edition="4.8" if name.startswith("old") else "folio",
    )
    summary = f"{workers} CPUs add to one counter"
    return Scenario(adding.configure(workers=workers), Size(size), summary, meetings)


PAIR = scenario("pair", "default", Meeting("read()", "file", "met"))
TRIPLE = scenario("triple", "default", Meeting("read()", "anon", "met"), workers=3)
LARGE = scenario("large", "ci", Meeting("read()", "file", "met"), workers=4)
OLD = scenario("old_pair", "default", Meeting("write()", "file", "nobody_states_this"))
SLOW = [scenario(f"slow{n}", "default", workers=24) for n in range(3)]
LEAVING = Scenario(
    Model("leaving", Sum, [run(leave)], [natural], edition="folio"),
    Size.DEEP,
    "one CPU leaves the counter alone",
)

REFUSED = Scenario(
    Model("refused", Sum, [run(print_total)], [natural], edition="folio"),
    Size.DEFAULT,
    "a step that cannot be lowered",
)

TOO_MUCH = Bug("too-much", "adds three", "0123456789ab", 2008, "small", PAIR, {"add": add_too_much})
REASONS = {("write()", "anon"): "the counter is never written", ("fork()", "anon"): "no fork here"}
TITLES = {"folio": "Linux 6.1", "4.8": "Linux 4.8"}


def _catalogue(*scenarios: Scenario) -> Catalogue:
    named = {each.name: each for each in scenarios}
    return Catalogue(named, {TOO_MUCH.name: TOO_MUCH}, TITLES, "folio", REASONS)


def plain() -> Catalogue:
    """Two default scenarios of the default edition, and others."""
    return _catalogue(LARGE, PAIR, OLD, TRIPLE, LEAVING)


def broken() -> Catalogue:
    """One of three default scenarios is violated."""
    bad = Scenario(PAIR.model.replace("bad", add=add_too_much), Size.DEFAULT, "too much is added")
    return _catalogue(PAIR, bad, TRIPLE)


def refused() -> Catalogue:
    """One scenario's text is no model."""
    return _catalogue(REFUSED, PAIR)


def slow() -> Catalogue:
    """Three scenarios that take minutes."""
    return _catalogue(*SLOW)


class _Trapped(dict[str, Scenario]):
    """Scenarios of which two are no good in a worker: one kills it, and one cannot be found."""

    def __getitem__(self, name: str) -> Scenario:
        if multiprocessing.parent_process() is not None:
            if name == "pair":
                os.kill(os.getpid(), signal.SIGKILL)
            if name == "large":
                raise RuntimeError("lost")
        return super().__getitem__(name)


def trapped() -> Catalogue:
    """The worker that gets the scenario "pair" dies, and the one that gets "large" fails."""
    found = plain()
    return replace(found, scenarios=_Trapped(found.scenarios))
