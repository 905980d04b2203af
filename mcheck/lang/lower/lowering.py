"""Lowering of one kind of process: its procedures, cut into steps at their yields.

What holds at a label (which locals have a value, which own a reference, which locks are held,
what types the locals have) is found by running over all steps until nothing changes any more.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.declare.constants import resolve
from mcheck.lang.errors import ModelError
from mcheck.lang.lower.accesses import Context, Scope
from mcheck.lang.lower.cfg import Builder, Call, Do, For, Graph, Node, Return, Test, Wait
from mcheck.lang.lower.liveness import live
from mcheck.lang.lower.locksets import LockNames
from mcheck.lang.lower.routines import DONE, START, Forgotten, Routine
from mcheck.lang.lower.trylocks import Trylocks
from mcheck.lang.lower.values import Env, Val
from mcheck.lang.procedures import Procedure, Range, source_of
from mcheck.lang.program import Cell, Choice, Exit, Step
from mcheck.lang.source import function_of, keep_asserts
from mcheck.lang.types import Type


class Lowering(Trylocks):
    """Lowers one kind of process."""

    def __init__(
        self,
        context: Context,
        root: Procedure[Any, Any],
        me: Type | None,
        edition: Mapping[str, Procedure[Any, Any]],
    ) -> None:
        """Prepare; `run` does the work. me: the type of the root's second parameter, if any."""
        self.state, self.cells, self.sites = context.state, context.cells, context.sites
        self.written, self.protected = context.written, context.protected
        self.settled = context.settled
        self.edition, self.in_property = edition, False
        self.lock_names = LockNames(self.state)
        self.holders = lambda of, kind: []
        self.routines = {}
        self.variables = {}
        self.numbers: dict[tuple[str, int], int] = {}
        self.visited = set()
        self.steps: dict[int, Step] = {}
        self.done = False
        self.changed, self.widenings = False, {}
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
        known = self.routines.get(asked.__name__)
        if known is not None and known.scope.function.callable is not chosen.function:
            raise ModelError(
                f"two procedures are called {asked.__name__}: "
                f"{source_of(known.scope.function.callable)} and {source_of(chosen.function)}; "
                f"rename one"
            )
        if known is None:
            keep_asserts(chosen.function)
            function = function_of(chosen.function)
            graph = Builder(function, generator=True).build()
            name = asked.__name__
            scope = Scope(function, name, {}, graph.holds, graph)
            everywhere = live(graph, lambda a, b: True)
            self.routines[name] = Routine(name, graph, scope, self._bounds(graph), live=everywhere)
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
        """Lower every step that can be reached; repeat until nothing new is learnt.

        First with all ways of each procedure's text, then, since the scenario's constants rule
        some of them out, with the ways that were found: what only they need is not kept.
        """
        self._settle()
        found = set(self.visited)
        for routine in self.routines.values():
            routine.live = live(
                routine.graph,
                lambda a, b: not isinstance(a, Test | For) or (id(a), id(b)) in found,
            )
        self._forget()
        self._settle()

    def _settle(self) -> None:
        for _ in range(200):
            self.changed = False
            self.steps.clear()
            try:
                self._lower_all()
            except Forgotten:
                self._forget()
                continue
            if not self.changed:
                return
        raise ModelError(f"{self.root.name}: the types of its locals do not settle; declare them")

    def _forget(self) -> None:
        """Begin again with what is known at labels and calls; types and bindings are kept."""
        for routine in self.routines.values():
            routine.points.clear()
            for site in routine.sites:
                site.point = None
        self.numbers.clear()

    def _lower_all(self) -> None:
        self.start = self._lower_start()
        done: set[tuple[str, int]] = set()
        while todo := [key for key in self.numbers if key not in done]:
            for key in todo:
                done.add(key)
                routine = self.routines[key[0]]
                self.steps[self.numbers[key]] = self._lower_step(
                    routine, routine.graph.waits[key[1]]
                )

    def _begin(self, routine: Routine, env: Env) -> None:
        self.env, self.scope, self.out = env, routine.scope, []
        self.stack, self.touched = (), (routine.name,)
        self.active = routine
        self.trail, self.reading = {}, False
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
        if name in self.scope.holds:
            raise self.refused(call, f"{name} owns a reference; what is chosen has none to give")
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
                        call,
                        "choose() filters a domain, and no more",
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
                del self.scope.bound[bound]
                if not before_filter:
                    self.refine(kept, True)
        site = self.site("choose", f"nothing to choose for {name}", call)
        variable = self.scope.variable(name)
        self.rebound(variable)
        of = self.env.types.get(item, of)
        self.env.types[variable] = of
        self.env.assigned.add(variable)
        self.step.choices.append(
            Choice(
                name,
                variable,
                item,
                [v.expr for v in vals],
                chosen.expr,
                of,
                before,
                kept,
                before_filter,
                site,
            )
        )

    # --- following a procedure's graph

    def follow_procedure(self, node: Node | None) -> None:
        """Run on from a node; every way ends at a label, or where the process ends."""
        while node is not None:
            match node:
                case Do() | Test() if (call := self.told_apart(node)) is not None:
                    self.each_return(node, call)
                    return
                case Do():
                    assert isinstance(node.ast, ast.stmt)
                    self.statement(node.ast)
                    node = node.next
                case Test():
                    node = self.fork(node, self.apart())
                case For():
                    node = self.next_element(node, self.apart())
                case Wait():
                    self._stop(node)
                    return
                case Call():
                    node = self._enter(node)
                case Return():
                    node = self._leave(node)
                case _:
                    raise AssertionError(node)

    def apart(self) -> Callable[[Node | None], None]:
        """Follow one of several ways; what this class keeps of a path is put back afterwards."""
        saved = (self.stack, self.touched, self.active, self.scope)

        def follow(target: Node | None) -> None:
            self.stack, self.touched, self.active, self.scope = saved
            self.follow_procedure(target)
            self.stack, self.touched, self.active, self.scope = saved

        return follow

    def touch(self, cell: Cell, owner: Val, at: ast.expr, *, write: bool, node: ast.AST) -> None:
        """Note an access; there are none before a process has begun."""
        if self.step.number == START:
            raise self.refused(
                node,
                f"{self.root.name} touches the state before its first yield",
                "a process begins with a yield",
            )
        super().touch(cell, owner, at, write=write, node=node)

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
        self.step.paths.extend(self.env.paths)
        self.out.append(ir.goto(len(self.step.exits) - 1))

    def finish(self) -> None:
        self.done = True
        self._end(DONE, [])
