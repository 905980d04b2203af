"""Lowering of one kind of process: its procedures, cut into steps at their yields.

What holds at a label (which locals have a value, which own a reference, which locks are held,
what types the locals have) is found by running over all steps until nothing changes any more.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.cells import Scope
from mcheck.lang.cfg import Builder, Call, Do, For, Graph, Node, Return, Test, Wait
from mcheck.lang.declare import State, resolve
from mcheck.lang.errors import ModelError
from mcheck.lang.liveness import live
from mcheck.lang.procedures import Procedure, Range
from mcheck.lang.program import Cell, Choice, Exit, Site, Step, Variable
from mcheck.lang.source import function_of, keep_asserts
from mcheck.lang.statements import NEW, Statements
from mcheck.lang.types import Type
from mcheck.lang.values import Env, Key, Static, Val

VARYING = "varying"
RETURN = "@ret"
START, DONE = -2, -1


@dataclass
class Point:
    """What is known wherever a label, or a call's continuation, is reached."""

    assigned: set[str]
    owned: set[str]
    locks: frozenset[Key]


@dataclass(eq=False)
class Site_:
    """A call of a procedure: who calls, from which node, and what the arguments' keys were."""

    caller: Routine
    node: Call
    keys: dict[str, Key | None] = field(default_factory=dict[str, Key | None])
    point: Point | None = None


@dataclass(eq=False)
class Routine:
    """One procedure within one kind of process."""

    name: str
    graph: Graph
    scope: Scope
    bounds: dict[str, Type]
    bindings: dict[str, Any] = field(default_factory=dict[str, Any])
    sites: list[Site_] = field(default_factory=list[Site_])
    points: dict[int, Point] = field(default_factory=dict[int, Point])
    live: dict[int, set[str]] = field(default_factory=dict[int, set[str]])


@dataclass(frozen=True)
class Pending:
    """A caller that waits, within this step, for what it called."""

    routine: Routine
    site: Site_
    locks: frozenset[Key]


class Lowering(Statements):
    """Lowers one kind of process."""

    def __init__(
        self,
        state: State,
        root: Procedure[Any, Any],
        me: Type | None,
        edition: Mapping[str, Procedure[Any, Any]],
        cells: dict[str, Cell],
        sites: list[Site],
        written: set[str],
        protected: bool,
    ) -> None:
        """Prepare; `run` does the work. me: the type of the root's second parameter, if any."""
        self.state, self.edition, self.cells, self.sites = state, edition, cells, sites
        self.written, self.protected, self.in_property = written, protected, False
        self.holders = lambda of, kind: []
        self.routines: dict[str, Routine] = {}
        self.variables: dict[str, Variable] = {}
        self.numbers: dict[tuple[str, int], int] = {}
        self.visited: set[tuple[int, int]] = set()
        self.steps: dict[int, Step] = {}
        self.done = False
        self.changed = False
        self.inlining = ()
        self.me = me
        self.root = self.routine(root)
        self._bind_root(root)

    def _bind_root(self, root: Procedure[Any, Any]) -> None:
        parameters = self.root.scope.function.parameters
        if len(parameters) != (1 if self.me is None else 2):
            given = "the state" if self.me is None else "the state and its own element or number"
            raise ModelError(
                f"{self.root.graph.function.source(self.root.graph.function.tree)}: "
                f"process {root.__name__} has the parameters ({', '.join(parameters)}), "
                f"but it is given {given}"
            )
        self.root.scope.bound[parameters[0]] = self.k
        if self.me is not None:
            self.root.scope.bound[parameters[1]] = Val(ir.name("me"), self.me, ("me",))

    @property
    def k(self) -> Val:
        """The state."""
        of = Type("ref", 1, 1, type(self.state))
        return Val(ir.const(1), of, ("#", type(self.state), 1))

    def routine(self, asked: Procedure[Any, Any]) -> Routine:
        """A procedure as the edition has it."""
        chosen = self.edition.get(asked.__name__, asked)
        if asked.__name__ not in self.routines:
            keep_asserts(chosen.function)
            function = function_of(chosen.function)
            graph = Builder(function, generator=True).build()
            name = asked.__name__
            scope = Scope(function, name, {}, graph.holds, graph)
            self.routines[name] = Routine(name, graph, scope, self._bounds(graph))
        return self.routines[asked.__name__]

    def _bounds(self, graph: Graph) -> dict[str, Type]:
        found: dict[str, Type] = {}
        function = graph.function
        declared = {name: function.parameter_annotation(name) for name in function.parameters}
        for node in ast.walk(function.tree):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                declared[node.target.id] = function.annotation(node.annotation)
        for name, annotation in declared.items():
            for mark in getattr(annotation, "__metadata__", ()):
                if isinstance(mark, Range):
                    lo = resolve(mark.lo, self.state.constants_)
                    found[name] = types.integer(lo, resolve(mark.hi, self.state.constants_))
        return found

    # --- the fixpoint

    def run(self) -> None:
        """Lower every step that can be reached; repeat until nothing new is learnt."""
        for _ in range(200):
            self.changed = False
            edges = len(self.visited)
            for routine in list(self.routines.values()):
                routine.live = live(
                    routine.graph,
                    lambda a, b: not edges or (id(a), id(b)) in self.visited or not self._split(a),
                )
            self.steps.clear()
            self._lower_all()
            if not self.changed and edges == len(self.visited):
                return
        raise ModelError(f"{self.root.name}: the types of its locals do not settle; declare them")

    def _split(self, node: Node) -> bool:
        """Whether which way a node goes on was decided, and so noted, while lowering."""
        return isinstance(node, Test | For)

    def _lower_all(self) -> None:
        self.start = self._lower_start()
        done: set[tuple[str, int]] = set()
        while todo := [key for key in self.numbers if key not in done]:
            for key in todo:
                done.add(key)
                routine = self.routines[key[0]]
                self.steps[self.numbers[key]] = self._lower_step(routine, routine.graph.waits[key[1]])

    def _begin(self, routine: Routine, env: Env) -> None:
        self.env, self.scope, self.out = env, routine.scope, []
        self.stack: tuple[Pending, ...] = ()
        self.touched: tuple[str, ...] = (routine.name,)
        self.active = routine
        self.trail, self.ghosts, self.reading = {}, [], False
        self.temporaries = 0

    def _lower_start(self) -> Step:
        function = self.root.graph.function
        self.step = Step(
            self.root.name, "start", START, function.source(function.tree), rest=True, atomic=""
        )
        self._begin(self.root, Env())
        self.follow_procedure(self.root.graph.entry)
        self.step.body = self.out
        return self.step

    def _env_at(self, routine: Routine, point: Point, live_: set[str]) -> Env:
        env = Env(assigned=set(point.assigned), owned=set(point.owned), locks=point.locks)
        for name in live_:
            id_ = routine.scope.variable(name)
            if id_ in self.variables:
                env.types[id_] = self.variables[id_].type
        return env

    def _lower_step(self, routine: Routine, wait: Wait) -> Step:
        number = routine.graph.waits.index(wait)
        point = routine.points[number]
        live_ = self._live_at(routine, wait)
        self.step = Step(
            routine.name,
            wait.label,
            self.numbers[routine.name, number],
            routine.graph.function.source(wait.ast),
            wait.rest,
            wait.atomic,
            locks=point.locks,
            live=self._ids(routine, live_),
        )
        self._begin(routine, self._env_at(routine, point, live_))
        self.reading = True
        if wait.until is not None:
            with self.collecting() as before:
                guard = self.test(wait.until)
            self.no_ghost(wait.until)
            self.step.guard_before, self.step.guard = before, guard
            if not before:
                self.refine(guard, True)
        for name, call in wait.choices:
            self._choice(name, call)
        self.reading = False
        self.out = []
        self.follow_procedure(wait.next)
        self.step.body = self.out
        return self.step

    def _choice(self, name: str, call: ast.Call) -> None:
        domain = call.args[0]
        item = f"@c{len(self.step.choices)}"
        condition: ast.expr | None = None
        bound = ""
        with self.collecting() as before:
            if isinstance(domain, ast.GeneratorExp):
                generator = domain.generators[0]
                simple = len(domain.generators) == 1 and isinstance(generator.target, ast.Name)
                same = isinstance(domain.elt, ast.Name) and simple
                if not same or ast.unparse(domain.elt) != ast.unparse(generator.target):
                    raise self.refused(
                        call, "choose() filters a domain, and no more",
                        "choose(x for x in domain if condition)",
                    )
                bound = ast.unparse(generator.target)
                values = self.iterate(self.lower(generator.iter), generator.iter)
                if generator.ifs:
                    condition = ast.BoolOp(ast.And(), generator.ifs)
                    condition = generator.ifs[0] if len(generator.ifs) == 1 else condition
            else:
                values = self.iterate(self.lower(domain), domain)
            vals = [self.as_val(v(), call) for v in values]
        of = types.NULL if not vals else vals[0].type
        for v in vals[1:]:
            of = self.joined(of, v.type, call)
        chosen = Val(ir.name(item), of, None)
        self.env.types[item] = of
        kept: ast.expr | None = None
        with self.collecting() as before_filter:
            if condition is not None:
                self.scope.bound[bound] = chosen
                kept = self.test(condition)
                self.no_ghost(call)
                del self.scope.bound[bound]
                if not before_filter:
                    self.refine(kept, True)
        site = self.site("choose", f"nothing to choose for {name}", call)
        variable = self.scope.variable(name)
        of = self.env.types.get(item, of)
        self.env.types[variable] = of
        self.env.assigned.add(variable)
        self.step.choices.append(
            Choice(
                name, variable, item, [v.expr for v in vals], chosen.expr, of,
                before, kept, before_filter, site,
            )
        )

    def across(self, site: Site_) -> tuple[str, ...]:
        """The locals that a caller keeps while a call of it runs."""
        return self._ids(site.caller, self._live_across(site.caller, site.node))

    def live_sets(self, routine: Routine) -> Iterator[tuple[str, ...]]:
        """The locals of a procedure that are live together, at each of its points."""
        for number in routine.points:
            yield self._ids(routine, self._live_at(routine, routine.graph.waits[number]))
        for callee in self.routines.values():
            yield from (self.across(s) for s in callee.sites if s.caller is routine)

    # --- following a procedure's graph

    def follow_procedure(self, node: Node | None) -> None:
        """Run on from a node; every way ends at a label, or where the process ends."""
        while node is not None:
            match node:
                case Do():
                    assert isinstance(node.ast, ast.stmt)
                    self.statement(node.ast)
                    node = node.next
                case Test():
                    node = self.fork(node, self._apart())
                case For():
                    node = self.next_element(node, self._apart())
                case Wait():
                    self._stop(node)
                    return
                case Call():
                    node = self._enter(node)
                case Return():
                    node = self._leave(node)
                case _:
                    raise AssertionError(node)

    def _apart(self) -> Callable[[Node | None], None]:
        """Follow one of several ways; what this class keeps of a path is put back afterwards."""
        saved = (self.stack, self.touched, self.active, self.scope)

        def follow(target: Node | None) -> None:
            self.stack, self.touched, self.active, self.scope = saved
            self.follow_procedure(target)
            self.stack, self.touched, self.active, self.scope = saved

        return follow

    def touch(self, cell: Cell, owner: Val, *, write: bool, node: ast.AST) -> None:
        """Note an access; there are none before a process has begun."""
        if self.step.number == START:
            raise self.refused(
                node, f"{self.root.name} touches the state before its first yield",
                "a process begins with a yield",
            )
        super().touch(cell, owner, write=write, node=node)

    def _live_at(self, routine: Routine, wait: Wait) -> set[str]:
        return {n for n in routine.live[id(wait)] if n not in routine.scope.bound}

    def _live_across(self, routine: Routine, node: Call) -> set[str]:
        assert node.next is not None
        after = routine.live[id(node.next)] - {node.target}
        return {n for n in after if n not in routine.scope.bound}

    def _ids(self, routine: Routine, live_: set[str]) -> tuple[str, ...]:
        ids = [routine.scope.variable(n) for n in sorted(live_)]
        if len(routine.sites) > 1:
            ids.append(f"{routine.name}.{RETURN}")
        return tuple(ids)

    def _keep(self, routine: Routine, live_: set[str], node: ast.AST) -> Point:
        """The locals that live on: check holds and bounds, learn types."""
        for name in routine.scope.holds:
            if name not in live_:
                message = f"{name} owns a reference that nothing after this point can put"
                self.leak_check(routine.scope.variable(name), node, message)
        for name in sorted(live_):
            id_ = routine.scope.variable(name)
            if id_ in self.env.types:
                self._learn(routine, name, id_, node)
        prefix = routine.name + "."
        return Point(
            {i for i in self.env.assigned if i.startswith(prefix)},
            {i for i in self.env.owned if i.startswith(prefix)},
            self.env.locks,
        )

    def _learn(self, routine: Routine, name: str, id_: str, node: ast.AST) -> None:
        of = self.env.types[id_]
        bounds = routine.bounds.get(name)
        if bounds is not None:
            if not bounds.includes(of):
                site = self.site("local", f"{name} is {bounds} at a yield", node)
                expr = ir.name(id_) if not of.single else ir.const(of.lo)
                checked = ir.call("within", expr, bounds.lo, bounds.hi, site)
                self.out.append(ir.assign(ir.name(id_), checked))
            of = bounds
        known = self.variables.get(id_)
        if known is None:
            hold = routine.scope.holds.get(name)
            self.variables[id_] = Variable(id_, routine.name, of, hold)
            self.changed = True
            return
        joined = types.join(known.type, of)
        if joined is None:
            raise routine.graph.function.refused(
                node, f"{name} is a {known.type} at one time and a {of} at another",
                "two locals",
            )
        if joined != known.type:
            if joined.kind == "int" and joined.hi - joined.lo > known.type.hi - known.type.lo:
                self._widened(routine, name, id_, node)
            known.type = joined
            self.changed = True

    def _widened(self, routine: Routine, name: str, id_: str, node: ast.AST) -> None:
        self.widenings = getattr(self, "widenings", {})
        self.widenings[id_] = self.widenings.get(id_, 0) + 1
        if self.widenings[id_] > 40:
            raise routine.graph.function.refused(
                node, f"{name} has no bounds that can be seen",
                f"{name}: Annotated[int, Range(lo, hi)] = ... where it is first given a value",
            )

    def _meet(self, old: Point | None, new: Point, live_: set[str], routine: Routine, node: ast.AST) -> Point:
        """What holds at a point that is reached in one more way."""
        kept = {routine.scope.variable(n) for n in live_}
        new = Point(new.assigned & kept, new.owned & kept, new.locks)
        if old is None:
            self.changed = True
            return new
        differing = (old.owned ^ new.owned) & kept
        if differing:
            name = min(differing).rsplit(".", 1)[-1]
            raise routine.graph.function.refused(
                node, f"{name} owns a reference here on one way and has given it up on another",
                f"set {name} to null where it was given up",
            )
        met = Point(old.assigned & new.assigned, old.owned & kept, old.locks & new.locks)
        if met != old:
            self.changed = True
        return met

    def _stop(self, wait: Wait) -> None:
        """The step ends at a label."""
        routine = self.active
        number = routine.graph.waits.index(wait)
        live_ = self._live_at(routine, wait)
        point = self._keep(routine, live_, wait.ast)
        known = routine.points.get(number)
        routine.points[number] = self._meet(known, point, live_, routine, wait.ast)
        label = self.numbers.setdefault((routine.name, number), len(self.numbers))
        self._end(label, [*self._ids(routine, live_)])

    def _end(self, label: int, ids: list[str]) -> None:
        for pending in self.stack:
            caller = pending.routine
            ids += self._ids(caller, self._live_across(caller, pending.site.node))
        self.step.exits.append(Exit(label, tuple(ids), self.touched))
        self.step.paths.append(self.env.accesses)
        self.out.append(ir.goto(len(self.step.exits) - 1))

    def _enter(self, node: Call) -> Node | None:
        caller = self.active
        function = self.lower(node.call.func)
        if not isinstance(function, Static) or not isinstance(function.value, Procedure):
            raise self.refused(
                node.call, "yield from calls a procedure", "@procedure above what is called"
            )
        arguments = self.arguments(node.call)
        self.no_ghost(node.ast)
        callee = self.routine(function.value)
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
        self.touched = (*self.touched, callee.name) if callee.name not in self.touched else self.touched
        self.env.locks = _into(self.env.locks, site.keys, callee)
        if self.env.touched:
            self.env.crossed = f"the call of {callee.name}"
        self.active, self.scope = callee, callee.scope
        return callee.graph.entry

    def _no_recursion(self, caller: Routine, callee: Routine, node: Call) -> None:
        todo, seen = [caller], set[str]()
        while todo:
            routine = todo.pop()
            if routine is callee:
                raise self.refused(node.call, f"{callee.name} calls itself, directly or not", "a while")
            if routine.name not in seen:
                seen.add(routine.name)
                todo += [s.caller for s in routine.sites]

    def _argue(
        self, callee: Routine, site: Site_, parameters: list[str], values: list[Val], node: Call
    ) -> None:
        for name, value in zip(parameters, values, strict=True):
            site.keys[name] = value.key
            if self._same_everywhere(callee, name, value):
                callee.scope.bound[name] = replace(callee.bindings[name], hold=None)
                continue
            caller_scope, self.scope = self.scope, callee.scope
            self.scope.bound.pop(name, None)
            borrowed = value if name in callee.scope.holds else replace(value, hold=None)
            self.bind(name, borrowed, node.ast)
            self.scope = caller_scope

    def _same_everywhere(self, callee: Routine, name: str, value: Val) -> bool:
        """Whether every call gives a parameter the same known value: it then takes no room."""
        fixed = isinstance(value.expr, ast.Constant) or value.expr is not None and (
            isinstance(value.expr, ast.Name) and value.expr.id == "me"
        )
        rebound = name in callee.scope.holds or any(
            isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
            for n in ast.walk(callee.scope.function.tree)
        )
        known = callee.bindings.get(name)
        if known is None and fixed and not rebound:
            callee.bindings[name] = value
            self.changed = True
            return True
        if known is VARYING:
            return False
        if known is None or not fixed or ast.dump(known.expr) != ast.dump(value.expr):
            callee.bindings[name] = VARYING
            self.changed = True
            return False
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
            self._finish()
            return None
        locks = self.env.locks
        if self.env.touched:
            self.env.crossed = f"the return from {callee.name}"
        if self.stack:
            pending = self.stack[-1]
            self.stack = self.stack[:-1]
            self.env.locks = _out_of(locks, pending.site.keys, callee, pending.locks)
            return self._resume(pending.routine, pending.site, value, node)
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
            env.accesses, env.touched, env.crossed = start.accesses, start.touched, start.crossed
            env.types.update({k: v for k, v in start.types.items() if k.startswith(callee.name + ".") or k[0] == "@"})
            env.locks = _out_of(locks, site.keys, callee, site.point.locks)
            self.env, self.touched, self.stack = env, (*touched, caller.name), ()
            self.trail = {}
            with self.collecting() as body:
                self.follow_procedure(self._resume(caller, site, value, node))
            if i + 1 == len(sites):
                chain.extend(body)
                break
            number = callee.sites.index(site)
            test = ir.equal(ir.name(f"{callee.name}.{RETURN}"), ir.const(number))
            nested: list[ast.stmt] = []
            chain.append(ast.If(test, body, nested))
            chain = nested

    def _resume(self, caller: Routine, site: Site_, value: Any, node: Return) -> Node | None:
        self.active, self.scope = caller, caller.scope
        target = site.node.target
        if target is not None:
            self.bind(target, self.as_val(value, site.node.ast), site.node.ast)
        elif isinstance(value, Val) and value.hold == NEW and value.type != types.NULL:
            raise self.refused(site.node.ast, "the reference that this returns is lost", "x: Held[...] = ...")
        return site.node.next

    def _finish(self) -> None:
        self.done = True
        self._end(DONE, [])


def _into(locks: frozenset[Key], keys: dict[str, Key | None], callee: Routine) -> frozenset[Key]:
    """The locks that a callee can name, in its own terms."""
    found = {k for k in locks if k[0] in ("#", "me")}
    for name, key in keys.items():
        if key is not None and key[0] not in ("#", "me"):
            local = callee.scope.variable(name)
            found |= {(local, *k[len(key) :]) for k in locks if k[: len(key)] == key}
    return frozenset(found)


def _out_of(
    locks: frozenset[Key],
    keys: dict[str, Key | None],
    callee: Routine,
    before: frozenset[Key],
) -> frozenset[Key]:
    """The locks held after a return, in the caller's terms."""
    found = {k for k in locks if k[0] in ("#", "me")}
    named: list[Key] = []
    for name, key in keys.items():
        if key is not None and key[0] not in ("#", "me"):
            named.append(key)
            local = callee.scope.variable(name)
            found |= {(*key, *k[1:]) for k in locks if k[0] == local}
    unseen = {
        k
        for k in before
        if k[0] not in ("#", "me") and not any(k[: len(n)] == n for n in named)
    }
    return frozenset(found | unseen)
