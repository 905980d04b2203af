"""The text that is being generated, what may be named where, and which constructs stand where."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.lang.generated.draws import Draw
from tests.lang.generated.world import Kind, World


class Page:
    """Lines of text, each with the constructs that it uses."""

    def __init__(self) -> None:
        """Begin an empty page."""
        self.lines: list[str] = []
        self.constructs: dict[int, set[str]] = {}
        self.depth = 0
        self.pending: set[str] = set()
        self.within: list[str] = []

    def note(self, *constructs: str) -> None:
        """Say that the line that is written next uses the constructs."""
        self.pending.update(constructs)

    def line(self, text: str = "", *constructs: str) -> None:
        """Write a line."""
        self.lines.append(("    " * self.depth + text) if text else "")
        self.constructs[len(self.lines)] = {*constructs, *self.pending, *self.within}
        self.pending.clear()

    @contextmanager
    def indented(self) -> Generator[None]:
        """What is written meanwhile is the body of the line before."""
        self.depth += 1
        yield
        self.depth -= 1

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines) + "\n"


@dataclass
class Local:
    """A local of the function that is written.

    fixed: it must keep its value; sure: it is not null here; bounded: declared with a Range.
    """

    name: str
    kind: Kind
    fixed: bool = False
    sure: bool = False
    bounded: bool = False


@dataclass(frozen=True)
class Helper:
    """A plain function that may be called. of: the struct class that it is a method of.

    effects: it changes the state; cost: how many statements it comes to when it is called.
    """

    name: str
    parameters: tuple[Kind, ...]
    returns: Kind | None
    effects: bool
    cost: int
    of: str = ""
    attribute: bool = False


@dataclass
class Scope:
    """What the text may do at the present place.

    state: k is there; effects: it may change the state; still: it must not even read the state;
    ghosts: it may read ghosts; process: it runs in a process, so that a lock can be `mine`.
    """

    locals: dict[str, Local] = field(default_factory=dict[str, Local])
    state: bool = True
    effects: bool = True
    still: bool = False
    ghosts: bool = False
    process: bool = False

    def of_kind(self, kind: str) -> list[Local]:
        """The locals of a kind, whatever they refer to."""
        return [x for x in self.locals.values() if x.kind.name == kind]

    def of(self, kind: str, struct: str = "") -> list[Local]:
        """The locals of a kind."""
        return [x for x in self.locals.values() if x.kind.name == kind and x.kind.of == struct]


HAZARDS = {
    "index that may be wrong": 30,
    "divisor that may be zero": 80,
    "dereference of what may be null": 25,
    "value that may be out of bounds": 50,
    "null where none may be": 80,
    "lock that may be used wrongly": 80,
    "assert that may fail": 90,
    "choice that may be empty": 60,
    "hold that may leak": 70,
    "hold that may be overwritten": 70,
    "jump out of what is held": 60,
}
"""What may fail when it runs, and how often, in percent, a program that does so does it."""
SCARCE = {
    "divisor that may be zero": 3,
    "value that may be out of bounds": 3,
    "lock that may be used wrongly": 2,
    "assert that may fail": 2,
    "index that may be wrong": 2,
    "choice that may be empty": 2,
}
"""Those that would otherwise be seldom run, with their weights against the others' 1."""


class Writing:
    """What every part of the generator works with.

    hazards: those that the program may have; most have few, since a step that fails ends a walk.
    """

    def __init__(self, draw: Draw, world: World, page: Page) -> None:
        """Begin."""
        self.draw, self.world, self.page = draw, world, page
        few = draw.weighted({1: 3, 2: 4, 3: 3, 0: 2})
        weights = {hazard: SCARCE.get(hazard, 1) for hazard in HAZARDS}
        if world.protected:
            del weights["lock that may be used wrongly"]
        self.hazards = {draw.weighted(weights) for _ in range(few)}
        self.scope = Scope()
        self.helpers: list[Helper] = []
        self.calls = 0
        self.names = 0

    def fresh(self, prefix: str) -> str:
        """A name that nothing else has."""
        self.names += 1
        return f"{prefix}{self.names}"

    def risky(self, construct: str) -> bool:
        """Whether to write something that may fail; noted where it is."""
        if construct not in self.hazards or not self.draw.chance(HAZARDS[construct]):
            return False
        self.page.note(construct)
        return True

    @contextmanager
    def nested(self) -> Generator[None]:
        """What is bound meanwhile is forgotten afterwards, and what is known may have changed."""
        before = {name: replace(x) for name, x in self.scope.locals.items()}
        yield
        self.scope.locals = before
        self.forget()

    @contextmanager
    def allowing(self, **changes: bool) -> Generator[None]:
        """The scope is another one meanwhile."""
        saved = self.scope
        self.scope = replace(saved, **changes)
        yield
        self.scope = saved

    @contextmanager
    def bound(self, name: str, kind: Kind) -> Generator[None]:
        """One more local, for a comprehension."""
        self.scope.locals[name] = Local(name, kind, fixed=True)
        yield
        del self.scope.locals[name]

    def forget(self) -> None:
        """Of no local that can change is it known any more that it is not null."""
        for x in self.scope.locals.values():
            x.sure = x.sure and x.fixed


def names_in(text: str) -> set[str]:
    """All names in a piece of text."""
    return set(re.findall(r"[A-Za-z_]\w*", text))
