"""Who touches what while which locks are held: noted for every access, judged later."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mcheck.lang.declare.containers import Embed, declarations
from mcheck.lang.declare.fields import Field, Owner, Ref
from mcheck.lang.declare.state import Lock, State
from mcheck.lang.declare.structs import Struct
from mcheck.lang.errors import Refused
from mcheck.lang.lower.cfg import Graph
from mcheck.lang.lower.facts import Facts
from mcheck.lang.lower.indices import index_key, renamed
from mcheck.lang.lower.locksets import FOLLOW, LockNames, follows, numbered
from mcheck.lang.lower.unordered import Unordered
from mcheck.lang.lower.values import Env, Key, Val, Value
from mcheck.lang.program import Access, Cell, Site
from mcheck.lang.source import Function


@dataclass
class Context:
    """What all processes of a model share while they are lowered.

    cells: by key; sites: the checks so far; written: the cells that some step writes;
    protected: whether the model says of any field what protects it; settled: the number that a
    field has in all elements of all initial states, if it is one, by the key of its cell; either:
    the constants that are truths of which nothing is known.
    """

    state: State
    cells: dict[str, Cell]
    sites: list[Site]
    written: set[str]
    protected: bool
    settled: Callable[[Cell], int | None]
    either: frozenset[str] = frozenset()


@dataclass
class Scope:
    """The function that is lowered now: its text, and what its names stand for.

    prefix: makes its locals' names unique; bound: names that stand for something known;
    holds: the locals that own references; bounds: declared bounds of locals.
    """

    function: Function
    prefix: str
    bound: dict[str, Value] = field(default_factory=dict[str, Value])
    holds: dict[str, str] = field(default_factory=dict[str, str])
    graph: Graph | None = None

    def variable(self, name: str) -> str:
        """The full name of a local."""
        return f"{self.prefix}.{name}"


class Accesses:
    """The part of the lowering that knows what is known on this path, and notes accesses."""

    state: State
    scope: Scope
    env: Env
    protected: bool
    written: set[str]
    settled: Callable[[Cell], int | None]
    either: frozenset[str] = frozenset()
    folded: bool = False
    blamed: Scope | None = None
    facts: Facts
    lock_names: LockNames
    loop: Unordered | None = None
    in_property: bool

    def refused(self, node: ast.AST, problem: str, instead: str = "") -> Refused:
        """An error at a place in the function that is lowered now."""
        raise NotImplementedError

    def struct_of(self, value: Val, node: ast.AST) -> type[Struct]:
        """The struct class of the element that a value refers to."""
        raise NotImplementedError

    def cell_of(self, declared: Field[Any], struct: type[Struct], length: int = 1) -> Cell:
        """The cell of a field of a struct class."""
        raise NotImplementedError

    def moves(self, cell: str) -> bool:
        """Whether some step writes a cell, as far as is known."""
        if cell in self.written:
            return True
        self.facts.ask(("written", cell))
        return False

    def fixed(self, cell: Cell) -> int | None:
        """The one value that a cell has for ever, if the model says what protects its state."""
        return self.settled(cell) if self.protected and not self.moves(cell.key) else None

    def along(self, key: Key | None, cell: Cell) -> Key | None:
        """The key of what an element's reference leads to, if it always leads there."""
        if self.moves(cell.key):
            return None
        number = self.fixed(cell) if cell.type.kind == "ref" else None
        if number:
            return ("#", cell.type.of, number)
        return None if key is None else (*key, FOLLOW + cell.name)

    def rebound(self, id_: str) -> None:
        """A local names something else from now on: what was known under its name is not."""
        self.env.locks = frozenset(k for k in self.env.locks if k[0] != id_)
        kept = {i: k for i, k in self.env.aliases.items() if i != id_ and k[0] != id_}
        self.env.aliases = kept
        self.versions += 1
        before = f"{id_} {self.versions}"  # what it named until now, for what was touched by it
        self.env.paths = tuple(
            tuple(replace(a, key=renamed(a.key, id_, before)) if a.key else a for a in path)
            for path in self.env.paths
        )

    def touch(self, cell: Cell, owner: Val, at: ast.expr, *, write: bool, node: ast.AST) -> None:
        """Note an access: for a step's extent, and for what protects the cell.

        at: which of the owner's values it is, where the cell has several.
        """
        if self.in_property:
            return
        by = cell.field.by
        shared = not isinstance(by, Owner) and not cell.field.ghost
        if self.env.crossed and shared:
            raise self.refused(
                node,
                f"shared state is touched here and also before {self.env.crossed}, in one step",
                f"add a yield after {self.env.crossed}, or write its text here",
            )
        self.env.touched = self.env.touched or shared
        if self.loop is not None and not write:
            self.loop.reads(cell.key, owner.key)
        if not self.protected or by is None or cell.field.ghost:
            return
        needed = self._lock_key(by, owner, node) if isinstance(by, str) else None
        held = needed is not None and needed in self.env.locks
        own = owner.key is not None and owner.key[0] == "me" and not follows(owner.key)
        source = self.scope.function.source(node)
        key = owner.key
        if cell.length > 1 and key is not None:
            index = index_key(at)
            key = None if index is None else (*key, index)
        names = frozenset[str | None]()
        if cell.key == "Lock.holder":
            names = frozenset({None} if owner.key is None else self.lock_names.name(owner.key))
        update = write and self.operator != ""
        access = Access(
            cell.key, key, write, held, self.racing, own, source, self.locking, names, update
        )
        self.env.paths = tuple((*path, access) for path in self.env.paths)

    racing = False
    versions = 0
    locking = ""
    operator: str | None = ""

    def _lock_key(self, path: str, owner: Val, node: ast.AST) -> Key | None:
        """The lock that protects a field of an element: a path from it, or from the state."""
        struct = self.struct_of(owner, node)
        first = path.split(".", maxsplit=1)[0]
        key: Key | None = owner.key
        if not isinstance(declarations(struct).get(first), Embed | Ref):
            struct, key = type(self.state), ("#", type(self.state), 1)
        for name in path.split("."):
            declared = declarations(struct).get(name)
            if isinstance(declared, Ref):
                key = self.along(key, self.cell_of(declared, struct))
                target: type[Struct] = declared.of
                struct = target
            elif isinstance(declared, Embed) and isinstance(declared.item, type):
                if key is not None and numbered(key):
                    place = self.state.elements_.place(struct, declared)
                    key = ("#", declared.item, place.base + key[2] - 1)
                elif key is not None:
                    key = (*key, name)
                struct = declared.item
            else:
                raise self.refused(
                    node, f'by="{path}": {struct.__name__} has no lock or reference {name}'
                )
        if struct is not Lock:
            raise self.refused(node, f'by="{path}" ends at a {struct.__name__}, not at a Lock')
        return key
