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
    ghost = False
    by: Any = None
    struct: type[Struct]

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.struct = owner


class Struct:
    """A record of fields. Its elements have an identity and are compared by it.

    `class Cpu(Struct, interchangeable=True)`: the elements are alike; references to them may be
    compared for equality and used as keys, but not ordered, computed with or named by number.

    `class Pte(Struct, word=True)`: the fields are the parts of one machine word, which is loaded
    and stored as a whole. Subclasses are words too, unless they say word=False.
    """

    interchangeable_ = False
    word_ = False
    state_: State
    name_: str
    id_: int
    values_: dict[str, Any]

    def __init_subclass__(cls, *, interchangeable: bool = False, word: bool | None = None) -> None:
        """Note what the class says of its elements.

        Raises:
            ModelError: it defines what the language defines, or is no word although it says so.
        """
        cls.interchangeable_ = interchangeable
        cls.word_ = cls.word_ if word is None else word
        own = {"__eq__", "__bool__", "__len__", "__hash__", "__iter__"} & vars(cls).keys()
        if own:
            raise ModelError(
                f"{cls.__name__} defines {min(own)}: elements are compared by what they are"
            )
        if cls.word_:
            _check_word(cls)

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


def _check_word(struct: type[Struct]) -> None:
    """Refuse a word whose parts are no values, or are not loaded and stored together."""
    first: Declaration | None = None
    for name, part in struct.declarations().items():
        if not part.assignable:
            kind = type(part).__name__
            a = "an" if kind[0] in "AE" else "a"
            raise ModelError(
                f"{struct.__name__} is one machine word, so it holds plain fields only, and "
                f"{name} is {a} {kind}; put {name} into the struct that has the "
                f"{struct.__name__}, or leave out word=True"
            )
        if part.ghost:
            continue
        first = first or part
        if part.by != first.by:
            raise ModelError(
                f"{struct.__name__} is one machine word, but {first.name} has by={first.by!r} and "
                f"{name} has by={part.by!r}; give all its fields the same by=, or leave out "
                f"word=True"
            )
