"""Structs: records of declared fields, whose elements have an identity. And null, which is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcheck.lang.errors import ModelError, StepFailed

if TYPE_CHECKING:
    from mcheck.lang.declare.state import State


class Null:
    """No element. Every use of a field of it is a violation."""

    def __getattr__(self, name: str) -> Any:
        """Fail the step: there is nothing to read a field of."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise StepFailed("null", f"null has no field {name}")

    def __setattr__(self, name: str, value: object) -> None:
        """Fail the step: there is nothing to write a field of."""
        raise StepFailed("null", f"null has no field {name}")

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "null"


null: Any = Null()
"""The null reference. It is typed Any, so that type checkers do not narrow a field by it."""


class Declaration:
    """What a class body declares: it knows its name and the struct it belongs to."""

    name = ""
    assignable = False
    struct: type[Struct]

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.struct = owner


class Struct:
    """A record of fields. Its elements have an identity and are compared by it.

    `class Cpu(Struct, interchangeable=True)`: the elements are alike; references to them may be
    compared for equality and used as keys, but not ordered, computed with or named by number.
    """

    interchangeable_ = False
    state_: State
    name_: str
    id_: int
    values_: dict[str, Any]

    def __init_subclass__(cls, *, interchangeable: bool = False) -> None:
        cls.interchangeable_ = interchangeable
        own = {"__eq__", "__bool__", "__len__", "__hash__", "__iter__"} & vars(cls).keys()
        if own:
            raise ModelError(
                f"{cls.__name__} defines {min(own)}: elements are compared by what they are"
            )

    if not TYPE_CHECKING:  # a type checker shall say itself that a field is not declared

        def __setattr__(self, name: str, value: object) -> None:
            if not name.endswith("_") and not getattr(
                getattr(type(self), name, None), "assignable", False
            ):
                raise AttributeError(f"{type(self).__name__} declares no field {name}")
            super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Struct) and type(self) is type(other) and self.id_ == other.id_

    def __hash__(self) -> int:
        return hash((type(self), self.id_))

    def __repr__(self) -> str:
        return self.name_

    @classmethod
    def declarations(cls) -> dict[str, Declaration]:
        """The fields and element declarations, in the order of the class bodies."""
        found: dict[str, Declaration] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Declaration):
                    found[name] = value
        return found
