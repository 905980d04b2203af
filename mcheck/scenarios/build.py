"""How a scenario is put together: who runs, what they meet, what must be reachable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mcheck.impl.editions import DEFAULT_EDITION, EDITIONS
from mcheck.impl.mmap import munmap
from mcheck.impl.state import Kernel
from mcheck.impl.tlb import mmu
from mcheck.lang import Model, run
from mcheck.lang.model import Run
from mcheck.lang.procedures import Procedure
from mcheck.scenarios import unreached_anon, unreached_file
from mcheck.scenarios.catalogue import Meeting, Scenario, Size
from mcheck.spec.covers import cpu1_overlaps, cpu2_overlaps
from mcheck.spec.promises import PROMISES, UNMAPPING

Actor = Procedure[Any, Any]
UNREACHED = unreached_anon.UNREACHED | unreached_file.UNREACHED
OVERLAPS = [cpu1_overlaps, cpu2_overlaps]
"""The covers that prove that a CPU is in the middle of its work while a page is moved."""


def scenario(
    name: str,
    summary: str,
    boot: Callable[[Kernel], None],
    cpus: Sequence[Actor],
    *,
    kind: str,
    names: Sequence[str],
    translating: Sequence[int] = (),
    environment: Iterable[Run] = (),
    covers: Iterable[Callable[..., Any]] = (),
    size: Size = Size.DEFAULT,
    folios: int = 2,
    **constants: int,
) -> Scenario:
    """A scenario of the default edition.

    cpus: what CPU0, CPU1, ... run, first the migrator if there is one; names: what the others do
    whom it meets, none without a migrator; kind: of page that they meet; translating: the CPUs
    whose MMU is at work; environment: what else runs; covers: what must be reachable, beside the
    overlaps; folios: frames, of which the page needs one to be moved to.
    """
    processes = [
        *(run(p, each=Kernel.cpu, only=[i], name="CPU{}") for i, p in enumerate(cpus)),
        *(
            [run(mmu, each=Kernel.cpu, only=translating, name="MMU{}", daemon=True)]
            if translating
            else []
        ),
        *environment,
    ]
    overlaps = OVERLAPS[: len(names)]
    edition = EDITIONS[DEFAULT_EDITION]
    model = Model(
        name,
        Kernel,
        processes,
        [*PROMISES, *(UNMAPPING if munmap in cpus else []), *covers, *overlaps],
        init=boot,
        edition=edition.name,
        doc=summary,
        hang=True,
    )
    meetings = tuple(
        Meeting(who, kind, overlap.__name__) for who, overlap in zip(names, overlaps, strict=True)
    )
    configured = model.configure(
        None, unreached=UNREACHED.get(name, ()), cpus=len(cpus), folios=folios, **constants
    )
    return Scenario(configured, size, summary, meetings)
