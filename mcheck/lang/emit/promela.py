"""The lowered steps as Promela, the language of SPIN.

Each process is one loop with an option for each transition, and each option is one `d_step`. The
properties of states are options of a process of their own, which never moves while they hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcheck.lang.emit.guarded.commands import Guarded, Transition, guarded, judged
from mcheck.lang.emit.guarded.infix import Dialect, Infix, unwrapped
from mcheck.lang.emit.guarded.pure import Check, opposite
from mcheck.lang.emit.guarded.steps import StepWriter, label_name, no_local, written_at
from mcheck.lang.emit.guarded.variables import Place, Stored, Variables, elements
from mcheck.lang.emit.guarded.waiting import Waiting, waiting
from mcheck.lang.errors import ModelError
from mcheck.lang.program import Program

_HEAD = """\
/* {model}

   spin -o2 -a FILE && gcc -O2 -DBFS -DNOREDUCE -DVECTORSZ=8192 -o pan pan.c && ./pan

   Exported by mcheck. Labels, references and members of enums are numbers, with remarks. */
"""

_CHECK = """\
/* An assertion that fails is reported with the name of what it judges. */
#define check(name, ok) name = ok; assert(name)"""


class Promela:
    """How Promela writes statements. kinds: how failures of each kind are called."""

    dialect = Dialect(
        conjunction=" && ",
        disjunction=" || ",
        equal="==",
        truths=False,
        choice="({test} -> {then} : {other})",
    )

    def __init__(self, variables: Variables) -> None:
        """Begin without any failure."""
        self._variables = variables
        self.kinds: dict[str, str] = {}

    def comment(self, text: str) -> str:
        """A remark."""
        return f"/* {text.replace('*/', '* /')} */"

    def assign(self, target: str, value: str) -> str:
        """An assignment."""
        return f"{target} = {value};"

    def branch(self, test: str, then: list[str], other: list[str]) -> list[str]:
        """An if; a branch that does nothing must say so."""
        return [
            "if",
            f":: {unwrapped(test)} ->",
            *(f"   {line}" for line in then or ["skip;"]),
            ":: else ->",
            *(f"   {line}" for line in other or ["skip;"]),
            "fi;",
        ]

    def require(self, site: int, holds: str) -> str:
        """A check, under the name of its kind."""
        where = self._variables.program.sites[site]
        remark = self.comment(f"{where.message}, {written_at(where.source)}")
        return f"{self.judge(self.kind(where.kind), holds)} {remark}"

    def judge(self, name: str, holds: str = "false") -> str:
        """A check."""
        return f"check({name}, {holds});"

    def kind(self, kind: str) -> str:
        """The name under which a kind of failure is reported."""
        if kind not in self.kinds:
            self.kinds[kind] = self._variables.names.new(f"ok_{kind}")
        return self.kinds[kind]


def emit(model: Any, program: Program) -> str:
    """A lowered model in Promela."""
    return _Writer(Variables(model, program)).text()


class _Writer:
    """Writes one model."""

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        self.language = Promela(variables)
        named = zip(variables.program.claims, variables.claims, strict=True)
        self.claims = [
            (judged(c, variables.tables), name) for c, name in named if c.kind != "cover"
        ]
        self.states = Infix(variables, Promela.dialect, no_local)
        self.pairs = Infix(variables, Promela.dialect, no_local, before=True)
        self.waiting: list[Waiting] = []
        self.judging: dict[str, list[str]] = {}
        self.boots = variables.starts > 1 or any(map(_has_no_initializer, variables.stored()))

    def text(self) -> str:
        """The parts; the declarations come first, but are known last."""
        parts = [self._step_claims()]
        parts += [self._process(place) for place in self.variables.places]
        parts += [self._boot(), self._who(), self._watch()]
        lines = [_HEAD.format(model=_plain(self.variables.heading)), *self._declarations(), _CHECK]
        for part in parts:
            lines += ["", *part] if part else []
        return "\n".join(lines) + "\n"

    # Declarations

    def _declarations(self) -> list[str]:
        names = [*self.language.kinds.values(), *(name for _, name in self.claims)]
        used = [*(f"int {name} = 0;" for name in self.variables.scratches)]
        for stored in self.pairs.read_before.values():
            before = replace(stored, name=f"before_{stored.name}", comment="")
            used.append(_declared(before, _zeros(stored)))
        groups = {
            "1 until a check or a property of that name fails.": [f"bit {n} = 1;" for n in names],
            "Where each process stands, and its locals.": [
                self._variable(stored)
                for place in self.variables.places
                for stored in (place.pc, *place.locals.values())
            ],
            "The fields of the model.": [self._variable(s) for s in self.variables.cells.values()],
            "What never changes.": [_table(s) for s in self.variables.looked_up.values()],
            "Used within a step, and 0 between steps.": used,
        }
        found: list[str] = []
        for title, lines in groups.items():
            found += [f"/* {title} */", *lines, ""] if lines else []
        return found

    def _variable(self, stored: Stored) -> str:
        """A part of the state. Where a declaration cannot say what it begins with, `boot` does."""
        if not self.boots:
            return _declared(stored, stored.starts[0])
        if any(stored is place.pc for place in self.variables.places):
            return _declared(replace(stored, hi=stored.hi + 1), (stored.hi + 1,))
        return _declared(stored, _zeros(stored))

    def _boot(self) -> list[str]:
        """The choice of an initial state: one state more, and a transition to each of them."""
        if not self.boots:
            return []
        lines = ["active proctype boot()", "{", "   if"]
        for start in range(self.variables.starts):
            assigned = [
                f"{element} = {value};"
                for stored in self.variables.stored()
                for element, value in zip(elements(stored), stored.starts[start], strict=True)
            ]
            lines.append(f"   :: d_step {{ true -> {' '.join(assigned)} }}")
        return [*lines, "   fi;", "end: false", "}"]

    # Processes

    def _process(self, place: Place) -> list[str]:
        state = self.variables.program.state
        steps = [guarded(step, self.variables.known(place), state) for step in place.process.steps]
        self.waiting.append(waiting(self.variables, place, steps, Promela.dialect))
        options: list[str] = []
        for step in steps:
            if step.transitions or step.fails:
                options += self._step(place, step)
        return _loop(f"run_{place.name}", options)

    def _step(self, place: Place, found: Guarded) -> list[str]:
        label = label_name(place, found.step.number)
        lines = [self.language.comment(f"{label}, {written_at(found.step.source)}")]
        for transition in found.transitions:
            lines += self._transition(place, found, transition)
        for check in found.fails:
            lines += self._failure(place, found, check)
        return lines

    def _transition(self, place: Place, found: Guarded, transition: Transition) -> list[str]:
        writer = StepWriter(self.variables, place, found.step, self.language)
        guard = _at(place, found, writer.guard(transition.guard))
        body = writer.body(transition)
        body = [*self.judging["remember"], *body, *self.judging["judge"], *self.judging["forget"]]
        body += [f"{name} = 0;" for name in writer.used]
        chosen = ", ".join(f"{name} = {value}" for name, value in transition.chosen)
        remark = f" {self.language.comment(chosen)}" if chosen else ""
        return [f":: d_step {{ {guard} ->{remark}", *(f"      {line}" for line in body), "   }"]

    def _failure(self, place: Place, found: Guarded, check: Check) -> list[str]:
        """What goes wrong before the body of a step begins."""
        writer = StepWriter(self.variables, place, found.step, self.language)
        guard = _at(place, found, writer.guard(check.fails))
        return [f":: d_step {{ {guard} ->", f"      {self._fails(check)}", "   }"]

    def _fails(self, check: Check) -> str:
        return self.language.require(check.site, "false")

    # Properties

    def _step_claims(self) -> list[str]:
        """Up to three inlines: remember what there is before a step, judge the step, forget."""
        judge: list[str] = []
        for each, name in self.claims:
            if each.claim.kind == "step":
                for check in each.fails:
                    holds = self.pairs.truth(opposite(check.fails))
                    judge.append(self.language.require(check.site, holds))
                judge.append(self.language.judge(name, self.pairs.truth(opposite(each.broken))))
        kept = [e for stored in self.pairs.read_before.values() for e in elements(stored)]
        inlines = {
            "remember": [f"before_{element} = {element};" for element in kept],
            "judge": judge,
            "forget": [f"before_{element} = 0;" for element in kept],
        }
        self.judging = {name: [f"{name}();"] if lines else [] for name, lines in inlines.items()}
        found = [
            line
            for name, lines in inlines.items()
            for line in ([f"inline {name}() {{", *_indented(lines), "}"] if lines else [])
        ]
        return ["/* The properties of a step. */", *found] if found else []

    def _watch(self) -> list[str]:
        """The process that judges states: each option is one way of being wrong."""
        lines: list[str] = []
        for each, name in self.claims:
            if each.claim.kind == "always":
                for check in each.fails:
                    lines += self._wrong(self.states.truth(check.fails), self._fails(check))
                broken = self.states.truth(each.broken)
                lines += self._wrong(broken, self.language.judge(name))
        lines += self._in_vain()
        head = ["/* All is well as long as this process does not move. */"]
        return [*head, *_loop("watch", lines)] if lines else []

    def _wrong(self, broken: str, judged_: str) -> list[str]:
        begun = f"{self._begun()} && " if self.boots else ""
        return [f":: d_step {{ {begun}{broken} ->", f"      {judged_}", "   }"]

    def _begun(self) -> str:
        pc = self.variables.places[0].pc
        return f"{pc.name} != {pc.hi + 1}"

    def _who(self) -> list[str]:
        """Who waits and, where hangs are judged, who works."""
        lines = [f"#define {w.place.name}_waits ({w.waits})" for w in self.waiting if w.waits]
        if self.variables.hang and lines:
            lines += [f"#define {w.place.name}_works ({w.works})" for w in self.waiting]
        return lines

    def _in_vain(self) -> list[str]:
        """Somebody waits while nobody can move or, where that is asked for, nobody works."""
        waits = " || ".join(f"{w.place.name}_waits" for w in self.waiting if w.waits)
        if not waits:
            return []
        lines: list[str] = []
        if self.variables.hang:
            works = " || ".join(f"{w.place.name}_works" for w in self.waiting)
            hangs = self.language.judge(self.language.kind("hang"))
            lines += self._wrong(f"({waits}) && !({works})", hangs)
        deadlock = self.language.judge(self.language.kind("deadlock"))
        return [*lines, f":: timeout && ({waits}) ->", f"   d_step {{ {deadlock} }}"]


def _loop(name: str, options: list[str]) -> list[str]:
    """A process that does one of its options, again and again. It may stop at any time."""
    head = [f"active proctype {name}()", "{", "end: do"]
    return [*head, *_indented(options or [":: false"]), "   od", "}"]


def _at(place: Place, found: Guarded, condition: str) -> str:
    at = f"{place.pc.name} == {found.step.number}"
    return at if condition == "true" else f"{at} && {condition}"


def _declared(stored: Stored, values: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, values))
    name = stored.name if stored.count is None else f"{stored.name}[{stored.count}]"
    begins = shown if stored.count is None else f"{{{shown}}}"
    remark = f" /* {_plain(stored.comment)} */" if stored.comment else ""
    return f"{_type(stored)} {name} = {begins};{remark}"


def _table(stored: Stored) -> str:
    """A constant array as a macro that looks its values up."""
    (values,) = stored.starts
    found = str(values[-1])
    for place, value in reversed(list(enumerate(values[:-1]))):
        found = f"((i) == {place} -> {value} : {found})"
    return f"#define {stored.name}(i) {found}"


def _zeros(stored: Stored) -> tuple[int, ...]:
    return (0,) * (stored.count or 1)


def _has_no_initializer(stored: Stored) -> bool:
    """An array's initial values are numbers without a sign."""
    return stored.count is not None and any(
        value < 0 for values in stored.starts for value in values
    )


def _type(stored: Stored) -> str:
    """The smallest type that has all values."""
    for name, lo, hi in (("bit", 0, 1), ("byte", 0, 255), ("short", -(2**15), 2**15 - 1)):
        if lo <= stored.lo and stored.hi <= hi:
            return name
    if stored.lo >= -(2**31) and stored.hi < 2**31:
        return "int"
    raise ModelError(f"{stored.name} is too large for Promela, whose integers have 32 bits")


def _indented(lines: list[str]) -> list[str]:
    return [f"   {line}" for line in lines]


def _plain(text: str) -> str:
    return text.replace("*/", "* /")
