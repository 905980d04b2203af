"""Direct execution: the model's own generators, run as plain Python.

A scheduler picks which process moves and what it chooses. Nothing is lowered on the way, so a
breakpoint in a model function works; the lowered form only tells where a state's bits lie.
"""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from mcheck.lang import procedures
from mcheck.lang.build import initial as initial_states
from mcheck.lang.build import numbers_in
from mcheck.lang.contract import Choices, Failure
from mcheck.lang.declare.fields import encode, misfit, show
from mcheck.lang.declare.structs import Null
from mcheck.lang.emit.python import PythonProgram
from mcheck.lang.errors import ModelError, StepFailed, written_at
from mcheck.lang.model import Model
from mcheck.lang.procedures import At, Running
from mcheck.lang.program import Instance, Process, Step

Pick = Callable[[str, list[str]], int]


@dataclass(frozen=True)
class Move:
    """One step that was run: the label it ran from, what it chose, and whether it failed."""

    label: str
    choices: Choices
    failure: Failure | None = None


class Runner(Running):
    """One process that runs directly: its generator, and the references it owns."""

    def __init__(
        self, process: Process, instance: Instance, generator: Generator[At | None]
    ) -> None:
        """Keep the generator; `at` is what its last yield said."""
        self.process, self.instance, self.generator = process, instance, generator
        self.at: At | None = None
        self.finished = False
        self.owned: Counter[Any] = Counter()
        self.chosen: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.picker: Pick = lambda name, options: 0

    def pick(self, options: list[Any]) -> Any:
        """Let the scheduler's own pick choose; remember what was chosen under which name."""
        name = self.names[len(self.chosen)]
        shown = [show(o) for o in options]
        at = self.picker(name, shown)
        self.chosen.append((name, shown[at]))
        return options[at]

    def held(self, element: Any) -> None:
        if not isinstance(element, Null):
            self.owned[element] += 1

    def given_up(self, element: Any) -> None:
        if not isinstance(element, Null):
            self.owned[element] -= 1


class Direct:
    """A model that runs as plain Python, one step at a time."""

    def __init__(
        self, model: Model[Any], initial: int = 0, program: PythonProgram | None = None
    ) -> None:
        """Begin in the initial state with that number.

        Args:
            model: what to run.
            initial: which of the compiled model's initial states, counted from 0.
            program: the model's compiled form, where the caller has it already.

        Raises:
            ModelError: the model is refused, or has no such initial state.
        """
        self.model = model
        self.compiled = program or model.compile()
        self.program = self.compiled.program
        states = self.compiled.initial
        if not 0 <= initial < len(states):
            raise ModelError(f"{model.name} has the initial states 0..{len(states) - 1}")
        found = self.program.procedures
        self.routines = {f.__code__: name for name, f in found.items()}
        for k in initial_states(model):
            self.k = k
            self.k.elements_.attach([i for _, i in self.compiled.instances])
            self.runners = [self._begin(p, i) for p, i in self.compiled.instances]
            if self.state() == states[initial]:
                break

    def _begin(self, process: Process, instance: Instance) -> Runner:
        runs = [r for r in self.model.processes if self.model.instances(r, self.k)]
        declared = runs[self.program.processes.index(process)]
        arguments: list[Any] = [self.k]
        if instance.me is not None:
            of = getattr(declared.each, "item", None)
            arguments.append(self.k.element_(of, instance.me) if of else instance.me)
        runner = Runner(process, instance, declared.procedure(*arguments))
        self._advance(runner)
        return runner

    def _advance(self, runner: Runner) -> None:
        self.k.running_ = runner.instance
        procedures.push(runner)
        try:
            runner.at = next(runner.generator)
        except StopIteration:
            runner.finished = True
        finally:
            procedures.pop()
            self.k.running_ = None

    def label(self, actor: int) -> str:
        """Where a process stands, as "procedure.label"; "NAME.done" where it has finished."""
        runner = self.runners[actor]
        if runner.finished:
            return f"{runner.process.name}.done"
        step = self._step_of(runner)
        return f"{step.procedure}.{step.label}"

    def enabled(self) -> list[int]:
        """The processes that can move: those whose guard is true, or fails."""
        return [i for i, runner in enumerate(self.runners) if self._may_move(runner)]

    def _may_move(self, runner: Runner) -> bool:
        if runner.finished:
            return False
        if runner.at is None or runner.at.until is None:
            return True
        self.k.running_ = runner.instance
        try:
            return bool(runner.at.until())
        except (StepFailed, ZeroDivisionError, AssertionError):
            return True
        finally:
            self.k.running_ = None

    def step(self, actor: int, pick: Pick) -> Move:
        """Let a process run one step.

        Args:
            actor: index of the process, which must be enabled.
            pick: given the variable's name and the domain as shown, the index of the choice.
        """
        runner = self.runners[actor]
        step = self._step_of(runner)
        label = f"{step.procedure}.{step.label}"
        runner.chosen, runner.picker = [], pick
        runner.names = [c.name for c in step.choices]
        failure: Failure | None = None
        try:
            if runner.at is not None and runner.at.until is not None:
                self.k.running_ = runner.instance
                runner.at.until()
            self._advance(runner)
            self._judge(runner)
        except (StepFailed, AssertionError, ZeroDivisionError) as e:
            failure = self._failure(e, tuple(runner.chosen), step)
        finally:
            self.k.running_ = None
        return Move(label, tuple(runner.chosen), failure)

    def _failure(self, e: Exception, choices: Choices, step: Step) -> Failure:
        source = written_at(e) or step.source
        if isinstance(e, StepFailed):
            return Failure(e.kind, e.message, source, choices)
        if isinstance(e, ZeroDivisionError):
            return Failure("divide", "division by zero", source, choices)
        text = str(e) or linecache.getline(source.file, source.line).strip()
        return Failure("assert", text, source, choices)

    # --- where a suspended process stands, and with what

    def _chain(self, runner: Runner) -> list[tuple[str, FrameType]]:
        """The procedures that the process stands in, outermost first, with their frames."""
        found: list[tuple[str, FrameType]] = []
        generator: Any = runner.generator
        while generator is not None:
            found.append((self.routines[generator.gi_code], generator.gi_frame))
            generator = generator.gi_yieldfrom
        return found

    def _step_of(self, runner: Runner) -> Step:
        name, frame = self._chain(runner)[-1]
        for step in runner.process.steps:
            if step.procedure != name:
                continue
            if runner.at is None and step.source.line == frame.f_lineno:
                return step
            if runner.at is not None and step.label == runner.at.label:
                return step
        raise AssertionError(f"{name} stands at line {frame.f_lineno}, which is no label")

    def _kept(self, runner: Runner) -> list[tuple[str, Any]]:
        """The locals that are live, with their values; the call sites under their own names."""
        chain = self._chain(runner)
        found: list[tuple[str, Any]] = []
        live = self._step_of(runner).live
        for depth in range(len(chain) - 1, -1, -1):
            name, frame = chain[depth]
            values: dict[str, Any] = dict(frame.f_locals)
            sites = runner.process.callers[name]
            above = chain[depth - 1] if depth else None
            number = 0
            if above is not None:
                line = above[1].f_lineno
                number = next(
                    i
                    for i, s in enumerate(sites)
                    if s.caller == above[0] and s.first <= line <= s.last
                )
            for id_ in live:
                local = id_.split(".", 1)[1]
                found.append((id_, number if local == "@ret" else values.get(local)))
            live = sites[number].live if above is not None else ()
        return found

    def _judge(self, runner: Runner) -> None:
        """At a yield: no reference may be without an owner, no local outside its bounds."""
        kept = [] if runner.finished else self._kept(runner)
        variables = runner.process.variables
        owned = Counter(
            value for id_, value in kept if id_ in variables and variables[id_].hold and value
        )
        lost = runner.owned - owned
        if lost:
            raise StepFailed("leak", f"nobody owns the reference to {next(iter(lost))} any more")
        for id_, value in kept:
            if id_ in variables and not id_.endswith("@ret") and value is not None:
                of = variables[id_].type
                if misfit(value, of):
                    raise StepFailed("local", f"{id_} = {show(value)}, but it is {of} at a yield")

    def state(self) -> int:
        """The packed state: the same number that the engines give it."""
        packed = 0
        for cell in self.program.cells.values():
            if cell.constant is None:
                for i, n in enumerate(numbers_in(cell, self.k)):
                    packed |= n - cell.type.lo << cell.offset + i * cell.type.bits
        for runner in self.runners:
            process, instance = runner.process, runner.instance
            if runner.finished:
                assert process.done is not None
                packed |= process.done << instance.pc_offset
                continue
            packed |= self._step_of(runner).number << instance.pc_offset
            for id_, value in self._kept(runner):
                variable = process.variables[id_]
                if value is not None and variable.type.bits:
                    packed |= encode(value) - variable.type.lo << instance.base + variable.offset
        return packed
