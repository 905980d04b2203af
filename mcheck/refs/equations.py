"""From the steps of a program to linear equations between what processes and fields hold.

For every way through a step, and every case of which local and which field name the element that
is asked for: change of its count = change of what processes hold + change of what fields stand
for. Nothing here knows what a step means.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import z3

from mcheck.lang.contract import Source
from mcheck.lang.declare.structs import Struct
from mcheck.lang.emit.smt import Path, Steps, Term
from mcheck.lang.lower.routines import RETURN
from mcheck.lang.program import Process, Program, Step
from mcheck.refs.features import COUNT, Counted, Feature, bounds, change
from mcheck.refs.frames import Frame, Place, names, stacks


@dataclass(frozen=True, order=True)
class Holder:
    """A local of a process that stands at a place: an unknown of the equations."""

    place: Place
    variable: str

    def __str__(self) -> str:
        return f"{self.place} {self.variable.rsplit('.', 1)[-1]}"


Unknown = Holder | Feature


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


@dataclass(frozen=True)
class Row:
    """Sum of factor x unknown = change of the count."""

    terms: tuple[tuple[Unknown, int], ...]
    change: int


@dataclass
class Way:
    """One path of one step of one kind of process, with the frames before and after it."""

    process: Process
    step: Step | None
    path: Path
    before: tuple[Frame, ...]
    after: tuple[Frame, ...]
    origin: Origin
    elements: int
    key: tuple[object, ...] = ()
    known: list[z3.BoolRef] = field(default_factory=list[z3.BoolRef])


def ways(program: Program, processes: Sequence[Process] | None = None) -> list[Way]:
    """Every way through every step; checks of the language's own holds are not assumed."""
    steps = Steps(program.cells, lambda site: program.sites[site].kind != "leak")
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
                )
                way.key = _key(way)
                found.append(way)
    return found


def _key(way: Way) -> tuple[object, ...]:
    """What is the same for the same way in another program, wherever its terms are alive.

    Who has called is in the frames; the numbers of the calls are left out.
    """
    path = way.path
    live = [id_ for frame in way.after for id_ in frame.live if not id_.endswith(RETURN)]
    return (
        way.process.name,
        way.before,
        way.after,
        tuple(c.get_id() for c in path.conditions if not any(RETURN in n for n in names(c))),
        tuple((k, at.get_id()) for k, at in path.stores),
        tuple(path.after.array(k).get_id() for k in sorted({k for k, _ in path.stores})),
        tuple(_same_term(path.after.local(id_)) for id_ in live),
    )


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
            program.sites[c.site].source
            for c in path.checks
            if program.sites[c.site].kind == "bounds" and COUNT in program.sites[c.site].message
        ),
    )


def locals_of(way: Way, of: Counted) -> Iterator[tuple[Holder, object, int]]:
    """The locals that may name an element: where, the term, and -1 before or 1 after the path."""
    for frames, world, sign in ((way.before, way.path.before, -1), (way.after, way.path.after, 1)):
        for frame in frames:
            for id_ in frame.live:
                variable = way.process.variables[id_]
                if variable.type.kind == "ref" and variable.type.of is of.struct:
                    yield Holder(frame.place, id_), world.local(id_), sign


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


def coefficients(
    program: Program, of: Counted, way: Way, what: Sequence[Feature], f: z3.ArithRef
) -> dict[Unknown, z3.ArithRef]:
    """By how much each unknown counts more for the element f after the path than before it."""
    stored = {key for key, _ in way.path.stores}
    found: dict[Unknown, z3.ArithRef] = {}
    for holder, term, sign in locals_of(way, of):
        named = z3.If(f == term, z3.IntVal(sign), z3.IntVal(0))
        found[holder] = found[holder] + named if holder in found else named
    for feature in what:
        if not stored & {feature.cell, feature.sibling}:
            continue
        more = change(program, of, feature, way.path, f)
        if isinstance(more, z3.ArithRef):
            found[feature] = more
    simple = {unknown: z3.simplify(term) for unknown, term in found.items()}
    return {u: t for u, t in simple.items() if not (z3.is_int_value(t) and t.as_long() == 0)}


def rows(program: Program, of: Counted, way: Way, what: Sequence[Feature]) -> list[Row]:
    """The equations of one way: as many cases of what names the element as imply all others.

    The cases are vectors: by how much each unknown counts more, and the change of the count. The
    solver is asked for one that is no combination of those found, until there is none.
    """
    f = z3.Int("f")
    path = way.path
    changes = coefficients(program, of, way, what, f)
    counted = any(key == of.cell.key for key, _ in path.stores)
    if not changes and not counted:
        return []
    key = of.cell.key
    more = z3.simplify(path.after.cell(key, f - 1) - path.before.cell(key, f - 1))
    terms = [*changes.values(), *([more] if counted else [])]
    solver = z3.SimpleSolver()
    solver.add(f >= 1, f <= of.number, *path.conditions, *way.known)
    solver.add(*bounds(program, path), *ranges(way))
    found: list[Row] = []
    beyond = Complement(len(terms))
    while beyond.normals:
        others = [
            z3.Sum([n * t for n, t in zip(w, terms, strict=True) if n]) != 0 for w in beyond.normals
        ]
        if solver.check(z3.Or(others)) != z3.sat:
            break
        model = solver.model()
        values = [model.eval(t, model_completion=True).as_long() for t in terms]
        beyond.include(values)
        factors = tuple((u, v) for u, v in zip(changes, values, strict=False) if v)
        found.append(Row(factors, values[-1] if counted else 0))
    return found


class Complement:
    """The vectors that are normal to all vectors included so far.

    normals: a basis of them, in integers.
    """

    def __init__(self, size: int) -> None:
        """Begin with the whole space."""
        self.normals = [[int(i == j) for j in range(size)] for i in range(size)]

    def include(self, vector: Sequence[int]) -> None:
        """Keep only what is normal to one more vector, which must not be normal to all."""
        products = [sum(a * b for a, b in zip(w, vector, strict=True)) for w in self.normals]
        number = next(i for i, p in enumerate(products) if p)
        first, size = self.normals[number], products[number]
        kept: list[list[int]] = []
        for i, (normal, product) in enumerate(zip(self.normals, products, strict=True)):
            if i != number:
                mixed = [size * a - product * b for a, b in zip(normal, first, strict=True)]
                by = math.gcd(*mixed) or 1
                kept.append([a // by for a in mixed])
        self.normals = kept
