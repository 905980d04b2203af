"""Which elements a state has: every struct instance, numbered, named and built.

All instances of a struct class, wherever they are declared, are numbered together from 1. The
instances that one declaration makes lie side by side, owner by owner; so the number of
`owner.field[i]` is base + (owner - 1) * count + i, which is how the lowering computes it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcheck.lang.declare.containers import Array, Element, declarations
from mcheck.lang.declare.fields import Field
from mcheck.lang.declare.state import State
from mcheck.lang.declare.structs import Declaration, Struct
from mcheck.lang.errors import ModelError, StepFailed

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Place:
    """Where instances of a struct class come from.

    declared: the declaration; base: the number of its first element; count: elements an owner.
    """

    declared: Element[Any]
    base: int
    count: int


class Elements:
    """The numbered elements of one state."""

    def __init__(self, state: State) -> None:
        """Find all struct classes below the state's class."""
        self.state = state
        state.elements_ = self
        self.order: list[type[Struct]] = []
        self.counts: dict[type[Struct], int] = {}
        self.places: dict[tuple[type[Struct], Element[Any]], Place] = {}
        self.built: dict[type[Struct], list[Struct]] = {}
        self.processes = 1
        self.process_table: Sequence[Any] = ()
        self._visit(type(state), ())
        self.order.reverse()
        self.counts = dict.fromkeys(self.order, 0)
        self.counts[type(state)] = 1
        self._number()

    def _visit(self, cls: type[Struct], path: tuple[type[Struct], ...]) -> None:
        if cls in path:
            names = " in ".join(c.__name__ for c in (*path, cls))
            raise ModelError(f"a struct cannot contain itself: {names}; use a Ref")
        for name, declared in declarations(cls).items():
            if name.endswith("_"):
                raise ModelError(f"{cls.__name__}.{name}: names that end in _ are the language's")
            if declared.name != name:
                raise ModelError(
                    f"{cls.__name__}: one declaration is used twice, as {name} and as "
                    f"{declared.name}; declare each by itself"
                )
            if isinstance(declared, Element) and isinstance(declared.item, type):
                self._visit(declared.item, (*path, cls))
        if cls not in self.order:
            if cls.__name__ in {c.__name__ for c in self.order}:
                raise ModelError(f"two structs are called {cls.__name__}; rename one")
            self.order.append(cls)

    def _number(self) -> None:
        sized: set[type[Struct]] = {type(self.state)}
        for cls in self.order:
            for declared in declarations(cls).values():
                key = declared.keys() if isinstance(declared, Element) else None
                if key is not None and key not in sized:
                    self._size_key(declared, key, sized)
                if isinstance(declared, Element) and isinstance(declared.item, type):
                    n = declared.count(self.state)
                    inner = declared.item
                    self.places[cls, declared] = Place(declared, self.counts[inner] + 1, n)
                    self.counts[inner] += self.counts[cls] * n
            sized.add(cls)

    def _size_key(self, declared: Declaration, key: type[Struct], sized: set[type[Struct]]) -> None:
        """A map's keys must be counted before the map is: they stand higher in the order."""
        if key not in self.counts:
            raise ModelError(
                f"{declared.struct.__name__}.{declared.name} is a Map over {key.__name__}, "
                f"but the state has no {key.__name__}"
            )
        holders = [
            c
            for c in self.order
            for d in declarations(c).values()
            if isinstance(d, Element) and d.item is key
        ]
        if not set(holders) <= sized | {declared.struct} or not self.counts[key]:
            raise ModelError(
                f"{declared.struct.__name__}.{declared.name} is a Map over {key.__name__}: "
                f"declare the array of {key.__name__} in the state before it"
            )

    def place(self, owner: type | None, declared: Element[Any]) -> Place:
        """Where the elements of a declaration lie, for owners of a struct class."""
        assert owner is not None
        return self.places[owner, declared]

    def count(self, of: type[Struct]) -> int:
        """How many elements a struct class has.

        Raises:
            ModelError: the state declares none of that class.
        """
        if of not in self.counts:
            raise ModelError(
                f"{type(self.state).__name__} has no {of.__name__}: "
                f"declare an Array, Map or Embed of it"
            )
        return self.counts[of]

    def instances(self, of: type[Struct]) -> list[Struct]:
        """The elements of a struct class, in the order of their numbers."""
        self.count(of)
        return self.built[of]

    def build(self) -> None:
        """Make every instance, give it its name, and set its fields to their start values."""
        for cls in self.order:
            self.built[cls] = []
            for number in range(1, self.counts[cls] + 1):
                instance = self.state if cls is type(self.state) else cls.__new__(cls)
                instance.id_, instance.state_, instance.values_ = number, self.state, {}
                instance.name_ = "state" if instance is self.state else "?"
                self.built[cls].append(instance)
        for cls in self.order:
            for instance in self.built[cls]:
                for declared in declarations(cls).values():
                    instance.values_[declared.name] = self._start(instance, declared)

    def _start(self, instance: Struct, declared: Field[Any] | Element[Any]) -> Any:
        if isinstance(declared, Field):
            return self._first(declared)
        top = instance is self.state
        name = declared.name if top else f"{instance.name_}.{declared.name}"
        item = declared.item
        if isinstance(item, Field):
            item.name, item.struct = declared.name, declared.struct
            items = [self._first(item) for _ in range(declared.count(self.state))]
        else:
            place = self.places[type(instance), declared]
            first = place.base - 1 + (instance.id_ - 1) * place.count
            items = list(self.built[item][first : first + place.count])
            for i, element in enumerate(items):
                element.name_ = name + declared.index_name(i, self.state)
                if isinstance(declared, Array) and declared.names:
                    own = declared.names[i] if i < len(declared.names) else f"{declared.name}[{i}]"
                    element.name_ = own if top else f"{instance.name_}.{own}"
        return declared.sequence(name, items, self.state)

    def _first(self, declared: Field[Any]) -> Any:
        try:
            return declared.start(self.state)
        except StepFailed as e:
            raise ModelError(e.message) from None

    def attach(self, processes: Sequence[Any]) -> None:
        """Tell the locks which processes there are."""
        self.processes, self.process_table = len(processes), processes

    def process(self, number: int) -> Any:
        """The process with that number, counted from 1; None for 0."""
        return self.process_table[number - 1] if number else None
