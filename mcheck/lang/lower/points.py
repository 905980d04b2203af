"""What is known at labels and calls: the types, holds and locks that live on there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcheck.lang import ir, types
from mcheck.lang.errors import Refused
from mcheck.lang.lower.cells import absolute
from mcheck.lang.lower.cfg import Call, Wait
from mcheck.lang.lower.helpers import Helpers
from mcheck.lang.lower.routines import RETURN, Point, Routine, Site_
from mcheck.lang.lower.values import Env
from mcheck.lang.program import Variable
from mcheck.lang.types import Type


class Points(Helpers):
    """The part of the lowering that collects what is known at a point on all ways to it."""

    routines: dict[str, Routine]
    variables: dict[str, Variable]
    widenings: dict[str, int]

    def _live_at(self, routine: Routine, wait: Wait) -> frozenset[str]:
        return routine.live[id(wait)]

    def _live_across(self, routine: Routine, node: Call) -> frozenset[str]:
        assert node.next is not None
        return routine.live[id(node.next)] - {node.target}

    def _unbound(self, routine: Routine, live_: frozenset[str]) -> list[str]:
        """Those that are kept: what every call passes as the same value takes no room."""
        found: list[str] = []
        for name in sorted(live_):
            if name in routine.scope.bound:
                self.facts.ask(("bound", routine.name, name))
            else:
                found.append(name)
        return found

    def _ids(self, routine: Routine, live_: frozenset[str]) -> tuple[str, ...]:
        ids: list[str] = []
        for name in self._unbound(routine, live_):
            id_ = routine.scope.variable(name)
            if id_ in self.variables:
                ids.append(id_)
            else:
                self.facts.ask(("kept", id_))
        self.facts.ask(("sites", routine.name))
        if len(routine.sites) > 1:
            ids.append(f"{routine.name}.{RETURN}")
        return tuple(ids)

    def across(self, site: Site_) -> tuple[str, ...]:
        """The locals that a caller keeps while a call of it runs."""
        return self._ids(site.caller, self._live_across(site.caller, site.node))

    def live_sets(self, routine: Routine) -> Iterator[tuple[str, ...]]:
        """The locals of a procedure that are live together, at each of its points."""
        for number in routine.points:
            yield self._ids(routine, self._live_at(routine, routine.graph.waits[number]))
        for callee in self.routines.values():
            yield from (self.across(s) for s in callee.sites if s.caller is routine)

    def _env_at(self, routine: Routine, point: Point, live_: frozenset[str]) -> Env:
        env = Env(assigned=set(point.assigned), owned=set(point.owned), locks=point.locks)
        for name in live_:
            id_ = routine.scope.variable(name)
            if id_ in point.types:
                env.types[id_] = point.types[id_]
        return env

    def _keep(self, routine: Routine, live_: frozenset[str], node: ast.AST) -> Point:
        """The locals that live on: check holds and bounds, learn types."""
        for name in routine.scope.holds:
            if name not in live_:
                message = f"{name} owns a reference that nothing after this point can put"
                self.leak_check(routine.scope.variable(name), node, message)
        kept = self._unbound(routine, live_)
        for name in kept:
            id_ = routine.scope.variable(name)
            if id_ in self.env.types:
                self._learn(routine, name, id_, node)
        self._name_by_locals(routine, kept)
        prefix = routine.name + "."
        return Point(
            {i for i in self.env.assigned if i.startswith(prefix)},
            {i for i in self.env.owned if i.startswith(prefix)},
            self.env.locks,
            {i: t for i, t in self.env.types.items() if i.startswith(prefix)},
        )

    def _name_by_locals(self, routine: Routine, kept: list[str]) -> None:
        """A lock that is known by number, or by another local, here is known by a local later."""
        for name in kept:
            id_ = routine.scope.variable(name)
            key = absolute(self.env.types[id_]) if id_ in self.env.types else None
            for lock in self.env.locks if key is not None else ():
                owned = self.lock_names.owner(lock)
                if owned is not None and owned[0] == key:
                    self.env.locks |= {(id_, owned[1])}
            alias = self.env.aliases.get(id_)
            if alias is not None:
                under = {k for k in self.env.locks if k[: len(alias)] == alias}
                self.env.locks |= {(id_, *k[len(alias) :]) for k in under}

    def _learn(self, routine: Routine, name: str, id_: str, node: ast.AST) -> None:
        of = self.env.types[id_]
        bounds = routine.bounds.get(name)
        if bounds is not None and not bounds.includes(of):
            site = self.site("local", f"{name} is {bounds} at a yield", node)
            expr = ir.name(id_) if not of.single else ir.const(of.lo)
            checked = ir.call("within", expr, bounds.lo, bounds.hi, site)
            self.out.append(ir.assign(ir.name(id_), checked))
            self.env.types[id_] = of = bounds
        known = self.variables.get(id_)
        if known is None:
            hold = routine.scope.holds.get(name)
            self.variables[id_] = Variable(id_, routine.name, of, hold)
            self.facts.learn(("kept", id_))
            return
        joined = types.join(known.type, of)
        if joined is None:
            raise self._two_types(routine, name, known.type, of, node)
        if joined != known.type:
            if joined.kind == "int" and joined.hi - joined.lo > known.type.hi - known.type.lo:
                self._widened(routine, name, id_, node)
            known.type = joined

    def _widened(self, routine: Routine, name: str, id_: str, node: ast.AST) -> None:
        self.widenings[id_] = self.widenings.get(id_, 0) + 1
        if self.widenings[id_] > 40:
            function = routine.graph.function
            spelt = f"{name}: Annotated[int, Range(lo, hi)]"
            if name in function.parameters:
                raise function.refused(
                    function.tree,
                    f"{name} has no bounds that can be seen: it grows from call to call",
                    f"{spelt} among the parameters of {function.name}",
                )
            raise function.refused(
                node,
                f"{name} has no bounds that can be seen: it grows from round to round",
                f"{spelt} = ... where it is first given a value",
            )

    def _meet(
        self, old: Point | None, new: Point, live_: frozenset[str], routine: Routine, node: ast.AST
    ) -> Point:
        """What holds at a point that is reached in one more way."""
        kept = {routine.scope.variable(n) for n in live_}
        new = Point(
            new.assigned & kept,
            new.owned & kept,
            new.locks,
            {i: t for i, t in new.types.items() if i in kept},
        )
        if old is None:
            return new
        differing = (old.owned ^ new.owned) & kept
        if differing:
            name = min(differing).rsplit(".", 1)[-1]
            raise routine.graph.function.refused(
                node,
                f"{name} owns a reference here on one way and has given it up on another",
                f"set {name} to null where it was given up",
            )
        known: dict[str, Type] = {}
        for id_ in old.types.keys() & new.types.keys():
            joined = types.join(old.types[id_], new.types[id_])
            if joined is None:
                name = id_.rsplit(".", 1)[-1]
                raise self._two_types(routine, name, old.types[id_], new.types[id_], node)
            known[id_] = joined
        assigned, owned = old.assigned & new.assigned, old.owned & kept
        return Point(assigned, owned, old.locks & new.locks, known)

    def _two_types(self, routine: Routine, name: str, a: Type, b: Type, node: ast.AST) -> Refused:
        return routine.graph.function.refused(
            node, f"{name} is a {a} at one time and a {b} at another", "two locals"
        )
