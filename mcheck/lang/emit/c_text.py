"""The normal form's expressions and statements as C over a packed state.

Every value is an int64_t. A check that fails jumps to the label that ends the alternative it stands
in: what failed, and why, is found out by the Python form of the same step.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from mcheck.lang import ir
from mcheck.lang.errors import ModelError
from mcheck.lang.program import Cell, Exit, Variable

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.RShift: ">>",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: " && ",
    ast.Or: " || ",
}
_FUNCTIONS: dict[type[ast.AST], str] = {ast.FloorDiv: "floor_div", ast.Mod: "floor_mod"}
_WIDEST = 1 << 62
"""No value, and no value on the way to one, may be as large: C's integers have an end."""

_TAKEN = frozenset({"s", "t", "u", "out", "bad", "from", "failed"}) | frozenset(
    {"floor_div", "floor_mod", "min_of", "max_of", "int64_t", "uint64_t", "uint8_t"}
)
"""What no local may be called in C."""

Bounds = tuple[int, int]


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """Names of the model as names in C, a different one for each."""
    found: dict[str, str] = {}
    used = set(_TAKEN)
    for name in names:
        found[name] = _different(name, used)
        used.add(found[name])
    return found


def _different(name: str, used: Collection[str]) -> str:
    text = re.sub(r"\W", "_", name)
    while text in used:
        text += "_"
    return text


def comment(text: str) -> str:
    """A text that may stand in a comment."""
    return " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *")


def masks(bits: int, words: int) -> list[tuple[int, int]]:
    """The words of a state that a set of bits leaves less than whole: (which word, its bits)."""
    whole = (1 << 64) - 1
    parts = [(i, bits >> 64 * i & whole) for i in range(words)]
    return [(i, part) for i, part in parts if part != whole]


class CText:
    """Writes what stands in one step of one process instance, or in a property.

    The packed state is the variable t (u for the state after, in a step property).
    """

    def __init__(
        self,
        cells: Mapping[str, Cell],
        fields: Mapping[str, str],
        known: Mapping[str, int],
        variables: Mapping[str, Variable],
    ) -> None:
        """fields: the C name of each cell; known: what is constant here, such as me and process."""
        self.cells, self.fields, self.known, self.variables = cells, fields, known, variables
        self.bounds: dict[str, Bounds] = {}
        self.names: dict[str, str] = {}
        self.failed = "failed"
        self.fails = False

    def local(self, id_: str) -> str:
        """The C name of a local or temporary, which has to be declared."""
        if id_ not in self.names:
            self.names[id_] = _different(id_, _TAKEN.union(self.names.values()))
        return self.names[id_]

    def check(self) -> str:
        """The label to which a failed check goes."""
        self.fails = True
        return self.failed

    def text(self, e: ast.expr) -> str:
        """An expression, in parentheses where it needs them."""
        match e:
            case ast.Constant(value=int() as n):
                within_a_word(n, n)
                return str(int(n)) if n >= 0 else f"({n})"
            case ast.Name(id=name):
                return self._name(name)
            case ast.Subscript(value=ast.Name(id=key)):
                return self._cell(key, e.slice)
            case ast.BinOp():
                self.range_of(e)
                left, right = self.text(e.left), self.text(e.right)
                if type(e.op) in _FUNCTIONS:
                    return f"{_FUNCTIONS[type(e.op)]}({left}, {right})"
                if isinstance(e.op, ast.LShift):  # C leaves open what that is for less than zero
                    return f"(int64_t)((uint64_t){left} << {right})"
                wide = left if self._is_wide(e.left) else f"(int64_t){left}"
                return f"({wide} {_OPERATORS[type(e.op)]} {right})"
            case ast.UnaryOp():
                return f"!{self.text(e.operand)}"
            case ast.BoolOp():
                return "(" + _OPERATORS[type(e.op)].join(map(self.text, e.values)) + ")"
            case ast.Compare():
                op = _OPERATORS[type(e.ops[0])]
                return f"({self.text(e.left)} {op} {self.text(e.comparators[0])})"
            case ast.IfExp():
                return f"({self.text(e.test)} ? {self.text(e.body)} : {self.text(e.orelse)})"
            case ast.Call(func=ast.Name(id=function)):
                return self._call(function, e.args)
            case _:
                raise AssertionError(ast.dump(e))

    def _is_wide(self, e: ast.expr) -> bool:
        """Is the text an int64_t? Literals and truths are C's int, which is too small to reckon."""
        match e:
            case ast.Name(id=name):
                return name not in self.known
            case ast.Subscript(value=ast.Name(id=key)):
                return self.cells[key.rstrip("'")].constant is None
            case _:
                return isinstance(e, ast.BinOp | ast.Call)

    def _name(self, name: str) -> str:
        if name in self.known:
            return str(self.known[name])
        if name.startswith("hold:"):
            state = "u" if name.endswith("'") else "t"
            _, offset, bits = name.rstrip("'").split(":")
            return f"GET({state}, {offset}, {bits})"
        return self.local(name)

    def _call(self, function: str, args: list[ast.expr]) -> str:
        if function in ("min", "max"):
            *front, last = args
            text = self.text(last)
            for arg in reversed(front):
                text = f"{function}_of({self.text(arg)}, {text})"
            return text
        value = self.text(args[0])
        if function in ("nonnull", "nonzero"):
            known = ir.value_of(args[0])
            return value if known else f"NONZERO({value}, {self.check()})"
        return f"WITHIN({value}, {ir.value_of(args[1])}, {ir.value_of(args[2])}, {self.check()})"

    def _cell(self, key: str, index: ast.expr) -> str:
        state = "u" if key.endswith("'") else "t"
        cell = self.cells[key.rstrip("'")]
        at = self._index(index)
        if cell.constant is not None and at.isdigit():
            return str(cell.constant[int(at)])
        return f"get_{self.fields[cell.key]}({state}, {at})"

    def _index(self, e: ast.expr) -> str:
        known = ir.value_of(self._fold(e))
        return self.text(e) if known is None else str(known)

    def _fold(self, e: ast.expr) -> ast.expr:
        match e:
            case ast.Name(id=name) if name in self.known:
                return ir.const(self.known[name])
            case ast.BinOp():
                return ir.binary(self._fold(e.left), e.op, self._fold(e.right))
            case _:
                return e

    def range_of(self, e: ast.expr) -> Bounds:
        """Between what bounds the value of an expression lies.

        Raises:
            ModelError: it may be too large for a machine's integer.
        """
        match e:
            case ast.Constant(value=int() as n):
                return int(n), int(n)
            case ast.Name(id=name):
                return self._range_of_name(name)
            case ast.Subscript(value=ast.Name(id=key)):
                kind = self.cells[key.rstrip("'")].type
                return kind.lo, kind.hi
            case ast.BinOp():
                return within_a_word(*self._range_of_operation(e))
            case ast.IfExp():
                return _union(self.range_of(e.body), self.range_of(e.orelse))
            case ast.Call(func=ast.Name(id="within")):
                return ir.value_of(e.args[1]) or 0, ir.value_of(e.args[2]) or 0
            case ast.Call(func=ast.Name(id="min" | "max")):
                parts = [self.range_of(a) for a in e.args]
                return min(lo for lo, _ in parts), max(hi for _, hi in parts)
            case ast.Call():
                return self.range_of(e.args[0])
            case _:
                return 0, 1

    def _range_of_name(self, name: str) -> Bounds:
        if name in self.known:
            return self.known[name], self.known[name]
        if name.startswith("hold:"):
            return 0, (1 << int(name.rstrip("'").split(":")[2])) - 1
        found = self.bounds.get(name)
        if name in self.variables:
            kind = self.variables[name].type
            return _union((kind.lo, kind.hi), found)
        assert found is not None, f"{name} is read before it is set"
        return found

    def _range_of_operation(self, e: ast.BinOp) -> Bounds:
        (a, b), (c, d) = self.range_of(e.left), self.range_of(e.right)
        match e.op:
            case ast.Add():
                return a + c, b + d
            case ast.Sub():
                return a - d, b - c
            case ast.Mult():
                ends = [x * y for x in (a, b) for y in (c, d)]
                return min(ends), max(ends)
            case ast.LShift():
                most = min(max(d, 0), 64)
                return min(a << most, a), max(b << most, b)
            case ast.RShift():
                return min(a, 0), max(b, 0)
            case ast.FloorDiv():
                most = max(abs(a), abs(b))
                return -most, most
            case ast.Mod():
                most = max(abs(c), abs(d))
                return -most, most
            case _:  # bitwise: no more bits than the larger side has
                most = (1 << max(abs(n).bit_length() for n in (a, b, c, d))) - 1
                return (-most - 1 if min(a, c) < 0 else 0), most

    def set_bounds(self, id_: str, bounds: Bounds) -> None:
        """A local may have these values from here on, beside those that it had."""
        self.bounds[id_] = _union(bounds, self.bounds.get(id_))

    def statements(self, body: Sequence[ast.stmt], indent: int, exits: Sequence[Exit]) -> list[str]:
        """Statements as lines of C."""
        pad = "    " * indent
        lines: list[str] = []
        for s in body:
            match s:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.set_bounds(name, self.range_of(value))
                    lines.append(f"{pad}{self.local(name)} = {self.text(value)};")
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=key), slice=index)]):
                    stored = f"{self._index(index)}, {self.text(s.value)}"
                    lines.append(f"{pad}set_{self.fields[self.cells[key].key]}(t, {stored});")
                case ast.If():
                    lines.append(f"{pad}if ({self.text(s.test)}) {{")
                    lines += self.statements(s.body, indent + 1, exits)
                    if s.orelse:
                        lines.append(f"{pad}}} else {{")
                        lines += self.statements(s.orelse, indent + 1, exits)
                    lines.append(pad + "}")
                case ast.Assert():
                    lines.append(f"{pad}if (!{self.text(s.test)}) goto {self.check()};")
                case _:
                    number = ir.goto_number(s)
                    assert number is not None, ast.dump(s)
                    lines += [pad + line for line in self.end(exits[number])]
        return lines

    def end(self, e: Exit) -> list[str]:
        """The lines with which a path ends; a property has none."""
        raise NotImplementedError


def _union(a: Bounds, b: Bounds | None) -> Bounds:
    return a if b is None else (min(a[0], b[0]), max(a[1], b[1]))


def within_a_word(lo: int, hi: int) -> Bounds:
    """The bounds, if C's integers hold all that lies between them.

    Raises:
        ModelError: they do not.
    """
    if lo < -_WIDEST or hi > _WIDEST:
        raise ModelError(f"a value may be {hi if hi > _WIDEST else lo}: too large for native code")
    return lo, hi
