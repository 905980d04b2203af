"""Random plain helper functions and methods, and properties of the state."""

from __future__ import annotations

from tests.lang.generated.page import Helper, Local, Scope
from tests.lang.generated.statements import DEEP, Statements
from tests.lang.generated.world import FLAG, Kind, draw_int, draw_kind


class Helpers(Statements):
    """Writes functions that belong to the step of whoever calls them."""

    def methods(self) -> list[Helper]:
        """A method and a property of Node; they are written into the class."""
        self.scope = Scope({"self": Local("self", Kind("ref", of="Node"), fixed=True)}, state=False)
        found: list[Helper] = []
        if self.draw.chance(60):
            self.page.line()
            self.page.line("@property")
            self.page.line("def busy(self) -> bool:")
            with self.page.indented(), self.allowing(effects=False):
                self.page.line(f"return {self.flag(DEEP)}")
            found.append(Helper("busy", (), FLAG, effects=False, cost=1, of="Node", attribute=True))
        if self.draw.chance(60):
            self.page.line()
            helper = Helper("touch", (draw_int(self.draw),), FLAG, effects=True, cost=3, of="Node")
            self.page.line("def touch(self, by: int) -> bool:")
            self._body(helper, {"self": Kind("ref", of="Node"), "by": helper.parameters[0]})
            found.append(helper)
        return found

    def helper(self) -> None:
        """A plain function of the state; it may call the ones before it."""
        effects = self.draw.chance(60)
        parameters = tuple(self._parameter() for _ in range(self.draw.number(0, 2)))
        returns = None if effects and self.draw.chance(20) else self._parameter()
        name = self.fresh("helper")
        names = {self.fresh("a"): kind for kind in parameters}
        given = "".join(f", {n}: {kind.annotation}" for n, kind in names.items())
        annotation = returns.annotation if returns else "None"
        start = len(self.page.lines)
        self.page.line(f"def {name}(k: World{given}) -> {annotation}:")
        helper = Helper(name, parameters, returns, effects, 0)
        self._body(helper, names)
        cost = len(self.page.lines) - start
        self.helpers.append(Helper(name, parameters, returns, effects, cost))
        self.page.line()
        self.page.line()

    def _parameter(self) -> Kind:
        kind = draw_kind(self.draw)
        return draw_int(self.draw) if kind.name == "ref" and kind.of == "Key" else kind

    def _body(self, helper: Helper, names: dict[str, Kind]) -> None:
        fixed = self.draw.chance(70)
        parameters = {n: Local(n, kind, fixed or n == "self") for n, kind in names.items()}
        self.scope = Scope(parameters, state=not helper.of, effects=helper.effects)
        self.returns, self.may_return, self.forks = helper.returns, True, 2
        with self.page.indented():
            if self.draw.chance(20):
                self.page.line('"""What it is for."""')
            for _ in range(self.draw.number(0 if helper.returns else 1, 2)):
                self.statement(1)
            if helper.returns is not None:
                if self.draw.chance(60):
                    self.page.line(f"if {self.test(DEEP)}:", "early return of a helper")
                    with self.page.indented():
                        if helper.returns.name == "int" and self.draw.chance(50):
                            self.page.line(f"return {helper.returns.lo}")
                        else:
                            self.leave("return")
                self.leave("return")
        self.may_return = False

    # --- properties of the state

    def claim(self) -> str:
        """A property; its name."""
        kind = self.draw.pick(["always", "step", "cover"])
        name = self.fresh("claim")
        self.page.line(f"@{kind}")
        after = ", t: World" if kind == "step" else ""
        listed = self.draw.chance(30)
        returns = "list[Node]" if listed else "bool"
        self.page.line(f"def {name}(k: World{after}) -> {returns}:")
        self.scope = Scope(effects=False, ghosts=True)
        self.calls = 2
        with self.page.indented():
            if listed:
                with self.bound("o", Kind("ref", of="Node")):
                    value = f"[o for o in k.node if {self._judgement(kind)}]"
                self.page.note("property: list")
            else:
                value = self._judgement(kind)
            self.page.line(f"return {value}", f"property: {kind}")
        self.page.line()
        self.page.line()
        return name

    def _judgement(self, kind: str) -> str:
        test = self.flag(DEEP)
        if kind == "step":
            place, of = self.place(lambda k: k.name in ("int", "flag"), 1) or ("k.y", FLAG)
            after = place.replace("k.", "t.", 1) if place.startswith("k.") else place
            other = f"{after} >= {place}" if of.name == "int" else f"{after} != {place}"
            return f"({other} or {test})"
        if self.draw.chance(30):
            self.page.note("holds in a property")
            marks = ["", ', "expected"', ', "temporary"', ', "pinned"']
            held = f"holds({self.element('Node', 1)}{self.draw.pick(marks)})"
            return f"({test} or {held} == {self.draw.number(0, 1)})"
        return test
