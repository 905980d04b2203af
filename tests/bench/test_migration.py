"""The benchmark model has the counts that every other checker gives, and its states by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bench.migration import M, M_no_flush, S, migration
from mcheck.explorer import Result, Verdict, check, record, replay
from mcheck.lang import Model
from mcheck.lang.contract import Failure
from mcheck.lang.emit.python import PythonProgram
from mcheck.lang.program import Instance, Process
from tests.bench.by_hand import Key, Protocol, World, key, world
from tests.examples.systems import explore

MIGRATOR = [
    *("isolate", "alloc", "lock old", "wait writeback", "lock new", "unmap", "flush", "freeze"),
    *("switch", "unfreeze", "copy", "flags", "remap", "unlock new", "putback new", "unlock old"),
    *("free old", "restore", "drop new", "back out: unlock old", "putback old"),
]
CPU = ["idle", "walk", "migration wait", "lookup", "lock", "check", "map"]
GUP = ["read pte", "try get", "recheck", "write", "put"]
"""The labels by the numbers of the definition."""

FRAME = {
    "ref": "ref",
    "mapc": "mapcount",
    "lock": "lock",
    "dirty": "dirty",
    "upt": "uptodate",
    "cont": "content",
    "lru": "lru",
    "iso": "isolated",
    "wb": "writeback",
}
"""The fields of a frame by their names in the definition."""

ONE_GUP = migration.configure("one GUP thread", objects=1, frames=2, cpus=1, gups=1)
SMALL_NO_FLUSH = migration.configure("S-no-flush", objects=1, frames=2, cpus=1, flush=False)


def checked(model: Model[Any]) -> Result:
    return check(model.compile(), unreached=model.unreached)


def protocol(model: Model[Any]) -> Protocol:
    """The definition with a model's constants."""
    sizes = {name: model.constants[name] for name in ("objects", "frames", "cpus", "gups")}
    return Protocol(**sizes, flush=bool(model.constants["flush"]))


def successors(compiled: PythonProgram, state: int) -> Iterator[int]:
    found: list[int] = []
    failures: list[Failure] = []
    for actor in compiled.actors:
        actor.steps[state >> actor.pc_shift & actor.pc_mask](state, found, failures)
    assert not failures
    yield from found


def locals_of(
    compiled: PythonProgram, process: Process, instance: Instance, state: int
) -> dict[str, int]:
    """The locals that a process still needs, each by its element's position from 0."""
    at = state >> instance.pc_offset & (1 << process.pc_bits) - 1
    return {
        name.split(".")[1]: compiled.local(process, instance, name, state) - 1
        for name in process.steps[at].live
    }


def by_definition(compiled: PythonProgram, start: Key, state: int) -> Key:
    """A packed state with the names and numbers of the definition."""
    w = world(start)
    stored = {
        cell.key: [compiled.number(cell, i, state) for i in range(cell.count)]
        for cell in compiled.program.cells.values()
    }
    for name, field in FRAME.items():
        getattr(w, name)[:] = stored[f"Frame.{field}"]
    w.slot = [frame - 1 for frame in stored["Object.slot"]]
    w.ghost = stored["Object.latest"]
    entries = zip(stored["Pte.kind"], stored["Pte.frame"], stored["Pte.tlb"], strict=True)
    for i, (kind, frame, tlb) in enumerate(entries):
        c, o = divmod(i, len(w.slot))
        w.pte[c][o] = (0, frame, len(w.ref) + frame)[kind]
        w.tlb[c][o] = tlb
    fill_processes(w, compiled, state)
    return key(w)


def fill_processes(w: World, compiled: PythonProgram, state: int) -> None:
    """Where each process stands, and with what."""
    for (process, instance), actor in zip(compiled.instances, compiled.actors, strict=True):
        label = actor.labels[state >> actor.pc_shift & actor.pc_mask]
        mine = locals_of(compiled, process, instance, state)
        i = instance.number - process.instances[0].number
        match label.procedure:
            case "migrator":
                w.mpc = MIGRATOR.index(label.name)
                w.mo, w.mold, w.mnew, w.mi = (mine.get(n, 0) for n in ("o", "old", "new", "c"))
            case "cpu":
                w.cpc[i], w.clo[i] = CPU.index(label.name), mine.get("o", 0)
                w.clf[i] = mine.get("f", mine.get("waited", 0))
            case "gup":
                w.gpc[i] = GUP.index(label.name)
                w.go[i], w.gf[i] = mine.get("o", 0), mine.get("f", 0)
            case _:
                assert label.procedure in ("flusher", "disk")


def without_the_dead(k: Key) -> Key:
    """The definition clears some variables only at the end: here, as soon as nothing reads them."""
    w = world(k)
    if w.mpc in (13, 14, 15, 16, 18, 19, 20):
        w.mo = 0
    if w.mpc in (15, 16):
        w.mnew = 0
    w.go = [o if pc != 4 else 0 for o, pc in zip(w.go, w.gpc, strict=True)]
    return key(w)


@pytest.mark.parametrize("model", [S, ONE_GUP], ids=lambda m: m.name)
def test_the_states_are_those_of_the_definition(model: Model[Any]) -> None:
    defined = protocol(model)
    theirs = explore(defined.start(), defined.moves)
    compiled = model.compile()
    (start,) = compiled.initial
    ours = explore(start, lambda state: successors(compiled, state))
    assert ours.counts == theirs.counts
    named = {by_definition(compiled, defined.start(), s): d for s, d in ours.distance.items()}
    assert named == {without_the_dead(k): d for k, d in theirs.distance.items()}
    assert len(named) == len(ours.distance)
    assert theirs.first(defined.wrong) is None


def test_s() -> None:
    result = checked(S)
    assert result.verdict is Verdict.HOLDS, result.why
    assert (result.states, result.transitions, result.depth) == (88_644, 316_656, 95)
    assert not result.unreached


def test_m() -> None:
    result = checked(M)
    assert result.verdict is Verdict.HOLDS, result.why
    assert (result.states, result.transitions) == (2_142_352, 11_919_720)
    assert not result.unreached


def violated_at(model: Model[Any]) -> int:
    """How many steps it takes to lose a write. The trace is run again by direct execution."""
    result = checked(model)
    assert (result.verdict, result.property) == (Verdict.VIOLATED, "no_lost_write")
    assert result.trace is not None
    recording = record(replace(result, variant=model.variant), f"bench/migration.py:{model.name}")
    assert replay(model, recording).reproduced
    return result.trace.depth


def test_m_without_the_flush_loses_a_write() -> None:
    assert violated_at(M_no_flush) == 22


def test_one_cpu_without_the_flush_loses_a_write() -> None:
    defined = protocol(SMALL_NO_FLUSH)
    found = explore(defined.start(), defined.moves)
    assert found.first(defined.wrong) == violated_at(SMALL_NO_FLUSH) == 20
