"""Ghosts: fields that properties read and the protocol does not, checked on the lowered steps.

What is computed from a ghost may go into ghosts, and decide what goes into ghosts. It may not
reach another field, a guard, a choice, a check, a way through a step, or a local that lives on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from mcheck.lang import ir
from mcheck.lang.errors import Refused
from mcheck.lang.program import Cell, Step


class Ghosts:
    """Follows through one step what is computed from ghosts."""

    def __init__(self, cells: Mapping[str, Cell], step: Step) -> None:
        """Begin with no local that a ghost has reached; names: those that one has."""
        self.cells, self.step = cells, step
        self.names: dict[str, ast.Subscript] = {}

    def check(self) -> None:
        """Refuse a step in which the protocol reads a ghost.

        Raises:
            Refused: at the place where the ghost is read.
        """
        step = self.step
        self._body(step.guard_before, within=None)
        if step.guard is not None:
            self._never(step.guard)
        for choice in step.choices:
            self._body(choice.before, within=None)
            self._body(choice.before_filter, within=None)
            for e in [*choice.values, *([] if choice.filter is None else [choice.filter])]:
                self._never(e)
        self._body(step.body, within=None)

    def _body(self, body: list[ast.stmt], within: ast.Subscript | None) -> None:
        """Statements; within: the ghost that decides whether they run, if one does."""
        for s in body:
            match s:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found = self._ghost(value) or within
                    if found is not None:
                        self.names[name] = found
                    else:
                        self.names.pop(name, None)
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=key), slice=index)]):
                    if not self.cells[key].field.ghost:
                        self._no(within or self._ghost(s.value) or self._ghost(index))
                case ast.If():
                    self._if(s, within)
                case ast.Assert():
                    self._no(within)
                    self._never(s.test)
                case _:
                    self._end(s, within)

    def _if(self, s: ast.If, within: ast.Subscript | None) -> None:
        before = dict(self.names)
        decides = self._ghost(s.test) or within
        self._body(s.body, decides)
        after, self.names = self.names, before
        self._body(s.orelse, decides)
        self.names.update(after)

    def _end(self, s: ast.stmt, within: ast.Subscript | None) -> None:
        self._no(within)
        number = ir.goto_number(s)
        assert number is not None
        for name in self.step.exits[number].live:
            self._no(self.names.get(name))

    def _never(self, e: ast.expr) -> None:
        self._no(self._ghost(e))

    def _ghost(self, e: ast.expr) -> ast.Subscript | None:
        """The ghost that a value depends on, if it does."""
        return next(self._ghosts(e), None)

    def _ghosts(self, e: ast.AST) -> Iterator[ast.Subscript]:
        if isinstance(e, ast.Subscript) and isinstance(e.value, ast.Name):
            if self.cells[e.value.id].field.ghost:
                yield e
            yield from self._ghosts(e.slice)
        elif isinstance(e, ast.Name):
            if e.id in self.names:
                yield self.names[e.id]
        else:
            for child in ast.iter_child_nodes(e):
                yield from self._ghosts(child)

    def _no(self, read: ast.Subscript | None) -> None:
        if read is None:
            return
        assert isinstance(read.value, ast.Name)
        raise Refused(
            ir.origin(read) or self.step.source,
            f"the protocol reads a ghost: {read.value.id}",
            "ghosts are read by properties, and to compute ghosts",
        )
