"""Random expressions that name elements and fields: by path, by index, by key, by reference."""

from __future__ import annotations

from collections.abc import Callable

from tests.lang.generated.page import Helper, Local, Writing
from tests.lang.generated.world import Kind, Member


class References(Writing):
    """Writes references, and fields of what they refer to."""

    def number(self, depth: int) -> str:
        """A number of any size."""
        raise NotImplementedError

    def flag(self, depth: int) -> str:
        """A flag."""
        raise NotImplementedError

    def callables(self, wanted: Callable[[Kind], bool]) -> list[Helper]:
        """The helpers that return what is wanted."""
        raise NotImplementedError

    def call(self, helper: Helper, depth: int) -> str:
        """A call of a helper."""
        raise NotImplementedError

    # --- what can be named at all

    def available(self, struct: str) -> bool:
        """Whether an element of the class can be named here."""
        if struct == "World":
            return self.scope.state
        if any(self.usable(x) for x in self.scope.of("ref", struct)):
            return True
        return any(self.nameable(s, m) for s, m in self.world.containers(struct))

    def usable(self, local: Local) -> bool:
        """Whether a local that refers to an element is not null."""
        return local.sure or not local.kind.null

    def nameable(self, struct: str, member: Member) -> bool:
        """Whether a member of an element of the class can be named here."""
        if not self.available(struct):
            return False
        if member.shape == "map":
            return self.available("Key")
        return member.shape != "array" or member.item != "Key" or not self.world.interchangeable

    # --- elements

    def owner(self, struct: str, depth: int) -> str:
        """An element whose member is named."""
        return "k" if struct == "World" else self.element(struct, depth)

    def member_of(self, owner: str, member: Member, depth: int) -> str:
        """A field of an element, or an element inside it."""
        text = f"{owner}.{member.name}"
        if member.shape == "array":
            return f"{text}[{self.index(member, depth)}]"
        if member.shape == "map":
            self.page.note("map by key")
            return f"{text}[{self.element('Key', depth)}]"
        return text

    def index(self, member: Member, depth: int) -> str:
        """A position in an array."""
        if not self.scope.still and self.risky("index that may be wrong"):
            return self.number(depth - 1)
        if depth <= 0 or self.draw.chance(50):
            return str(self.draw.number(0, member.count - 1))
        self.page.note("computed index")
        return f"{self.number(depth - 1)} % {member.size}"

    def element(self, struct: str, depth: int) -> str:
        """A reference that is not null, unless a risk is taken."""
        options: list[Callable[[], str]] = []
        for x in self.scope.of("ref", struct):
            if self.usable(x):
                options += [lambda x=x: x.name] * 3
        if not self.scope.still and self.risky("dereference of what may be null"):
            return self._nullable(struct, depth)
        for owner, member in self.world.containers(struct):
            near = depth > 0 or owner == "World"
            if near and self.nameable(owner, member):
                options.append(lambda o=owner, m=member: self._inside(o, m, depth))
        if depth > 0 and not self.scope.still:
            options += self._followed(struct, depth)
        if not options:
            far = [c for c in self.world.containers(struct) if self.nameable(*c)]
            return self._inside(*self.draw.pick(far), depth)
        return self.draw.pick(options)()

    def _nullable(self, struct: str, depth: int) -> str:
        """A reference that may be null, where there is one."""
        wanted = Kind("ref", of=struct, null=True)
        names = [x.name for x in self.scope.of("ref", struct) if not self.usable(x)]
        places = self.places(lambda k: k == wanted) if depth > 0 else []
        if names and (not places or self.draw.chance(50)):
            return self.draw.pick(names)
        if places:
            return self.field_at(*self.draw.pick(places), depth - 1)
        return self.element(struct, depth)

    def _inside(self, owner: str, member: Member, depth: int) -> str:
        if member.shape == "embed" or owner != "World":
            self.page.note("struct in a struct")
        return self.member_of(self.owner(owner, depth - 1), member, depth)

    def _followed(self, struct: str, depth: int) -> list[Callable[[], str]]:
        found: list[Callable[[], str]] = []
        for owner, member in self.world.members():
            kind = member.kind
            fits = kind is not None and kind.name == "ref" and kind.of == struct
            if fits and kind and not kind.null and self.nameable(owner, member):
                found.append(lambda o=owner, m=member: self.field_at(o, m, depth - 1))
        if self.draw.chance(10):
            found.append(lambda: self._either(struct, depth, null=False))
        helpers = self.callables(lambda k: k == Kind("ref", of=struct))
        return found + [lambda h=h: self.call(h, depth) for h in helpers]

    def _either(self, struct: str, depth: int, *, null: bool) -> str:
        self.page.note("conditional expression")
        a, b = (self.reference(struct, depth - 1, null=null) for _ in range(2))
        return f"({a} if {self.flag(depth - 1)} else {b})"

    def reference(self, struct: str, depth: int, *, null: bool) -> str:
        """A reference, which may be null if so wanted."""
        if not null or (self.available(struct) and self.draw.chance(40)):
            return self.element(struct, depth)
        options: list[Callable[[], str]] = [lambda: "null"]
        options += [lambda x=x: x.name for x in self.scope.of("ref", struct)]
        if not self.scope.still:
            wanted = Kind("ref", of=struct, null=True)
            places = self.places(lambda k: k == wanted)
            options += [lambda s=s, m=m: self.field_at(s, m, depth - 1) for s, m in places]
        if depth > 0 and self.draw.chance(20):
            options.append(lambda: self._either(struct, depth, null=True))
        return self.draw.pick(options)()

    # --- fields

    def places(self, wanted: Callable[[Kind], bool]) -> list[tuple[str, Member]]:
        """The fields of a wanted kind that can be named here."""
        return [
            (struct, m)
            for struct, m in self.world.members()
            if m.kind is not None
            and wanted(m.kind)
            and (self.scope.ghosts or not m.ghost)
            and self.nameable(struct, m)
        ]

    def field_at(self, struct: str, member: Member, depth: int) -> str:
        """A field of some element of a struct class."""
        return self.member_of(self.owner(struct, depth), member, depth)

    def place(self, wanted: Callable[[Kind], bool], depth: int) -> tuple[str, Kind] | None:
        """A field of a wanted kind, and its kind; None where there is none, or none is allowed."""
        found = [] if self.scope.still else self.places(wanted)
        if not found:
            return None
        struct, member = self.draw.pick(found)
        assert member.kind is not None
        return self.field_at(struct, member, depth), member.kind

    def fillable(self, kind: Kind) -> bool:
        """Whether there is a value for a field of a kind."""
        return kind.name != "ref" or kind.null or self.available(kind.of)

    def domain(self, depth: int, *, ordered: bool = False) -> tuple[str, Kind]:
        """Something to run over, and the kind of its elements; ordered: not what has no order."""
        options: list[Callable[[], tuple[str, Kind]]] = [self._range, self._tuple, self._colors]
        for struct, member in self.world.members():
            if member.shape not in ("array", "map") or not self.available(struct):
                continue
            if ordered and self.world.interchangeable and "Key" in (member.item, member.key):
                continue
            kind = member.kind or Kind("ref", of=member.item)
            if struct == "World" and member.kind is None:
                options += [lambda m=member, k=kind: (f"k.{m.name}", k)] * 3
            elif not self.scope.still:
                owner = struct
                options.append(lambda o=owner, m=member, k=kind: self._within(o, m, k, depth))
        return self.draw.pick(options)()

    def _within(self, owner: str, member: Member, kind: Kind, depth: int) -> tuple[str, Kind]:
        return f"{self.owner(owner, depth - 1)}.{member.name}", kind

    def _range(self) -> tuple[str, Kind]:
        if self.scope.state and self.draw.chance(50):
            return "range(k.nodes)", Kind("int", 0, self.world.nodes)
        n = self.draw.number(2, 4)
        if n == 4:
            return "range(1, 4, 2)", Kind("int", 1, 3)
        return f"range({n})", Kind("int", 0, n - 1)

    def _tuple(self) -> tuple[str, Kind]:
        tuples = {"(1, 3)": (1, 3), "(2, 0, -1)": (-1, 2), "PAIR": (1, 2)}
        text = self.draw.pick(list(tuples))
        return text, Kind("int", *tuples[text])

    def _colors(self) -> tuple[str, Kind]:
        return "Color", Kind("enum")
