"""Containers: the structs or fields of which an element has several, by number or by key."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from mcheck.lang.declare.constants import Bound, resolve
from mcheck.lang.declare.fields import Field
from mcheck.lang.declare.structs import Declaration, Null, Struct
from mcheck.lang.errors import ModelError, StepFailed

if TYPE_CHECKING:
    from mcheck.lang.declare.state import State

T = TypeVar("T")
S = TypeVar("S", bound=Struct)
V = TypeVar("V")
K = TypeVar("K", bound=Struct)
X = TypeVar("X", bound=Struct)


class Element(Declaration, Generic[V]):
    """Something inside a struct that has elements of its own."""

    def __init__(self, item: Any) -> None:
        """Keep what each element is.

        Raises:
            ModelError: it is neither a field nor a struct class.
        """
        if not isinstance(item, Field) and not (
            isinstance(item, type) and issubclass(item, Struct)
        ):
            raise ModelError(
                f"{type(self).__name__} holds fields or structs, not {item!r}; "
                f"put an inner Array or Map into a struct"
            )
        self.item: Field[Any] | type[Struct] = item

    def count(self, state: State) -> int:
        """How many elements each instance has."""
        raise NotImplementedError

    def keys(self) -> type[Struct] | None:
        """The struct class whose elements are the keys, or None where numbers are."""
        return None

    def index_name(self, i: int, state: State) -> str:
        """How element i is written after the declaration's name."""
        return f"[{i}]"

    def sequence(self, name: str, items: list[Any], state: State) -> Sequence_[Any]:
        """What an instance holds under the declaration's name."""
        return Indexed[Any](self, name, items, state)


class Sequence_(Generic[V]):
    """The elements of an Array, or of a Map under its keys, in one instance."""

    def __init__(self, declared: Element[V], name: str, items: list[Any], state: State) -> None:
        self.declared, self.name, self.items, self.state = declared, name, items, state

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[V]:
        return iter(self.items)

    def index_name(self, i: int) -> str:
        """How the element at a position is written after the name."""
        return self.declared.index_name(i, self.state)

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
        where = self.name + self.index_name(at)
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
        super().__init__(item)
        self.size, self.names = size, names

    def count(self, state: State) -> int:
        n = resolve(self.size, state.constants_)
        if n < 0:
            raise ModelError(f"{self.struct.__name__}.{self.name}: size {n} is negative")
        return n

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Struct, owner: type) -> Indexed[V]: ...
    @overload
    def __get__(self, obj: object, owner: type) -> Self: ...
    def __get__(self, obj: Any, owner: type) -> Self | Indexed[V]:
        return self if obj is None else obj.values_[self.name]


class Map(Element[V], Generic[S, V]):
    """One struct or field for each element of another struct: `Map(Object, Ref(Frame))`."""

    @overload
    def __init__(self: Map[K, T], key: type[K], item: Field[T]) -> None: ...
    @overload
    def __init__(self: Map[K, X], key: type[K], item: type[X]) -> None: ...
    def __init__(self, key: type[S], item: Any) -> None:
        """Declare the struct class of the keys and what each key leads to."""
        super().__init__(item)
        self.key = key

    def keys(self) -> type[Struct]:
        return self.key

    def sequence(self, name: str, items: list[Any], state: State) -> Sequence_[Any]:
        return Keyed[Any, Any](self, name, items, state)

    def count(self, state: State) -> int:
        return state.count_(self.key)

    def index_name(self, i: int, state: State) -> str:
        return f"[{state.element_(self.key, i + 1).name_}]"

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Struct, owner: type) -> Keyed[S, V]: ...
    @overload
    def __get__(self, obj: object, owner: type) -> Self: ...
    def __get__(self, obj: Any, owner: type) -> Self | Keyed[S, V]:
        return self if obj is None else obj.values_[self.name]


class Embed(Element[S]):
    """One struct inside another: `ptl = Embed(Lock)`."""

    def __init__(self, item: type[S]) -> None:
        """Declare the struct class."""
        super().__init__(item)
        if isinstance(self.item, Field):
            raise ModelError("Embed holds a struct; declare a field by itself")

    def count(self, state: State) -> int:
        return 1

    def index_name(self, i: int, state: State) -> str:
        return ""

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Struct, owner: type) -> S: ...
    @overload
    def __get__(self, obj: object, owner: type) -> Self: ...
    def __get__(self, obj: Any, owner: type) -> Self | S:
        return self if obj is None else obj.values_[self.name].items[0]


@functools.cache
def declarations(of: type[Struct]) -> Mapping[str, Field[Any] | Element[Any]]:
    """What a struct class declares, in the order of the class bodies."""
    found: dict[str, Field[Any] | Element[Any]] = {}
    for name, declared in of.declarations().items():
        if isinstance(declared, Field | Element):
            found[name] = declared
    return MappingProxyType(found)


def stored(declared: Field[Any] | Element[Any]) -> Field[Any] | None:
    """The field behind a declaration, if it stores values itself."""
    if isinstance(declared, Field):
        return declared  # pyright: ignore[reportUnknownVariableType]
    return declared.item if isinstance(declared.item, Field) else None
