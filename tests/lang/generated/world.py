"""Random declarations of state: structs in structs, every kind of field, arrays and maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.lang.generated.draws import Draw

COLORS = ("RED", "GREEN", "BLUE")
BOUNDS = ((0, 3), (-2, 2), (0, 1), (1, 4), (0, 7), (-3, -1), (5, 5))


@dataclass(frozen=True)
class Kind:
    """A type of the language: of is the struct class of a ref; lo..hi the bounds of an int."""

    name: Literal["int", "flag", "enum", "ref"]
    lo: int = 0
    hi: int = 0
    of: str = ""
    null: bool = False

    @property
    def annotation(self) -> str:
        """The annotation of a parameter of that kind."""
        return {"int": "int", "flag": "bool", "enum": "Color", "ref": self.of}[self.name]


FLAG = Kind("flag")
ENUM = Kind("enum")


@dataclass(frozen=True)
class Member:
    """A declaration in a class body.

    kind: of a field, or of what an array or map of fields holds; None where it holds structs;
    item: the struct class of the elements; size: how a function writes the number of elements of
    an array; count: how many those are at least; init: the start value, top: the upper bound as
    written, where that is not the default.
    """

    name: str
    shape: Literal["field", "embed", "array", "map"]
    kind: Kind | None = None
    item: str = ""
    size: str = ""
    count: int = 1
    names: str = ""
    ghost: bool = False
    init: str = ""
    top: str = ""

    @property
    def key(self) -> str:
        """The struct class of a map's keys."""
        return "Key" if self.shape == "map" else ""

    @property
    def text(self) -> str:
        """The declaration."""
        inner = self.item if self.kind is None else self._field(self.kind)
        match self.shape:
            case "field":
                pass
            case "embed":
                inner = f"Embed({inner})"
            case "array":
                size = self.size.replace("k.", "Sizes.")
                names = f', names="{self.names}"' if self.names else ""
                inner = f"Array({inner}, {size}{names})"
            case "map":
                inner = f"Map({self.key}, {inner})"
        return f"{self.name} = {inner}"

    def _field(self, kind: Kind) -> str:
        ghost = ["ghost=True"] if self.ghost else []
        init = [f"init={self.init}"] if self.init else []
        match kind.name:
            case "int":
                arguments = [str(kind.lo), self.top or str(kind.hi), *init, *ghost]
                return f"Int({', '.join(arguments)})"
            case "flag":
                return f"Flag({', '.join(ghost)})"
            case "enum":
                return f"OneOf({', '.join(['Color', *init, *ghost])})"
            case "ref":
                null = [] if kind.null else ["null=False"]
                return f"Ref({', '.join([f'lambda: {kind.of}', *null, *ghost])})"


@dataclass
class World:
    """All that is declared. structs: in the order of the text; the last one is the state.

    keys, nodes: how many elements Key and Node have at least; protected: it says of a field what
    protects it, and has no locks: steps that take two of them would be refused.
    """

    structs: dict[str, list[Member]] = field(default_factory=dict[str, list[Member]])
    colors: tuple[str, ...] = COLORS
    nodes: int = 2
    keys: int = 2
    interchangeable: bool = False
    protected: bool = False

    def members(self) -> Iterator[tuple[str, Member]]:
        """Every declaration with the name of its struct class."""
        for struct, members in self.structs.items():
            for member in members:
                yield struct, member

    def containers(self, item: str) -> Iterator[tuple[str, Member]]:
        """The declarations that hold elements of a struct class."""
        return ((s, m) for s, m in self.members() if m.kind is None and m.item == item)


def draw_int(draw: Draw) -> Kind:
    """Bounds of an integer."""
    lo, hi = draw.weighted({b: 1 if b[0] == b[1] else 4 for b in BOUNDS})
    return Kind("int", lo, hi)


def draw_ref(draw: Draw) -> Kind:
    """A reference to one of the struct classes of which there always are elements."""
    of = draw.weighted({"Node": 4, "Key": 1, "Leaf": 1})
    return Kind("ref", of=of, null=draw.chance(60))


def draw_kind(draw: Draw) -> Kind:
    """A kind of field."""
    name = draw.weighted({"int": 4, "flag": 3, "ref": 3, "enum": 2})
    match name:
        case "int":
            return draw_int(draw)
        case "ref":
            return draw_ref(draw)
        case "flag":
            return FLAG
        case _:
            return ENUM


def draw_world(draw: Draw) -> World:
    """Declarations of a model's state."""
    world = World(nodes=draw.number(1, 3), keys=draw.number(1, 2))
    world.colors = COLORS[: draw.number(2, 3)]
    world.interchangeable = draw.chance(30)
    world.protected = draw.chance(35)
    build = _Builder(world, draw)
    world.structs["Leaf"] = build.leaf()
    world.structs["Key"] = build.key()
    world.structs["Node"] = build.node()
    world.structs["World"] = build.state()
    return world


class _Builder:
    """Draws the members of each class."""

    def __init__(self, world: World, draw: Draw) -> None:
        self.world, self.draw = world, draw

    def field(self, name: str, kind: Kind | None = None, *, ghost: bool = False) -> Member:
        kind = kind or draw_kind(self.draw)
        init = ""
        if kind.name == "int" and self.draw.chance(25):
            init = str(self.draw.number(kind.lo, kind.hi))
        if kind.name == "enum" and self.draw.chance(25):
            init = f"Color.{self.world.colors[-1]}"
        return Member(name, "field", kind, ghost=ghost, init=init)

    def leaf(self) -> list[Member]:
        found = [self.field("v", draw_int(self.draw)), self.field("on", FLAG)]
        if self.draw.chance(40):
            found.append(self.field("up", Kind("ref", of="Node", null=self.draw.chance(60))))
        return found

    def key(self) -> list[Member]:
        found = [self.field("w")]
        if self.draw.chance(30):
            found.append(self.field("w2"))
        return found

    def node(self) -> list[Member]:
        found = [
            self.field("n", draw_int(self.draw)),
            self.field("f", FLAG),
            self.field("next", Kind("ref", of="Node", null=True)),
        ]
        if self.draw.chance(50):
            found.append(self.field("extra"))
        match self.draw.weighted({"embed": 3, "array": 3, "": 1}):
            case "embed":
                found.append(Member("leaf", "embed", item="Leaf"))
            case "array":
                found.append(Member("leaf", "array", item="Leaf", size="2", count=2))
            case _:
                pass
        if self.draw.chance(40) and not self.world.protected:
            found.append(Member("lock", "embed", item="Lock"))
        if self.draw.chance(40):
            found.append(Member("mark", "map", draw_kind(self.draw)))
        if self.draw.chance(40):
            found.append(self.field("ghost", FLAG, ghost=True))
        return found

    def state(self) -> list[Member]:
        letters = "ABC" if self.draw.chance(60) else ""
        found = [
            Member("key", "array", item="Key", size="k.keys", count=self.world.keys),
            Member("node", "array", None, "Node", "k.nodes", self.world.nodes, letters),
            Member("spare", "embed", item="Leaf"),
            self.field("x", draw_int(self.draw)),
            self.field("y", Kind("int", 0, 3)),
            self.field("f", FLAG),
            self.field("head", Kind("ref", of="Node", null=True)),
            self.field("seen", Kind("int", 0, 3), ghost=True),
        ]
        if not self.world.protected:
            found.append(Member("lock", "embed", item="Lock"))
        if self.draw.chance(30):
            kind = Kind("int", 0, self.world.nodes)
            found.append(Member("last", "field", kind, top="Sizes.nodes"))
        if self.draw.chance(50):
            found.append(self.field("cur", Kind("ref", of="Node", null=False)))
        if self.draw.chance(50):
            found.append(self.field("color", ENUM))
        if self.draw.chance(60):
            kind, count = draw_kind(self.draw), self.draw.number(1, 3)
            found.append(Member("slot", "array", kind, size=str(count), count=count))
        match self.draw.weighted({"": 2, "fields": 2, "structs": 2}):
            case "fields":
                found.append(Member("table", "map", draw_kind(self.draw)))
            case "structs":
                found.append(Member("table", "map", item="Leaf"))
            case _:
                pass
        return found
