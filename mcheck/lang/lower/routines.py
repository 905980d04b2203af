"""Procedures within one kind of process: what is known at their points and at their calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mcheck.lang.lower.accesses import Scope
from mcheck.lang.lower.cfg import Call, Graph
from mcheck.lang.lower.values import Key
from mcheck.lang.types import Type

Keys = frozenset[Key]
VARYING = "varying"
RETURN = "@ret"
START, DONE = -2, -1


@dataclass
class Point:
    """What is known wherever a label, or a call's continuation, is reached."""

    assigned: set[str]
    owned: set[str]
    locks: frozenset[Key]
    types: dict[str, Type]


@dataclass(eq=False)
class Site_:
    """A call of a procedure: who calls, from which node.

    keys: the caller's names for each argument, as far as they are the same on all ways to the
    call; point: what is known there.
    """

    caller: Routine
    node: Call
    keys: dict[str, Keys] = field(default_factory=dict[str, Keys])
    point: Point | None = None

    def place(self) -> tuple[str, int, int]:
        """Where the call stands: in this order the calls of a procedure are numbered."""
        return (self.caller.name, self.node.call.lineno, self.node.call.col_offset)


@dataclass(eq=False)
class Routine:
    """One procedure within one kind of process.

    bounds: declared bounds of its locals; bindings: parameters that are the same in every call;
    points: what is known at its labels; live: the locals needed before each node; releases: the
    names of the locks that it, or what it calls, may release (None: any).
    """

    name: str
    graph: Graph
    scope: Scope
    bounds: dict[str, Type]
    bindings: dict[str, Any] = field(default_factory=dict[str, Any])
    sites: list[Site_] = field(default_factory=list[Site_])
    points: dict[int, Point] = field(default_factory=dict[int, Point])
    live: dict[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    releases: set[str | None] = field(default_factory=set[str | None])


@dataclass(frozen=True)
class Pending:
    """A caller that waits, within this step, for what it called.

    keys: its names for each argument; locks: those that it held at the call.
    """

    routine: Routine
    site: Site_
    keys: dict[str, Keys]
    locks: frozenset[Key]
