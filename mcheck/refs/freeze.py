"""The freeze is exact: a count is what is expected if and only if nobody else has a reference.

Asked for every step that compares a count with a number and goes on where it is the same: what
the process itself knows of, by the table, is that number; all else is somebody else's. Where a
step only compares, and does not freeze, others may get a reference right after. Who may, without
having one, and through which field they find the element, is asked too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import z3

from mcheck.refs.candidates import array, reads_of
from mcheck.refs.equations import F, Holder
from mcheck.refs.features import Counted
from mcheck.refs.frames import Frame, names
from mcheck.refs.frozen import Table, instances
from mcheck.refs.solvers import possible
from mcheck.refs.ways import Way, ranges


@dataclass(frozen=True, order=True)
class Landing:
    """A step that may get a reference after a comparison, without having one.

    through: the fields, or other ways, by which it may have found the element.
    """

    step: str
    through: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """A step that goes on where a count is what it expects.

    local: by which the element is called; expected: a term; freezes: whether it takes the count
    to 0 in the same step; exact: whether the count is that if and only if nobody else has a
    reference; landing: what may come after, if it does not freeze.
    """

    way: Way
    local: str
    expected: z3.ArithRef
    freezes: bool
    exact: bool
    landing: tuple[Landing, ...] = ()

    def __str__(self) -> str:
        does = "freezes" if self.freezes else "only compares"
        text = "exact" if self.exact else "NOT exact"
        return f"{self.way.origin} {does}, expecting {self.expected}: {text}"


def comparisons(table: Table, ways: Sequence[Way]) -> list[Comparison]:
    """All comparisons, one for each step and local, over all kinds of processes."""
    found: dict[tuple[str, str], Comparison] = {}
    for way in ways:
        for local, expected, condition in _compared(table.of, way):
            freezes = _freezes(table.of, way, local)
            if freezes is None:
                continue
            key = str(way.origin), local
            exact = _exact(table, way, local, expected, condition)
            known = found.get(key)
            if known is not None and not known.exact:
                continue
            found[key] = Comparison(way, local, expected, freezes, exact)
    after: dict[str, tuple[Landing, ...]] = {}
    complete: list[Comparison] = []
    for _, c in sorted(found.items()):
        if not c.freezes and str(c.expected) not in after:
            after[str(c.expected)] = _landing(table, ways, c.expected)
        complete.append(replace(c, landing=() if c.freezes else after[str(c.expected)]))
    return complete


def _compared(of: Counted, way: Way) -> Iterator[tuple[str, z3.ArithRef, z3.BoolRef]]:
    """The counts that a way needs to be some number other than 0: local, number, condition."""
    key = of.cell.key
    for condition in way.path.conditions:
        if not z3.is_eq(condition) or key not in names(condition):
            continue
        one, other = condition.children()
        for count, expected in ((one, other), (other, one)):
            plain = z3.is_select(count) and count.arg(0).eq(array(key))
            if not plain or key in names(expected):
                continue
            if z3.is_int_value(expected) and not expected.as_long():
                continue
            for id_ in way.before[0].live:
                if count.arg(1).eq(z3.simplify(z3.Int(id_) - 1)):
                    yield id_, expected, condition


def _freezes(of: Counted, way: Way, local: str) -> bool | None:
    """Whether a way takes the count to 0, or leaves it; None if it does something else."""
    if of.cell.key not in way.stored:
        return False
    after = way.path.after.cell(of.cell.key, z3.Int(local) - 1)
    return True if z3.is_int_value(after) and not after.as_long() else None


def _exact(
    table: Table, way: Way, local: str, expected: z3.ArithRef, condition: z3.BoolRef
) -> bool:
    """Whether a process expects what it knows to be there, whatever the count is.

    The count is that, and what else there is. So it is as expected if and only if there is
    nothing else. What a process may have, but does not know of, is not left out.
    """
    frames = list(way.before)
    given = [t for t in table.given(way, frames) if not t.eq(way.base)]
    given += [c for c in way.path.conditions if not c.eq(condition)]
    given += ranges(way)
    given.append(z3.Int(local) == F)
    said = table.said(way.process.name, frames)
    fields = instances(table.program, table.features, way.process.of, F, said)
    offers = [(table.held[i.feature], z3.And(i.there, i.first)) for i in fields]
    locals_ = [(table.held.get(Holder(f.place, id_), 0), id_) for f in frames for id_ in f.live]
    offers += [(n, z3.Int(id_) == F) for n, id_ in locals_ if n > 0]
    known = sum(n for n, there in offers if possible([*given, z3.Not(there)]) == z3.unsat)
    return possible([*given, expected != known]) == z3.unsat


# What may land after a comparison


def _landing(table: Table, ways: Sequence[Way], expected: z3.ArithRef) -> tuple[Landing, ...]:
    """The steps that may get a reference to an element whose references are as expected."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for way in ways:
        for local in _gets(table.of, way):
            if _lands(table, way, list(way.before), local, expected):
                through, kinds = found.setdefault(str(way.origin), ({}, {}))
                through.update(dict.fromkeys(_found_by(table, ways, way, local)))
                kinds[way.process.name.strip("{}")] = None
    return tuple(
        Landing(step, tuple(sorted(through)), tuple(kinds))
        for step, (through, kinds) in sorted(found.items())
    )


def _gets(of: Counted, way: Way) -> Iterator[str]:
    """The locals of whose element a way changes the count."""
    if way.before:
        for key, at in dict.fromkeys(way.path.stores):
            if key == of.cell.key:
                yield from (
                    id_ for id_ in way.before[0].live if at.eq(z3.simplify(z3.Int(id_) - 1))
                )


def _lands(table: Table, way: Way, frames: list[Frame], local: str, expected: z3.ArithRef) -> bool:
    """Whether a way may get a reference to an element of which no other is left."""
    key = table.of.cell.key
    before, after = way.path.before.cell(key, F - 1), way.path.after.cell(key, F - 1)
    asked = [z3.Int(local) == F, after > before, before >= 1]
    if z3.is_int_value(expected):
        asked.append(before == expected)
    asked += [z3.Not(there) for there in table.keeping(way, frames)]
    if possible([*table.given(way, frames), *asked]) == z3.unsat:
        return False
    above = table.above(way, frames)
    return not above or any(_lands(table, way, [*frames, f], local, expected) for f in above)


def _found_by(table: Table, ways: Sequence[Way], way: Way, local: str) -> Iterator[str]:
    """The fields from which a local, or the local of a caller that it was given, was read."""
    of, kind = table.of.struct, way.process.name
    todo, seen = [local], {local}
    while todo:
        name = todo.pop()
        for other in ways:
            value = other.path.after.locals.get(name)
            if other.process.name != kind or not isinstance(value, z3.ArithRef):
                continue
            keys = {key for key, _ in reads_of(value)}
            cells = [table.program.cells[key] for key in sorted(keys)]
            yield from (c.key for c in cells if c.type.kind == "ref" and c.type.of is of)
            if any(c.item == str(value) for c in (other.step.choices if other.step else ())):
                yield "its number"
            more = [n for n in sorted(names(value)) if n in other.process.variables]
            for n in more:
                variable = other.process.variables[n]
                if variable.type.of is of and n not in seen:
                    seen.add(n)
                    todo.append(n)


def told(found: Sequence[Comparison]) -> Iterator[str]:
    """For people: whether the comparisons are exact, and what may land after them."""
    from tabulate import tabulate

    if not found:
        return
    lines = [
        (
            str(c.way.origin),
            c.local.rsplit(".", 1)[-1],
            "freezes" if c.freezes else "compares",
            " ".join(str(c.expected).split()),
            "exact" if c.exact else "NOT EXACT",
        )
        for c in found
    ]
    headers = ("step", "count of", "does", "expected", "equals it if nobody else has one")
    yield tabulate(lines, headers=headers, tablefmt="simple")
    after = dict.fromkeys(
        (landing.step, ", ".join(landing.through)) for c in found for landing in c.landing
    )
    if after:
        yield "what may land after a comparison that does not freeze:\n" + tabulate(
            list(after), headers=("gets a reference", "having found it through"), tablefmt="simple"
        )
