"""What a piece of model text stands for while it is lowered."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mcheck.lang.declare.containers import Element
from mcheck.lang.program import Access
from mcheck.lang.types import Type, join

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

    aliases: the keys of what locals were copied from;
    types: the locals' and temporaries' types as narrowed on this path;
    assigned: the locals that have a value; owned: which holds they own a reference with now;
    locks: the locks held; paths: the protected accesses so far, on each way that led here;
    touched: the last access of shared state since a call or return was crossed, and
    crossed: what was crossed after shared state had been touched.
    """

    aliases: dict[str, Key] = field(default_factory=dict[str, Key])
    types: dict[str, Type] = field(default_factory=dict[str, Type])
    assigned: set[str] = field(default_factory=set[str])
    owned: set[str] = field(default_factory=set[str])
    locks: frozenset[Key] = frozenset()
    paths: tuple[tuple[Access, ...], ...] = ((),)
    touched: bool = False
    crossed: str = ""

    def copy(self) -> Env:
        """An independent copy for another path."""
        return Env(
            dict(self.aliases),
            dict(self.types),
            set(self.assigned),
            set(self.owned),
            self.locks,
            self.paths,
            self.touched,
            self.crossed,
        )


NEW = "+"
"""The `hold` of a value that brings a reference along which no local owns yet."""


def merged(ends: list[Env]) -> tuple[Env, str]:
    """What is known where several ways come together, and a hold that only some of them own."""
    result = ends[0].copy()
    conflict = ""
    for other in ends[1:]:
        if result.owned != other.owned:
            conflict = min(result.owned ^ other.owned)
        result.assigned &= other.assigned
        result.locks &= other.locks
        both = result.aliases.items() & other.aliases.items()
        result.aliases = {
            local: key for local, key in result.aliases.items() if (local, key) in both
        }
        result.touched |= other.touched
        result.crossed = result.crossed or other.crossed
        result.paths = longest((*result.paths, *other.paths))
        for name in list(result.types):
            mine, its = result.types[name], other.types.get(name)
            joined = join(mine, its) if its is not None else None
            if joined is None:
                del result.types[name]
                result.assigned.discard(name)
            else:
                result.types[name] = joined
    return result, conflict


def longest(paths: tuple[tuple[Access, ...], ...]) -> tuple[tuple[Access, ...], ...]:
    """The ways that are not the beginning of another one: what they touch, that one does too.

    But where that one goes on to take a lock that was looked at, to look and to take are one, and
    to look alone is something else.
    """
    kept: dict[tuple[Access, ...], None] = {}
    beginnings: set[tuple[Access, ...]] = set()
    for path in sorted(set(paths), key=len, reverse=True):
        if path not in beginnings:
            kept[path] = None
            beginnings.update(path[:n] for n in range(len(path)) if not _takes(path, n))
    return tuple(p for p in dict.fromkeys(paths) if p in kept)


def _takes(path: tuple[Access, ...], n: int) -> bool:
    """Whether the first n accesses look at a lock, and the next one of a lock takes one."""
    before = next((a for a in reversed(path[:n]) if a.cell == "Lock.holder"), None)
    after = next((a for a in path[n:] if a.cell == "Lock.holder"), None)
    looks = before is not None and not before.lock
    return looks and after is not None and after.lock == "acquire"
