"""The normal form's expressions as Python text over a packed state."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from mcheck.lang import ir
from mcheck.lang.program import Cell, Site, Variable

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: " and ",
    ast.Or: " or ",
}


class Tables:
    """Constant tuples that emitted text refers to by name."""

    def __init__(self) -> None:
        """Begin without any."""
        self.names: dict[tuple[object, ...], str] = {}

    def name(self, values: tuple[object, ...]) -> str:
        """The name of a tuple in the emitted module."""
        return self.names.setdefault(values, f"T{len(self.names)}")


class Text:
    """Writes the expressions of one process instance, or of a property, as Python text.

    The packed state is the Python variable t (u for the state after, in a step property).
    """

    def __init__(
        self,
        cells: Mapping[str, Cell],
        sites: list[Site],
        tables: Tables,
        known: Mapping[str, int],
        variables: Mapping[str, Variable],
    ) -> None:
        """known: names that are constants here, such as me and process."""
        self.cells, self.sites, self.tables = cells, sites, tables
        self.known, self.variables = known, variables
        self.renamed: dict[str, str] = {}
        self.walruses = 0

    def local(self, id_: str) -> str:
        """The Python name of a local or temporary."""
        return self.renamed.setdefault(id_, f"v{len(self.renamed)}")

    def text(self, e: ast.expr) -> str:
        """An expression, in parentheses where it needs them."""
        match e:
            case ast.Constant(value=int() as n):
                return str(int(n)) if n >= 0 else f"({n})"
            case ast.Name(id=name):
                return self._name(name)
            case ast.Subscript(value=ast.Name(id=key)):
                return self._cell(key, e.slice)
            case ast.BinOp():
                return f"({self.text(e.left)} {_OPERATORS[type(e.op)]} {self.text(e.right)})"
            case ast.UnaryOp():
                return f"(not {self.text(e.operand)})"
            case ast.BoolOp():
                return "(" + _OPERATORS[type(e.op)].join(map(self.text, e.values)) + ")"
            case ast.Compare():
                op = _OPERATORS[type(e.ops[0])]
                return f"({self.text(e.left)} {op} {self.text(e.comparators[0])})"
            case ast.IfExp():
                return f"({self.text(e.body)} if {self.text(e.test)} else {self.text(e.orelse)})"
            case ast.Call(func=ast.Name(id=function)):
                return self._call(function, e.args)
            case _:
                raise AssertionError(ast.dump(e))

    def _name(self, name: str) -> str:
        if name in self.known:
            return str(self.known[name])
        if name.startswith("hold:"):
            state = "u" if name.endswith("'") else "t"
            _, offset, bits = name.rstrip("'").split(":")
            return f"({state} >> {offset} & {(1 << int(bits)) - 1})"
        return self.local(name)

    def _call(self, function: str, args: list[ast.expr]) -> str:
        if function in ("min", "max"):
            return f"{function}({', '.join(map(self.text, args))})"
        site = ir.value_of(args[-1])
        if function in ("nonnull", "nonzero"):
            return f"({self.text(args[0])} or FAIL({site}, 0))"
        lo, hi = ir.value_of(args[1]), ir.value_of(args[2])
        self.walruses += 1
        w = f"w{self.walruses}"
        return f"({w} if {lo} <= ({w} := {self.text(args[0])}) <= {hi} else FAIL({site}, {w}))"

    def index(self, cell: Cell, e: ast.expr) -> int | str:
        """An index as a number where it is known, else as text."""
        known = ir.value_of(self.fold(e))
        return self.text(e) if known is None else known

    def fold(self, e: ast.expr) -> ast.expr:
        """The expression with what is known here put in."""
        match e:
            case ast.Name(id=name) if name in self.known:
                return ir.const(self.known[name])
            case ast.BinOp():
                return ir.binary(self.fold(e.left), e.op, self.fold(e.right))
            case _:
                return e

    def _cell(self, key: str, index: ast.expr) -> str:
        state = "u" if key.endswith("'") else "t"
        cell = self.cells[key.rstrip("'")]
        at = self.index(cell, index)
        if cell.constant is not None:
            if isinstance(at, int):
                return str(cell.constant[at])
            if len(set(cell.constant)) == 1 and ir.total(index):
                return str(cell.constant[0])
            return f"{self.tables.name(cell.constant)}[{at}]"
        bits, lo = cell.type.bits, cell.type.lo
        if not bits:
            return str(lo) if ir.total(index) else f"({at}, {lo})[1]"
        where = cell.offset + bits * at if isinstance(at, int) else _affine(cell.offset, bits, at)
        value = f"({state} >> {where} & {(1 << bits) - 1})"
        return f"({value} + {lo})" if lo else value

    def store(self, key: str, index: ast.expr, value: ast.expr, full: int) -> list[str]:
        """The statements that put a value into a cell."""
        cell = self.cells[key]
        bits, lo = cell.type.bits, cell.type.lo
        if not bits:
            return [f"({self.text(index)}, {self.text(value)})"]
        mask = (1 << bits) - 1
        known = ir.value_of(value)
        shown = self.text(value) if not lo else f"({self.text(value)} - {lo})"
        at = self.index(cell, index)
        if isinstance(at, int):
            shift = cell.offset + bits * at
            kept = full & ~(mask << shift)
            if known is not None:
                number = known - lo << shift
                return [f"t = t & {kept}" + (f" | {number}" if number else "")]
            return [f"t = t & {kept} | {shown} << {shift}"]
        masks = tuple(full & ~(mask << cell.offset + bits * i) for i in range(cell.count))
        table = self.tables.name(masks)
        return [
            f"i = {at}",
            f"t = t & {table}[i] | {shown} << {_affine(cell.offset, bits, 'i')}",
        ]


def _affine(offset: int, bits: int, at: str) -> str:
    scaled = at if bits == 1 else f"{bits} * {at}"
    return f"({offset} + {scaled})" if offset else f"({scaled})"
