"""Random model files."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from tests.lang.generated.draws import Draw
from tests.lang.generated.page import Page, Scope
from tests.lang.generated.procedures import Procedures
from tests.lang.generated.world import Kind, World, draw_world

HEAD = '''"""A generated model."""

from __future__ import annotations

import enum
from typing import Annotated

from mcheck.lang import (
    Array, Const, Embed, Flag, Held, Int, Lock, Map, Model, OneOf, Pinned, Proc, Range, Ref,
    Speculative, State, Struct, Temporary, always, at, atomic, choose, cover, hold, holds, null,
    procedure, racy, release, run, step,
)

LIMIT = 3
PAIR = (1, 2)
'''

ALWAYS_THERE = """def take(n: Node) -> Held[Node]:
    n.f = True
    return hold(n)


def put(n: Held[Node]) -> None:
    n.f = False
    release(n)


def bump(k: World) -> int:
    k.y = (k.y + 1) % 4
    return k.y
"""

STIRRING = """@procedure
def stir(k: World) -> Proc[None]:
    while True:
        yield at("stir")
        n = choose(k.node)
        y = choose(range(4))
        n.f = not n.f
        n.next = null if y == 0 else n
        k.head = n if y > 1 else null
        k.f = y % 2 == 0
        k.y = y
"""
"""A process that changes what others wait for, so that they get further."""


@dataclass(frozen=True)
class Text:
    """A generated model file, with the constructs in each of its lines (counted from 1)."""

    text: str
    constructs: dict[int, set[str]]


def draw_text(number: Callable[[int, int], int]) -> Text:
    """A model file, made of numbers drawn from lo..hi."""
    draw = Draw(number)
    page = Page()
    _Program(Procedures(draw, draw_world(draw), page)).write()
    return Text(page.text, page.constructs)


class _Program:
    """Writes one file."""

    def __init__(self, writer: Procedures) -> None:
        self.writer, self.page, self.draw = writer, writer.page, writer.draw
        self.runs: list[str] = []

    def write(self) -> None:
        self._lines(HEAD)
        self._declarations()
        self._lines(ALWAYS_THERE)
        for _ in range(self.draw.number(0, 2)):
            self.writer.helper()
        for _ in range(self.draw.weighted({1: 3, 2: 4, 3: 1})):
            self.writer.procedure(3)
        other = self._other()
        for _ in range(self.draw.weighted({1: 3, 2: 2})):
            self._process()
        if self.draw.chance(70):
            self.page.within.append("daemon")
            self._lines(STIRRING)
            self.page.within.pop()
            self.runs.append("run(stir, daemon=True)")
        claims = [self.writer.claim() for _ in range(self.draw.number(0, 2))]
        self._model(claims, self._boot(), other)

    def _lines(self, text: str) -> None:
        for line in text.splitlines():
            self.page.line(line)
        self.page.line()
        self.page.line()

    def _declarations(self) -> None:
        world = self.writer.world
        self.page.line("class Color(enum.Enum):")
        with self.page.indented():
            for i, color in enumerate(world.colors):
                self.page.line(f"{color} = {i}")
        self._lines("")
        self.page.line("class Sizes(State):")
        with self.page.indented():
            for name, value in (("nodes", world.nodes), ("keys", world.keys), ("on", "True")):
                self.page.line(f"{name} = Const({value})")
        self._lines("")
        for struct in world.structs:
            self._class(struct, world)

    def _class(self, struct: str, world: World) -> None:
        base = "Sizes" if struct == "World" else "Struct"
        alike = ", interchangeable=True" if struct == "Key" and world.interchangeable else ""
        self.page.line(f"class {struct}({base}{alike}):")
        with self.page.indented():
            for member in world.structs[struct]:
                self.page.line(member.text)
            if struct == "World" and world.protected:
                self.page.line("unused = Flag(by=atomic)")
            if struct == "Node":
                self.writer.helpers += self.writer.methods()
        self._lines("")

    def _other(self) -> str:
        """Another version of one of the procedures; its name."""
        callees = self.writer.callees
        if not callees or not self.draw.chance(25):
            return ""
        callee = self.draw.pick(callees)
        self.page.within.append("replaced procedure")
        name = self.writer.another(callee, 3)
        self.page.within.pop()
        return f"{callee.name}={name}"

    def _process(self) -> None:
        world = self.writer.world
        node, key = Kind("ref", of="Node"), Kind("ref", of="Key")
        given, me, each = self.draw.pick(
            [
                ("", None, ""),
                (", me: Node", node, "each=World.node"),
                (", me: int", Kind("int", 0, world.nodes - 1), "each=Sizes.nodes"),
                (", me: int", Kind("int", 0, 1), "each=2"),
                (", me: Key", key, "each=World.key"),
            ]
        )
        self.page.within.append(f"processes: {each}" if each else "one process")
        self.page.within += ["protection that is declared"] if world.protected else []
        name = self.writer.root(given, me, 4)
        self.page.within.clear()
        options = [name, *([each] if each else [])]
        if self.draw.chance(20):
            options.append("daemon=True")
        if each and self.draw.chance(30):
            options.append(f'name="P{len(self.runs)}{{}}"')
        self.runs.append(f"run({', '.join(options)})")
        if not each and self.draw.chance(20):
            self.runs.append(f'run({name}, name="again{len(self.runs)}")')

    def _boot(self) -> bool:
        if not self.draw.chance(60):
            return False
        self.page.line("def boot(k: World) -> None:")
        self.writer.scope = Scope()
        self.writer.calls, self.writer.hazards = 0, set()
        with self.page.indented():
            if self.draw.chance(40):
                self.page.line("k.y = choose(range(2))", "choice of the first state")
                self.page.line("k.head = choose(k.node)")
                x = next(m.kind for m in self.writer.world.structs["World"] if m.name == "x")
                assert x is not None
                self.page.line(f"k.x = choose(({x.lo}, {x.hi}))")
            for _ in range(self.draw.number(1, 3)):
                place = self.writer.place(self.writer.fillable, 1)
                assert place is not None
                self.page.line(f"{place[0]} = {self.writer.value(place[1], 1)}")
        self._lines("")
        return True

    def _model(self, claims: list[str], boot: bool, other: str) -> None:
        init = ", init=boot" if boot else ""
        runs = ", ".join(self.runs)
        self.page.line(f'model = Model("model", World, [{runs}], [{", ".join(claims)}]{init})')
        if other and other.split("=", maxsplit=1)[0] in self._reached():
            self.page.line(f"swapped = model.replace({other})")
        elif self.draw.chance(25):
            world = self.writer.world
            nodes = world.nodes + self.draw.number(0, 1)
            self.page.line(f'other = model.configure("other", nodes={nodes}, on=False)')

    def _reached(self) -> set[str]:
        """The procedures that some process can call."""
        calls: dict[str, set[str]] = {}
        for node in ast.parse(self.page.text).body:
            if isinstance(node, ast.FunctionDef):
                names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                calls[node.name] = names
        found: set[str] = set()
        todo = {name for name in calls if name.startswith("process")}
        while todo:
            name = todo.pop()
            found.add(name)
            todo |= (calls[name] & set(calls)) - found
        return found
