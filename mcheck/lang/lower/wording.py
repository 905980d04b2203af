"""What lies outside the language, in words, and what to write instead."""

from __future__ import annotations

import ast

from mcheck.lang.lower.values import Elems, Method, Static, Value

_REFERENCE = "the language reference lists what there is"

_EXPRESSIONS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lambda: ("a lambda", "a plain function, or until=lambda: ... at a yield"),
    ast.ListComp: ("a list", "all(...), any(...), sum(...), min(...), max(...) over a generator"),
    ast.GeneratorExp: ("a bare generator expression", "all(...), any(...), sum(...)"),
    ast.Dict: ("a dict", "a Map declared in the state"),
    ast.List: ("a list", "an Array declared in the state, or a tuple of constants"),
    ast.Set: ("a set", "a tuple of constants"),
    ast.JoinedStr: ("an f-string", "no text at all: traces name things by themselves"),
    ast.NamedExpr: (":=", "an assignment of its own before it"),
    ast.Await: ("await", "yield from"),
    ast.Starred: ("*", "each argument by itself"),
}


def expression_refused(node: ast.AST) -> tuple[str, str]:
    """What is wrong with an expression that the language does not have, and what is right."""
    what, instead = _EXPRESSIONS.get(type(node), (type(node).__name__, _REFERENCE))
    return f"{what} is not part of the language", instead


def statement_refused(node: ast.AST) -> tuple[str, str]:
    """What is wrong with a statement that the language does not have, and what is right."""
    unknown = (f"{type(node).__name__} is not part of the language", _REFERENCE)
    return _STATEMENTS.get(type(node), unknown)


def describe(value: Value) -> str:
    """A value as a message names it."""
    match value:
        case Elems():
            return f"{value.declared.struct.__name__}.{value.declared.name}"
        case Method():
            return f"the method {value.function.__name__}"
        case Static():
            return repr(value.value)
        case _:
            return f"a {value.type}"


_STATEMENTS: dict[type[ast.AST], tuple[str, str]] = {
    ast.With: ("`with` is not part of the language", "acquire and release in steps of their own"),
    ast.Try: ("`try` is not part of the language", "a value that tells, and an if"),
    ast.Raise: ("`raise` is not part of the language", "assert, for what must never happen"),
    ast.Assign: ("several targets at once are not part of the language", "one assignment each"),
    ast.Delete: ("`del` is not part of the language", "= null"),
    ast.Match: ("`match` is not part of the language", "if ... elif ... else"),
    ast.Global: ("`global` is not part of the language", "a field of the state"),
    ast.Nonlocal: ("`nonlocal` is not part of the language", "a field of the state"),
    ast.Import: ("an import inside a step", "import at the top of the file"),
    ast.ImportFrom: ("an import inside a step", "import at the top of the file"),
    ast.FunctionDef: ("a function inside a step", "a function at the top of the file"),
    ast.ClassDef: ("a class inside a step", "a class at the top of the file"),
    ast.Expr: ("an expression that does nothing", "a call, or an assignment"),
    ast.Break: ("break outside a loop", ""),
    ast.Continue: ("continue outside a loop", ""),
}
