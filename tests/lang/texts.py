"""Model text in a test: written to a file of its own, imported, and run in both of its forms."""

from __future__ import annotations

import importlib.util
import itertools
import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mcheck.explorer import Result, Verdict, check
from mcheck.lang import Model, ModelError
from mcheck.lang.contract import Choices, Failure
from mcheck.lang.direct import Direct
from mcheck.lang.emit.python import PythonProgram

PRELUDE = """\
from __future__ import annotations

import enum
from typing import Annotated

from mcheck.lang import *

"""

TOY = """\
class Colour(enum.Enum):
    RED = 0
    GREEN = 1
    BLUE = 2

class Thing(Struct):
    v = Int(0, 3)
    next = Ref(lambda: Thing)
    lock = Embed(Lock)

    def double(self) -> int:
        return 2 * self.v

class S(State):
    size = Const(2)
    a = Int(0, 7)
    b = Int(-4, 4)
    flag = Flag()
    colour = OneOf(Colour)
    ref = Ref(Thing)
    sure = Ref(Thing, null=False)
    thing = Array(Thing, size, names="AB")
    flags = Array(Flag(), 3)
    of = Map(Thing, Int(0, 3))
    lock = Embed(Lock)

"""
"""A state with one field of each kind, for tests whose subject is a step."""

HERE = "# here"
"""Marks the line of a model text that a message has to name."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Text:
    """A model file: where it lies, which line is marked, and what it defines."""

    path: Path
    line: int | None
    module: ModuleType

    def model(self, name: str = "m") -> Model[Any]:
        """A model that the file defines."""
        found = getattr(self.module, name)
        assert isinstance(found, Model)
        return found  # pyright: ignore[reportUnknownVariableType]


class Writer:
    """Writes model texts into a folder, each under a name that no other has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.line: int | None = None
        self.path = folder

    def __call__(self, text: str, prelude: str = PRELUDE) -> Text:
        """Write the text below the prelude, and import it."""
        whole = prelude + textwrap.dedent(text)
        marked = [n for n, line in enumerate(whole.splitlines(), 1) if line.endswith(HERE)]
        assert len(marked) <= 1
        name = f"written{next(_numbers)}"
        self.path = self.folder / f"{name}.py"
        self.line = marked[0] if marked else None
        self.path.write_text(whole)
        spec = importlib.util.spec_from_file_location(name, self.path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return Text(self.path, self.line, module)

    def model(self, text: str) -> Model[Any]:
        """The model `m` that the text defines."""
        return self(text).model()

    def toy(self, text: str) -> Model[Any]:
        """The model `m` of a text that continues the toy's state."""
        return self.model(TOY + textwrap.dedent(text))

    def step(self, body: str, *rest: str) -> Model[Any]:
        """The toy with one process `p`, which runs the body after the yield at "go"."""
        return self.model(TOY + stepping(body) + "".join(map(textwrap.dedent, rest)))

    def refusal(self, text: str) -> str:
        """What a refused text is told. It has to name the line that is marked, and show it."""
        try:
            self.model(text).compile()
        except ModelError as error:
            message = str(error)
        else:
            raise AssertionError("the text is accepted")
        if self.line is not None:
            shown = self.path.read_text().splitlines()[self.line - 1].strip()
            assert message.startswith(f"{self.path}:{self.line}: "), message
            assert f"\n    {shown}\n" in message + "\n", message
        return message

    def refused_toy(self, text: str) -> str:
        """What a refused text that continues the toy's state is told."""
        return self.refusal(TOY + textwrap.dedent(text))

    def refused_step(self, body: str, *rest: str) -> str:
        """What is said of a refused step of the toy."""
        return self.refusal(TOY + stepping(body) + "".join(map(textwrap.dedent, rest)))


def stepping(body: str) -> str:
    """A process whose first and only step, unless the body has yields, is the body."""
    inside = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"""\
@procedure
def p(k: S) -> Proc[None]:
    yield at("go")
{inside}

m = Model("m", S, [run(p)])

"""


def explored(model: Model[Any]) -> Result:
    """The verdict of the reference engine."""
    return check(model.compile())


def holds(model: Model[Any]) -> Result:
    """The result of a model in which everything must be right."""
    result = explored(model)
    assert result.verdict is Verdict.HOLDS, (result.property, result.why)
    return result


def violates(model: Model[Any], name: str) -> Result:
    """The result of a model in which that, and nothing found earlier, must be violated."""
    result = explored(model)
    assert (result.verdict, result.property) == (Verdict.VIOLATED, name), result.why
    return result


@dataclass(frozen=True)
class Fails:
    """How a step fails: as the lowered form tells it, and as direct execution does."""

    lowered: Failure
    direct: Failure

    @property
    def messages(self) -> tuple[str, str]:
        """What is said in the two forms."""
        return self.lowered.message, self.direct.message


def fails(model: Model[Any], kind: str) -> Fails:
    """The failure that the shortest trace ends with; direct execution must end alike."""
    trace = violates(model, kind).trace
    assert trace is not None and trace.failure is not None
    compiled = model.compile()
    direct = Direct(model, compiled.initial.index(trace.initial))
    move = None
    for event in trace.events:
        left = list(event.choices)

        def pick(name: str, options: list[str], left: list[tuple[str, str]] = left) -> int:
            wanted, value = left.pop(0)
            assert wanted == name
            return options.index(value)

        assert event.actor in direct.enabled()
        move = direct.step(event.actor, pick)
        assert not left
        if event.state is not None:
            assert (move.failure, direct.state()) == (None, event.state)
    assert move is not None and move.failure is not None
    assert (trace.failure.kind, move.failure.kind) == (kind, kind)
    return Fails(trace.failure, move.failure)


def successors(compiled: PythonProgram, state: int, actor: int = 0) -> list[tuple[int, Choices]]:
    """Where the lowered step of a process leads to, and what it chooses on each way."""
    found: list[tuple[int, Choices]] = []
    process = compiled.actors[actor]
    process.traced[state >> process.pc_shift & process.pc_mask](state, found, [])
    return found


def first(name: str, options: list[str]) -> int:
    """Always choose the first."""
    return 0


def run_directly(model: Model[Any], actor: int = 0) -> Direct:
    """One process alone, run directly until it can move no more."""
    direct = Direct(model)
    while actor in direct.enabled():
        assert direct.step(actor, first).failure is None
    return direct


def left_by(model: Model[Any]) -> Any:
    """The state in which the first process, run directly and alone, leaves everything."""
    return run_directly(model).k
