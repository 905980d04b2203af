"""From the steps of a program to linear equations between what processes and fields hold.

For every way through a step, and every case of which local and which field name the element that
is asked for: change of its count = change of what processes hold + change of what fields stand
for. Nothing here knows what a step means.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import z3

from mcheck.lang.emit.smt import Term, World, number
from mcheck.lang.program import Process, Program
from mcheck.refs.complement import Complement
from mcheck.refs.features import Counted, Feature, bounds, change
from mcheck.refs.frames import Frame, Place, names
from mcheck.refs.solvers import assuming, possible
from mcheck.refs.ways import Way

F = z3.Int("f")
"""The element whose count is asked for."""


class Holder(NamedTuple):
    """A local of a process that stands at a place: an unknown of the equations."""

    place: Place
    variable: str

    @property
    def local(self) -> str:
        """The local itself, of which the unknown may be a case: "f if taken"."""
        return self.variable.partition(" if ")[0]

    def __str__(self) -> str:
        return f"{self.place} {self.variable.rsplit('.', 1)[-1]}"


Unknown = Holder | Feature


class Row(NamedTuple):
    """Sum of factor x unknown = change of the count."""

    terms: tuple[tuple[Unknown, int], ...]
    change: int


def locals_of(way: Way, of: Counted) -> Iterator[tuple[Holder, Term, int]]:
    """The locals that may name an element: where, the term, and -1 before or 1 after the path."""
    for frames, world, sign in ((way.before, way.path.before, -1), (way.after, way.path.after, 1)):
        for frame in frames:
            for holder, term in holders(way.process, of, frame, world):
                yield holder, term, sign


def holders(
    process: Process, of: Counted, frame: Frame, world: World
) -> Iterator[tuple[Holder, Term]]:
    """The unknowns of a frame, and what each names; nothing, where its flag says otherwise."""
    for id_ in frame.live:
        kind = process.variables[id_].type
        if kind.kind != "ref" or kind.of is not of.struct:
            continue
        flags = [flag for local, flag in of.splits if local == id_ and flag in frame.live]
        if not flags:
            yield Holder(frame.place, id_), world.local(id_)
            continue
        value, flag = number(world.local(id_)), number(world.local(flags[-1]))
        name = flags[-1].rsplit(".", 1)[-1]
        for says, when in ((f"if {name}", flag != 0), (f"if not {name}", flag == 0)):
            named = z3.simplify(z3.If(when, value, z3.IntVal(0)))
            yield Holder(frame.place, f"{id_} {says}"), named


@dataclass
class Changes:
    """By how much each unknown counts more for the element f after a path than before it.

    held: for each local, the terms that it is, by their number, and how often more it is there;
    named: these terms; features: how often more each is there.
    """

    held: dict[Holder, dict[int, int]]
    named: dict[int, z3.ArithRef]
    features: dict[Feature, z3.ArithRef]

    def explained(self, table: Mapping[Unknown, int]) -> list[z3.ArithRef]:
        """The change of what explains the count of f, by a table: a sum of these terms."""
        factors: dict[int, int] = {}
        for holder, times in self.held.items():
            for term, n in times.items():
                factors[term] = factors.get(term, 0) + n * table.get(holder, 0)
        parts = [z3.If(self.named[term] == F, n, 0) for term, n in factors.items() if n]
        return parts + [table[u] * t for u, t in self.features.items() if table.get(u, 0)]


def changes(program: Program, of: Counted, way: Way, what: Sequence[Feature]) -> Changes:
    """What a path changes of what explains the count of an element f."""
    asked = tuple(u for u in what if u.cell in way.stored or u.sibling in way.stored)
    key = of.name, of.splits, asked
    if key not in way.changed:
        way.changed[key] = _changes(program, of, way, asked)
    return way.changed[key]


def _changes(program: Program, of: Counted, way: Way, what: Sequence[Feature]) -> Changes:
    held: dict[Holder, dict[int, int]] = {}
    named: dict[int, z3.ArithRef] = {}
    for holder, value, sign in locals_of(way, of):
        term = number(value)
        if isinstance(term, z3.IntNumRef) and not term.as_long():
            continue
        named[term.get_id()] = term
        times = held.setdefault(holder, {})
        times[term.get_id()] = times.get(term.get_id(), 0) + sign
    held = {h: {i: n for i, n in times.items() if n} for h, times in held.items()}
    held = {h: times for h, times in held.items() if times}
    used = {i for times in held.values() for i in times}
    found: dict[Feature, z3.ArithRef] = {}
    for feature in what:
        more = change(program, of, feature, way.path, F)
        if isinstance(more, z3.ArithRef) and not (z3.is_int_value(more) and not more.as_long()):
            found[feature] = more
    return Changes(held, {i: t for i, t in named.items() if i in used}, found)


def rows(program: Program, of: Counted, way: Way, what: Sequence[Feature]) -> list[Row]:
    """The equations of one way: as many cases of what names the element as imply all others.

    The cases are vectors: whether each term names the element, by how much each feature counts
    more, and the change of the count. The solver is asked for one that is no combination of those
    found, until there is none.
    """
    key = of.cell.key
    changed = changes(program, of, way, what)
    counted = any(k == key for k, _ in way.path.stores)
    if not changed.held and not changed.features and not counted:
        return []
    more: list[z3.ArithRef] = []
    if counted:
        more = [z3.simplify(way.path.after.cell(key, F - 1) - way.path.before.cell(key, F - 1))]
    others = [*changed.features.values(), *more]
    given = [*way.path.conditions, *way.known]
    named = list(changed.named.values())
    if others or not _each_alone(way, named, given, of.number):
        given = [way.base, *way.known, *bounds(program, way.path), *_elements_of(of.number)]
        found = _span(given, named, others, of.number)
    elif given and possible([way.base, *way.known]) != z3.sat:
        return []
    else:
        found = [[int(i == j) for j in range(len(named))] for i in range(len(named))]
    return list(dict.fromkeys(_row(changed, values, counted) for values in found))


@functools.cache
def _elements_of(number_: int) -> tuple[z3.BoolRef, z3.BoolRef]:
    """That f is one of so many elements."""
    return F >= 1, number_ >= F


def _row(changed: Changes, values: Sequence[int], counted: bool) -> Row:
    """A case as an equation."""
    named = dict(zip(changed.named, values, strict=False))
    factors: list[tuple[Unknown, int]] = [
        (holder, sum(n * named[i] for i, n in times.items()))
        for holder, times in changed.held.items()
    ]
    factors += zip(changed.features, values[len(named) :], strict=False)
    return Row(tuple((u, n) for u, n in factors if n), values[-1] if counted else 0)


def _each_alone(
    way: Way, named: Sequence[z3.ArithRef], given: Sequence[z3.BoolRef], most: int
) -> bool:
    """Whether each of some terms may be the only one that names an element."""
    if _free(way, named, given):
        return True
    if len(named) > most:
        return False
    elements = [z3.And(term >= 1, term <= most) for term in named]
    differ = [z3.Distinct(named)] if len(named) > 1 else []
    return possible([way.base, *way.known, *elements, *differ]) == z3.sat


def _free(way: Way, named: Iterable[z3.ArithRef], given: Sequence[z3.BoolRef]) -> bool:
    """Whether terms are locals of which nothing is known.

    Nothing but that each has at least two values, one of which is the element.
    """
    said = frozenset[str]().union(*map(names, given))
    variables = way.process.variables
    for term in named:
        id_ = term.decl().name() if z3.is_const(term) else ""
        of = variables.get(id_)
        if of is None or id_ in said or (of.lowest > 0 and of.type.hi < 2):
            return False
    return True


def _span(
    given: Sequence[z3.BoolRef],
    named: Sequence[z3.ArithRef],
    others: Sequence[z3.ArithRef],
    most: int,
) -> list[list[int]]:
    """Values that terms have together in some state, of which all others are combinations.

    named: terms of which it is asked whether they are the element f; others: terms over f; most:
    the number of elements.
    """
    terms = [*(z3.If(t == F, z3.IntVal(1), z3.IntVal(0)) for t in named), *others]
    found: list[list[int]] = []
    beyond = Complement(len(terms))
    with assuming(given) as solver:
        while beyond.normals:
            solver.add(z3.Or([product(normal, terms) != 0 for normal in beyond.normals]))
            if solver.check() != z3.sat:
                break
            model = solver.model()
            at = [model.eval(t, model_completion=True).as_long() for t in named]
            for n in sorted({model.eval(F, True).as_long(), *at}):
                if not 1 <= n <= most:
                    continue
                element = (F, z3.IntVal(n))
                rest = [model.eval(z3.substitute(t, element), True).as_long() for t in others]
                values = [*(int(m == n) for m in at), *rest]
                if beyond.include(values):
                    found.append(values)
    return found


def product(normal: Sequence[int], terms: Sequence[z3.ArithRef]) -> z3.ArithRef:
    """The sum of terms, each so many times; not all are left out."""
    parts = [t if n == 1 else n * t for n, t in zip(normal, terms, strict=True) if n]
    return parts[0] if len(parts) == 1 else z3.Sum(parts)
