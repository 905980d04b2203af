"""Calls and returns of procedures: whose locals live on, and where control goes."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.lower.cfg import Call, Node, Return
from mcheck.lang.lower.points import Points
from mcheck.lang.lower.routines import RETURN, VARYING, Forgotten, Pending, Routine, Site_
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
            self.changed = True
        parameters = callee.scope.function.parameters
        if len(arguments) != len(parameters):
            raise self.refused(
                node.call, f"{callee.name} takes {len(parameters)} arguments, not {len(arguments)}"
            )
        values = [self.as_val(a, node.call) for a in arguments]
        live_ = self._live_across(caller, node)
        self._argue(callee, site, parameters, values, node)
        point = self._keep(caller, live_, node.ast)
        site.point = self._meet(site.point, point, live_, caller, node.ast)
        if len(callee.sites) > 1:
            index = callee.sites.index(site)
            self._set_return(callee, index)
        self.stack = (*self.stack, Pending(caller, site, self.env.locks))
        self.touched = (
            (*self.touched, callee.name) if callee.name not in self.touched else self.touched
        )
        self._name_locks(callee, site)
        self.env.locks = self.lock_names.into(self.env.locks, _by_local(callee, site))
        if self.env.touched:
            self.env.crossed = f"the call of {callee.name}"
        self.active, self.scope = callee, callee.scope
        return callee.graph.entry

    def _name_locks(self, callee: Routine, site: Site_) -> None:
        """A lock that is passed may be called in the callee what it is called here."""
        for name, key in site.keys.items():
            names = self.lock_names.parameters.setdefault(callee.scope.variable(name), set())
            more = {None} if key is None else self.lock_names.name(key)
            if not more <= names:
                names |= more
                self.changed = True

    def _after(
        self, locks: frozenset[Key], site: Site_, callee: Routine, before: frozenset[Key]
    ) -> frozenset[Key]:
        """The locks held after a return; what the callee may release, its caller may."""
        if not callee.releases <= site.caller.releases:
            site.caller.releases |= callee.releases
            self.changed = True
        arguments = _by_local(callee, site)
        return self.lock_names.out_of(locks, arguments, before, callee.releases)

    def released(self, key: Key | None) -> None:
        names: set[str | None] = {None} if key is None else self.lock_names.name(key)
        if not names <= self.active.releases:
            self.active.releases |= names
            self.changed = True

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
        self, callee: Routine, site: Site_, parameters: list[str], values: list[Val], node: Call
    ) -> None:
        for name, value in zip(parameters, values, strict=True):
            rebound = name in stored_names(callee.scope.function.tree.body)
            site.keys[name] = None if rebound else value.key
            if self._same_everywhere(callee, name, value):
                callee.scope.bound[name] = replace(callee.bindings[name], hold=None)
                continue
            caller_scope, self.scope = self.scope, callee.scope
            self.blamed = caller_scope
            borrowed = value if name in callee.scope.holds else replace(value, hold=None)
            self.bind(name, borrowed, node.ast)
            self.env.aliases.pop(callee.scope.variable(name), None)  # a callee has its own names
            self.scope, self.blamed = caller_scope, None

    def _same_everywhere(self, callee: Routine, name: str, value: Val) -> bool:
        """Whether every call gives a parameter the same known value: it then takes no room."""
        known_here = isinstance(value.expr, ast.Name) and value.expr.id == "me"
        fixed = known_here or isinstance(value.expr, ast.Constant)
        rebound = name in callee.scope.holds or name in stored_names(
            callee.scope.function.tree.body
        )
        known = callee.bindings.get(name)
        if known is None and fixed and not rebound:
            callee.bindings[name] = value
            self.changed = True
            return True
        if known is VARYING:
            return False
        same = known is not None and (known.type, ast.dump(known.expr)) == (
            value.type,
            ast.dump(value.expr),
        )
        if not fixed or not same:
            callee.bindings[name] = VARYING
            callee.scope.bound.pop(name, None)
            raise Forgotten
        return True

    def _set_return(self, callee: Routine, index: int) -> None:
        id_ = f"{callee.name}.{RETURN}"
        of = types.integer(0, len(callee.sites) - 1)
        if id_ not in self.variables or self.variables[id_].type != of:
            self.variables[id_] = Variable(id_, callee.name, of)
            self.changed = True
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
            self.env.locks = self._after(locks, pending.site, callee, pending.locks)
            return self._resume(callee, pending.site, value, node)
        self._dispatch(callee, value, locks, node)
        return None

    def _dispatch(self, callee: Routine, value: Any, locks: frozenset[Key], node: Return) -> None:
        """Go on in whichever caller it was."""
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
            env.locks = self._after(locks, site, callee, site.point.locks)
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


def _by_local(callee: Routine, site: Site_) -> dict[str, Key | None]:
    """What a call's arguments are known as, by the callee's locals."""
    return {callee.scope.variable(name): key for name, key in site.keys.items()}
