"""What a reason was given for: the procedures that an unproved use or assumption rests on.

A reason (`mcheck/spec/unheld.py`) is one for the text as it stands. Where a variant changes a
procedure through which the element is found, somebody has to look at the reason again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import z3

from mcheck.lang.emit.smt import number
from mcheck.lang.program import Program
from mcheck.refs.features import COUNT, Feature
from mcheck.refs.frames import names
from mcheck.refs.ways import Way

Name = tuple[str, str]
"""A local, with the kind of process, or a field, with an empty string."""


class Flow:
    """Where the values of locals come from, and those of fields that stand for no reference.

    Locals are those of one kind of process; fields are everybody's.
    """

    def __init__(self, program: Program, ways: Sequence[Way], counting: Iterable[Feature]) -> None:
        """Note every assignment; counting: the fields that stand for references."""
        self.program = program
        self.kept = {feature.cell for feature in counting}
        self.set_by: dict[Name, list[tuple[str, frozenset[Name]]]] = defaultdict(list)
        for way in ways:
            kind = way.process.name.strip("{}")
            procedures = dict.fromkeys((way.origin.procedure, *_entered(way)))
            for id_, value in way.path.after.locals.items():
                term = number(value)
                if not term.eq(z3.Int(id_)):
                    found = self._names(kind, term)
                    self.set_by[kind, id_] += [(p, found) for p in procedures]
            for key, at in way.path.stores:
                found = self._names(kind, way.path.after.cell(key, at))
                self.set_by["", key].append((way.origin.procedure, found))

    def procedures(self, kind: str, by: Iterable[str]) -> set[str]:
        """The procedures that have a part in what some locals of a process, and fields, are."""
        found: set[str] = set()
        todo = [(("" if name in self.program.cells else kind), name) for name in by]
        todo = [name for name in todo if self._followed(name)]
        seen = set(todo)
        while todo:
            for procedure, more in self.set_by.get(todo.pop(), ()):
                found.add(procedure)
                fresh = [name for name in more - seen if self._followed(name)]
                seen.update(fresh)
                todo += fresh
        return found

    def _names(self, kind: str, value: z3.ExprRef) -> frozenset[Name]:
        cells = self.program.cells
        return frozenset(("" if name in cells else kind, name) for name in names(value))

    def _followed(self, name: Name) -> bool:
        """Whether something is a local, or a field that names or numbers elements.

        A field that stands for a reference is not followed: the ledger says what it is worth. Nor
        is a count.
        """
        cell = None if name[0] else self.program.cells[name[1]]
        if cell is None:
            return True
        named = cell.type.kind in ("ref", "int") and cell.name != COUNT
        return named and cell.key not in self.kept


def _entered(way: Way) -> Iterable[str]:
    """The procedures that a way enters: they are part of how its locals come to be."""
    inside = {frame.place.procedure for frame in way.before}
    return [f.place.procedure for f in way.after if f.place.procedure not in inside]
