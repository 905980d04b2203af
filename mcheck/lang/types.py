"""The types of the language and how their values are numbered.

Every value is an integer once it is lowered. A flag is 0 or 1, an enum member its position, a
reference the number of the element it names, counted from 1 over all elements of its struct,
with 0 for null. A field stores value - lo in as many bits as hi - lo needs.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

Kind = Literal["int", "bool", "enum", "ref", "process"]


@dataclass(frozen=True)
class Type:
    """A finite set of values lo..hi of one kind.

    of: the enum or struct class; epoch: 1 for what is reached through the second state of a step
    property, 0 for all else. unbounded: the lowering has not yet found bounds (never in a field).
    """

    kind: Kind
    lo: int
    hi: int
    of: type | None = None
    epoch: int = 0

    @property
    def bits(self) -> int:
        """How many bits a stored value takes."""
        return (self.hi - self.lo).bit_length()

    @property
    def single(self) -> bool:
        """Whether the type has one value only, which is then known."""
        return self.lo == self.hi

    def includes(self, other: Type) -> bool:
        """Whether every value of other is a value of this type."""
        return self.lo <= other.lo and other.hi <= self.hi

    def __str__(self) -> str:
        match self.kind:
            case "bool":
                return "flag"
            case "ref" if self.of is None:
                return "null"
            case "enum" | "ref":
                assert self.of is not None
                return self.of.__name__ + (" or null" if self.kind == "ref" and not self.lo else "")
            case "process":
                return "process"
            case _:
                return f"value {self.lo}" if self.single else f"{self.lo}..{self.hi}"


BOOL = Type("bool", 0, 1)
NULL = Type("ref", 0, 0)


def integer(lo: int, hi: int) -> Type:
    """The integers lo..hi, both included."""
    return Type("int", lo, hi)


def members(of: type[enum.Enum]) -> Type:
    """The members of an enum class, numbered in the order of their definition."""
    return Type("enum", 0, len(of) - 1, of)


def reference(of: type, count: int, *, null: bool) -> Type:
    """References to the count elements of a struct class."""
    return Type("ref", 0 if null else 1, count, of)


def compatible(a: Type, b: Type) -> bool:
    """Whether values of the two types can be compared with each other and joined."""
    if {a.kind, b.kind} <= {"int", "bool"}:
        return True
    if a.kind != b.kind:
        return False
    return a.of is b.of or NULL in (a, b)


def join(a: Type, b: Type) -> Type | None:
    """The smallest type that has the values of both, or None where there is none."""
    if a == b:
        return a
    if not compatible(a, b) or (a.epoch != b.epoch and NULL not in (a, b)):
        return None
    kind: Kind = "int" if "int" in (a.kind, b.kind) else a.kind
    wide = b if a == NULL else a
    return Type(kind, min(a.lo, b.lo), max(a.hi, b.hi), wide.of, wide.epoch)
