"""What is known of an index whose number is not: two that are computed alike are the same."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, replace

from mcheck.lang import ir
from mcheck.lang.lower.values import Key


@dataclass(frozen=True)
class Index:
    """The part of a key that stands for an index.

    text: how the index is computed, from the locals in names and nothing else. So as long as
    these keep their values, equal texts are equal numbers.
    """

    text: str
    names: frozenset[str]


def index_key(at: ast.expr) -> int | Index | None:
    """An index's number or how it is computed; None where that depends on the state."""
    plain = _Unchecked().visit(copy.deepcopy(at))
    number = ir.value_of(plain)
    if number is not None:
        return number
    if any(isinstance(n, ast.Subscript) for n in ast.walk(plain)):
        return None
    return Index(ast.dump(plain), frozenset(ir.names_read(plain)))


def renamed(key: Key, local: str, before: str) -> Key:
    """A key that was made before a local got another value; before: what the old one is called."""
    root, *steps = key
    return (before if root == local else root, *(_step(s, local, before) for s in steps))


def _step(step: object, local: str, before: str) -> object:
    if isinstance(step, Index) and local in step.names:
        return replace(step, text=f"{step.text} {before}", names=step.names - {local})
    return step


class _Unchecked(ast.NodeTransformer):
    """Leaves out the checks, which do not change the value."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        checks = isinstance(node.func, ast.Name) and node.func.id not in ("min", "max")
        return node.args[0] if checks else node
