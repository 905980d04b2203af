"""Replacements that replace nothing."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcheck.lang.model import Model
    from mcheck.lang.procedures import Procedure
    from mcheck.lang.source import Function


def idle(model: Model[Any]) -> list[str]:
    """A sentence for each procedure that is replaced, but by nothing else than it is."""
    if not model.table:
        return []
    own = replace(model, table={}).procedures()
    sentences: list[str] = []
    for name, mine in model.table.items():
        if mine is own.get(name):
            sentences.append(f"{name} is replaced by itself, which changes nothing")
        elif name in own and _equal(mine, own[name]):
            sentences.append(f"what replaces {name} is a copy of it, which changes nothing")
    return sentences


def _equal(one: Procedure[Any, Any], other: Procedure[Any, Any]) -> bool:
    """Whether two procedures have the same text, and all names in it mean the same."""
    from mcheck.lang.errors import ModelError
    from mcheck.lang.source import function_of

    try:
        first, second = function_of(one.function), function_of(other.function)
    except ModelError:  # told where the model is compiled
        return False
    if _text(first.tree) != _text(second.tree):
        return False
    names = {node.id for node in ast.walk(first.tree) if isinstance(node, ast.Name)}
    return all(_alike(first, second, name) for name in names - first.locals)


def _text(tree: ast.FunctionDef) -> str:
    """What a function does, without its name, its docstring and its annotations."""
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    return "\n".join(ast.dump(statement) for statement in body)


def _alike(one: Function, other: Function, name: str) -> bool:
    from mcheck.lang.procedures import as_procedure

    first, second = one.names.get(name), other.names.get(name)
    procedures = as_procedure(first), as_procedure(second)
    # Procedures are called by their names, whatever stands in the module.
    return first is second or all(found is not None for found in procedures)
