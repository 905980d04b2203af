"""Random procedures: their calls, what they return, the references and the locks they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.lang.generated.draws import Draw
from tests.lang.generated.flow import NODE, Flow
from tests.lang.generated.page import Local, Page, Scope
from tests.lang.generated.statements import DEEP
from tests.lang.generated.world import Kind, World, draw_int, draw_kind


@dataclass(frozen=True)
class Callee:
    """A procedure that may be called.

    takes: its first argument hands a reference over; gives: it returns one.
    """

    name: str
    parameters: tuple[Local, ...]
    returns: Kind | None
    takes: bool
    gives: bool


class Procedures(Flow):
    """Writes procedures; each may call those written before it."""

    def __init__(self, draw: Draw, world: World, page: Page) -> None:
        """Begin without procedures."""
        super().__init__(draw, world, page)
        self.callees: list[Callee] = []
        self.called = False

    def pieces(self) -> dict[Callable[[], None], int]:
        calls = [c for c in self.callees if self._callable(c)]
        return {
            **super().pieces(),
            self._call: 9 if calls else 0,
            self._borrow: 2 if self.available("Node") else 0,
            self._perhaps: 2 if self.available("Node") else 0,
            self._locked: 0 if self.world.protected else 2,
        }

    # --- calls

    def _callable(self, callee: Callee) -> bool:
        """Whether all arguments can be named here."""
        structs = [x.kind.of for x in callee.parameters if x.kind.name == "ref"]
        return not callee.takes and all(self.available(s) for s in structs)

    def _arguments(self, callee: Callee, first: str = "") -> str:
        given = ["k", first] if first else ["k"]
        for parameter in callee.parameters:
            self.calls = 1
            given.append(self.local_value(parameter))
        return ", ".join(given)

    def _call(self) -> None:
        """A call whose result is used or not."""
        self.ready()
        callables = [c for c in self.callees if self._callable(c)]
        callee = self.draw.pick([*callables, callables[-1]])  # the last may call the others
        call = f"yield from {callee.name}({self._arguments(callee)})"
        self.page.note(*(["call in a loop"] if self.loops else []))
        self.page.note(*(["call by what is called"] if self.called else []))
        if callee.gives:
            self._with_hold(f"{self.fresh('h')}: Held[Node] = {call}", "hold that is returned")
            return
        if callee.returns is None or self.draw.chance(20):
            self.page.line(call, "call")
        else:
            name = self.fresh("v")
            self.page.line(f"{name} = {call}", f"call that returns: {callee.returns.name}")
            self.scope.locals[name] = Local(name, callee.returns)
        self.unsettled = True
        if self.draw.chance(35):
            with self.allowing(still=True):
                self.statement(0)
        if self.draw.chance(80):
            self.segment()

    # --- holds

    def _borrow(self) -> None:
        """A reference that is taken, kept over steps, and given up."""
        self.label()
        self.calls = 1
        element = self.element("Node", DEEP)
        taken = self.draw.pick([f"hold({element})", f"take({element})"])
        self._with_hold(f"{self.fresh('h')}: {self._mark()}[Node] = {taken}", "hold")

    def _mark(self) -> str:
        """The kind of a hold."""
        return self.draw.weighted({"Held": 3, "Temporary": 1, "Speculative": 1, "Pinned": 1})

    def _with_hold(self, text: str, construct: str) -> None:
        """A local that owns a reference, and what is done meanwhile."""
        name = text.split(":", maxsplit=1)[0]
        self.page.line(text, construct)
        if construct == "hold that is returned":
            self.unsettled = True
        else:
            self.statement(1)
        with self._kept(name, NODE):
            self.segment()
            if self.risky("hold that may be overwritten"):
                self.calls = 0
                self.page.line(f"{name} = hold({self.element('Node', 1)})")
            if self.left > 0 and self.draw.chance(40):
                self.piece()
        self.ready()
        if not self.risky("hold that may leak"):
            self._give_up(name)

    def _give_up(self, name: str) -> None:
        """The end of a hold."""
        takers = [c for c in self.callees if c.takes and not c.gives]
        if takers and self.draw.chance(85):
            callee = self.draw.pick(takers)
            if all(self.available(x.kind.of) for x in callee.parameters if x.kind.of):
                arguments = self._arguments(callee, name)
                self.page.line(f"yield from {callee.name}({arguments})", "hold that is handed over")
                self.unsettled = True
                return
        self.page.line(self.draw.pick([f"release({name})", f"put({name})"]), "release")

    def _perhaps(self) -> None:
        """A hold that may be null."""
        self.label()
        name = self.fresh("h")
        self.page.line(f"{name}: {self._mark()}[Node] = null", "hold that may be null")
        self.calls = 1
        self.page.line(f"if {self.test(DEEP)}:")
        with self.page.indented():
            self.page.line(f"{name} = hold({self.element('Node', 1)})", "hold")
        with self._kept(name, Kind("ref", of="Node", null=True)):
            self.segment()
            if self.draw.chance(70):
                self.label()
                self.page.line(f"if {name} is not null:")
                with self.page.indented():
                    self.page.line(f"release({name})", "release")
                    self.page.line(f"{name} = null", "hold that is set to null")
                self.segment()
        self.ready()
        self.page.line(f"if {name} is not null:")
        with self.page.indented():
            self.page.line(f"release({name})", "release")
        self.forks -= 1

    def _kept(self, name: str, kind: Kind) -> _Region:
        return _Region(self, Local(name, kind, fixed=True))

    # --- locks

    def _locked(self) -> None:
        """Steps under a lock."""
        locks = ["k.lock"]
        if self.available("Lock") and any(m.item == "Lock" for m in self.world.structs["Node"]):
            owners = [x for x in self.scope.of("ref", "Node") if x.fixed and not x.kind.null]
            locks += [f"{x.name}.lock" for x in owners]
        lock = self.draw.pick(locks)
        self.label(f"not {lock}.held")
        self.page.line(f"{lock}.acquire()", "lock that is waited for")
        with _Region(self, None):
            self.statement(1)
            self.segment()
        self.ready()
        self.page.line(f"{lock}.release()", "lock that is given back")

    # --- procedures

    def procedure(self, steps: int) -> None:
        """A procedure that may be called."""
        parameters = tuple(self._taken() for _ in range(self.draw.number(0, 2)))
        takes, gives = self.draw.chance(35), self.draw.chance(20)
        returns = NODE if gives else self._returned()
        callee = Callee(self.fresh("work"), parameters, returns, takes, gives)
        self._write(callee, callee.name, steps)
        self.callees.append(callee)

    def another(self, callee: Callee, steps: int) -> str:
        """Another procedure with the same signature; its name."""
        name = f"{callee.name}_otherwise"
        position = self.callees.index(callee)
        self.callees, later = self.callees[:position], self.callees[position:]
        self._write(callee, name, steps)
        self.callees += later
        return name

    def _taken(self) -> Local:
        kind = draw_kind(self.draw)
        kind = draw_int(self.draw) if kind.of == "Key" else kind
        return Local(self.fresh("a"), kind, bounded=kind.name == "int" and self.draw.chance(30))

    def _returned(self) -> Kind | None:
        kind = draw_kind(self.draw)
        if self.draw.chance(20):
            return None
        if self.callees and self.draw.chance(60):
            return self.draw.pick(self.callees).returns
        return draw_int(self.draw) if kind.of == "Key" else kind

    def _write(self, callee: Callee, name: str, steps: int) -> None:
        given = ["k: World", *(["own: Held[Node]"] if callee.takes else [])]
        for x in callee.parameters:
            bounds = f"Annotated[int, Range({x.kind.lo}, {x.kind.hi})]"
            given.append(f"{x.name}: {bounds if x.bounded else x.kind.annotation}")
        result = "None" if callee.returns is None else callee.returns.annotation
        result = "Held[Node]" if callee.gives else result
        self.page.line("@procedure")
        self.page.line(f"def {name}({', '.join(given)}) -> Proc[{result}]:")
        fixed = self.draw.chance(50)
        parameters = {
            x.name: Local(x.name, x.kind, fixed=fixed, bounded=x.bounded) for x in callee.parameters
        }
        self._begin(parameters, steps)
        self.called = True
        self.returns, self.may_return = callee.returns, not callee.takes and not callee.gives
        with self.page.indented():
            if callee.takes:
                self.scope.locals["own"] = Local("own", NODE, fixed=True)
            self._flow(steps)
            if callee.takes:
                self.ready()
                self.page.line("release(own)", "release")
                del self.scope.locals["own"]
            self._end(callee)
        self.page.line()
        self.page.line()

    def _begin(self, given: dict[str, Local], steps: int) -> None:
        self.scope = Scope(given, process=True)
        self.left, self.forks, self.loops, self.unsettled = steps, 2, 0, False
        self.called = False

    def _flow(self, steps: int) -> None:
        if self.draw.chance(25):
            with self.allowing(still=True):
                self.page.note("text before the first yield")
                self.statement(0)
        self.segment()
        if any(self._callable(c) for c in self.callees) and self.draw.chance(45):
            self._call()
        for _ in range(self.draw.number(0, 2)):
            self.piece()

    def _end(self, callee: Callee) -> None:
        if callee.gives:
            self.ready()
            self.page.line(f"return hold({self.element('Node', DEEP)})", "return of a hold")
            return
        if callee.returns is None:
            return
        same = [
            c
            for c in self.callees
            if c.returns == callee.returns and not c.gives and self._callable(c)
        ]
        if same and self.draw.chance(85):
            self.ready()
            inner = self.draw.pick(same)
            self.page.line(
                f"return (yield from {inner.name}({self._arguments(inner)}))",
                "return of what a call returns",
            )
            return
        with self.allowing(still=self.unsettled):
            self.leave("return")

    def _danger(self, hazard: str) -> None:
        """A step that has one of the program's hazards, where it is likely to be run."""
        self.label()
        self.calls = 1
        self.page.note(hazard)
        name = self.fresh("d")
        match hazard:
            case "divisor that may be zero":
                self.page.line(f"k.y = (5 // ({self.number(1)} % 2)) % 4")
            case "lock that may be used wrongly":
                self.page.line(f"k.lock.{self.draw.pick(['release', 'acquire'])}()")
            case "value that may be out of bounds":
                self.page.line(f"{name}: Annotated[int, Range(1, 2)] = {self.number(1)} % 4")
                self.label()
                self.page.line(f"k.y = {name}")
            case "hold that may leak" | "hold that may be overwritten":
                self.page.line(f"{name}: Held[Node] = hold({self.element('Node', 1)})")
                self.label()
                self.page.line(f"k.f = {name}.f")
            case "assert that may fail":
                self.page.line(f"assert {self.flag(1)}")
            case _:
                self.statement(1)

    def root(self, given: str, me: Kind | None, steps: int) -> str:
        """A procedure that runs as a process; its name. given: how its second parameter reads."""
        name = self.fresh("process")
        self.page.line("@procedure")
        self.page.line(f"def {name}(k: World{given}) -> Proc[None]:")
        self._begin({"me": Local("me", me, fixed=True)} if me else {}, steps)
        self.returns, self.may_return = None, True
        with self.page.indented():
            self._flow(steps)
            if self.hazards and self.draw.chance(70):
                self._danger(self.draw.pick(sorted(self.hazards)))
            if self.draw.chance(70):
                self.ready()
                self.page.line("while True:")
                self.loops = 1
                self.may_return = self.draw.chance(30)
                self.forget()
                with self.page.indented():
                    self.segment()
                    for _ in range(self.draw.number(1, 2)):
                        self.piece()
                    self.label()
        self.page.line()
        self.page.line()
        return name


class _Region:
    """Statements between taking something and giving it back: nothing jumps out of them."""

    def __init__(self, writer: Procedures, local: Local | None) -> None:
        self.writer, self.local = writer, local

    def __enter__(self) -> None:
        self.saved = (self.writer.loops, self.writer.may_return)
        if not self.writer.risky("jump out of what is held"):
            self.writer.loops, self.writer.may_return = 0, False
        if self.local is not None:
            self.writer.scope.locals[self.local.name] = self.local

    def __exit__(self, *_: object) -> None:
        self.writer.loops, self.writer.may_return = self.saved
        if self.local is not None:
            del self.writer.scope.locals[self.local.name]
