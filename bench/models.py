"""The models that are measured, by name: of the benchmark, of the kernel, and growing ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bench import migration
from mcheck.impl.compaction import kcompactd
from mcheck.impl.memory import user
from mcheck.impl.move_pages import move_pages
from mcheck.impl.state import Kernel
from mcheck.lang import Model
from mcheck.scenarios import SCENARIOS
from mcheck.scenarios.boot import anon_page, machine, run_on
from mcheck.scenarios.build import scenario
from mcheck.scenarios.names import ANON, SHARED

BENCHMARK: dict[str, Model[Any]] = {
    model.name: model for model in (migration.S, migration.M, migration.L, migration.M_no_flush)
}


def used_by_all(k: Kernel) -> None:
    """All pages of one address space, on frames that have a free one each; all CPUs run it."""
    machine(k)
    for page in range(k.pages):
        anon_page(k, 2 * page, page, [0])
    run_on(k, range(k.cpus), 0)


def shared_by_all(k: Kernel) -> None:
    """One page that all address spaces share since a fork; CPU1 runs the last one of them."""
    machine(k)
    anon_page(k, 0, 0, range(k.mms))
    run_on(k, [0], 0)
    run_on(k, [1], k.mms - 1)


def with_cpus(n: int) -> Model[Kernel]:
    """One page is moved; so many other CPUs load from it and store to it."""
    return scenario(
        f"cpus-{n}",
        "move_pages() of a page that CPUs load from and store to",
        used_by_all,
        [move_pages, *[user] * n],
        kind=ANON,
        names=[],
        translating=[1],
        folios=2,
    ).model


def with_pages(n: int) -> Model[Kernel]:
    """So many pages are moved; another CPU loads from them and stores to them."""
    return scenario(
        f"pages-{n}",
        "move_pages() of pages that a CPU loads from and stores to",
        used_by_all,
        [move_pages, user],
        kind=ANON,
        names=[],
        translating=[1],
        pages=n,
        locations=n,
        folios=2 * n,
    ).model


def with_address_spaces(n: int) -> Model[Kernel]:
    """A page that so many address spaces map is moved; a CPU that runs one of them uses it."""
    return scenario(
        f"address-spaces-{n}",
        "compaction of a page that address spaces share since a fork",
        shared_by_all,
        [kcompactd, user],
        kind=SHARED,
        names=[],
        translating=[1],
        mms=n,
        locations=n,
        folios=3,
    ).model


def with_frames(n: int) -> Model[Kernel]:
    """One page is moved to any of so many frames, while another CPU uses it."""
    return SCENARIOS["anon-fault"].model.configure(f"frames-{n}", folios=n)


def forked_with_frames(n: int) -> Model[Kernel]:
    """A shared page is moved to any of so many frames, while both address spaces use it."""
    model = SCENARIOS["anon-forked-both"].model.configure(f"anon-forked-both-{n}", folios=n)
    return replace(model, unreached=model.unreached | {"unmap_and_move.-ENOMEM"})  # one is free


@dataclass(frozen=True)
class Series:
    """A model that is made larger in one respect.

    what: there is more of; sizes: how many of it; make: the model with so many.
    """

    what: str
    sizes: range
    make: Callable[[int], Model[Kernel]]

    @property
    def names(self) -> dict[str, int]:
        """How many there are in the model of a name."""
        return {f"{self.what.replace(' ', '-')}-{n}": n for n in self.sizes}


SERIES = (
    Series("cpus", range(1, 4), with_cpus),
    Series("pages", range(1, 4), with_pages),
    Series("address spaces", range(1, 5), with_address_spaces),
    Series("frames", range(2, 7), with_frames),
)


def find(name: str) -> Model[Any]:
    """The model of a name: the benchmark model's sizes, the kernel's scenarios, or of a series.

    Raises:
        KeyError: there is no such model.
    """
    if name in BENCHMARK:
        return BENCHMARK[name]
    if name == "anon-forked-both-4":
        return forked_with_frames(4)
    for series in SERIES:
        if name in series.names:
            return series.make(series.names[name])
    return SCENARIOS[name].model
