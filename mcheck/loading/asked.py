"""What is asked of a model: other constants, and only some of its properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcheck.loading.errors import UsageError, listed, meant

if TYPE_CHECKING:
    from mcheck.explorer.engines import Engine
    from mcheck.lang.contract import Actor, Held, Property
    from mcheck.lang.emit.python import PythonProgram
    from mcheck.lang.model import Model
    from mcheck.lang.program import Program


def settings(texts: Sequence[str]) -> dict[str, int | bool]:
    """The constants set by texts such as "cpus=3" and "flush=false".

    Raises:
        UsageError: a text is not of that form, or a name comes twice.
    """
    found: dict[str, int | bool] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name.isidentifier():
            raise UsageError(f"--set {text}: write NAME=VALUE, as in --set cpus=3")
        if name in found:
            raise UsageError(f"--set {text}: {name} is set twice")
        found[name] = _constant(text, value)
    return found


def _constant(text: str, value: str) -> int | bool:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return int(value, 0)
    except ValueError:
        raise UsageError(f"--set {text}: a value is a whole number, true or false") from None


def configured(model: Model[Any], constants: dict[str, int | bool]) -> Model[Any]:
    """The model with these constants; the others keep their values.

    Raises:
        UsageError: the model has no such constant, or does not take the value.
    """
    from mcheck.lang.errors import ModelError

    known = list(model.constants)
    for name, value in constants.items():
        if name not in known:
            has = f"it has {listed(known)}" if known else "it has none"
            raise UsageError(f"{model.name} has no constant {name}{meant(name, known)}; {has}")
        if isinstance(value, bool) and not isinstance(model.constants[name], bool):
            raise UsageError(f"{model.name}: the constant {name} is a whole number")
        if isinstance(model.constants[name], bool) and value not in (0, 1):
            raise UsageError(f"{model.name}: the constant {name} is true or false")
        _check_bounds(model, name, value)
    if not constants:
        return model
    values: dict[str, Any] = dict(constants)
    try:
        return model.configure(**values)
    except ModelError as error:
        raise UsageError(str(error)) from error


def _check_bounds(model: Model[Any], name: str, value: int) -> None:
    """Make sure that a model of the kernel can have this value. Other models set no bounds."""
    if not model.state.__module__.startswith("mcheck.impl."):
        return
    from mcheck.scenarios import SETTABLE

    own = model.constants[name]
    if value == own:
        return
    if name not in SETTABLE:
        raise UsageError(
            f"{model.name}: {name} is {own} and cannot be set, as the scenario is made for that; "
            f"what can be set is {listed(SETTABLE)}"
        )
    least, most = SETTABLE[name]
    if not least <= value <= most:
        raise UsageError(f"{model.name}: {name}={value} is not allowed: it is {least} to {most}")


@dataclass(frozen=True)
class Selection:
    """An executable of which only some properties are judged. An engine sees no difference."""

    executable: PythonProgram
    properties: Sequence[Property]

    @property
    def claims(self) -> Sequence[str]:
        """The names of all properties, whether they are judged or not."""
        return self.executable.claims

    def c(self) -> str:
        """The steps and all properties as C."""
        return self.executable.c()

    @property
    def program(self) -> Program:
        """The lowered form, with all properties."""
        return self.executable.program

    @property
    def model(self) -> Model[Any]:
        """What it is made from."""
        return self.executable.model

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.executable.name

    @property
    def constants(self) -> dict[str, int | bool]:
        """The scenario's constants."""
        return self.executable.constants

    @property
    def initial(self) -> Sequence[int]:
        """The initial states."""
        return self.executable.initial

    @property
    def actors(self) -> Sequence[Actor]:
        """The process instances."""
        return self.executable.actors

    @property
    def bits(self) -> int:
        """The size of a packed state."""
        return self.executable.bits

    @property
    def unreached(self) -> frozenset[str]:
        """The labels that need not run."""
        return self.executable.unreached

    @property
    def replaced(self) -> bool:
        """Whether procedures are not the scenario's own."""
        return self.executable.replaced

    @property
    def hang(self) -> bool:
        """Whether hangs are violations."""
        return self.executable.hang

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of the properties that are not judged."""
        kept = {claim.name for claim in self.properties}
        return tuple(c.name for c in self.executable.properties if c.name not in kept)

    def describe(self, state: int) -> dict[str, str]:
        """The fields of a state."""
        return self.executable.describe(state)

    def where(self, state: int, actor: int) -> tuple[str, ...]:
        """The procedures that an actor stands in."""
        return self.executable.where(state, actor)

    def held(self, state: int) -> tuple[Held, ...]:
        """The references that processes own."""
        return self.executable.held(state)


def engine_called(name: str) -> Engine:
    """The engine of that name.

    Raises:
        UsageError: there is none.
    """
    from mcheck.explorer.engines import ENGINES

    for engine in ENGINES:
        if engine == name:
            return engine
    raise UsageError(f"--engine {name}: it is one of {listed(ENGINES)}{meant(name, ENGINES)}")


def judged(model: Model[Any], names: Sequence[str]) -> None:
    """Make sure that the model has properties of these names.

    Raises:
        UsageError: there is no such property.
    """
    known = [claim.name for claim in model.claims]
    for name in names:
        if name not in known:
            has = f"it has {listed(known)}" if known else "it has none"
            raise UsageError(
                f"{model.name} has no property {name!r}{meant(name, known)}; {has} "
                f"(deadlock and failing steps are always checked)"
            )


def selected(executable: PythonProgram, names: Sequence[str]) -> Selection:
    """The executable with the named properties only, or with all if none are named."""
    kept = [claim for claim in executable.properties if not names or claim.name in names]
    return Selection(executable, kept)
