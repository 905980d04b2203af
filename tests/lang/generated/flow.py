"""Random flow through a procedure: steps with guards and choices, ifs and loops with yields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.lang.generated.helpers import Helpers
from tests.lang.generated.page import Local, names_in
from tests.lang.generated.statements import DEEP
from tests.lang.generated.world import Kind

NODE = Kind("ref", of="Node")


@dataclass(frozen=True)
class Choice:
    """What a step chooses from: item is the name that the condition has for an element."""

    domain: str
    kind: Kind
    item: str
    condition: str

    @property
    def text(self) -> str:
        """The argument of choose()."""
        if not self.condition:
            return self.domain
        return f"{self.item} for {self.item} in {self.domain} if {self.condition}"


class Flow(Helpers):
    """Writes what has yields.

    left: how many labels may still be written; unsettled: a procedure has returned within the
    present step, which may therefore not touch the state any more.
    """

    left: int = 0
    unsettled: bool = False

    # --- one step

    def label(self, until: str = "") -> None:
        """A yield."""
        self.left -= 1
        self.forks, self.unsettled = 2, False
        if not until and self.draw.chance(5):
            self.page.line("yield", "yield without a label")
            return
        options = [f'"{self.fresh("s")}"']
        if until:
            options.append(f"until=lambda: {until}")
        if self.draw.chance(15):
            self.page.note("rest")
            options.append("rest=True")
        self.page.line(f"yield at({', '.join(options)})")

    def ready(self) -> None:
        """A yield, if what comes next must not belong to the present step."""
        if self.unsettled or self.forks <= 0:
            self.label()

    def segment(self) -> None:
        """A step: a yield, perhaps choices, and some statements."""
        first = self._alternatives() if self.draw.chance(40) else None
        if first is not None and first.condition and not self.risky("choice that may be empty"):
            self.page.note("guard that a choice needs")
            self.label(f"any({first.condition} for {first.item} in {first.domain})")
        else:
            self.label(self._guard() if self.draw.chance(30) else "")
        if first is not None:
            self._choose(first)
            if self.draw.chance(40):
                second = self._alternatives()
                if second.condition and not self.risky("choice that may be empty"):
                    second = replace(second, condition=f"{second.condition} or True")
                self.page.note("two choices in a step")
                self._choose(second)
        for _ in range(self.draw.number(1, 2)):
            self.statement(1)

    def _guard(self) -> str:
        self.calls = 1
        with self.allowing(effects=False):
            text = self._easy()
        local = names_in(text) & set(self.scope.locals)
        self.page.note("guard on a local" if local else "guard on the state")
        return text

    def _alternatives(self) -> Choice:
        """A domain and a condition; they may depend on what was chosen before."""
        self.calls = 1
        item = self.fresh("q")
        with self.allowing(effects=False):
            domain, kind = self.domain(DEEP)
            condition = ""
            if self.draw.chance(55):
                with self.bound(item, kind):
                    condition = self._condition(item, kind)
        return Choice(domain, kind, item, condition)

    def _condition(self, item: str, kind: Kind) -> str:
        chosen = [x.name for x in self.scope.of(kind.name, kind.of) if x.name != item]
        if chosen and self.draw.chance(40):
            self.page.note("choice that excludes a local")
            return f"{item} != {self.draw.pick(chosen)}"
        return self._easy()

    def _easy(self) -> str:
        """A flag that is true more often than not."""
        text = self.flag(DEEP)
        return f"({text} or {self.flag(1)})" if self.draw.chance(60) else text

    def _choose(self, choice: Choice) -> None:
        kind = choice.kind
        again = [
            x
            for x in self.scope.of(kind.name, kind.of)
            if not x.fixed and x.kind.lo <= kind.lo and kind.hi <= x.kind.hi and not x.bounded
        ]
        again = [x for x in again if x.kind.null or not kind.null]
        if again and self.draw.chance(30):
            local = self.draw.pick(again)
            local.sure = not kind.null
            self.page.note("choice for a local that has a value")
        else:
            local = Local(self.fresh("x"), kind)
            self.scope.locals[local.name] = local
        how = "filtered" if choice.condition else "unfiltered"
        self.page.line(f"{local.name} = choose({choice.text})", f"choice: {how}")

    # --- ifs and loops with yields

    def several(self, count: int) -> None:
        """Pieces of flow, indented."""
        with self.page.indented():
            for _ in range(count):
                self.piece()

    def piece(self) -> None:
        """One piece of flow, with a yield at least."""
        weights: dict[Callable[[], None], int] = {self.segment: 3}
        if self.left > 0:
            weights |= {piece: weight for piece, weight in self.pieces().items() if weight}
        self.draw.weighted(weights)()

    def pieces(self) -> dict[Callable[[], None], int]:
        """The kinds of flow that may be written when there are labels left."""
        return {self._fork: 2, self._while: 2, self._each: 2}

    def _fork(self) -> None:
        """An if with yields inside."""
        self.ready()
        self.forks -= 1
        self.calls = 2
        self.page.line(f"if {self.test(DEEP)}:", "if with a yield inside")
        before = self.forks
        with self.nested():
            self.several(1)
        unsettled, self.unsettled = self.unsettled, False
        self.forks = min(before, self.forks)
        if self.draw.chance(40):
            self.page.line("else:")
            self.forks = before
            with self.nested():
                self.several(1)
            self.forks = min(before, self.forks)
        self.unsettled = self.unsettled or unsettled

    def _while(self) -> None:
        """A while with a yield on every way round."""
        self.ready()
        name = bounds = ""
        if self.draw.chance(50):
            name = self.fresh("n")
            limit = self.draw.number(1, 3)
            bounds = f": Annotated[int, Range(0, {limit})]" if self.draw.chance(70) else ""
            self.page.line(f"{name}{bounds} = 0")
            test = f"{name} < {limit}"
        else:
            limit = 0
            self.calls = 1
            test = self.test(DEEP) if self.draw.chance(70) else "True"
        self.page.line(f"while {test}:", "while with a yield inside")
        counter = Local(name, Kind("int", 0, limit), fixed=True) if name else None
        # Without declared bounds, a counter's are only seen where it crosses no second yield.
        jumped = self._round(counter, limit, longer=not name or bool(bounds))
        if test == "True" and not jumped:
            return
        if name and bounds:
            self.scope.locals[name] = Local(name, Kind("int", 0, limit), bounded=True)

    def _round(self, local: Local | None, limit: int, *, longer: bool) -> bool:
        """The body of a while; whether something in it leaves the loop."""
        start = len(self.page.lines)
        with self.nested():
            self.forget()
            if local is not None:
                self.scope.locals[local.name] = local
            with self.page.indented():
                self.label()
                if local is not None:
                    self.page.line(f"{local.name} += 1")
                    local.kind = Kind("int", 1, limit)
                self.loops += 1
                self.statement(1)
                if longer and self.draw.chance(50):
                    self.piece()
                self.loops -= 1
                if self.unsettled:
                    self.label()
        self.forks = 1
        return any("break" in line for line in self.page.lines[start:])

    def _each(self) -> None:
        """A for with yields inside, over elements or constants."""
        self.ready()
        domain, kind = self._steady()
        name = self.fresh("i")
        self.page.line(f"for {name} in {domain}:", "for with a yield inside")
        with self.nested():
            self.forget()
            self.scope.locals[name] = Local(name, kind, fixed=True)
            self.loops += 1
            with self.page.indented():
                self.segment()
            self.several(self.draw.number(0, 1))
            self.loops -= 1
        self.forks = 1

    def _steady(self) -> tuple[str, Kind]:
        """A domain that stays the same from one step to the next."""
        options: list[tuple[str, Kind]] = [
            ("range(2)", Kind("int", 0, 1)),
            ("(2, 0, -1)", Kind("int", -1, 2)),
            ("Color", Kind("enum")),
        ]
        for struct, member in self.world.members():
            if member.kind is not None or member.shape == "embed":
                continue
            kind = Kind("ref", of=member.item)
            if member.item == "Key" and self.world.interchangeable:
                continue
            if struct == "World":
                options += [(f"k.{member.name}", kind)] * 2
            for x in self.scope.of("ref", struct):
                if x.fixed and not x.kind.null:
                    options.append((f"{x.name}.{member.name}", kind))
        return self.draw.pick(options)
