"""The lowered steps as Murphi, for Rumur: a rule for each transition.

Rumur's extensions of the language are used: `cover`, `liveness`, the conditional expression, and
where a model has them shifts and operations on bits.
"""

from __future__ import annotations

from typing import Any

from mcheck.lang.emit.guarded.commands import Guarded, Transition, guarded, judged
from mcheck.lang.emit.guarded.infix import Dialect, Infix, unwrapped
from mcheck.lang.emit.guarded.pure import Check, opposite
from mcheck.lang.emit.guarded.steps import StepWriter, no_local, title, written_at
from mcheck.lang.emit.guarded.variables import Place, Stored, Variables, elements
from mcheck.lang.emit.guarded.waiting import Waiting, waiting
from mcheck.lang.program import Program

_HEAD = """\
-- {model}
--
-- rumur --threads 1 --symmetry-reduction off --deadlock-detection off -o model.c FILE
-- gcc -O2 -std=gnu11 -o model model.c -lpthread && ./model
--
-- Exported by mcheck. Labels, references and members of enums are numbers, with remarks."""

_ANY = "-2147483648 .. 2147483647"


class Murphi:
    """How Murphi writes statements."""

    dialect = Dialect(
        conjunction=" & ",
        disjunction=" | ",
        equal="=",
        truths=True,
        choice="({test} ? {then} : {other})",
    )

    def __init__(self, variables: Variables) -> None:
        """Keep what can be checked."""
        self._variables = variables

    def comment(self, text: str) -> str:
        """A remark; it ends with the line."""
        return f"-- {_plain(text)}"

    def assign(self, target: str, value: str) -> str:
        """An assignment."""
        return f"{target} := {value};"

    def branch(self, test: str, then: list[str], other: list[str]) -> list[str]:
        """An if."""
        lines = [f"if {unwrapped(test)} then", *_indented(then)]
        lines += ["else", *_indented(other)] if other else []
        return [*lines, "end;"]

    def require(self, site: int, holds: str) -> str:
        """A check; what it says begins with its kind."""
        where = self._variables.program.sites[site]
        said = _plain(f"{where.kind}: {where.message}, {written_at(where.source)}")
        return f'assert ({holds}) "{said}";'


def emit(model: Any, program: Program) -> str:
    """A lowered model in Murphi."""
    return _Writer(Variables(model, program)).text()


class _Writer:
    """Writes one model."""

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        self.language = Murphi(variables)
        self.claims = [judged(claim, variables.tables) for claim in variables.program.claims]
        self.states = Infix(variables, Murphi.dialect, no_local)
        self.pairs = Infix(variables, Murphi.dialect, no_local, before=True)
        self.waiting: list[Waiting] = []

    def text(self) -> str:
        """The parts; which tables are needed is known last."""
        judging = self._step_claims()
        rules = [self._process(place, judging) for place in self.variables.places]
        rules += [self._invariants(), self._in_vain()]
        parts = [self._declarations(), self._tables(), self._starts(), *rules]
        lines = [_HEAD.format(model=_plain(self.variables.heading))]
        for part in parts:
            lines += ["", *part] if part else []
        return "\n".join(lines) + "\n"

    # Declarations

    def _declarations(self) -> list[str]:
        lines = ["var", "  -- where each process stands, and its locals"]
        for place in self.variables.places:
            lines += [f"  {_declared(stored)}" for stored in (place.pc, *place.locals.values())]
        lines.append("  -- the fields of the model")
        return lines + [f"  {_declared(stored)}" for stored in self.variables.cells.values()]

    def _tables(self) -> list[str]:
        """What never changes and is looked up by a number, as functions."""
        lines: list[str] = []
        for stored in self.variables.looked_up.values():
            (values,) = stored.starts
            index, of = f"0 .. {len(values) - 1}", f"{stored.lo} .. {stored.hi}"
            lines += [f"function {stored.name}(i: {index}): {of};", "begin", "  switch i"]
            lines += [f"    case {i}: return {value};" for i, value in enumerate(values[:-1])]
            lines += [f"    else return {values[-1]};", "  end;", "end;"]
        return lines

    def _starts(self) -> list[str]:
        lines: list[str] = []
        for start in range(self.variables.starts):
            lines += ["startstate", "begin"]
            for stored in self.variables.stored():
                pairs = zip(elements(stored), stored.starts[start], strict=True)
                lines += [f"  {element} := {value};" for element, value in pairs]
            lines.append("end;")
        return lines

    # Rules

    def _process(self, place: Place, judging: list[str]) -> list[str]:
        state = self.variables.program.state
        lines: list[str] = []
        steps = [guarded(step, self.variables.known(place), state) for step in place.process.steps]
        self.waiting.append(waiting(self.variables, place, steps, Murphi.dialect))
        for found in steps:
            for transition in found.transitions:
                lines += self._transition(place, found, transition, judging)
            for check in found.fails:
                lines += self._failure(place, found, check)
        return lines

    def _transition(
        self, place: Place, found: Guarded, transition: Transition, judging: list[str]
    ) -> list[str]:
        writer = StepWriter(self.variables, place, found.step, self.language)
        body = writer.body(transition)
        own = [f"  {name}: {_ANY};" for name in writer.used]
        before: list[str] = []
        if judging:
            for stored in self.pairs.read_before.values():
                own.append(f"  before_{_declared(stored)}")
                before.append(f"before_{stored.name} := {stored.name};")
        head = self._rule(place, found, writer.guard(transition.guard), transition)
        lines = [*before, *body, *judging]
        return [*head, *(["var", *own] if own else []), "begin", *_indented(lines), "end;"]

    def _failure(self, place: Place, found: Guarded, check: Check) -> list[str]:
        """What goes wrong before the body of a step begins."""
        writer = StepWriter(self.variables, place, found.step, self.language)
        head = self._rule(place, found, writer.guard(check.fails), None)
        return [*head, "begin", f"  {self._fails(check)}", "end;"]

    def _fails(self, check: Check) -> str:
        return self.language.require(check.site, "false")

    def _rule(
        self, place: Place, found: Guarded, condition: str, transition: Transition | None
    ) -> list[str]:
        at = f"{place.pc.name} = {found.step.number}"
        guard = at if condition == "true" else f"{at} & {condition}"
        where = self.language.comment(written_at(found.step.source))
        return ["", f'rule "{_plain(title(place, found, transition))}" {where}', f"  {guard} ==>"]

    # Properties

    def _step_claims(self) -> list[str]:
        """What is asserted at the end of each rule."""
        lines: list[str] = []
        for each in self.claims:
            if each.claim.kind == "step":
                for check in each.fails:
                    holds = self.pairs.truth(opposite(check.fails))
                    lines.append(self.language.require(check.site, holds))
                holds = unwrapped(self.pairs.truth(opposite(each.broken)))
                lines.append(f'assert ({holds}) "{each.claim.name}";')
        return lines

    def _invariants(self) -> list[str]:
        lines: list[str] = []
        for each in self.claims:
            if each.claim.kind == "step":
                continue
            holds = unwrapped(self.states.truth(opposite(each.broken)))
            kind = "cover" if each.claim.kind == "cover" else "invariant"
            for check in each.fails:
                where = self.variables.program.sites[check.site]
                sound = unwrapped(self.states.truth(opposite(check.fails)))
                lines.append(f'invariant "{_plain(f"{where.kind}: {where.message}")}" {sound};')
            lines.append(f'{kind} "{each.claim.name}" {holds};')
        return lines

    def _in_vain(self) -> list[str]:
        """Nobody waits while nobody can move; and from every state on, each can come to move."""
        waiting = [who for who in self.waiting if who.waits is not None]
        if not waiting:
            return []
        lines: list[str] = []
        for who in waiting:
            lines += _condition(f"{who.place.name}_waits", who.waits or "false")
        for who in self.waiting:
            lines += _condition(f"{who.place.name}_moves", who.moves)
            lines += _condition(f"{who.place.name}_works", who.works) if self.variables.hang else []
        waits = " | ".join(f"{who.place.name}_waits()" for who in waiting)
        kinds = [("deadlock", "moves"), ("hang", "works")]
        for kind, goes_on in kinds if self.variables.hang else kinds[:1]:
            anybody = " | ".join(f"{who.place.name}_{goes_on}()" for who in self.waiting)
            lines.append(f'invariant "{kind}" !({waits}) | {anybody};')
        for who in waiting:
            name = _plain(who.place.instance.name)
            lines.append(f'liveness "deadlock: {name} waits for ever" !{who.place.name}_waits();')
        return lines


def _condition(name: str, value: str) -> list[str]:
    return [f"function {name}(): boolean;", "begin", f"  return {value};", "end;"]


def _declared(stored: Stored) -> str:
    values = f"{stored.lo} .. {stored.hi}"
    of = values if stored.count is None else f"array [0 .. {stored.count - 1}] of {values}"
    remark = f" -- {_plain(stored.comment)}" if stored.comment else ""
    return f"{stored.name}: {of};{remark}"


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _plain(text: str) -> str:
    """Text that neither ends a string nor a line."""
    return " ".join(text.replace('"', "'").replace("\\", "/").split())
