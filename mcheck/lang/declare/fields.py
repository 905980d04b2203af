"""Fields: what an element of a struct stores, within bounds, and who protects it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast, overload

from mcheck.lang import types
from mcheck.lang.declare.constants import Bound, resolve
from mcheck.lang.declare.structs import Declaration, Null, Struct, null
from mcheck.lang.errors import ModelError, StepFailed

if TYPE_CHECKING:
    from mcheck.lang.declare.state import State

T = TypeVar("T")
S = TypeVar("S", bound=Struct)
E = TypeVar("E", bound=enum.Enum)


class Atomic:
    """Marker for `by=atomic`: each access is atomic by itself, and two are two steps."""

    def __repr__(self) -> str:
        return "atomic"


class Hardware:
    """Marker for `by=hardware`: what the machine keeps behind the program's back, such as a TLB.

    It is like `atomic`, but a primitive may touch it besides the one cell or word that it joins.
    """

    def __repr__(self) -> str:
        return "hardware"


class Owner:
    """Marker for `by=owner`: only the process that the element belongs to touches it."""

    def __repr__(self) -> str:
        return "owner"


atomic = Atomic()
hardware = Hardware()
owner = Owner()
Protection = Atomic | Hardware | Owner | str | None


class Field(Declaration, Generic[T]):
    """One stored value of each element of a struct. Use Int, Flag, OneOf or Ref."""

    assignable = True

    def __init__(self, by: Protection, ghost: bool) -> None:
        """Keep what protects the field and whether it is a ghost."""
        if not isinstance(by, Protection):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ModelError(
                f"by={by!r}: a field is protected by atomic, hardware, owner or a lock's path"
            )
        self.by = by
        self.ghost = ghost

    def type_in(self, state: State) -> types.Type:
        """The field's type in a scenario."""
        raise NotImplementedError

    def start(self, state: State) -> T:
        """The value before the model's init function runs."""
        raise NotImplementedError

    def encode(self, value: Any, state: State) -> int:
        """The number of a value, whether or not it is within the field's bounds."""
        return encode(value)

    def decode(self, number: int, state: State) -> T:
        """The value with that number."""
        return decode(number, self.type_in(state), state)

    def check(self, value: Any, where: str, state: State) -> T:
        """Fail the step if the value is not one of the field's."""
        bounds = self.type_in(state)
        problem = misfit(value, bounds)
        if problem:
            raise StepFailed(problem, f"{where} = {show(value)}, but {where} is {bounds}")
        return decode(encode(value), bounds, state) if bounds.kind == "bool" else value

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Struct, owner: type) -> T: ...
    @overload
    def __get__(self, obj: object, owner: type) -> Self: ...
    def __get__(self, obj: Any, owner: type) -> Self | T:
        return self if obj is None else obj.values_[self.name]

    def __set__(self, obj: Struct, value: T) -> None:
        obj.values_[self.name] = self.check(value, f"{obj.name_}.{self.name}", obj.state_)


class Int(Field[int]):
    """A bounded integer lo..hi, both included. A store outside is a violation."""

    def __init__(
        self,
        lo: Bound,
        hi: Bound,
        *,
        init: int | None = None,
        by: Protection = None,
        ghost: bool = False,
    ) -> None:
        """Declare the bounds; init is 0 where that lies within them, else lo."""
        super().__init__(by, ghost)
        self.lo, self.hi, self.init = lo, hi, init

    def type_in(self, state: State) -> types.Type:
        lo, hi = resolve(self.lo, state.constants_), resolve(self.hi, state.constants_)
        if lo > hi:
            raise ModelError(f"{self.struct.__name__}.{self.name}: bounds {lo}..{hi} are empty")
        return types.integer(lo, hi)

    def start(self, state: State) -> int:
        bounds = self.type_in(state)
        if self.init is not None:
            return self.check(self.init, f"init of {self.struct.__name__}.{self.name}", state)
        return 0 if bounds.lo <= 0 <= bounds.hi else bounds.lo


class Flag(Field[bool]):
    """One bit."""

    def __init__(self, *, init: bool = False, by: Protection = None, ghost: bool = False) -> None:
        """Declare the flag; it starts as False unless init says otherwise."""
        if init not in (False, True):
            raise ModelError(f"Flag(init={init!r}): a flag is False or True")
        super().__init__(by, ghost)
        self.init = init

    def type_in(self, state: State) -> types.Type:
        return types.BOOL

    def start(self, state: State) -> bool:
        return self.init


class OneOf(Field[E]):
    """A member of an enum class; the first one at the start unless init names another."""

    def __init__(
        self,
        of: type[E],
        *,
        init: E | None = None,
        by: Protection = None,
        ghost: bool = False,
    ) -> None:
        """Declare the enum class."""
        if issubclass(of, int | str) or {"__bool__", "__eq__"} & vars(of).keys():
            raise ModelError(f"OneOf({of.__name__}): a plain Enum, which is only itself")
        if not len(of) or not isinstance(init, of | None):
            raise ModelError(f"OneOf({of.__name__}, init={init!r}): not one of its members")
        super().__init__(by, ghost)
        self.of, self.init = of, init

    def type_in(self, state: State) -> types.Type:
        return types.members(self.of)

    def start(self, state: State) -> E:
        return self.init if self.init is not None else next(iter(self.of))


class Ref(Field[S]):
    """A reference to an element of a struct; it may be null unless null=False.

    The struct class is given itself, or as a lambda where it is defined further down.
    """

    def __init__(
        self,
        of: type[S] | Callable[[], type[S]],
        *,
        null: bool = True,
        by: Protection = None,
        ghost: bool = False,
    ) -> None:
        """Declare the struct class; a reference that is never null starts at its first element."""
        super().__init__(by, ghost)
        self.target, self.null = of, null

    @property
    def of(self) -> type[S]:
        """The struct class."""
        if isinstance(self.target, type):
            return cast("type[S]", self.target)
        return self.target()

    def type_in(self, state: State) -> types.Type:
        count = state.count_(self.of)
        if not self.null and not count:
            raise ModelError(
                f"{self.struct.__name__}.{self.name} is never null, but there is no "
                f"{self.of.__name__} in this scenario"
            )
        return types.reference(self.of, count, null=self.null)

    def start(self, state: State) -> S:
        return null if self.null else state.element_(self.of, self.type_in(state).lo)


def encode(value: Any) -> int:
    """The number by which the lowered form knows a value."""
    if isinstance(value, Struct):
        return value.id_
    if isinstance(value, enum.Enum):
        return list(type(value)).index(value)
    return 0 if isinstance(value, Null) else int(value)


def decode(number: int, of: types.Type, state: State) -> Any:
    """The value that a number stands for."""
    match of.kind:
        case "bool":
            return bool(number)
        case "enum":
            assert of.of is not None and issubclass(of.of, enum.Enum)
            return list(of.of)[number]
        case "ref" if not number:
            return null
        case "ref":
            assert of.of is not None and issubclass(of.of, Struct)
            return state.element_(of.of, number)
        case "process":
            return state.elements_.process(number)
        case _:
            return number


def misfit(value: Any, of: types.Type) -> str:
    """The kind of violation that storing the value as that type would be, or nothing."""
    if of.kind == "ref":
        if isinstance(value, Null):
            return "null" if of.lo else ""
        return "" if of.of is not None and isinstance(value, of.of) else "bounds"
    if of.kind == "enum":
        return "" if of.of is not None and isinstance(value, of.of) else "bounds"
    if of.kind == "process":
        return ""
    return "" if isinstance(value, int) and of.lo <= value <= of.hi else "bounds"


def show(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "-"
    if isinstance(value, Null):
        return "null"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, enum.Enum):
        return value.name
    return str(value)
