"""Declarations of state: structs with bounded fields, and the objects that hold their values.

A class body declares fields; an instance is what a model function touches when it runs as plain
Python. The same declarations tell the lowering how many bits a field takes and who protects it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from mcheck.lang import types
from mcheck.lang.errors import ModelError, StepFailed

if TYPE_CHECKING:
    from mcheck.lang.elements import Elements

T = TypeVar("T")
S = TypeVar("S", bound="Struct")
V = TypeVar("V")
E = TypeVar("E", bound=enum.Enum)


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


class Const:
    """A constant of the scenario: a size or a switch, fixed when a model is configured.

    On an instance it reads as its value; on the class it stands for itself, so that sizes and
    bounds can be written with it (`Array(Frame, Sizes.frames)`, `Int(0, Sizes.cpus + 1)`).
    """

    def __init__(self, default: int) -> None:
        """Give the value that holds where a scenario names no other."""
        self.default = default
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: State, owner: type) -> int: ...
    def __get__(self, obj: State | None, owner: type) -> Self | int:
        return self if obj is None else obj.constants_[self.name]

    def __set__(self, obj: State, value: int) -> None:
        raise ModelError(f"{self.name} is a constant of the scenario; no step may change it")

    def __add__(self, n: int) -> Size:
        return Size(lambda c: c[self.name] + n)

    def __sub__(self, n: int) -> Size:
        return Size(lambda c: c[self.name] - n)

    def __mul__(self, n: int) -> Size:
        return Size(lambda c: c[self.name] * n)


class Size:
    """A bound computed from constants, such as `Sizes.cpus + 1`."""

    def __init__(self, value: Callable[[Mapping[str, int]], int]) -> None:
        """Keep the function from the scenario's constants to the bound."""
        self.value = value


Bound = int | Const | Size


def resolve(bound: Bound, constants: Mapping[str, int]) -> int:
    """The value of a bound in a scenario.

    Raises:
        ModelError: the bound names a constant that the state class does not have.
    """
    try:
        if isinstance(bound, Const):
            return int(constants[bound.name])
        return int(bound.value(constants) if isinstance(bound, Size) else bound)
    except KeyError as missing:
        raise ModelError(
            f"a bound uses the constant {missing}, which the state class does not have; "
            f"let the state class inherit from the class that declares it"
        ) from None


class Atomic:
    """Marker for `by=atomic`: each access is atomic by itself, and two are two steps."""

    def __repr__(self) -> str:
        return "atomic"


class Owner:
    """Marker for `by=owner`: only the process that the element belongs to touches it."""

    def __repr__(self) -> str:
        return "owner"


atomic = Atomic()
owner = Owner()
Protection = Atomic | Owner | str | None


class Declaration:
    """What a class body declares: it knows its name and the struct it belongs to."""

    name = ""
    struct: type[Struct]

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.struct = owner


class Field(Declaration, Generic[T]):
    """One stored value of each element of a struct. Use Int, Flag, OneOf or Ref."""

    def __init__(self, by: Protection, ghost: bool) -> None:
        """Keep what protects the field and whether it is a ghost."""
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
    def __get__(self, obj: Struct | None, owner: type) -> Self | T:
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

    def __init__(
        self, *, init: bool = False, by: Protection = None, ghost: bool = False
    ) -> None:
        """Declare the flag; it starts as False unless init says otherwise."""
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
            return self.target
        return self.target()

    def type_in(self, state: State) -> types.Type:
        return types.reference(self.of, state.count_(self.of), null=self.null)

    def start(self, state: State) -> S:
        return null if self.null else state.element_(self.of, 1)


class Element(Declaration, Generic[V]):
    """Something inside a struct that has elements of its own."""

    item: Field[Any] | type[Struct]

    def count(self, state: State) -> int:
        """How many elements each instance has."""
        raise NotImplementedError

    def index_name(self, i: int, state: State) -> str:
        """How element i is written after the declaration's name."""
        return f"[{i}]"


class Sequence_(Generic[V]):
    """The elements of an Array, or of a Map under its keys, in one instance."""

    def __init__(self, declared: Element[V], name: str, items: list[Any], state: State) -> None:
        self.declared, self.name, self.items, self.state = declared, name, items, state

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[V]:
        return iter(self.items)

    def position(self, key: object) -> int:
        """The position that a key names; fails the step where there is none."""
        if isinstance(key, Null):
            raise StepFailed("null", f"null is no index of {self.name}")
        if isinstance(key, Struct):
            return key.id_ - 1
        assert isinstance(key, int)
        if not 0 <= key < len(self.items):
            raise StepFailed("index", f"{self.name}[{key}], but it has 0..{len(self.items) - 1}")
        return key

    def __getitem__(self, key: Any) -> V:
        return self.items[self.position(key)]

    def __setitem__(self, key: Any, value: V) -> None:
        at = self.position(key)
        item = self.declared.item
        if not isinstance(item, Field):
            raise ModelError(f"{self.name}: an element is a struct; assign to its fields")
        where = self.name + self.declared.index_name(at, self.state)
        self.items[at] = item.check(value, where, self.state)


class Indexed(Sequence_[V]):
    """An Array's elements, by number."""

    def __getitem__(self, key: int) -> V:
        return super().__getitem__(key)

    def __setitem__(self, key: int, value: V) -> None:
        super().__setitem__(key, value)


class Keyed(Sequence_[V], Generic[S, V]):
    """A Map's elements, by the struct element that is the key."""

    def __getitem__(self, key: S) -> V:
        return super().__getitem__(key)

    def __setitem__(self, key: S, value: V) -> None:
        super().__setitem__(key, value)


class Array(Element[V]):
    """A fixed number of structs or of fields: `Array(Frame, Sizes.frames)`, `Array(Flag(), 2)`.

    names: how the elements are called in traces, such as "ABC"; `name[0]` and so on otherwise.
    """

    @overload
    def __init__(self: Array[S], item: type[S], size: Bound, *, names: str = "") -> None: ...
    @overload
    def __init__(self: Array[T], item: Field[T], size: Bound, *, names: str = "") -> None: ...
    def __init__(self, item: Any, size: Bound, *, names: str = "") -> None:
        """Declare what the array holds and how many."""
        self.item, self.size, self.names = item, size, names

    def count(self, state: State) -> int:
        n = resolve(self.size, state.constants_)
        if n < 0:
            raise ModelError(f"{self.struct.__name__}.{self.name}: size {n} is negative")
        return n

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Struct, owner: type) -> Indexed[V]: ...
    def __get__(self, obj: Struct | None, owner: type) -> Self | Indexed[V]:
        return self if obj is None else obj.values_[self.name]


class Map(Element[V], Generic[S, V]):
    """One struct or field for each element of another struct: `Map(Object, Ref(Frame))`."""

    @overload
    def __init__(self: Map[S, T], key: type[S], item: Field[T]) -> None: ...
    @overload
    def __init__(self: Map[S, V], key: type[S], item: type[V]) -> None: ...
    def __init__(self, key: type[S], item: Any) -> None:
        """Declare the struct class of the keys and what each key leads to."""
        self.key, self.item = key, item

    def count(self, state: State) -> int:
        return state.count_(self.key)

    def index_name(self, i: int, state: State) -> str:
        return f"[{state.element_(self.key, i + 1).name_}]"

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Struct, owner: type) -> Keyed[S, V]: ...
    def __get__(self, obj: Struct | None, owner: type) -> Self | Keyed[S, V]:
        return self if obj is None else obj.values_[self.name]


class Embed(Element[S]):
    """One struct inside another: `ptl = Embed(Lock)`."""

    def __init__(self, item: type[S]) -> None:
        """Declare the struct class."""
        self.item = item

    def count(self, state: State) -> int:
        return 1

    def index_name(self, i: int, state: State) -> str:
        return ""

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Struct, owner: type) -> S: ...
    def __get__(self, obj: Struct | None, owner: type) -> Self | S:
        return self if obj is None else obj.values_[self.name].items[0]


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

    def __setattr__(self, name: str, value: object) -> None:
        if not name.endswith("_") and not isinstance(getattr(type(self), name, None), Field | Const):
            raise AttributeError(f"{type(self).__name__} declares no field {name}")
        super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Struct) and type(self) is type(other) and self.id_ == other.id_

    def __hash__(self) -> int:
        return hash((type(self), self.id_))

    def __repr__(self) -> str:
        return self.name_

    @classmethod
    def declarations(cls) -> dict[str, Field[Any] | Element[Any]]:
        """The fields and element declarations, in the order of the class bodies."""
        found: dict[str, Field[Any] | Element[Any]] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Field | Element):
                    found[name] = value
        return found


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
        from mcheck.lang.elements import Elements  # the two know each other

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

    def acquire(self) -> None:
        """Take the lock for the running process."""
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
            raise StepFailed("lock", f"{self.name_} is released by a process that does not hold it; {by}")
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
        case "ref":
            assert of.of is not None and issubclass(of.of, Struct)
            return state.element_(of.of, number) if number else null
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
