"""The lowered steps as Python functions over a packed state: what the reference engine runs.

Every engine tells with them what it has found.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mcheck.lang import ir
from mcheck.lang.build import initial, numbers_in
from mcheck.lang.contract import Actor, Choices, Failure, Label, Property, Source
from mcheck.lang.declare.fields import decode, show
from mcheck.lang.declare.state import State
from mcheck.lang.emit import c
from mcheck.lang.emit.expressions import Tables, Text
from mcheck.lang.emit.paths import assigned_in, changed_by, ending, loaded_by
from mcheck.lang.emit.view import View
from mcheck.lang.errors import ModelError, StepFailed
from mcheck.lang.program import Choice, Claim, Exit, Instance, Process, Program, Step


def emit(model: Any, program: Program) -> PythonProgram:
    """Compile a lowered model for the reference engine."""
    return PythonProgram(model, program)


class Writer:
    """Writes the steps of one process instance."""

    def __init__(
        self, program: Program, process: Process, instance: Instance, tables: Tables
    ) -> None:
        """Prepare the text of one instance; me and process are constants there."""
        known = {"process": instance.number}
        if instance.me is not None:
            known["me"] = instance.me
        self.program, self.process, self.instance, self.tables = program, process, instance, tables
        self.known = known
        self.full = (1 << program.bits) - 1
        self.text = Text(program.cells, program.sites, tables, known, process.variables)

    def step(self, step: Step, name: str, *, traced: bool) -> list[str]:
        """One step as a function (s, out, bad)."""
        self.text = Text(
            self.program.cells, self.program.sites, self.tables, self.known, self.process.variables
        )
        self.current, self.traced = step, traced
        self.changed, self.assigned = changed_by(step.body), assigned_in(step)
        lines = [f"def {name}(s, out, bad):", "    t = s", "    try:"]
        lines += ["        " + line for line in self._loads(loaded_by(step))]
        lines += self.statements(step.guard_before, 2)
        if step.guard is not None:
            lines += [f"        if not {self.text.text(step.guard)}: return"]
        lines += self._choices(step, 0, 2)
        lines += ["    except StepFailed as e:", "        bad.append(FAILURE(e, ()))"]
        return lines

    def _loads(self, used: set[str]) -> Iterator[str]:
        """Read locals out of the state."""
        for id_ in sorted(used):
            variable = self.process.variables.get(id_)
            if variable is None:
                continue
            lo, bits = variable.type.lo, variable.type.bits
            value = f"(s >> {self.instance.base + variable.offset} & {(1 << bits) - 1})"
            shown = str(lo) if not bits else f"{value} + {lo}" if lo else value
            yield f"{self.text.local(id_)} = {shown}"

    def _choices(self, step: Step, depth: int, indent: int) -> list[str]:
        pad = "    " * indent
        if depth == len(step.choices):
            lines = [f"{pad}c = ({self._chosen(step, depth)})"] if self.traced else []
            return lines + self.statements(step.body, indent)
        choice = step.choices[depth]
        item = self.text.local(choice.item)
        values = ", ".join(self.text.text(v) for v in choice.values)
        domain = f"({values}{',' if values else ''})"
        lines = self.statements(choice.before, indent)
        if choice.filter is not None or not choice.values:
            lines += self._kept(choice, item, domain, f"k{depth}", indent)
            domain = f"k{depth}"
        lines.append(f"{pad}for {item} in {domain}:")
        lines.append(f"{pad}    try:")
        lines += [f"{pad}        {line}" for line in self._round(step, depth)]
        lines += self._choices(step, depth + 1, indent + 2)
        lines.append(f"{pad}    except StepFailed as e:")
        lines.append(f"{pad}        bad.append(FAILURE(e, ({self._chosen(step, depth + 1)})))")
        return lines

    def _kept(self, choice: Choice, item: str, domain: str, kept: str, indent: int) -> list[str]:
        """The elements that a filter lets through, found before any of them is chosen."""
        pad = "    " * indent
        lines = [f"{pad}{kept} = []", f"{pad}for {item} in {domain}:"]
        lines += self.statements(choice.before_filter, indent + 1)
        if choice.filter is not None:
            lines.append(f"{pad}    if not {self.text.text(choice.filter)}: continue")
        lines.append(f"{pad}    {kept}.append({item})")
        lines.append(f"{pad}if not {kept}: FAIL({choice.site}, 0)")
        return lines

    def _round(self, step: Step, depth: int) -> Iterator[str]:
        """Each alternative begins with the state and the locals as they were, and what it chose."""
        yield "t = s"
        yield from self._loads(self.changed)
        for choice in step.choices[: depth + 1]:
            yield f"{self.text.local(choice.variable)} = {self.text.local(choice.item)}"

    def _chosen(self, step: Step, depth: int) -> str:
        parts: list[str] = []
        for choice in step.choices[:depth]:
            at = self.text.local(choice.item)
            if choice.type.kind == "int":  # there may be more of them than a table can have
                parts.append(f"({choice.name!r}, str({at})),")
                continue
            table = self.tables.name(_shown(choice.type, self.program.state))
            parts.append(f"({choice.name!r}, {table}[{at} - {choice.type.lo}]),")
        return " ".join(parts)

    def statements(self, body: Sequence[ast.stmt], indent: int) -> list[str]:
        """Statements as lines of Python."""
        pad = "    " * indent
        lines: list[str] = []
        for s in body:
            match s:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    lines.append(f"{pad}{self.text.local(name)} = {self.text.text(value)}")
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=key), slice=index)]):
                    stored = self.text.store(key, index, s.value, self.full)
                    lines += [pad + line for line in stored]
                case ast.If():
                    lines.append(f"{pad}if {self.text.text(s.test)}:")
                    lines += self.statements(s.body, indent + 1) or [f"{pad}    pass"]
                    if s.orelse:
                        lines.append(f"{pad}else:")
                        lines += self.statements(s.orelse, indent + 1) or [f"{pad}    pass"]
                case ast.Assert():
                    site = self.text.text(s.msg) if s.msg is not None else ""
                    lines.append(f"{pad}if not {self.text.text(s.test)}: FAIL({site}, 0)")
                case _:
                    number = ir.goto_number(s)
                    assert number is not None, ast.dump(s)
                    lines.append(pad + self._exit(self.current.exits[number]))
        return lines

    def _exit(self, e: Exit) -> str:
        after = self._after(e)
        return f"out.append(({after}, c))" if self.traced else f"out.append({after})"

    def _after(self, e: Exit) -> str:
        """The state in which a path ends: what is dead is zero, what lives is put in."""
        end = ending(self.process, self.instance, e, self.assigned)
        parts = [str(end.label)] if end.label else []
        for v in end.stored:
            value = self.text.local(v.id)
            shown = f"({value} - {v.type.lo})" if v.type.lo else value
            parts.append(f"{shown} << {self.instance.base + v.offset}")
        return " | ".join([f"t & {self.full & ~end.cleared}", *parts])


def _expanded(names: frozenset[str], labels: frozenset[str]) -> frozenset[str]:
    """The labels that names such as "do_fault.pte_none" and "do_fault.*" stand for.

    A name that stands for none stays as it is: whoever runs the model complains of it.
    """
    found: set[str] = set()
    for name in names:
        whole = name.removesuffix("*") if name.endswith(".*") else None
        found |= {label for label in labels if whole and label.startswith(whole)} or {name}
    return frozenset(found)


class PythonProgram(View):
    """A compiled model: `contract.Executable` for the reference engine.

    cut: the labels that the scenario rules out by what never changes in it.
    """

    def __init__(self, model: Any, program: Program) -> None:
        """Write and compile the functions of every step and property."""
        super().__init__(model, program)
        self.different_names()
        self.bits = program.bits
        self.hang: bool = model.hang
        ran = frozenset(f"{s.procedure}.{s.label}" for p in program.processes for s in p.steps)
        self.cut: frozenset[str] = program.cut - ran
        self.replaced: bool = bool(model.table)
        named = _expanded(model.unreached, ran | program.cut)
        self.unreached: frozenset[str] = named & ran if self.replaced else named - self.cut
        tables = Tables()
        lines: list[str] = []
        names: list[tuple[Process, Instance, list[str], str]] = []
        for p, process in enumerate(program.processes):
            for i, instance in enumerate(process.instances):
                writer = Writer(program, process, instance, tables)
                functions: list[str] = []
                for step in process.steps:
                    name = f"step_{p}_{i}_{step.number}"
                    lines += writer.step(step, name, traced=False)
                    lines += writer.step(step, f"{name}_traced", traced=True)
                    functions.append(name)
                start = f"start_{p}_{i}"
                lines += writer.step(process.start, start, traced=False)
                names.append((process, instance, functions, start))
        for i, claim in enumerate(program.claims):
            lines += self._claim(claim, f"claim_{i}", tables)
        self.text = "\n".join(lines)
        space: dict[str, Any] = {
            "StepFailed": StepFailed,
            "FAIL": self._fail,
            "FAILURE": self._failure,
        }
        space.update({name: values for values, name in tables.names.items()})
        exec(compile(self.text, f"<{model.name} as emitted>", "exec"), space)
        self.actors = [
            self._actor(process, instance, fs, space) for process, instance, fs, _ in names
        ]
        self.properties = [
            self._property(claim, space[f"claim_{i}"], i) for i, claim in enumerate(program.claims)
        ]
        self.initial = self._initial([space[start] for *_, start in names])

    @property
    def claims(self) -> list[str]:
        """The names of all properties."""
        return [claim.name for claim in self.program.claims]

    def c(self) -> str:
        """The steps and the properties as C.

        Raises:
            ModelError: a value may be too large for a machine's integer.
        """
        return c.text(self.program, self.name, hang=self.hang)

    def _initial(self, starts: list[Callable[..., None]]) -> list[int]:
        found: dict[int, None] = {}
        for state in initial(self.model):
            packed = 0
            for cell in self.program.cells.values():
                if cell.constant is None:
                    for i, n in enumerate(numbers_in(cell, state)):
                        packed |= n - cell.type.lo << cell.offset + i * cell.type.bits
            for start in starts:
                out: list[int] = []
                bad: list[Failure] = []
                start(packed, out, bad)
                if bad:
                    raise ModelError(f"{bad[0].source}: {bad[0].message} before the first yield")
                packed = out[0]
            found[packed] = None
        return list(found)

    def _fail(self, site: int, value: int) -> int:
        where = self.program.sites[site]
        shown = f"; it would be {value}" if where.kind in ("bounds", "index", "local") else ""
        raise StepFailed(where.kind, where.message + shown, site)

    def _failure(self, e: StepFailed, choices: Choices) -> Failure:
        assert e.site is not None
        where = self.program.sites[e.site]
        return Failure(e.kind, e.message, where.source, choices)

    def _claim(self, claim: Claim, name: str, tables: Tables) -> list[str]:
        process = Process(
            "", False, [], Step("", "", 0, Source("", 0), False, ""), None, {}, [], {}
        )
        writer = Writer(self.program, process, Instance("", 0, None), tables)
        lines = [f"def {name}(t, u):"]
        lines += writer.statements(claim.body, 1)
        lines.append(f"    return {writer.text.text(claim.value)}")
        return lines

    def _property(self, claim: Claim, function: Callable[[int, int], Any], number: int) -> Property:
        def holds(s: int, t: int) -> bool:
            try:
                return bool(function(s, t))
            except StepFailed as e:
                assert e.site is not None
                where = self.program.sites[e.site]
                raise ModelError(
                    f"{where.source}: the property {claim.name} fails: {e.message}"
                ) from None

        declared = self.model.claims[number]
        return Property(
            claim.kind,  # pyright: ignore[reportArgumentType]
            claim.name,
            holds,
            lambda s, t: self.offenders(declared, s, t),
            (declared.function.__doc__ or "").strip(),
        )

    def _actor(
        self, process: Process, instance: Instance, functions: list[str], space: dict[str, Any]
    ) -> Actor:
        labels = [
            Label(s.label, s.procedure, s.source, s.rest, s.guard is not None)
            for s in process.steps
        ]
        steps = [space[f] for f in functions]
        traced = [space[f + "_traced"] for f in functions]
        if process.done is not None:
            labels.append(
                Label("done", process.name, process.start.source, rest=True, blocking=True)
            )
            steps.append(_nothing)
            traced.append(_nothing)
        return Actor(
            instance.name,
            process.daemon,
            instance.pc_offset,
            (1 << process.pc_bits) - 1,
            labels,
            steps,
            traced,
        )


def _nothing(s: int, out: list[Any], bad: list[Failure]) -> None:
    """The step of a finished process."""


def _shown(of: Any, state: State) -> tuple[str, ...]:
    return tuple(show(decode(n, of, state)) for n in range(of.lo, of.hi + 1))
