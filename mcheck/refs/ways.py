"""The ways through the steps of a program: what is decided, what changes, where it leads."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import z3

from mcheck.lang.contract import Source
from mcheck.lang.declare.structs import Struct
from mcheck.lang.emit.smt import Path, Steps, Term
from mcheck.lang.lower.routines import RETURN
from mcheck.lang.program import Process, Program, Site, Step
from mcheck.refs.features import COUNT
from mcheck.refs.frames import Frame, Place, names, stacks

if TYPE_CHECKING:
    from mcheck.refs.equations import Changes


@dataclass(frozen=True)
class Origin:
    """The step that an equation comes from, and the source lines at which it moves the count."""

    process: str
    procedure: str
    label: str
    source: Source
    target: str
    lines: tuple[Source, ...] = ()

    def __str__(self) -> str:
        return f"{self.procedure}.{self.label}"


class Key:
    """What is the same for the same way in another program; its hash is computed once."""

    def __init__(self, parts: tuple[object, ...]) -> None:
        """parts: what is compared."""
        self.parts = parts
        self.hash = hash(parts)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Key) and self.parts == other.parts)


@dataclass
class Way:
    """One path of one step of one kind of process, with the frames before and after it.

    sites: what its checks are about, by their numbers.
    """

    process: Process
    step: Step | None
    path: Path
    before: tuple[Frame, ...]
    after: tuple[Frame, ...]
    origin: Origin
    elements: int
    sites: Sequence[Site]
    key: Key = field(default_factory=lambda: Key(()))
    known: list[z3.BoolRef] = field(default_factory=list[z3.BoolRef])
    changed: dict[tuple[object, ...], Changes] = field(
        default_factory=dict[tuple[object, ...], "Changes"]
    )

    @functools.cached_property
    def base(self) -> z3.BoolRef:
        """What is so whenever it is gone: its conditions, and the values that locals can have."""
        return z3.And([*self.path.conditions, *ranges(self)])

    @functools.cached_property
    def asserted(self) -> tuple[z3.BoolRef, ...]:
        """What its assertions say."""
        checks = self.path.checks
        return tuple(c.holds for c in checks if self.sites[c.site].kind == "assert")

    @functools.cached_property
    def stored(self) -> frozenset[str]:
        """The fields that it writes."""
        return frozenset(key for key, _ in self.path.stores)

    @functools.cached_property
    def places(self) -> frozenset[Place]:
        """Where the process is before it, with the calls that it is in."""
        return frozenset(frame.place for frame in self.before)


class Unbounded(Steps):
    """The steps with numbers of any size: they may fail for being too small, but not too large.

    Of counts neither is assumed.
    """

    def __init__(self, program: Program) -> None:
        """Assume all other checks, but those of the language's own holds."""
        sites = program.sites
        super().__init__(
            program.cells, lambda i: sites[i].kind != "leak" and not _of_count(sites[i])
        )
        self.sites = sites

    def within(self, value: z3.ArithRef, lo: int, hi: int, site: int) -> z3.BoolRef:
        """That a number is not below its least."""
        said = self.sites[site]
        if said.kind == "bounds" and not _of_count(said):
            return value >= lo
        return super().within(value, lo, hi, site)


def _of_count(site: Site) -> bool:
    """Whether a check is that of the bounds of a count."""
    return site.kind == "bounds" and COUNT in site.message


def ways(program: Program, processes: Sequence[Process] | None = None) -> list[Way]:
    """Every way through every step.

    That the language's own holds are in order is not assumed.
    """
    steps = Unbounded(program)
    found: list[Way] = []
    for process in program.processes if processes is None else processes:
        for step in (process.start, *process.steps):
            start = step is process.start
            for path in steps.paths(step):
                before, after = stacks(process, None if start else step, path)
                way = Way(
                    process,
                    None if start else step,
                    path,
                    before.frames,
                    after.frames,
                    _origin(program, process, step, path),
                    _elements(program, process),
                    program.sites,
                )
                way.key = _key(way)
                found.append(way)
    return found


def _key(way: Way) -> Key:
    """What is the same for the same way in another program, wherever its terms are alive.

    Who has called is in the frames; the numbers of the calls are left out.
    """
    path = way.path
    live = [id_ for frame in way.after for id_ in frame.live if not id_.endswith(RETURN)]
    parts = (
        way.process.name,
        way.before,
        way.after,
        tuple(c.get_id() for c in path.conditions if not any(RETURN in n for n in names(c))),
        tuple((k, at.get_id()) for k, at in path.stores),
        tuple(path.after.array(k).get_id() for k in sorted(way.stored)),
        tuple(_same_term(path.after.local(id_)) for id_ in live),
    )
    return Key(parts)


def _same_term(value: Term) -> tuple[str, int]:
    """What two values have in common if and only if they are the same term or number."""
    if isinstance(value, z3.ExprRef):
        return "term", value.get_id()
    return "number", int(value)


def _elements(program: Program, process: Process) -> int:
    """How many elements there are of the kind that each instance of a process is given."""
    if process.of is None or not issubclass(process.of, Struct):
        return 0
    return program.state.count_(process.of)


def _origin(program: Program, process: Process, step: Step, path: Path) -> Origin:
    assert path.exit is not None
    label = path.exit.label
    target = process.steps[label] if label >= 0 else None
    return Origin(
        process.name,
        step.procedure,
        step.label,
        step.source,
        "" if target is None else f"{target.procedure}.{target.label}",
        tuple(
            program.sites[c.site].source for c in path.checks if _of_count(program.sites[c.site])
        ),
    )


def ranges(way: Way) -> Iterator[z3.BoolRef]:
    """The locals before a path have values of their types; so has the process's own element."""
    me, process = z3.Int("me"), z3.Int("process")
    yield process >= 1
    if way.process.of is not None:
        yield z3.And(me >= 1, me <= way.elements)
    for frame in way.before:
        yield from frame_ranges(way.process, frame)


def frame_ranges(process: Process, frame: Frame) -> tuple[z3.BoolRef, ...]:
    """The locals of a frame have values of their types."""
    found = [process.variables[id_] for id_ in frame.live]
    return tuple(_range(v.id, v.lowest, v.type.hi) for v in found)


@functools.cache
def _range(name: str, lo: int, hi: int) -> z3.BoolRef:
    return z3.And(z3.Int(name) >= lo, z3.Int(name) <= hi)
