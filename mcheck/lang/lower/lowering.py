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
from mcheck.lang.errors import ModelError, Refused
from mcheck.lang.lower.accesses import Context, Scope
from mcheck.lang.lower.cfg import Call, Do, For, Graph, Node, Return, Test, Wait, procedure_graph
from mcheck.lang.lower.facts import Facts, Place
from mcheck.lang.lower.liveness import live
from mcheck.lang.lower.locksets import LockNames
from mcheck.lang.lower.routines import DONE, START, VARYING, Routine
from mcheck.lang.lower.trylocks import Trylocks
from mcheck.lang.lower.values import Env, Val
from mcheck.lang.procedures import Procedure, source_of
from mcheck.lang.program import Cell, Choice, Exit, Step
from mcheck.lang.types import Type


class Lowering(Trylocks):
    """Lowers one kind of process."""

    def __init__(
        self,
        context: Context,
        root: Procedure[Any, Any],
        me: Type | None,
        edition: Mapping[str, Procedure[Any, Any]],
        before: Lowering | None = None,
    ) -> None:
        """Prepare; `settle` does the work.

        me: the type of the root's second parameter, if any; before: a lowering of the same that
        has settled. What only other ways through the text need than it has found is not kept at
        labels.
        """
        self.state, self.cells, self.sites = context.state, context.cells, context.sites
        self.written, self.protected = context.written, context.protected
        self.settled, self.either = context.settled, context.either
        self.edition, self.in_property, self.before = edition, False, before
        self.facts = Facts()
        self.lock_names = LockNames(self.state, self.facts)
        self.holders = lambda of, kind: []
        self.routines = {}
        self.variables = {}
        self.numbers: dict[Place, int] = {}
        self.visited = set()
        self.steps: dict[int, Step] = {}
        self.refusals: dict[Place, Refused] = {}
        self.seen: set[str] = set()
        self.done = False
        self.widenings = {}
        self.me = me
        self.root = self.routine(root)
        self._bind_root(root)
        self.facts.stale.add(self._first)

    def _bind_root(self, root: Procedure[Any, Any]) -> None:
        parameters = self.root.scope.function.parameters
        if len(parameters) != (1 if self.me is None else 2):
            given = "the state" if self.me is None else "the state and its own element or number"
            raise ModelError(
                f"{self.root.graph.function.source(self.root.graph.function.tree)}: "
                f"process {root.__name__} has the parameters ({', '.join(parameters)}), "
                f"but it is given {given}"
            )
        self.root.bindings[parameters[0]] = self.k
        if self.me is not None:
            self.root.bindings[parameters[1]] = Val(ir.name("me"), self.me, ("me",))
        self.root.scope.bound.update(self.root.bindings)

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
            graph = procedure_graph(chosen.function)
            name = asked.__name__
            scope = Scope(graph.function, name, {}, graph.holds, graph)
            needed = live(graph, self._can_be_taken)
            new = Routine(name, graph, scope, self._bounds(graph), live=needed)
            self.routines[name] = new
            earlier = self.before.routines.get(name) if self.before is not None else None
            if earlier is not None:
                varying = [n for n, value in earlier.bindings.items() if value is VARYING]
                new.bindings.update(dict.fromkeys(varying, VARYING))
        return self.routines[asked.__name__]

    def _can_be_taken(self, a: Node, b: Node) -> bool:
        if self.before is None or not isinstance(a, Test | For):
            return True
        return (id(a), id(b)) in self.before.visited

    def _bounds(self, graph: Graph) -> dict[str, Type]:
        known = self.state.constants_
        return {
            name: types.integer(resolve(of.lo, known), resolve(of.hi, known))
            for name, of in graph.ranges.items()
        }

    # --- the fixpoint

    def settle(self) -> bool:
        """Lower every step that can be reached, until nothing new is learnt; whether any was.

        A step is lowered again where it rests on something that has turned out to be different.
        What is refused on the way may be due to what was not known then.
        """
        fresh = self.written - self.seen
        self.seen |= fresh
        for cell in fresh:
            self.facts.learn(("written", cell))
        rounds = 0
        while self.facts.stale:
            rounds += 1
            if rounds > 200:
                raise ModelError(
                    f"{self.root.name}: the types of its locals do not settle; declare them"
                )
            self._round()
        return rounds > 0

    def again(self) -> bool:
        """Lower each step once more; whether anything was learnt that was not known before."""
        known = self.facts.learnt
        self.facts.stale.update(self.numbers, [self._first])
        self._round()
        return self.facts.learnt > known

    @property
    def _first(self) -> Place:
        return (self.root.name, START)

    def _round(self) -> None:
        if self._first in self.facts.stale:
            self._attempt(self._first)
        done = 0
        while done < len(self.numbers):
            places = list(self.numbers)[done:]
            done += len(places)
            for place in places:
                if place in self.facts.stale:
                    self._attempt(place)

    def _attempt(self, place: Place) -> None:
        """Lower one step, or note why it is refused with what is known now."""
        self.facts.begin(place)
        name, number = place
        try:
            if number == START:
                self.start = self._lower_start()
            else:
                routine = self.routines[name]
                step = self._lower_step(routine, routine.graph.waits[number])
                self.steps[self.numbers[place]] = step
        except Refused as refused:
            self.refusals[place] = refused
            self._unbind()
        else:
            self.refusals.pop(place, None)

    def _unbind(self) -> None:
        """A step was given up half-way: names that stood for something there do so no more."""
        for routine in self.routines.values():
            routine.scope.bound = {n: v for n, v in routine.bindings.items() if v is not VARYING}

    def _begin(self, routine: Routine, env: Env) -> None:
        self.env, self.scope, self.out = env, routine.scope, []
        self.stack, self.touched = (), (routine.name,)
        self.active = routine
        self.trail, self.reading = {}, False
        self.temporaries, self.versions = 0, 0
        self.operator, self.locking, self.racing = "", "", False
        self.loop, self.blamed, self.inlining = None, None, ()

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
            if ir.value_of(guard) == 0:
                return self.step  # it never moves on
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
        place = (routine.name, number)
        live_ = self._live_at(routine, wait)
        point = self._keep(routine, live_, wait.ast)
        known = routine.points.get(number)
        met = self._meet(known, point, live_, routine, wait.ast)
        if met != known:
            routine.points[number] = met
            self.facts.learn(("label", place))
        if place not in self.numbers:
            self.numbers[place] = len(self.numbers)
            self.facts.stale.add(place)
        label = self.numbers[place]
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
