"""What a model offers to an engine: initial states, steps, properties. Nothing else.

A state is one Python int. Equal states are equal ints, in every engine and every run. An engine
moves a state by asking each actor (one per process instance) for the successors of the step it
stands at, and judges states by asking the properties. All names that a person reads (fields,
labels, source lines) come from the same object, so that an engine never needs the model's source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Choices: TypeAlias = tuple[tuple[str, str], ...]
"""What a step chose: (variable, value as a person reads it), in the order of the choices."""


@dataclass(frozen=True)
class Source:
    """A place in a model's text: file path and 1-based line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Failure:
    """A step that went wrong. It has no successor.

    kind: "assert", "bounds", "local", "index", "null", "leak", "lock", "divide" or "choose".
    message: what is wrong, in the model's own names.
    """

    kind: str
    message: str
    source: Source
    choices: Choices = ()


@dataclass(frozen=True)
class Label:
    """One point at which a process may stand between two steps.

    name: as in the model, unique within its procedure.
    procedure: the procedure whose text has the label.
    rest: the process may stay here for ever (idle, or finished) without being deadlocked.
    blocking: the step from here has a guard, so the process may be unable to move.
    """

    name: str
    procedure: str
    source: Source
    rest: bool
    blocking: bool

    @property
    def qualified(self) -> str:
        return f"{self.procedure}.{self.name}"


StepFunction: TypeAlias = Callable[[int, list[int], list[Failure]], None]
"""(state, successors, failures): appends each successor state, one for each enabled transition,
in the order of its choices, and each failure. Appends nothing at all when the guard is false."""

TracedStep: TypeAlias = Callable[[int, list[tuple[int, Choices]], list[Failure]], None]
"""The same step, but each successor comes with the choices that led to it."""


@dataclass(frozen=True)
class Actor:
    """One process instance.

    The label it stands at in state s is labels[(s >> pc_shift) & pc_mask]; steps and traced
    are indexed in the same way. The last label of an actor that can return is `done`, with
    rest=True and a step that appends nothing.
    """

    name: str
    daemon: bool
    pc_shift: int
    pc_mask: int
    labels: Sequence[Label]
    steps: Sequence[StepFunction]
    traced: Sequence[TracedStep]


@dataclass(frozen=True)
class Property:
    """A claim that an engine evaluates.

    kind "always": holds(s, s) is true in every reachable state.
    kind "step":   holds(s, t) is true for every transition from s to t.
    kind "cover":  holds(s, s) is true in at least one reachable state, else the run fails.
    offenders(s, t): what breaks the claim there, in the model's names; empty where it holds.
    A property whose own evaluation goes wrong (a null dereference, say) raises ModelError.
    """

    kind: Literal["always", "step", "cover"]
    name: str
    holds: Callable[[int, int], bool]
    offenders: Callable[[int, int], list[str]]
    doc: str = ""


@dataclass(frozen=True)
class Held:
    """A reference that a process owns: whose, to which element, and of which kind."""

    process: str
    element: str
    kind: str


class Executable(Protocol):
    """The whole contract: what an engine may ask of a model.

    initial: the initial states, without duplicates.
    actors: the process instances, in the order in which they are tried.
    properties: the claims, in the order in which they are reported.
    bits: size of a packed state.
    unreached: labels ("procedure.label") that this scenario says need not run.
    replaced: procedures are not the scenario's own, so that what it says of labels is no error
        where it does not fit them.
    hang: a process that only others at rest could free is a violation too.
    describe(s): every stored field, as {"frame[0].ref": "2", ...}, in order of declaration.
    where(s, i): the procedures that actor i stands in, outermost first, e.g.
        ("migrate", "move_mapping"); empty when it has finished.
    held(s): the references that processes own, in the order of the actors.
    """

    @property
    def name(self) -> str: ...
    @property
    def constants(self) -> dict[str, int | bool]: ...
    @property
    def initial(self) -> Sequence[int]: ...
    @property
    def actors(self) -> Sequence[Actor]: ...
    @property
    def properties(self) -> Sequence[Property]: ...
    @property
    def bits(self) -> int: ...
    @property
    def unreached(self) -> frozenset[str]: ...
    @property
    def replaced(self) -> bool: ...
    @property
    def hang(self) -> bool: ...
    def describe(self, state: int) -> dict[str, str]: ...
    def where(self, state: int, actor: int) -> tuple[str, ...]: ...
    def held(self, state: int) -> tuple[Held, ...]: ...


class Compilable(Executable, Protocol):
    """An executable that can also be had as text for a compiler.

    claims: the names of all properties in the text, in its order: those that are judged, and
        others.
    c(): the steps and the properties as C; `lang/emit/c.py` says what is in it. Raises ModelError
        where machine integers are too small for the model.
    """

    @property
    def claims(self) -> Sequence[str]: ...
    def c(self) -> str: ...
