"""The body of a step as assignments and ifs of another language, up to the label it ends at."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from mcheck.lang import ir
from mcheck.lang.contract import Source
from mcheck.lang.emit.guarded.commands import Guarded, Transition
from mcheck.lang.emit.guarded.infix import Dialect, Infix, unwrapped
from mcheck.lang.emit.guarded.pure import Bounds, bare, bounds, checks, opposite, put_in
from mcheck.lang.emit.guarded.variables import Place, Stored, Variables
from mcheck.lang.program import Exit, Step


class Language(Protocol):
    """How a language writes statements: each as lines, without indentation."""

    dialect: Dialect

    def comment(self, text: str) -> str:
        """A remark behind a statement."""
        ...

    def assign(self, target: str, value: str) -> str:
        """An assignment."""
        ...

    def branch(self, test: str, then: list[str], other: list[str]) -> list[str]:
        """An if with two branches, of which the second may be empty."""
        ...

    def require(self, site: int, holds: str) -> str:
        """A check: an error unless the condition is true."""
        ...


class StepWriter:
    """Writes what the transitions of one step do.

    A local that lives across a yield is assigned where it is kept, if it has room for every value
    that the step gives it; else, like what lives within the step only, in a scratch variable.
    """

    def __init__(self, variables: Variables, place: Place, step: Step, language: Language) -> None:
        """Prepare the text of one step of one process instance."""
        self.variables, self.place, self.step = variables, place, step
        self.language = language
        self.infix = Infix(variables, language.dialect, self.local)
        self.before = Infix(variables, language.dialect, place.local)
        self.known = variables.known(place)
        self.used: dict[str, None] = {}
        self._in_scratch = self._without_room()

    def body(self, transition: Transition) -> list[str]:
        """The statements behind the guard."""
        read = {name for s in self.step.body for name in ir.names_read(s)}
        chosen = {choice.variable for choice in self.step.choices}
        lines: list[str] = []
        for id_ in sorted(self._in_scratch - chosen):
            stored = self.place.locals.get(id_)
            if stored is not None and (id_ in read or self._survives(id_)):
                lines.append(self._assign(id_, stored.name))
        begun: set[str] = set()
        for id_, value in transition.values.items():
            if id_ not in self.known and (id_ in read or id_ in chosen):
                lines.append(self._assign(id_, self.before.number(value)))
                begun.add(id_)
        return lines + self._statements(self.step.body, begun)

    def guard(self, e: ast.expr) -> str:
        """A condition that is evaluated before the body."""
        return self.before.truth(e)

    def local(self, id_: str) -> Stored | str:
        """What a local or temporary is called in this step."""
        variable = self.place.process.variables.get(id_)
        if variable is not None and id_ not in self._in_scratch:
            return self.place.local(id_)
        name = self.variables.scratch(id_)
        self.used[name] = None
        return name

    def _assign(self, id_: str, value: str) -> str:
        target = self.local(id_)
        name = target if isinstance(target, str) else target.name
        return self.language.assign(name, unwrapped(value))

    def _survives(self, id_: str) -> bool:
        return any(id_ in e.live for e in self.step.exits)

    def _without_room(self) -> set[str]:
        """The stored locals that the step may give a value which does not fit."""
        needed: list[tuple[str, Bounds | None]] = [
            *((choice.variable, (choice.type.lo, choice.type.hi)) for choice in self.step.choices),
            *(
                (id_, bounds(put_in(value, self.known), self._bounds))
                for id_, value in assigned(self.step.body)
            ),
        ]
        return {
            id_
            for id_, values in needed
            if id_ in self.place.process.variables and not self._fits(id_, values)
        }

    def _fits(self, id_: str, values: Bounds | None) -> bool:
        stored = self.place.locals.get(id_)
        return stored is not None and values is not None and stored.includes(*values)

    def _bounds(self, name: str) -> Bounds | None:
        cell = self.variables.program.cells.get(name)
        if cell is not None:
            return cell.type.lo, cell.type.hi
        variable = self.place.process.variables.get(name)
        return None if variable is None else (variable.type.lo, variable.type.hi)

    def _statements(self, body: Sequence[ast.stmt], begun: set[str]) -> list[str]:
        """begun: the stored locals that have been assigned on the way, which it adds to."""
        lines: list[str] = []
        for s in body:
            number = ir.goto_number(s)
            if number is not None:
                lines += self._exit(self.step.exits[number], begun)
            else:
                lines += self._statement(s, begun)
        return lines

    def _statement(self, s: ast.stmt, begun: set[str]) -> list[str]:
        match s:
            case ast.Assign(targets=[ast.Name(id=name)]):
                begun.add(name)
                return [*self._checked(s.value), self._assign(name, self._number(s.value))]
            case ast.Assign(targets=[ast.Subscript() as cell]):
                lines = [*self._checked(cell.slice), *self._checked(s.value)]
                target = self._number(ast.Subscript(cell.value, cell.slice, ast.Load()))
                value = unwrapped(self._number(s.value))
                return [*lines, self.language.assign(target, value)]
            case ast.If():
                return self._if(s, begun)
            case ast.Assert(msg=ast.Constant(value=int() as site)):
                holds = self.infix.truth(self._bare(s.test))
                return [*self._checked(s.test), self.language.require(site, unwrapped(holds))]
            case _:
                raise AssertionError(ast.dump(s))

    def _if(self, s: ast.If, begun: set[str]) -> list[str]:
        test = self._bare(s.test)
        lines = self._checked(s.test)
        decided = ir.value_of(test)
        if decided is not None:
            return lines + self._statements(s.body if decided else s.orelse, begun)
        then, other = set(begun), set(begun)
        first, second = self._statements(s.body, then), self._statements(s.orelse, other)
        begun |= then | other
        return lines + self.language.branch(self.infix.truth(test), first, second)

    def _checked(self, e: ast.expr) -> list[str]:
        """The checks of an expression as statements before it."""
        return [
            self.language.require(c.site, unwrapped(self.infix.truth(opposite(c.fails))))
            for c in checks(self._put_in(e))
        ]

    def _number(self, e: ast.expr) -> str:
        return self.infix.number(self._bare(e))

    def _bare(self, e: ast.expr) -> ast.expr:
        return bare(self._put_in(e), self.known)

    def _put_in(self, e: ast.expr) -> ast.expr:
        return put_in(e, self.known)

    def _exit(self, e: Exit, begun: set[str]) -> list[str]:
        """The end of a path: what lives is kept, what is dead is as if it had never been."""
        assign, process = self.language.assign, self.place.process
        before = self.place.kept.get(self.step.number, set())
        lines: list[str] = []
        for id_, stored in self.place.locals.items():
            ends = id_ in before and process.variables[id_].procedure in e.touched
            if id_ in e.live:
                if id_ in self._in_scratch:
                    lines.append(assign(stored.name, self.variables.scratch(id_)))
            elif ends or (id_ in begun and id_ not in self._in_scratch):
                lines.append(assign(stored.name, str(stored.lo)))
        label = process.done if e.label < 0 else e.label
        assert label is not None
        moved = assign(self.place.pc.name, str(label))
        return [*lines, f"{moved}  {self.language.comment(label_name(self.place, label))}"]


def assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """The names that statements assign, each with a value that it gets."""
    for s in body:
        for node in ast.walk(s):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                yield node.targets[0].id, node.value


def label_name(place: Place, label: int) -> str:
    """A label as a person reads it: procedure.label."""
    if label == place.process.done:
        return "done"
    step = place.process.steps[label]
    return f"{step.procedure}.{step.label}"


def title(place: Place, found: Guarded, transition: Transition | None = None) -> str:
    """What a transition is called: who, at which label, choosing what."""
    chosen = transition.chosen if transition is not None else ()
    how = "".join(f", {name} = {value}" for name, value in chosen)
    return f"{place.instance.name} {label_name(place, found.step.number)}{how}"


def written_at(source: Source) -> str:
    """The place in the model's text, as file and line."""
    return f"{Path(source.file).name}:{source.line}"


def no_local(id_: str) -> Stored | str:
    """For expressions outside of any step, in which there are no locals."""
    raise AssertionError(f"a property has no local {id_}")
