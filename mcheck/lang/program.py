"""A lowered model: cells, and for each kind of process its steps. All later stages start here."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mcheck.lang.contract import Source
from mcheck.lang.declare.fields import Field
from mcheck.lang.declare.state import State
from mcheck.lang.declare.structs import Struct
from mcheck.lang.types import Type


@dataclass
class Cell:
    """A field of a struct, over all its elements: `count` values, `length` for each element."""

    key: str
    struct: type[Struct]
    name: str
    field: Field[Any]
    type: Type
    count: int
    length: int
    offset: int = 0
    constant: tuple[int, ...] | None = None


@dataclass
class Variable:
    """A local that lives across a yield.

    hold: the kind of reference that it owns, if it does; least: the least value that it has
    while it lives, where its type has room for less.
    """

    id: str
    procedure: str
    type: Type
    hold: str | None = None
    offset: int = 0
    least: int | None = None

    @property
    def lowest(self) -> int:
        """The least value that it has while it lives."""
        return self.type.lo if self.least is None else self.least


@dataclass(frozen=True)
class Site:
    """A check that may fail: the kind of violation, what to say, and where that stands."""

    kind: str
    message: str
    source: Source


@dataclass(frozen=True)
class Access:
    """One access of a protected cell.

    key: which element it is, as far as that is known statically ((root, field, ...) or None).
    held: the lock that protects the field is held; own: the element is the process's own;
    racy: declared so; lock: "acquire", "release", or "mine" where the access is that of a lock,
    and names: what the lock may be called where it is declared (None: anything).
    update: a write that makes the new value of the old one, as `+=` does.
    """

    cell: str
    key: tuple[Any, ...] | None
    write: bool
    held: bool
    racy: bool
    own: bool
    source: Source
    lock: str = ""
    names: frozenset[str | None] = frozenset()
    update: bool = False


@dataclass
class Choice:
    """`x = choose(...)`: iterates `item` over values, kept where filter holds, into variable."""

    name: str
    variable: str
    item: str
    values: list[ast.expr]
    value: ast.expr
    type: Type
    before: list[ast.stmt]
    filter: ast.expr | None
    before_filter: list[ast.stmt]
    site: int


@dataclass(frozen=True)
class Exit:
    """Where a path of a step ends.

    label: the label's number in its process; live: the variables to keep, of all procedures
    that the path touched; touched: the procedures whose other variables are cleared.
    """

    label: int
    live: tuple[str, ...]
    touched: tuple[str, ...]


@dataclass
class Step:
    """What runs from one label to the next: a guard, choices, and a body that ends in gotos."""

    procedure: str
    label: str
    number: int
    source: Source
    rest: bool
    atomic: str
    guard_before: list[ast.stmt] = field(default_factory=list[ast.stmt])
    guard: ast.expr | None = None
    choices: list[Choice] = field(default_factory=list[Choice])
    body: list[ast.stmt] = field(default_factory=list[ast.stmt])
    exits: list[Exit] = field(default_factory=list[Exit])
    paths: list[tuple[Access, ...]] = field(default_factory=list[tuple[Access, ...]])
    locks: frozenset[tuple[Any, ...]] = frozenset()
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    live: tuple[str, ...] = ()


@dataclass
class Instance:
    """One process: its name, and the number of the element or count that it is given."""

    name: str
    number: int
    me: int | None
    pc_offset: int = 0
    base: int = 0

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class CallSite:
    """A call of a procedure: where it stands, and the caller's locals that live across it."""

    caller: str
    first: int
    last: int
    live: tuple[str, ...]


@dataclass
class Process:
    """One kind of process: one piece of code for all its instances.

    done: the number of the label where a finished process stands, or None if it never ends;
    of: the struct class of the element that each instance is given, if it is given one.
    start: the step that sets the locals up before the first label.
    """

    name: str
    daemon: bool
    steps: list[Step]
    start: Step
    done: int | None
    variables: dict[str, Variable]
    instances: list[Instance]
    callers: dict[str, list[CallSite]]
    interference: set[frozenset[str]] = field(default_factory=set[frozenset[str]])
    of: type | None = None
    pc_bits: int = 0
    area: int = 0


@dataclass
class Claim:
    """A lowered property: statements, then a value that is 1 where the property holds."""

    kind: str
    name: str
    body: list[ast.stmt]
    value: ast.expr


@dataclass
class Program:
    """Everything that the engines, proofs and exports are made from.

    cut: the labels that the scenario's constants keep from running.
    """

    state: State
    cells: dict[str, Cell]
    processes: list[Process]
    claims: list[Claim]
    sites: list[Site]
    bits: int = 0
    cut: frozenset[str] = frozenset()
    procedures: dict[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])
