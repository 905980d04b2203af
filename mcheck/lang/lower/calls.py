"""Calls and returns of procedures: whose locals live on, and where control goes."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.lower.cfg import Call, Node, Return
from mcheck.lang.lower.points import Points
from mcheck.lang.lower.routines import (
    RETURN,
    VARYING,
    Keys,
    Pending,
    Point,
    Routine,
    Site_,
)
from mcheck.lang.lower.statements import stored_names
from mcheck.lang.lower.values import NEW, Key, Static, Val
from mcheck.lang.procedures import Procedure, as_procedure
from mcheck.lang.program import Variable


class Calls(Points):
    """The part of the lowering that enters procedures and leaves them.

    active: the procedure whose text is followed now; stack: the callers that wait for it within
    this step; touched: the procedures that this path has been in.
    """

    root: Routine
    active: Routine
    stack: tuple[Pending, ...]
    touched: tuple[str, ...]

    def routine(self, asked: Procedure[Any, Any]) -> Routine:
        """A procedure as the edition has it."""
        raise NotImplementedError

    def follow_procedure(self, node: Node | None) -> None:
        """Run on from a node."""
        raise NotImplementedError

    def finish(self) -> None:
        """The process ends here."""
        raise NotImplementedError

    def _enter(self, node: Call) -> Node | None:
        caller = self.active
        function = self.lower(node.call.func)
        called = as_procedure(function.value) if isinstance(function, Static) else None
        if called is None:
            raise self.refused(
                node.call, "yield from calls a procedure", "@procedure above what is called"
            )
        arguments = self.arguments(node.call)
        callee = self.routine(called)
        self._no_recursion(caller, callee, node)
        site = next((s for s in callee.sites if s.caller is caller and s.node is node), None)
        if site is None:
            site = Site_(caller, node)
            callee.sites.append(site)
            callee.sites.sort(key=Site_.place)
            self.facts.learn(("sites", callee.name))
        parameters = callee.scope.function.parameters
        if len(arguments) != len(parameters):
            raise self.refused(
                node.call, f"{callee.name} takes {len(parameters)} arguments, not {len(arguments)}"
            )
        values = [self.as_val(a, node.call) for a in arguments]
        live_ = self._live_across(caller, node)
        keys = self._argue(callee, parameters, values, node)
        point = self._keep(caller, live_, node.ast)
        self._note(site, self._meet(site.point, point, live_, caller, node.ast), keys)
        self.facts.ask(("sites", callee.name))
        if len(callee.sites) > 1:
            index = callee.sites.index(site)
            self._set_return(callee, index)
        self.stack = (*self.stack, Pending(caller, site, keys, self.env.locks))
        self.touched = (
            (*self.touched, callee.name) if callee.name not in self.touched else self.touched
        )
        self.env.locks = self.lock_names.into(self.env.locks, _by_local(callee, keys))
        if self.env.touched:
            self.env.crossed = f"the call of {callee.name}"
        self.active, self.scope = callee, callee.scope
        return callee.graph.entry

    def _note(self, site: Site_, point: Point, keys: dict[str, Keys]) -> None:
        """What is known at a call is what is known on all ways to it."""
        known = {name: key & site.keys.get(name, key) for name, key in keys.items()}
        if (point, known) != (site.point, site.keys):
            site.point, site.keys = point, known
            self.facts.learn(("call", site))

    def _after(
        self,
        locks: frozenset[Key],
        caller: Routine,
        callee: Routine,
        keys: dict[str, Keys],
        before: frozenset[Key],
    ) -> frozenset[Key]:
        """The locks held after a return; what the callee may release, its caller may."""
        self.facts.ask(("releases", callee.name))
        self._releases(caller, callee.releases)
        return self.lock_names.out_of(locks, _by_local(callee, keys), before, callee.releases)

    def _releases(self, routine: Routine, names: set[str | None]) -> None:
        if not names <= routine.releases:
            routine.releases |= names
            self.facts.learn(("releases", routine.name))

    def released(self, key: Key | None) -> None:
        self._releases(self.active, {None} if key is None else self.lock_names.name(key))

    def _no_recursion(self, caller: Routine, callee: Routine, node: Call) -> None:
        todo, seen = [caller], set[str]()
        while todo:
            routine = todo.pop()
            if routine is callee:
                raise self.refused(
                    node.call, f"{callee.name} calls itself, directly or not", "a while"
                )
            if routine.name not in seen:
                seen.add(routine.name)
                todo += [s.caller for s in routine.sites]

    def _argue(
        self, callee: Routine, parameters: list[str], values: list[Val], node: Call
    ) -> dict[str, Keys]:
        """Give the parameters their values; what each argument is known as here, by parameter."""
        keys: dict[str, Keys] = {}
        for name, value, said in zip(parameters, values, node.call.args, strict=True):
            id_ = callee.scope.variable(name)
            key = None if name in stored_names(callee.scope.function.tree.body) else value.key
            self.lock_names.passed(id_, key)
            keys[name] = frozenset() if key is None else frozenset({key, *self._own_name(said)})
            if self._same_everywhere(callee, name, value):
                self.env.types[id_] = value.type
                self.env.assigned.add(id_)
                continue
            caller_scope, self.scope = self.scope, callee.scope
            self.blamed = caller_scope
            borrowed = value if name in callee.scope.holds else replace(value, hold=None)
            self.bind(name, borrowed, node.ast)
            self.env.aliases.pop(id_, None)  # a callee has its own names
            self.scope, self.blamed = caller_scope, None
        return keys

    def _own_name(self, argument: ast.expr) -> list[Key]:
        """The local that is passed, as a key: it has its value on whatever way it came by it."""
        if not isinstance(argument, ast.Name) or argument.id in self.scope.bound:
            return []
        return [(self.scope.variable(argument.id),)]

    def _same_everywhere(self, callee: Routine, name: str, value: Val) -> bool:
        """Whether every call gives a parameter the same known value: it then takes no room."""
        known_here = isinstance(value.expr, ast.Name) and value.expr.id == "me"
        fixed = known_here or isinstance(value.expr, ast.Constant)
        rebound = name in callee.scope.holds or name in stored_names(
            callee.scope.function.tree.body
        )
        known = callee.bindings.get(name)
        if known is VARYING:
            return False
        fact = ("bound", callee.name, name)
        self.facts.ask(fact)
        if known is None and fixed and not rebound:
            known = callee.bindings[name] = callee.scope.bound[name] = replace(value, hold=None)
        if known is not None and fixed and _same(known, value):
            return True
        callee.bindings[name] = VARYING
        callee.scope.bound.pop(name, None)
        self.facts.learn(fact)
        return False

    def _set_return(self, callee: Routine, index: int) -> None:
        id_ = f"{callee.name}.{RETURN}"
        of = types.integer(0, len(callee.sites) - 1)
        if id_ not in self.variables or self.variables[id_].type != of:
            self.variables[id_] = Variable(id_, callee.name, of)
        self.out.append(ir.assign(ir.name(id_), ir.const(index)))

    def _leave(self, node: Return) -> Node | None:
        value = self.returned(node)
        callee = self.active
        if callee is self.root:
            self.finish()
            return None
        locks = self.env.locks
        if self.env.touched:
            self.env.crossed = f"the return from {callee.name}"
        if self.stack:
            pending = self.stack[-1]
            self.stack = self.stack[:-1]
            caller = pending.routine
            self.env.locks = self._after(locks, caller, callee, pending.keys, pending.locks)
            return self._resume(callee, pending.site, value, node)
        self._dispatch(callee, value, locks, node)
        return None

    def _dispatch(self, callee: Routine, value: Any, locks: frozenset[Key], node: Return) -> None:
        """Go on in whichever caller it was."""
        self.facts.ask(("sites", callee.name))
        for site in callee.sites:
            self.facts.ask(("call", site))
        sites = [s for s in callee.sites if s.point is not None]
        start, touched = self.env, self.touched
        chain = self.out
        for i, site in enumerate(sites):
            caller = site.caller
            assert site.point is not None
            env = self._env_at(caller, site.point, self._live_across(caller, site.node))
            env.paths, env.touched, env.crossed = start.paths, start.touched, start.crossed
            env.types.update(
                {
                    k: v
                    for k, v in start.types.items()
                    if k.startswith(callee.name + ".") or k[0] == "@"
                }
            )
            env.locks = self._after(locks, caller, callee, site.keys, site.point.locks)
            self.env, self.touched, self.stack = env, (*touched, caller.name), ()
            self.trail = {}
            with self.collecting() as body:
                self.follow_procedure(self._resume(callee, site, value, node))
            if i + 1 == len(sites):
                chain.extend(body)
                break
            number = callee.sites.index(site)
            test = ir.equal(ir.name(f"{callee.name}.{RETURN}"), ir.const(number))
            nested: list[ast.stmt] = []
            chain.append(ast.If(test, body, nested))
            chain = nested

    def _resume(self, callee: Routine, site: Site_, value: Any, node: Return) -> Node | None:
        caller = site.caller
        self.active, self.scope = caller, caller.scope
        target = site.node.target
        if target is not None and isinstance(value, Static) and value.value is None:
            function = callee.graph.function
            raise function.refused(
                node.ast,
                f"{function.name} returns nothing here, but a caller wants a value",
                "return a value on every way",
            )
        if target is not None:
            self.bind(target, self.as_val(value, site.node.ast), site.node.ast)
        elif isinstance(value, Val) and value.hold == NEW and value.type != types.NULL:
            raise self.refused(
                site.node.ast, "the reference that this returns is lost", "x: Held[...] = ..."
            )
        else:
            self.dropped(value)
        return site.node.next


def _same(a: Val, b: Val) -> bool:
    """Whether two values are the same constant, or both are the process's own element."""
    return a.type == b.type and ir.value_of(a.expr) == ir.value_of(b.expr)


def _by_local(callee: Routine, keys: dict[str, Keys]) -> dict[str, Keys]:
    """What a call's arguments are known as, by the callee's locals."""
    return {callee.scope.variable(name): known for name, known in keys.items()}
