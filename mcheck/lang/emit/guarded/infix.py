"""The normal form's expressions in languages that write them as C does, or nearly so."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from mcheck.lang import ir
from mcheck.lang.emit.guarded.pure import Bounds, bounds, function_of
from mcheck.lang.emit.guarded.variables import Stored, Variables


@dataclass(frozen=True)
class Dialect:
    """How a language writes what differs.

    truths: whether truths are no numbers. choice: of (test, then, other).
    """

    conjunction: str
    disjunction: str
    equal: str
    truths: bool
    choice: str


_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_ORDER: dict[type[ast.cmpop], str] = {
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class Infix:
    """Writes expressions without checks.

    local: the variable of a local, or its text. before: what stands without an apostrophe is read
    in the state before the step, under its name with `before_` in front of it.
    """

    def __init__(
        self,
        variables: Variables,
        dialect: Dialect,
        local: Callable[[str], Stored | str],
        *,
        before: bool = False,
    ) -> None:
        """Prepare."""
        self.variables, self.dialect, self.local, self.before = variables, dialect, local, before
        self.read_before: dict[str, Stored] = {}

    def truth(self, e: ast.expr) -> str:
        """A condition."""
        known = ir.value_of(e)
        if known is not None:
            return "true" if known else "false"
        text, is_truth = self._text(e)
        return text if is_truth or not self.dialect.truths else f"({text} != 0)"

    def number(self, e: ast.expr) -> str:
        """A number; of a condition 1 or 0."""
        text, is_truth = self._text(e)
        if is_truth and self.dialect.truths:
            return self.dialect.choice.format(test=text, then="1", other="0")
        return text

    def _text(self, e: ast.expr) -> tuple[str, bool]:
        """The text, and whether it is a condition."""
        match e:
            case ast.Constant(value=int() as n):
                return (str(int(n)) if n >= 0 else f"({n})"), False
            case ast.Name(id=name):
                return self._name(name), False
            case ast.Subscript(value=ast.Name(id=key)):
                return self._cell(key, e.slice), False
            case ast.BinOp():
                return self._operation(e), False
            case ast.UnaryOp():
                return f"!{self.truth(e.operand)}", True
            case ast.BoolOp():
                and_, or_ = self.dialect.conjunction, self.dialect.disjunction
                joint = and_ if isinstance(e.op, ast.And) else or_
                return "(" + joint.join(map(self.truth, e.values)) + ")", True
            case ast.Compare():
                op = _ORDER.get(type(e.ops[0]), self.dialect.equal)
                return f"({self.number(e.left)} {op} {self.number(e.comparators[0])})", True
            case ast.IfExp():
                return self._choice(self.truth(e.test), e.body, e.orelse), False
            case ast.Call():
                return self._least(e), False
            case _:
                raise AssertionError(ast.dump(e))

    def _choice(self, test: str, then: ast.expr, other: ast.expr) -> str:
        return self.dialect.choice.format(
            test=test, then=self.number(then), other=self.number(other)
        )

    def _name(self, name: str) -> str:
        if not name.startswith("hold:"):
            found = self.local(name)
            return found if isinstance(found, str) else found.name
        slot = name.rstrip("'")
        holders = self.variables.holders(slot)
        texts = [self._in_state(stored, name) for stored in holders]
        return texts[0] if len(texts) == 1 else f"({' + '.join(texts)})"

    def _in_state(self, stored: Stored, key: str) -> str:
        """A variable, in the state that the key speaks of."""
        if not self.before or key.endswith("'"):
            return stored.name
        self.read_before[stored.name] = stored
        return f"before_{stored.name}"

    def _cell(self, key: str, index: ast.expr) -> str:
        plain = key.rstrip("'")
        constant = self.variables.constants.get(plain)
        if constant is not None:
            self.variables.looked_up[constant.name] = constant
            return f"{constant.name}({self._plain(index)})"
        stored = self.variables.cells[plain]
        name = self._in_state(stored, key)
        return name if stored.count is None else f"{name}[{self._plain(index)}]"

    def _operation(self, e: ast.BinOp) -> str:
        a, b = self.number(e.left), self.number(e.right)
        if isinstance(e.op, ast.Add) and b.startswith("(-"):
            return f"({a} - {b[2:-1]})"
        if not isinstance(e.op, ast.FloorDiv | ast.Mod):
            return f"({a} {_ARITHMETIC[type(e.op)]} {b})"
        # These languages round towards 0, as C does; the normal form rounds down.
        x, y = bounds(e.left, self._bounds), bounds(e.right, self._bounds)
        plain = x is not None and y is not None and x[0] >= 0 and y[0] > 0
        rest = f"({a} % {b})" if plain else f"((({a} % {b}) + {b}) % {b})"
        if isinstance(e.op, ast.Mod):
            return rest
        return f"({a} / {b})" if plain else f"(({a} - {rest}) / {b})"

    def _bounds(self, name: str) -> Bounds | None:
        if name.startswith("hold:"):
            return None
        stored = self.variables.cells.get(name.rstrip("'"))
        if stored is None and "." in name and name not in self.variables.constants:
            found = self.local(name)
            stored = None if isinstance(found, str) else found
        return None if stored is None else (stored.lo, stored.hi)

    def _least(self, e: ast.Call) -> str:
        """Min or max, as a choice between the first and the best of the others."""
        op = "<" if function_of(e) == "min" else ">"
        best = self.number(e.args[-1])
        for part in reversed(e.args[:-1]):
            one = self.number(part)
            best = self.dialect.choice.format(test=f"({one} {op} {best})", then=one, other=best)
        return best

    def _plain(self, e: ast.expr) -> str:
        """A number without the parentheses around all of it."""
        return unwrapped(self.number(e))


def unwrapped(text: str) -> str:
    """The text without parentheses that enclose all of it. Promela's choice needs its own."""
    if not text.startswith("(") or not text.endswith(")") or "->" in text:
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return text[1:-1] if place == len(text) - 1 and " " in text else text
    return text
