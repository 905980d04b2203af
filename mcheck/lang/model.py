"""A model: a state class, processes, properties, and the edition in which procedures are found."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mcheck.lang.declare.constants import Arithmetic, resolve
from mcheck.lang.declare.containers import Array
from mcheck.lang.declare.state import State
from mcheck.lang.errors import ModelError
from mcheck.lang.procedures import Hold, Procedure, source_of
from mcheck.lang.source import function_of

if TYPE_CHECKING:
    from mcheck.lang.emit.python import PythonProgram
    from mcheck.lang.program import Program

K = TypeVar("K", bound=State)
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Claimed:
    """A property as a model states it: its kind and the function that judges."""

    kind: str
    function: Callable[..., Any]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__


_kinds: dict[Callable[..., Any], str] = {}


def _mark(function: F, kind: str) -> F:
    if _kinds.setdefault(function, kind) != kind:
        raise ModelError(
            f"{source_of(function)}: {function.__name__} is both @{_kinds[function]} and @{kind}"
        )
    return function


def always(function: F) -> F:
    """A property of every reachable state: returns a flag, or a list of what offends."""
    return _mark(function, "always")


def step(function: F) -> F:
    """A property of every transition: takes the states before and after it."""
    return _mark(function, "step")


def cover(function: F) -> F:
    """A state that must be reachable; a run that exhausts the model without it fails."""
    return _mark(function, "cover")


@dataclass(frozen=True)
class Run:
    """One kind of process: the procedure it runs and how many there are. Made by `run`."""

    procedure: Procedure[Any, Any]
    each: Array[Any] | Arithmetic | int | None
    daemon: bool
    name: str
    only: tuple[int, ...] | None = None


def run(
    procedure: Procedure[Any, Any],
    *,
    each: Array[Any] | Arithmetic | int | None = None,
    daemon: bool = False,
    name: str = "",
    only: Iterable[int] | None = None,
) -> Run:
    """Say that a procedure runs as a process.

    Args:
        procedure: takes the state, and with `each` what its instance is given.
        each: an Array of structs of the state (an instance for each element, which it is
            given), or a number (instances 0, 1, ..., which they are given).
        daemon: part of the environment: it may stop for ever without being deadlocked.
        name: how instances are called in traces, with {} for the number ("CPU{}").
        only: the numbers of the elements of `each` that get an instance; all where left out.
    """
    if not isinstance(procedure, Procedure):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ModelError(f"run({procedure!r}): no procedure; @procedure above it")
    name = name or procedure.__name__
    if only is not None and not isinstance(only, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ModelError(
            f"run({name}): only={only}: it takes the numbers of elements, such as (0, 2)"
        )
    if only is not None and each is None:
        raise ModelError(f"run({name}): only= says which of each= there are, and there is no each=")
    return Run(procedure, each, daemon, name, None if only is None else tuple(only))


def _no_init(k: Any) -> None:
    """Every field as declared."""


@dataclass(frozen=True)
class Model(Generic[K]):
    """What can be checked. Immutable: configure() and replace() give changed copies.

    name: how the model, or this scenario of it, is called; state: the state class;
    properties: functions marked @always, @step or @cover; init: sets fields of the first
    state, may choose(); constants: values that differ from the defaults; unreached: labels
    ("procedure.label") that this scenario says need not run; hang: a process that waits, and
    that only others at rest could free, is a violation.
    """

    name: str
    state: type[K]
    processes: Sequence[Run]
    properties: Sequence[Callable[..., Any]] = ()
    init: Callable[[K], None] = _no_init
    values: Mapping[str, int] = field(default_factory=dict[str, int])
    unreached: frozenset[str] = frozenset()
    edition: str | None = None
    variant: str | None = None
    table: Mapping[str, Procedure[Any, Any]] = field(default_factory=dict[str, Procedure[Any, Any]])
    doc: str = ""
    hang: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        for function in self.properties:
            if function not in _kinds:
                raise ModelError(
                    f"{source_of(function)}: {function.__name__} is no property; "
                    f"mark it @always, @step or @cover"
                )

    @property
    def constants(self) -> dict[str, int | bool]:
        """All constants with the values they have in this scenario."""
        return {**self.state.constants(), **self.values}

    @property
    def claims(self) -> list[Claimed]:
        """The properties with their kinds."""
        return [Claimed(_kinds[f], f) for f in self.properties]

    def configure(
        self, name: str | None = None, *, unreached: Iterable[str] = (), **constants: int
    ) -> Model[K]:
        """The same model as a scenario of its own, with other constants.

        Raises:
            ModelError: the state class has no such constant.
        """
        known = self.state.constants()
        for constant in constants:
            if constant not in known:
                raise ModelError(
                    f"{self.state.__name__} has no constant {constant}{_close(constant, known)}; "
                    f"it has {', '.join(known) or 'none'}"
                )
        return replace(
            self,
            name=name or self.name,
            values={**self.values, **constants},
            unreached=self.unreached | frozenset(unreached),
        )

    def replace(self, name: str | None = None, /, **procedures: Procedure[Any, Any]) -> Model[K]:
        """The same model with some procedures replaced, for every caller of them.

        Args:
            name: how the changed model is called; the same as this one where it is left out.
            procedures: the replacements, by the name of what they replace.

        Raises:
            ModelError: no procedure of the model has that name, or the signatures differ.
        """
        known = self.procedures()
        for old, mine in procedures.items():
            if old not in known:
                raise ModelError(
                    f"no procedure of {self.name} is called {old}{_close(old, known)}; "
                    f"it has {', '.join(sorted(known))}"
                )
            if not isinstance(mine, Procedure):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ModelError(f"the replacement of {old} is no procedure; @procedure above it")
            if _parameters(mine) != _parameters(known[old]):
                raise ModelError(
                    f"{source_of(mine.function)}: {mine.__name__}({_parameters(mine)}) cannot "
                    f"replace {old}({_parameters(known[old])}): the signatures differ"
                )
        changes = [f"{old}={mine.__name__}" for old, mine in procedures.items()]
        return replace(
            self,
            name=name or self.name,
            table={**self.table, **procedures},
            variant=",".join(filter(None, [self.variant, *changes])),
        )

    def procedures(self) -> dict[str, Procedure[Any, Any]]:
        """All procedures that the processes can reach, by name, as the edition has them."""
        found: dict[str, Procedure[Any, Any]] = {}
        todo = [r.procedure for r in self.processes]
        while todo:
            asked = todo.pop()
            if asked.__name__ in found:
                continue
            chosen = self.table.get(asked.__name__, asked)
            found[asked.__name__] = chosen
            closure = inspect.getclosurevars(chosen.function)
            values = [*closure.globals.values(), *closure.nonlocals.values()]
            attributes = chosen.function.__code__.co_names
            for module in [v for v in values if inspect.ismodule(v)]:
                values += [getattr(module, a) for a in attributes if hasattr(module, a)]
            todo += [v for v in values if isinstance(v, Procedure)]
        return found

    def new_state(self) -> K:
        """A state with every field at its start value, which knows edition and processes."""
        state = self.state(**{k: int(v) for k, v in self.values.items()})
        state.edition_ = self.table
        return state

    def instances(self, of: Run, state: K) -> list[tuple[str, int | None]]:
        """The names of a process's instances, and the number of what each is given."""
        if of.each is None:
            return [(of.name, None)]
        if isinstance(of.each, Array) and not isinstance(of.each.item, type):
            raise ModelError(f"run({of.name}): {of.each.name} holds no structs; each= takes those")
        if isinstance(of.each, Array):
            items = state.values_[of.each.name].items
            numbers = _among(of, len(items))
            return [(_instance_name(of, i), items[i].id_) for i in numbers]
        if not isinstance(of.each, int | Arithmetic):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ModelError(f"run({of.name}): each= takes an Array of structs or a number")
        count = resolve(of.each, state.constants_)
        if count < 0:
            raise ModelError(f"run({of.name}): each={count} is negative")
        return [(_instance_name(of, i), i) for i in _among(of, count)]

    def lower(self) -> Program:
        """The lowered form, from which all engines work.

        Raises:
            ModelError: the model's text is refused; the message says where and what instead.
        """
        from mcheck.lang.build import build

        return build(self)

    def compile(self) -> PythonProgram:
        """What the reference engine runs.

        Raises:
            ModelError: as `lower`.
        """
        from mcheck.lang.emit.python import emit

        return emit(self, self.lower())


def _among(of: Run, count: int) -> Sequence[int]:
    """The numbers of the elements that get an instance."""
    if of.only is None:
        return range(count)
    for number in of.only:
        if not 0 <= number < count:
            raise ModelError(f"run({of.name}): only= names element {number} of {count}")
        if of.only.count(number) > 1:
            raise ModelError(f"run({of.name}): only= names element {number} twice")
    return of.only


def _instance_name(of: Run, i: int) -> str:
    return of.name.format(i) if "{" in of.name else f"{of.name}[{i}]"


def _parameters(of: Procedure[Any, Any]) -> str:
    """The parameters by which two procedures are told apart: names, and which own references."""
    function = of.function
    shown: list[str] = []
    for name in inspect.signature(function).parameters:
        marks = getattr(function_of(function).parameter_annotation(name), "__metadata__", ())
        held = [f": {m.kind} hold" for m in marks if isinstance(m, Hold)]
        shown.append(name + "".join(held))
    return ", ".join(shown)


def _close(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""
