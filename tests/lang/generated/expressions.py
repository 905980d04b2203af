"""Random expressions: numbers, flags, members of an enum, and values for something of a kind."""

from __future__ import annotations

from collections.abc import Callable

from tests.lang.generated.page import Helper
from tests.lang.generated.references import References
from tests.lang.generated.world import ENUM, Kind

Choice = dict[Callable[[int], str], int]


class Expressions(References):
    """Writes expressions. depth: how deep they may still go."""

    def some(self, weights: Choice, depth: int) -> str:
        """One of several kinds of expression."""
        return self.draw.weighted(weights)(depth - 1)

    # --- numbers

    def number(self, depth: int) -> str:
        """A number of any size."""
        weights: Choice = {self._constant: 2}
        if self.scope.of("int"):
            weights[self._int_local] = 4
        if not self.scope.still:
            weights[self._int_field] = 5
        if self.scope.state:
            weights[self._size] = 1
        if depth > 0:
            weights |= {
                self._arithmetic: 4,
                self._division: 2,
                self._bits: 1,
                self._choice: 2,
                self._flag_as_number: 1,
                self._extreme: 1,
                self._absolute: 1,
            }
            if not self.scope.still:
                weights |= {self._sum: 1, self._extreme_of: 1}
            if self.callables(lambda k: k.name == "int"):
                weights[self._int_call] = 4
            if self.calls > 0 and self.scope.state and self.scope.effects and not self.scope.still:
                weights[self._before_effect] = 2
        return self.some(weights, depth)

    def _constant(self, depth: int) -> str:
        if self.draw.chance(6):
            self.page.note("constant of the module")
            return "LIMIT"
        n = self.draw.number(-2, 4)
        return str(n) if n >= 0 else f"({n})"

    def _int_local(self, depth: int) -> str:
        return self.draw.pick(self.scope.of("int")).name

    def _int_field(self, depth: int) -> str:
        found = self.place(lambda k: k.name == "int", depth)
        if found and self.draw.chance(4):
            self.page.note("racy read")
            return f"racy({found[0]})"
        return found[0] if found else self._constant(depth)

    def _size(self, depth: int) -> str:
        self.page.note("constant of the scenario")
        return self.draw.pick(["k.nodes", "len(k.node)", "k.keys"])

    def _arithmetic(self, depth: int) -> str:
        op = self.draw.pick("+-*")
        return f"({self.number(depth)} {op} {self.number(depth)})"

    def _division(self, depth: int) -> str:
        op = self.draw.pick(["//", "%"])
        self.page.note("division that floors")
        if not self.scope.still and self.risky("divisor that may be zero"):
            return f"({self.number(depth)} {op} {self.number(depth)})"
        divisor = self.draw.pick(["2", "3", "(-2)", f"({self.number(depth)} % 3 + 1)", "(-3)"])
        return f"({self.number(depth)} {op} {divisor})"

    def _bits(self, depth: int) -> str:
        self.page.note("bit operation")
        a = f"({self.number(depth)} % 4)"
        op = self.draw.pick(["&", "|", "^", "<<", ">>"])
        b = self.draw.pick(["1", "2", f"({self.number(depth)} % 3)"])
        return f"({a} {op} {b})"

    def _choice(self, depth: int) -> str:
        self.page.note("conditional expression")
        return f"({self.number(depth)} if {self.test(depth)} else {self.number(depth)})"

    def _flag_as_number(self, depth: int) -> str:
        self.page.note("flag as a number")
        flag = self.flag(depth)
        return f"int({flag})" if self.draw.chance(30) else f"({flag} + {self.number(depth)})"

    def _extreme(self, depth: int) -> str:
        self.page.note("min or max")
        name = self.draw.pick(["min", "max"])
        return f"{name}({self.number(depth)}, {self.number(depth)})"

    def _extreme_of(self, depth: int) -> str:
        self.page.note("min or max of a generator")
        return self._over(self.draw.pick(["min", "max"]), self.number, depth, filtered=False)

    def _sum(self, depth: int) -> str:
        self.page.note("sum")
        return self._over("sum", self.draw.pick([self.number, self.flag]), depth)

    def _absolute(self, depth: int) -> str:
        return f"abs({self.number(depth)})"

    def _int_call(self, depth: int) -> str:
        return self.call(self.draw.pick(self.callables(lambda k: k.name == "int")), depth)

    def _before_effect(self, depth: int) -> str:
        """A field that is read before, and perhaps after, something changes it."""
        self.calls -= 1
        self.page.note("operand that the next one changes")
        texts = ["(k.y - bump(k))", "(bump(k) - k.y)", "(k.y * bump(k) - k.y)", "min(k.y, bump(k))"]
        return self.draw.pick(texts)

    def _over(
        self, function: str, what: Callable[[int], str], depth: int, *, filtered: bool = True
    ) -> str:
        """A function over a generator, of one domain or two."""
        domain, kind = self.domain(depth)
        name = self.fresh("q")
        with self.bound(name, kind):
            second = ""
            if self.draw.chance(15):
                inner, inner_kind = self.domain(depth)
                self.page.note("generator over two domains")
                with self.bound(other := self.fresh("q"), inner_kind):
                    body = what(depth)
                second = f" for {other} in {inner}"
            else:
                body = what(depth)
            condition = ""
            if filtered and self.draw.chance(35):
                self.page.note("generator with a condition")
                condition = f" if {self.flag(depth)}"
        return f"{function}({body} for {name} in {domain}{second}{condition})"

    # --- flags

    def flag(self, depth: int) -> str:
        """A flag."""
        weights: Choice = {self._truth: 1, self._comparison: 4}
        if self.scope.of("flag"):
            weights[self._flag_local] = 3
        if not self.scope.still:
            weights |= {self._flag_field: 4, self._lock_state: 1}
        if depth > 0:
            weights |= {
                self._chain: 1,
                self._negation: 2,
                self._joined: 4,
                self._same_member: 1,
                self._one_of: 1,
            }
            if self.scope.state or self.scope.of("ref"):
                weights[self._same_element] = 2
            if not self.scope.still:
                weights |= {self._guarded: 3, self._quantified: 3}
            if self.callables(lambda k: k.name == "flag"):
                weights[self._flag_call] = 4
        return self.some(weights, depth)

    def test(self, depth: int) -> str:
        """A condition: a flag, or anything else that counts as true or false."""
        weights: Choice = {self.flag: 6, self.number: 1}
        if any(x.kind.null for x in self.scope.of("ref", "Node")):
            weights[self._reference_test] = 1
        if self.scope.state and depth > 0:
            weights[self._switch] = 1
        return self.some(weights, depth)

    def _reference_test(self, depth: int) -> str:
        references = [x for x in self.scope.of("ref", "Node") if x.kind.null]
        return self.draw.pick(references).name

    def _switch(self, depth: int) -> str:
        self.page.note("condition that is known")
        return "k.on"

    def _truth(self, depth: int) -> str:
        if self.draw.chance(30):
            self.page.note("number as a flag")
            return f"bool({self.number(depth)})"
        return self.draw.pick(["False", "True"])

    def _comparison(self, depth: int) -> str:
        op = self.draw.pick(["==", "<", "!=", ">", "<=", ">="])
        return f"({self.number(depth)} {op} {self.number(depth)})"

    def _chain(self, depth: int) -> str:
        self.page.note("chained comparison")
        first, second = (self.draw.pick(["<", "<=", ">", "!="]) for _ in range(2))
        a, b, c = (self.number(depth) for _ in range(3))
        return f"({a} {first} {b} {second} {c})"

    def _flag_local(self, depth: int) -> str:
        return self.draw.pick(self.scope.of("flag")).name

    def _flag_field(self, depth: int) -> str:
        found = self.place(lambda k: k.name == "flag", depth)
        return found[0] if found else "False"

    def _lock_state(self, depth: int) -> str:
        self.page.note("state of a lock")
        if not self.available("Lock"):
            return "True"
        states = ["held", "mine"] if self.scope.process else ["held"]
        return f"{self.element('Lock', depth)}.{self.draw.pick(states)}"

    def _negation(self, depth: int) -> str:
        return f"(not {self.test(depth)})"

    def _joined(self, depth: int) -> str:
        op = self.draw.pick(["and", "or"])
        self.page.note("short circuit")
        parts = [self.flag(depth) for _ in range(self.draw.number(2, 3))]
        return f"({f' {op} '.join(parts)})"

    def _guarded(self, depth: int) -> str:
        """A field of what may be null, looked at only where it is not."""
        places = self.places(lambda k: k.name == "ref" and k.null and k.of != "Key")
        names = [(x.name, x.kind.of) for x in self.scope.of("ref", "Node") if x.kind.null]
        if names and (not places or self.draw.chance(60)):
            text, struct = self.draw.pick(names)
        elif places:
            owner, member = self.draw.pick(places)
            assert member.kind is not None
            struct = member.kind.of
            text = self.member_of(self.owner(owner, depth), member, depth)
        else:
            return self._comparison(depth)
        self.page.note("short circuit that guards against null")
        flag = {"Node": "f", "Leaf": "on"}[struct]
        if self.draw.chance(50):
            return f"({text} is not null and {text}.{flag})"
        return f"({text} is null or {text}.{flag})"

    def _same_element(self, depth: int) -> str:
        structs = [s for s in ("Node", "Leaf", "Key") if self.available(s)]
        if not structs:
            return "True"
        struct = self.draw.pick(structs)
        op = self.draw.pick(["is", "is not", "==", "!="])
        self.page.note("identity of elements")
        a = self.element(struct, depth)
        return f"({a} {op} {self.reference(struct, depth, null=True)})"

    def _same_member(self, depth: int) -> str:
        op = self.draw.pick(["is", "==", "is not"])
        self.page.note("enum")
        return f"({self.color(depth)} {op} {self.color(0)})"

    def _one_of(self, depth: int) -> str:
        self.page.note("in")
        op = self.draw.pick(["in", "not in"])
        if self.draw.chance(40):
            return f"({self.color(depth)} {op} (Color.RED, Color.{self.world.colors[-1]}))"
        values = self.draw.pick(["(1, 2)", "PAIR", "(0, 3, -1)", "range(2)"])
        return f"({self.number(depth)} {op} {values})"

    def _quantified(self, depth: int) -> str:
        self.page.note("any or all")
        return self._over(self.draw.pick(["any", "all"]), self.flag, depth)

    def _flag_call(self, depth: int) -> str:
        return self.call(self.draw.pick(self.callables(lambda k: k.name == "flag")), depth)

    # --- members of an enum

    def color(self, depth: int) -> str:
        """A member of the enum."""
        options: list[Callable[[], str]] = [self._color]
        options += [lambda x=x: x.name for x in self.scope.of("enum")]
        places = [] if self.scope.still else self.places(lambda k: k == ENUM)
        options += [lambda s=s, m=m: self.field_at(s, m, depth - 1) for s, m in places]
        options += [lambda h=h: self.call(h, depth) for h in self.callables(lambda k: k == ENUM)]
        return self.draw.pick(options)()

    def _color(self) -> str:
        return f"Color.{self.draw.pick(self.world.colors)}"

    # --- values

    def value(self, kind: Kind, depth: int) -> str:
        """A value for something of a kind; one that does not fit where a risk is taken."""
        match kind.name:
            case "int":
                if not self.scope.still and self.risky("value that may be out of bounds"):
                    return self.number(depth)
                return self.bounded(kind, depth)
            case "flag":
                return self.flag(depth)
            case "enum":
                return self.color(depth)
            case "ref":
                risk = not kind.null and not self.scope.still
                if risk and self.risky("null where none may be"):
                    return self.reference(kind.of, depth, null=True)
                return self.reference(kind.of, depth, null=kind.null)

    def bounded(self, kind: Kind, depth: int) -> str:
        """A number that lies within bounds."""
        lo, hi = kind.lo, kind.hi
        options: list[Callable[[], str]] = [lambda: str(self.draw.number(lo, hi))]
        for x in self.scope.of("int"):
            if lo <= x.kind.lo and x.kind.hi <= hi:
                options += [lambda x=x: x.name] * 2
        plus = f" + {lo}" if lo > 0 else f" - {-lo}" if lo < 0 else ""
        options += [lambda: f"{self.number(depth)} % {hi - lo + 1}{plus}"] * 4
        options.append(lambda: f"min(max({self.number(depth)}, {lo}), {hi})")
        options.append(lambda: f"({lo} if {self.test(depth - 1)} else {hi})")
        helpers = self.callables(lambda k: k.name == "int" and lo <= k.lo and k.hi <= hi)
        options += [lambda h=h: self.call(h, depth) for h in helpers] * 2
        if not self.scope.still:
            found = self.places(lambda k: k.name == "int" and lo <= k.lo and k.hi <= hi)
            options += [lambda s=s, m=m: self.field_at(s, m, depth - 1) for s, m in found[:2]]
        return self.draw.pick(options)()

    # --- calls of helpers

    def callables(self, wanted: Callable[[Kind], bool]) -> list[Helper]:
        """The helpers that return what is wanted and may be called here."""
        if self.scope.still or self.calls <= 0:
            return []
        return [h for h in self.helpers if h.returns and wanted(h.returns) and self.may_call(h)]

    def may_call(self, helper: Helper) -> bool:
        """Whether a helper may be called here, and all that it is given can be named."""
        if helper.effects and not self.scope.effects:
            return False
        if not (self.scope.state or helper.of):
            return False
        needed = [helper.of] if helper.of else []
        needed += [k.of for k in helper.parameters if k.name == "ref"]
        return all(self.available(s) for s in needed)

    def call(self, helper: Helper, depth: int) -> str:
        """A call of a helper."""
        self.calls -= 1 + helper.cost // 8
        self.page.note("call of a helper", *(["helper with effects"] if helper.effects else []))
        target = f"{self.element(helper.of, depth - 1)}." if helper.of else ""
        if helper.attribute:
            self.page.note("property of a struct")
            return f"{target}{helper.name}"
        if helper.of:
            self.page.note("method of a struct")
        given = [] if helper.of else ["k"]
        given += [self.value(k, depth - 1) for k in helper.parameters]
        return f"{target}{helper.name}({', '.join(given)})"
