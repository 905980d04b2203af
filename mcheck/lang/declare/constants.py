"""Constants of a scenario, and the sizes and bounds that are written with them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, overload

from mcheck.lang.errors import ModelError

if TYPE_CHECKING:
    from mcheck.lang.declare.state import State


class Arithmetic:
    """What can be computed with in a size or a bound before the scenario is known."""

    def in_scenario(self, constants: Mapping[str, int]) -> int:
        """The value, given those of the constants."""
        raise NotImplementedError

    def _with(self, other: Bound, op: Callable[[int, int], int]) -> Size:
        return Size(lambda c: op(resolve(self, c), resolve(other, c)))

    def __add__(self, other: Bound) -> Size:
        return self._with(other, operator.add)

    def __radd__(self, other: int) -> Size:
        return self._with(other, lambda a, b: b + a)

    def __sub__(self, other: Bound) -> Size:
        return self._with(other, operator.sub)

    def __rsub__(self, other: int) -> Size:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: Bound) -> Size:
        return self._with(other, operator.mul)

    def __rmul__(self, other: int) -> Size:
        return self._with(other, operator.mul)

    def __floordiv__(self, other: Bound) -> Size:
        return self._with(other, lambda a, b: a // b)


class Const(Arithmetic):
    """A constant of the scenario: a size or a switch, fixed when a model is configured.

    On an instance it reads as its value; on the class it stands for itself, so that sizes and
    bounds can be written with it (`Array(Frame, Sizes.frames)`, `Int(0, Sizes.cpus + 1)`).
    """

    def __init__(self, default: int) -> None:
        """Give the value that holds where a scenario names no other."""
        self.default = default
        self.name = ""
        self.assignable = True  # so that __set__ is reached, and says why it refuses

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: State, owner: type) -> int: ...
    @overload
    def __get__(self, obj: object, owner: type) -> Self | int: ...
    def __get__(self, obj: Any, owner: type) -> Self | int:
        return self if obj is None else obj.constants_[self.name]

    def in_scenario(self, constants: Mapping[str, int]) -> int:
        return constants[self.name]

    def __set__(self, obj: State, value: int) -> None:
        raise ModelError(f"{self.name} is a constant of the scenario; no step may change it")


class Size(Arithmetic):
    """A bound computed from constants, such as `Sizes.cpus + 1`."""

    def __init__(self, value: Callable[[Mapping[str, int]], int]) -> None:
        """Keep the function from the scenario's constants to the bound."""
        self.value = value

    def in_scenario(self, constants: Mapping[str, int]) -> int:
        return self.value(constants)


Bound = int | Arithmetic


def resolve(bound: Bound, constants: Mapping[str, int]) -> int:
    """The value of a bound in a scenario.

    Raises:
        ModelError: the bound names a constant that the state class does not have.
    """
    try:
        return int(bound if isinstance(bound, int) else bound.in_scenario(constants))
    except KeyError as missing:
        raise ModelError(
            f"a bound uses the constant {missing}, which the state class does not have; "
            f"let the state class inherit from the class that declares it"
        ) from None
