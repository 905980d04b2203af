"""From a model to its program: lower every process, judge it, lay it out, lower the properties."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from mcheck.lang import ir, layout, procedures
from mcheck.lang.declare.containers import Array, Element, Sequence_, declarations, stored
from mcheck.lang.declare.state import Lock, State
from mcheck.lang.declare.structs import Struct
from mcheck.lang.errors import ModelError, Refused, StepFailed, written_at
from mcheck.lang.judge.ghosts import Ghosts
from mcheck.lang.judge.protection import judge
from mcheck.lang.lower.accesses import Context
from mcheck.lang.lower.claims import Claims
from mcheck.lang.lower.lowering import Lowering
from mcheck.lang.lower.reachable import Texts
from mcheck.lang.lower.routines import Site_
from mcheck.lang.model import Model, Run
from mcheck.lang.procedures import Running
from mcheck.lang.program import CallSite, Cell, Instance, Process, Program, Site, Step
from mcheck.lang.source import keep_asserts
from mcheck.lang.types import Type, integer


def build(
    model: Model[Any],
    *,
    judged: bool = True,
    written: frozenset[str] = frozenset(),
    either: frozenset[str] = frozenset(),
) -> Program:
    """The lowered form of a model.

    judged: whether its protection has to hold; written: the fields that something else changes,
    where its processes are a part of something larger; either: constants that are truths, of which
    nothing is to be known, so that both ways are there: an expression has them by their names.

    Raises:
        ModelError: its text is refused, or its protection does not hold.
    """
    state = model.new_state()
    count = sum(len(model.instances(r, state)) for r in model.processes)
    state.elements_.processes = count
    cells: dict[str, Cell] = {}
    sites: list[Site] = []
    changed = set(written)
    protected = _protected(state)
    starts = list(initial(model))
    context = Context(state, cells, sites, changed, protected, settled(starts), either)
    runs = [r for r in model.processes if model.instances(r, state)]
    if not runs:
        raise ModelError(f"{model.name} has no process with these constants")
    lowered = _lower_all(model, runs, context)
    processes: list[Process] = []
    number = 1
    for each, low in zip(runs, lowered, strict=True):
        process = _process(each, low, model.instances(each, state), number)
        number += len(process.instances)
        processes.append(process)
    program = Program(state, cells, processes, [], sites)
    program.procedures = _one_of_each_name(lowered)
    program.cut = frozenset(label for low in lowered for label in Texts(low).cut)
    for process in processes:
        for step in process.steps:
            Ghosts(cells, step).check()
    if protected and judged:
        judge(program)
    for process in processes:
        process.area = layout.place_locals(process.variables, process.interference, state)
    _all_cells(state, cells)
    _fold(cells, changed, starts)
    program.bits = layout.place(cells, processes)
    slots = layout.holders(processes)

    def holders(of: type[Struct], kind: str | None) -> list[str]:
        return [f"hold:{o}:{b}" for k, s, o, b in slots if s is of and kind in (None, k)]

    claims = Claims(state, cells, sites, holders)
    program.claims = [claims.lower_claim(c.kind, c.function) for c in model.claims]
    for claim in model.claims:
        keep_asserts(claim.function)
    return program


def _lower_all(model: Model[Any], runs: list[Run], context: Context) -> list[Lowering]:
    """Lower all processes; what no step writes keeps the value it has at the start.

    At first nothing is known to be written, and so little seems to run. What is found to be
    written makes more run, until nothing new is found. Should something have been overlooked at
    first, every step is looked at once more.
    """
    at_first = [_lowering(model, r, context, None) for r in runs]
    try:
        _settle(at_first)
        lowered = _lower_again(model, runs, context, at_first)
        if _seen_before(at_first, lowered):
            return lowered
    except Refused:
        pass  # it may be refused for what was overlooked; if not, then again
    _complete(at_first)
    lowered = _lower_again(model, runs, context, at_first)
    assert _seen_before(at_first, lowered), "what is live was found without a way that is taken"
    return lowered


def _lower_again(
    model: Model[Any], runs: list[Run], context: Context, at_first: list[Lowering]
) -> list[Lowering]:
    lowered = [_lowering(model, r, context, low) for r, low in zip(runs, at_first, strict=True)]
    _complete(lowered)
    return lowered


def _seen_before(at_first: list[Lowering], lowered: list[Lowering]) -> bool:
    """Whether all ways that are taken had been found at first, when it was decided what lives."""
    both = zip(at_first, lowered, strict=True)
    return all(low.visited <= first.visited for first, low in both)


def _complete(lowered: list[Lowering]) -> None:
    """Go on until no process learns anything. The last round is of all steps."""
    learnt = [True]
    while any(learnt):
        _settle(lowered)
        lowered[0].sites.clear()  # of all checks that were met on the way, some are still there
        learnt = [low.again() for low in lowered]
    _refuse(lowered)


def _settle(lowered: list[Lowering]) -> None:
    """Go on until nothing is written that another process reads without knowing it."""
    learnt = [True]
    while any(learnt):
        learnt = [low.settle() for low in lowered]
    _refuse(lowered)


def _refuse(lowered: list[Lowering]) -> None:
    """Raise what is refused of the text of a step, with all that is known of it."""
    for low in lowered:
        for refused in low.refusals.values():
            raise refused


def settled(starts: list[State]) -> Callable[[Cell], int | None]:
    """What a field is at the start, where all its elements agree on it in all initial states.

    Not of a lock, and not of a ghost: that the protocol reads one is refused also where it never
    changes.
    """
    found: dict[str, int | None] = {}

    def at_start(cell: Cell) -> int | None:
        if cell.key not in found:
            values = {n for s in starts for n in numbers_in(cell, s)}
            known = len(values) == 1 and cell.struct is not Lock and not cell.field.ghost
            found[cell.key] = values.pop() if known else None
        return found[cell.key]

    return at_start


def _one_of_each_name(lowered: list[Lowering]) -> dict[str, Callable[..., Any]]:
    """The procedures of all processes; one name is one procedure."""
    found: dict[str, Callable[..., Any]] = {}
    for low in lowered:
        for name, routine in low.routines.items():
            mine = routine.scope.function.callable
            known = found.setdefault(name, mine)
            if known is not mine:
                raise ModelError(
                    f"two procedures are called {name}: {procedures.source_of(known)} and "
                    f"{procedures.source_of(mine)}; rename one"
                )
    return found


def _protected(state: State) -> bool:
    """Whether the model says of any field what protects it."""
    return any(
        field is not None and field.by is not None
        for cls in state.elements_.order
        if cls is not Lock
        for field in map(stored, declarations(cls).values())
    )


def _lowering(model: Model[Any], each: Run, context: Context, before: Lowering | None) -> Lowering:
    me: Type | None = None
    instances = model.instances(each, context.state)
    if each.each is not None:
        numbers = [n for _, n in instances if n is not None]
        if isinstance(each.each, Array):
            item = each.each.item
            assert isinstance(item, type), "Model.instances has seen to that"
            me = Type("ref", min(numbers), max(numbers), item)
        else:
            me = integer(min(numbers), max(numbers))
    return Lowering(context, each.procedure, me, model.table, before)


def _process(
    each: Run, low: Lowering, instances: list[tuple[str, int | None]], number: int
) -> Process:
    steps = [low.steps[i] for i in sorted(low.steps)]
    for graph, name, wait in Texts(low).missing:
        source = graph.function.source(wait.ast)
        never = Step(name, wait.label, len(steps), source, wait.rest, wait.atomic)
        never.guard = ir.const(0)
        steps.append(never)
    done = len(steps) if low.done else None
    process = Process(
        each.name,
        each.daemon,
        steps,
        low.start,
        done,
        _stored(low),
        [Instance(name, number + i, me) for i, (name, me) in enumerate(instances)],
        {r.name: [_call_site(low, s) for s in r.sites] for r in low.routines.values()},
        layout.interference(low),
    )
    process.of = None if low.me is None else low.me.of
    for step in [*steps, low.start]:
        _note_cells(step, low.cells)
    return process


def _call_site(low: Lowering, site: Site_) -> CallSite:
    node = site.node.ast
    assert isinstance(node, ast.stmt)
    last = node.end_lineno or node.lineno
    return CallSite(site.caller.name, node.lineno, last, low.across(site))


def _stored(low: Lowering) -> dict[str, Any]:
    """The locals that are live at some point where the process can stand."""
    kept = {i for r in low.routines.values() for ids in low.live_sets(r) for i in ids}
    return {k: v for k, v in low.variables.items() if k in kept}


def _note_cells(step: Step, cells: dict[str, Cell]) -> None:
    """Which cells a step reads and writes."""
    reads: set[str] = set()
    writes: set[str] = set()
    trees: list[ast.AST] = [*step.guard_before, *step.body]
    trees += [step.guard] if step.guard is not None else []
    for choice in step.choices:
        trees += [*choice.before, *choice.values, *choice.before_filter]
        trees += [choice.filter] if choice.filter is not None else []
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                (writes if isinstance(node.ctx, ast.Store) else reads).add(node.value.id)
    step.reads, step.writes = frozenset(reads), frozenset(writes)


def _all_cells(state: State, cells: dict[str, Cell]) -> None:
    """Every declared field has a cell, in the order of declaration, whether used or not."""
    ordered: dict[str, Cell] = {}
    for cls in state.elements_.order:
        for declared in declarations(cls).values():
            found = stored(declared)
            if found is None:
                continue
            length = declared.count(state) if isinstance(declared, Element) else 1
            key = f"{cls.__name__}.{declared.name}"
            count = state.count_(cls) * length
            found.name, found.struct = declared.name, declared.struct
            ordered[key] = cells.get(key) or Cell(
                key, cls, declared.name, found, found.type_in(state), count, length
            )
    cells.clear()
    cells.update(ordered)


def numbers_in(cell: Cell, state: State) -> list[int]:
    """The values of a cell in a state, by number."""
    found: list[int] = []
    for element in state.elements_.instances(cell.struct):
        value = element.values_[cell.name]
        items = value.items if isinstance(value, Sequence_) else [value]
        found += [cell.field.encode(item, state) for item in items]
    return found


def _fold(cells: dict[str, Cell], written: set[str], starts: list[State]) -> None:
    """A field that no step writes, and that all initial states agree on, takes no room."""
    for cell in cells.values():
        if cell.key in written:
            continue
        values = {tuple(numbers_in(cell, s)) for s in starts}
        if len(values) == 1:
            cell.constant = values.pop()


class Choices_(Running):
    """Picks along a path, and the first element beyond it; taken: (pick, size) of each choice."""

    def __init__(self, path: list[int]) -> None:
        self.path = path
        self.taken: list[tuple[int, int]] = []

    def pick(self, options: list[Any]) -> Any:
        at = self.path[len(self.taken)] if len(self.taken) < len(self.path) else 0
        self.taken.append((at, len(options)))
        return options[at]


def initial(model: Model[Any]) -> Iterator[State]:
    """The initial states: init runs once for each way of choosing in it."""
    path: list[int] = []
    while True:
        choices = Choices_(path)
        state = model.new_state()
        procedures.push(choices)
        try:
            model.init(state)
        except StepFailed as failed:
            where = written_at(failed) or procedures.source_of(model.init)
            raise ModelError(f"{where}: init of {model.name} fails: {failed}") from failed
        finally:
            procedures.pop()
        yield state
        taken = choices.taken
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        path = [at for at, _ in taken]
        path[-1] += 1
