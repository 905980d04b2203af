"""The text of model functions, as syntax trees that know their file and lines."""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import inspect
import linecache
from collections import ChainMap
from collections.abc import Callable
from types import CodeType
from typing import Any

from mcheck.lang.contract import Source
from mcheck.lang.errors import Refused
from mcheck.lang.procedures import source_of


class Function:
    """One model function: its tree, its parameters, and what the names in it stand for."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read the function's text.

        Raises:
            Refused: the text cannot be read, or it is no plain function.
        """
        self.callable = function
        self.file = function.__code__.co_filename
        self.tree = _tree(function)
        self.name = function.__name__
        arguments = self.tree.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise self.refused(
                self.tree,
                f"{self.name} has *args, **kwargs or keyword-only parameters",
                "name each parameter",
            )
        self.parameters = [a.arg for a in arguments.posonlyargs + arguments.args]
        self.locals = set(self.parameters) | _assigned(self.tree)

    @property
    def names(self) -> ChainMap[str, Any]:
        """What the names that are no locals stand for, now: modules go on changing them."""
        function: Any = self.callable
        cells: dict[str, Any] = {}
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            with contextlib.suppress(ValueError):  # not bound yet
                cells[name] = cell.cell_contents
        return ChainMap(cells, function.__globals__)

    def refused(self, node: ast.AST, problem: str, instead: str = "") -> Refused:
        """An error at a place in this function's text."""
        return Refused(self.source(node), problem, instead)

    def source(self, node: ast.AST) -> Source:
        """File and line of a node."""
        return Source(self.file, getattr(node, "lineno", self.tree.lineno))

    def lookup(self, node: ast.Name) -> Any:
        """What a name that is no local stands for.

        Raises:
            Refused: nothing has that name.
        """
        if node.id in self.names:
            return self.names[node.id]
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
        raise self.refused(node, f"nothing is called {node.id} here")

    def meant(self, node: ast.expr) -> Any:
        """What a name, or a name in a module, stands for; None where it is anything else."""
        if isinstance(node, ast.Name) and node.id not in self.locals:
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            module = self.meant(node.value)
            return getattr(module, node.attr, None) if inspect.ismodule(module) else None
        return None

    def annotation(self, node: ast.expr | None) -> Any:
        """What an annotation means, or None where there is none or it is only for type checkers."""
        if node is None:
            return None
        try:
            return eval(  # the annotation's own text, in the module it was written in
                compile(ast.Expression(node), self.file, "eval"), {**vars(builtins), **self.names}
            )
        except (NameError, TypeError, AttributeError):
            return None  # imported under TYPE_CHECKING only: means nothing to the model

    def parameter_annotation(self, name: str) -> Any:
        """What a parameter's annotation means."""
        arguments = self.tree.args
        for a in arguments.posonlyargs + arguments.args:
            if a.arg == name:
                return self.annotation(a.annotation)
        return None


@functools.cache
def function_of(function: Callable[..., Any]) -> Function:
    """The text of a function, read once."""
    return Function(function)


def _module(file: str) -> ast.Module:
    linecache.checkcache(file)
    return _parsed(file, "".join(linecache.getlines(file)))


@functools.lru_cache(maxsize=64)
def _parsed(file: str, text: str) -> ast.Module:
    return ast.parse(text, file)


def _tree(function: Callable[..., Any]) -> ast.FunctionDef:
    code = function.__code__
    try:
        module = _module(code.co_filename)
    except (SyntaxError, ValueError):
        raise Refused(
            source_of(function), f"the text of {function.__name__} is no Python"
        ) from None
    found = _functions(module).get((function.__name__, code.co_firstlineno))
    if found is not None:
        return found
    if function.__name__ == "<lambda>":
        raise Refused(source_of(function), "a lambda is no model function", "def it with a name")
    raise Refused(
        source_of(function),
        f"the text of {function.__name__} cannot be found; a model function must stand in a file",
    )


@functools.lru_cache(maxsize=64)
def _functions(module: ast.Module) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions of a module, by name and first line."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    return {(f.name, min([f.lineno, *(d.lineno for d in f.decorator_list)])): f for f in functions}


def _assigned(tree: ast.FunctionDef) -> set[str]:
    """The names that a function binds itself; names of comprehensions are their own."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(
            node, ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp | ast.Lambda
        ):
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        for child in ast.iter_child_nodes(node):
            visit(child)

    for statement in tree.body:
        visit(statement)
    return found


def keep_asserts(function: Callable[..., Any]) -> None:
    """Give a function its asserts back where Python was told to drop them (-O).

    An assert in a model is a BUG_ON, not a debugging aid: direct execution must see it too.
    """
    if __debug__:
        return
    code = function.__code__
    module = compile(_module(code.co_filename), code.co_filename, "exec", optimize=0)
    for candidate in _codes(module):
        same_place = candidate.co_firstlineno == code.co_firstlineno
        if (
            same_place
            and candidate.co_name == code.co_name
            and candidate.co_freevars == code.co_freevars
        ):
            function.__code__ = candidate
            return


def _codes(code: CodeType) -> list[CodeType]:
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return inner + [found for c in inner for found in _codes(c)]
