"""What a piece of model text stands for while it is lowered."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mcheck.lang.declare import Element
from mcheck.lang.program import Access
from mcheck.lang.types import Type

Key = tuple[Any, ...]
"""The path by which an element is known: ("#", struct, number), ("me",) or (local, field, ...)."""


@dataclass(frozen=True)
class Val:
    """A value that is computed when the step runs.

    key: how the element it refers to is known statically; hold: the local that owns it.
    """

    expr: ast.expr
    type: Type
    key: Key | None = None
    hold: str | None = None


@dataclass(frozen=True)
class Static:
    """A Python object that is known now: a constant, a class, a function, a module."""

    value: Any


@dataclass(frozen=True)
class Elems:
    """The elements that a declaration gives one owner."""

    owner: Val
    declared: Element[Any]


@dataclass(frozen=True)
class Method:
    """A function of a struct class, bound to an element."""

    function: Callable[..., Any]
    element: Val


Value = Val | Static | Elems | Method


@dataclass
class Env:
    """What is known at one point of one path through a step.

    types: the locals' and temporaries' types as narrowed on this path;
    assigned: the locals that have a value; owned: which holds they own a reference with now;
    locks: the locks held; accesses: the protected accesses so far;
    touched: the last access of shared state since a call or return was crossed, and
    crossed: what was crossed after shared state had been touched.
    """

    types: dict[str, Type] = field(default_factory=dict[str, Type])
    assigned: set[str] = field(default_factory=set[str])
    owned: set[str] = field(default_factory=set[str])
    locks: frozenset[Key] = frozenset()
    accesses: tuple[Access, ...] = ()
    touched: bool = False
    crossed: str = ""

    def copy(self) -> Env:
        """An independent copy for another path."""
        return Env(
            dict(self.types),
            set(self.assigned),
            set(self.owned),
            self.locks,
            self.accesses,
            self.touched,
            self.crossed,
        )
