"""Random statements that stand within one step: assignments, ifs, fors, locks, asserts."""

from __future__ import annotations

from collections.abc import Callable

from tests.lang.generated.expressions import Expressions
from tests.lang.generated.page import Local
from tests.lang.generated.world import FLAG, Kind, draw_kind

DEEP = 2
"""How deep an expression of a statement goes."""

Statement = Callable[[int], None]


class Statements(Expressions):
    """Writes statements that run through.

    forks: how many tests may still split the way through the step; loops: the loops around;
    returns: what the function returns, and may_return: whether it may return early.
    """

    forks: int = 0
    loops: int = 0
    returns: Kind | None = None
    may_return: bool = False

    def block(self, depth: int) -> None:
        """One or two statements, indented."""
        with self.page.indented():
            for _ in range(self.draw.number(1, 2)):
                self.statement(depth)

    def statement(self, depth: int) -> None:
        """One statement; depth: how many compound statements it may still nest."""
        self.calls = 2
        weights: dict[Statement, int] = {
            self._new_local: 4,
            self._set_local: 3,
            self._augment_local: 2,
            self._settle: 1,
        }
        if self.scope.effects and not self.scope.still:
            weights |= {
                self._set_field: 7,
                self._augment_field: 3,
                self._alias: 2,
                self._use_lock: 2,
                self._set_ghost: 1,
                self._call_helper: 2,
            }
        if not self.scope.still:
            weights |= {self._claim: 2, self._take_result: 3}
        if depth > 0:
            weights |= {self._if: 4, self._if_not_null: 4, self._for: 3}
            if self.forks > 0:
                weights |= {self._leave: 10 if self.loops else 4, self._count: 2}
        self.draw.weighted(weights)(depth - 1)

    # --- locals

    def _kind(self) -> Kind:
        kind = draw_kind(self.draw)
        if kind.name == "ref" and not self.available(kind.of):
            return FLAG
        return kind

    def _new_local(self, depth: int) -> None:
        kind = self._kind()
        name = self.fresh({"int": "n", "flag": "b", "enum": "c", "ref": "r"}[kind.name])
        local = Local(name, kind, bounded=kind.name == "int" and self.draw.chance(50))
        text = self.local_value(local)
        if local.bounded:
            bounds = f"Annotated[int, Range({kind.lo}, {kind.hi})]"
            self.page.line(f"{name}: {bounds} = {text}", "local with bounds")
        else:
            self.page.line(f"{name} = {text}", f"local: {kind.name}")
        self.scope.locals[name] = local

    def local_value(self, local: Local) -> str:
        """A value that a local may have at a yield; whether it is null is noted in the local."""
        kind = local.kind
        if kind.name == "int" and not local.bounded:
            return self.bounded(kind, DEEP)
        if kind.name == "ref":
            local.sure = kind.null and self.draw.chance(50)
            return self.reference(kind.of, DEEP, null=kind.null and not local.sure)
        return self.value(kind, DEEP)

    def _free(self, *kinds: str) -> list[Local]:
        return [x for x in self.scope.locals.values() if not x.fixed and x.kind.name in kinds]

    def _set_local(self, depth: int) -> None:
        free = self._free("int", "flag", "enum", "ref")
        if not free:
            self._new_local(depth)
            return
        local = self.draw.pick(free)
        text = self.local_value(local)
        self.page.line(f"{local.name} = {text}", "local set again")

    def _augment_local(self, depth: int) -> None:
        free = [
            x
            for x in self._free("int", "flag")
            if x.bounded or x.kind.name == "flag" or x.kind.lo <= 0 <= x.kind.hi
        ]
        if not free:
            self._new_local(depth)
            return
        local = self.draw.pick(free)
        change = self._change(local.name, local.kind, safe=not local.bounded)
        self.page.line(f"{local.name} {change}", "augmented local")

    def _change(self, name: str, kind: Kind, *, safe: bool) -> str:
        """An augmented assignment that keeps within the bounds of what is changed."""
        if kind.name == "flag":
            return f"{self.draw.pick('&|^')}= {self.flag(DEEP)}"
        if not safe and self.risky("value that may be out of bounds"):
            return self.draw.pick(["+= 1", "-= 1"])
        options: list[Callable[[], str]] = []
        if not safe:
            options.append(lambda: f"-= {name} - ({self.bounded(kind, DEEP)})")
        if kind.lo <= 0 <= kind.hi:
            options += [
                lambda: f"*= {self.flag(1)}",
                lambda: f"%= {kind.hi + 1}",
                lambda: f"//= {self.draw.number(2, 3)}",
            ]
        if kind.lo == 0:
            options.append(lambda: f"&= {self.number(1)} % 4")
        return self.draw.pick(options)()

    def _take_result(self, depth: int) -> None:
        """A local for what a helper returns."""
        found = self.callables(lambda k: True)
        if not found:
            self._new_local(depth)
            return
        helper = self.draw.pick(found)
        assert helper.returns is not None
        name = self.fresh("v")
        self.page.line(f"{name} = {self.call(helper, DEEP)}", "local for what a helper returns")
        self.scope.locals[name] = Local(name, helper.returns)

    def _settle(self, depth: int) -> None:
        """A local that both ways of an if give a value."""
        local = Local(self.fresh("s"), self._kind())
        self.page.line(f"if {self.test(DEEP)}:", "local set on both ways")
        for other in ("else:", ""):
            with self.page.indented():
                self.page.line(f"{local.name} = {self.local_value(local)}")
            if other:
                self.page.line(other)
        local.sure = False
        self.scope.locals[local.name] = local

    # --- the state

    def _set_field(self, depth: int) -> None:
        found = self.place(self.fillable, DEEP)
        if found is None:
            self._new_local(depth)
            return
        place, kind = found
        value = self.value(kind, DEEP)
        if kind.name == "flag" and self.draw.chance(10):
            self.page.note("number as a flag")
            value = f"{self.number(DEEP)} % 2"
        self.page.line(f"{place} = {value}", f"field: {kind.name}")

    def _augment_field(self, depth: int) -> None:
        self.calls = 0
        found = self.place(lambda k: k.name in ("int", "flag"), 1)
        if found is None:
            self._new_local(depth)
            return
        place, kind = found
        self.calls = 2
        change = self._change(place, kind, safe=False)
        self.page.line(f"{place} {change}", "augmented field")

    def _alias(self, depth: int) -> None:
        """Two locals for one element: what is stored through one is read through the other."""
        if not self.available("Node"):
            self._new_local(depth)
            return
        a, b = self.fresh("r"), self.fresh("r")
        kind = Kind("ref", of="Node")
        self.page.line(f"{a} = {self.element('Node', DEEP)}")
        self.page.line(f"{b} = {a if self.draw.chance(60) else self.element('Node', 1)}")
        self.page.line(f"{a}.f = {self.flag(DEEP)}", "store through an alias")
        read = self.fresh("b")
        self.page.line(f"{read} = {b}.f", "read through an alias")
        self.scope.locals |= {n: Local(n, kind) for n in (a, b)}
        self.scope.locals[read] = Local(read, FLAG)

    def _set_ghost(self, depth: int) -> None:
        if not self.scope.state:
            self._new_local(depth)
            return
        self.calls = 0
        with self.allowing(ghosts=True):
            value = self.bounded(Kind("int", 0, 3), DEEP)
        self.page.line(f"k.seen = {value}", "ghost")

    def _use_lock(self, depth: int) -> None:
        """Take a lock or give it back: where that is right, unless a risk is taken."""
        if not self.available("Lock"):
            self._new_local(depth)
            return
        self.calls = 0
        lock = self.element("Lock", 1)
        if self.risky("lock that may be used wrongly"):
            self.page.line(f"{lock}.{self.draw.pick(['acquire', 'release'])}()", "lock")
        elif self.scope.process and self.draw.chance(50):
            self.page.line(f"if {lock}.mine:")
            with self.page.indented():
                self.page.line(f"{lock}.release()", "lock")
        else:
            self.page.line(f"if not {lock}.held:")
            with self.page.indented():
                self.page.line(f"{lock}.acquire()", "lock")

    def _call_helper(self, depth: int) -> None:
        found = [h for h in self.helpers if self.may_call(h) and not h.attribute]
        if not found:
            self._set_field(depth)
            return
        self.page.line(self.call(self.draw.pick(found), DEEP), "helper as a statement")

    def _claim(self, depth: int) -> None:
        message = ', "as it should be"' if self.draw.chance(30) else ""
        if self.risky("assert that may fail"):
            self.page.line(f"assert {self.test(DEEP)}{message}", "assert")
            return
        test = self.test(DEEP)
        self.page.line(f"assert {test} or {self.test(0)} or True{message}", "assert")

    # --- compound statements

    def _if(self, depth: int) -> None:
        self.page.line(f"if {self.test(DEEP)}:", "if")
        with self.nested():
            self.block(depth)
        if self.draw.chance(20):
            self.page.line(f"elif {self.test(DEEP)}:", "elif")
            with self.nested():
                self.block(depth)
        if self.draw.chance(40):
            self.page.line("else:")
            with self.nested():
                self.block(depth)

    def _if_not_null(self, depth: int) -> None:
        """An if that tells that a local is not null."""
        found = [x.name for x in self.scope.of_kind("ref") if x.kind.null]
        if not found:
            self._if(depth)
            return
        name = self.draw.pick(found)
        tests = {f"{name} is not null": "", name: "", f"{name} is null": name, f"not {name}": name}
        test, other = self.draw.pick(list(tests.items()))
        self.page.line(f"if {test}:", "if that narrows a local")
        with self.nested():
            self.scope.locals[name].sure = not other
            self.block(depth)
        if other:
            self.page.line("else:")
            with self.nested():
                self.scope.locals[name].sure = True
                self.block(depth)

    def _for(self, depth: int) -> None:
        domain, kind = self.domain(DEEP, ordered=True)
        name = self.fresh("i")
        self.page.line(f"for {name} in {domain}:", "for within a step")
        forks, self.forks = self.forks, self.forks - 2
        with self.nested():
            self.forget()
            self.scope.locals[name] = Local(name, kind, fixed=self.draw.chance(80))
            self.loops += 1
            self.block(depth)
            self.loops -= 1
        self.forks = min(forks, self.forks + 2)

    def _count(self, depth: int) -> None:
        """A while that goes round a known number of times, without a yield."""
        name = self.fresh("i")
        n = self.draw.number(1, 3)
        self.page.line(f"{name} = 0")
        self.page.line(f"while {name} < {n}:", "while within a step")
        self.forks -= 1
        with self.nested():
            self.forget()
            self.scope.locals[name] = Local(name, Kind("int", 1, n), fixed=True)
            with self.page.indented():
                self.page.line(f"{name} += 1")
            self.loops += 1
            self.block(0)
            self.loops -= 1
        self.scope.locals[name] = Local(name, Kind("int", 0, n))

    def _leave(self, depth: int) -> None:
        """Under a condition: leave the loop, go round, or return."""
        options: list[str] = []
        if self.may_return:
            options.append("return")
        if self.loops:
            options += ["break", "continue"] * 2
        if not options:
            self._if(depth)
            return
        self.forks -= 1
        self.page.line(f"if {self.test(DEEP)}:")
        with self.page.indented():
            self.leave(self.draw.pick(options))

    def leave(self, how: str) -> None:
        """A jump out of the block."""
        self.calls = 2
        where = "a loop" if how != "return" else "a function"
        value = "" if how != "return" or self.returns is None else f" {self.result(self.returns)}"
        self.page.line(f"{how}{value}", f"{how} out of {where}")

    def result(self, kind: Kind) -> str:
        """A value to return; a number within the kind's bounds, so that loops stay bounded."""
        plain = self.draw.chance(40)
        if kind.name == "int":
            return str(self.draw.number(kind.lo, kind.hi)) if plain else self.bounded(kind, DEEP)
        if kind.name == "ref":
            return self.reference(kind.of, DEEP, null=kind.null)
        if kind.name == "flag" and plain:
            return self.draw.pick(["True", "False"])
        return self.value(kind, DEEP)
