"""The root of a model's state, and the lock that the language brings along."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from mcheck.lang import types
from mcheck.lang.declare.constants import Const
from mcheck.lang.declare.fields import Field, atomic
from mcheck.lang.declare.structs import Struct
from mcheck.lang.errors import ModelError, StepFailed

if TYPE_CHECKING:
    from mcheck.lang.declare.elements import Elements

S = TypeVar("S", bound=Struct)


class State(Struct):
    """The root of a model's state: its class declares the scenario's constants and all arrays.

    An instance is one state that plain Python can run on. `State(cpus=3)` sets constants.
    """

    constants_: dict[str, int]
    elements_: Elements

    def __init__(self, **constants: int) -> None:
        """Build the state with every field at its start value.

        Raises:
            ModelError: a constant is unknown, or a declaration does not fit.
        """
        from mcheck.lang.declare.elements import Elements  # the two know each other

        known = self.constants()
        for name in constants:
            if name not in known:
                raise ModelError(
                    f"{type(self).__name__} has no constant {name}; "
                    f"it has {', '.join(known) or 'none'}"
                )
        self.constants_ = {**known, **constants}
        self.state_, self.name_, self.id_ = self, "state", 1
        self.holds_: list[tuple[str, Struct]] = []
        self.running_: Any = None
        self.edition_: Mapping[str, Any] = {}
        Elements(self).build()

    @classmethod
    def constants(cls) -> dict[str, int]:
        """The constants and their defaults, in the order of the class bodies."""
        return {
            name: value.default
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Const)
        }

    def count_(self, of: type[Struct]) -> int:
        """How many elements a struct class has in this state."""
        return self.elements_.count(of)

    def element_(self, of: type[S], number: int) -> S:
        """The element of a struct class with that number, counted from 1."""
        found = self.elements_.instances(of)[number - 1]
        assert isinstance(found, of)
        return found


class Lock(Struct):
    """A lock that remembers which process holds it. Declare it with `Embed(Lock)`.

    It never blocks by itself: a step waits with `until=lambda: not l.held` and then acquires.
    Acquiring a held lock, or releasing one that the process does not hold, is a violation.
    """

    def __init_subclass__(cls, *, interchangeable: bool = False, word: bool | None = None) -> None:
        raise ModelError(f"{cls.__name__} inherits from Lock; put an Embed(Lock) into a Struct")

    def acquire(self) -> None:
        """Take the lock for the running process."""
        if self.state_.running_ is None:
            raise ModelError(f"{self.name_} is acquired, but no process runs")
        held_by = self.values_["holder"]
        me = self.state_.running_
        if held_by is not None:
            raise StepFailed("lock", f"{self.name_} is acquired while {held_by} holds it")
        self.values_["holder"] = me

    def release(self) -> None:
        """Give the lock back."""
        held_by = self.values_["holder"]
        if held_by is None or held_by is not self.state_.running_:
            by = f"{held_by} holds it" if held_by is not None else "nobody holds it"
            raise StepFailed(
                "lock", f"{self.name_} is released by a process that does not hold it; {by}"
            )
        self.values_["holder"] = None

    @property
    def held(self) -> bool:
        """Whether any process holds the lock."""
        return self.values_["holder"] is not None

    @property
    def mine(self) -> bool:
        """Whether the running process holds the lock."""
        return self.values_["holder"] is not None and self.values_["holder"] is self.state_.running_


class Holder(Field[Any]):
    """Which process holds a lock: 0 for none, else 1 + the process's place in the model."""

    def type_in(self, state: State) -> types.Type:
        return types.Type("process", 0, state.elements_.processes)

    def start(self, state: State) -> Any:
        return None

    def encode(self, value: Any, state: State) -> int:
        return 0 if value is None else value.number


_holder = Holder(atomic, ghost=False)
_holder.__set_name__(Lock, "holder")
type.__setattr__(Lock, "holder", _holder)


@functools.cache
def vars_of(struct: type[Struct]) -> Mapping[str, Any]:
    """What a struct class and its bases define, except what the language itself defines."""
    found: dict[str, Any] = {}
    for base in reversed(struct.__mro__):
        if base not in (Struct, State, object):
            found.update({k: v for k, v in vars(base).items() if k[0] != "_" and k[-1] != "_"})
    return MappingProxyType(found)
