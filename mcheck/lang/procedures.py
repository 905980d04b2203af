"""Procedures: generator functions whose every yield is a point where another CPU may run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, ParamSpec, TypeAlias, TypeVar, overload

from mcheck.lang.contract import Source
from mcheck.lang.declare.constants import Bound
from mcheck.lang.declare.structs import Null, Struct
from mcheck.lang.errors import Refused, StepFailed

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True)
class At:
    """What a yield says of the point it stands at. Made by `at`."""

    label: str
    until: Callable[[], bool] | None = None
    rest: bool = False
    atomic: str = ""


Proc: TypeAlias = Generator[At | None, None, R]
"""The type of a procedure that returns R: `def move(k: Kernel) -> Proc[bool]`."""


def at(
    label: str, *, until: Callable[[], bool] | None = None, rest: bool = False, atomic: str = ""
) -> At:
    """Name the point at which a process stands: `yield at("lock", until=lambda: not l.held)`.

    Args:
        label: the step's name, unique in its procedure; a literal.
        until: the step can only be taken while this holds. It is evaluated with the step.
        rest: the process may stay here for ever without being deadlocked.
        atomic: the primitive that makes several accesses of one cell or word one step, such as
            "cmpxchg" or "atomic_inc_not_zero".
    """
    return At(label, until, rest, atomic)


@dataclass(frozen=True)
class Range:
    """Bounds of a local: `tries: Annotated[int, Range(0, 3)] = 0`."""

    lo: Bound
    hi: Bound


@dataclass(frozen=True)
class Hold:
    """Marks a local that owns a reference; kind says what sort of reference."""

    kind: str


HOLD_KINDS = ("expected", "temporary", "speculative", "pinned")

Held: TypeAlias = Annotated[T, Hold("expected")]
"""A local that owns a reference which the ledger explains: `src: Held[Folio] = ...`."""
Temporary: TypeAlias = Annotated[T, Hold("temporary")]
"""A reference that will be put soon."""
Speculative: TypeAlias = Annotated[T, Hold("speculative")]
"""A reference taken by get-unless-zero by somebody who only guessed."""
Pinned: TypeAlias = Annotated[T, Hold("pinned")]
"""A reference of somebody who reads or writes the page behind the kernel's back."""


class Running:
    """What the scheduler that runs a step directly offers to the language's own functions."""

    def pick(self, options: list[Any]) -> Any:
        """The element of a domain to go on with."""
        raise NotImplementedError

    def held(self, element: Any) -> None:
        """The running process has taken a reference."""

    def given_up(self, element: Any) -> None:
        """The running process has given a reference up."""


_running: list[Running] = []


def choose(domain: Iterable[T]) -> T:
    """Any element of the domain: one transition for each. Only `x = choose(...)` heads a step.

    Raises:
        StepFailed: the domain is empty.
    """
    options = list(domain)
    if not options:
        raise StepFailed("choose", "the domain of choose() is empty")
    if not _running:
        raise RuntimeError("choose() needs a scheduler: run the model, not the function")
    return _running[-1].pick(options)


def hold(element: T) -> T:
    """Say that the reference just taken belongs to the local this is assigned to or returned."""
    if _running:
        _running[-1].held(element)
    return element


def release(element: T) -> T:
    """Say that a local's reference is given up: it was put, or handed to what is assigned."""
    if _running:
        _running[-1].given_up(element)
    return element


def racy(value: T) -> T:
    """Mark a read that is meant to go without the field's lock. It is a step of its own."""
    return value


def holds(element: Struct, kind: str | None = None) -> int:
    """How many live holds of all processes name the element. For properties only.

    Args:
        element: what is held.
        kind: "expected", "temporary", "speculative" or "pinned"; all of them when left out.
    """
    if isinstance(element, Null):
        return 0
    return sum(held == element and kind in (None, of) for of, held in element.state_.holds_)


class Procedure(Generic[P, R]):
    """A generator function that is called with `yield from` and resolved through the edition.

    Calling it runs whatever the state's edition has under its name, so that a replacement
    reaches callers any number of levels up. The first parameter is the state.
    """

    def __init__(self, function: Callable[P, Proc[R]], clause: str = "") -> None:
        """Wrap the function; the clause names what the procedure realises."""
        functools.update_wrapper(self, function)
        self.function = function
        self.clause = clause
        self.__name__ = function.__name__
        if not inspect.isgeneratorfunction(function):
            raise Refused(
                source_of(function),
                f"{self.__name__} is a procedure but never yields",
                "a plain function for what belongs to its caller's step, or add a yield",
            )

    @property
    def signature(self) -> inspect.Signature:
        """The parameters with their annotations as written."""
        return inspect.signature(self.function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Proc[R]:
        state = args[0] if args else None
        edition = getattr(state, "edition_", {})
        chosen = edition.get(self.__name__, self)
        return chosen.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<procedure {self.__name__}>"


@overload
def procedure(function: Callable[P, Proc[R]]) -> Procedure[P, R]: ...
@overload
def procedure(*, clause: str) -> Callable[[Callable[P, Proc[R]]], Procedure[P, R]]: ...
def procedure(function: Callable[..., Any] | None = None, *, clause: str = "") -> Any:
    """Make a generator function a procedure: `@procedure` or `@procedure(clause="s001/B.7")`."""
    if function is None:
        return functools.partial(Procedure, clause=clause)
    return Procedure(function, clause)


def as_procedure(found: object) -> Procedure[Any, Any] | None:
    """The object as a procedure, if it is one."""
    return found if isinstance(found, Procedure) else None  # pyright: ignore[reportUnknownVariableType]


def source_of(function: Callable[..., Any]) -> Source:
    """Where a function's text begins."""
    code = function.__code__
    return Source(code.co_filename, code.co_firstlineno)


def push(running: Running) -> None:
    """Make `running` the scheduler of the steps that run now."""
    _running.append(running)


def pop() -> None:
    """End what push began."""
    _running.pop()
