"""All ways through all steps of all processes, as formulas over the state before and the inputs.

The inputs are who moves, and for each choice of its step what is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import z3

from mcheck.explorer.bounded import parts
from mcheck.explorer.bounded.vector import Vector, registers
from mcheck.lang.emit.paths import assigned_in, ending
from mcheck.lang.emit.smt import Path, Steps, number, truth
from mcheck.lang.emit.words import Word, Words, constant, distance, width
from mcheck.lang.program import Instance, Process, Program, Step

BEFORE, AFTER = "before", "after"
"""The moments around one move."""


@dataclass(frozen=True)
class Way:
    """One way through a step: when it is taken, and what it puts into which slots."""

    taken: z3.BoolRef
    puts: Mapping[int, z3.BitVecRef]


@dataclass(frozen=True)
class Place:
    """One process at one label: `here` says that it stands there, `moves` that it moves as well.

    able: its step can move, or fails, if it is there; fails: each way in which it fails there.
    """

    actor: int
    label: int
    here: z3.BoolRef
    moves: z3.BoolRef
    able: z3.BoolRef
    fails: Sequence[z3.BoolRef]


class Ways:
    """The ways and failures of a program's steps.

    who: the input that says who moves; chosen: those for the choices, by number and size.
    """

    def __init__(self, program: Program, vector: Vector) -> None:
        self._program, self._vector = program, vector
        self._steps = Steps(program.cells, lambda site: True)
        actors = [(p, i) for p in program.processes for i in p.instances]
        self.who = z3.BitVec("who", max(1, (len(actors) - 1).bit_length()))
        self.chosen: dict[tuple[int, int], z3.BitVecRef] = {}
        self.taken: list[Way] = []
        self.failures: dict[str, list[z3.BoolRef]] = {}
        self.places: list[Place] = []
        for actor, (process, instance) in enumerate(actors):
            for step in process.steps:
                self._add(actor, process, instance, step)

    @property
    def inputs(self) -> list[z3.BitVecRef]:
        """All inputs of a move."""
        return [self.who, *self.chosen.values()]

    def _add(self, actor: int, process: Process, instance: Instance, step: Step) -> None:
        here = self._vector.stands(process, instance, step.number, BEFORE)
        moves = z3.And(here, self.who == actor)
        words = self._words(process, instance, step)
        able: list[z3.BoolRef] = []
        fails: list[z3.BoolRef] = []
        for path in self._steps.paths(parts.guard(step)):
            able.append(words.truth(truth(path.after.local(parts.GUARD))))
            fails += self._failing(path, words, moves)
        able += fails
        stopped: list[z3.BoolRef] = []  # by a filter that fails for some element
        for part in parts.domains(step):
            before = list(stopped)
            for path in self._steps.paths(part):
                stopped += self._failing(path, words, moves, before)
        fails += stopped
        goes_on = z3.And(moves, z3.Not(z3.Or(stopped))) if stopped else moves
        for path in self._steps.paths(step):
            fails += self._failing(path, words, moves, stopped)
            self.taken.append(self._way(path, words, goes_on, (process, instance, step)))
        self.places.append(Place(actor, step.number, here, moves, z3.Or(able), fails))

    def _failing(
        self, path: Path, words: Words, moves: z3.BoolRef, stopped: Sequence[z3.BoolRef] = ()
    ) -> list[z3.BoolRef]:
        """Note where a path fails, each check by its kind; when it does.

        stopped: when a filter fails, for whatever element, so that the path comes no further. That
        failure is noted already.
        """
        found: list[z3.BoolRef] = []
        for site, fails in failures_of(path, words):
            failed = z3.simplify(z3.And(fails, z3.Not(z3.Or(list(stopped))))) if stopped else fails
            found.append(failed)
            kind = self._program.sites[site].kind
            self.failures.setdefault(kind, []).append(z3.And(moves, failed))
        return found

    def _way(
        self, path: Path, words: Words, moves: z3.BoolRef, of: tuple[Process, Instance, Step]
    ) -> Way:
        conditions = [words.truth(condition) for condition in path.conditions]
        puts = {**self._stored(path, words), **self._own(path, words, of)}
        return Way(z3.simplify(z3.And(moves, *conditions)), puts)

    def _stored(self, path: Path, words: Words) -> dict[int, z3.BitVecRef]:
        """What the path puts into fields."""
        puts: dict[int, z3.BitVecRef] = {}
        for key in dict.fromkeys(key for key, _ in path.stores):
            cell = self._program.cells[key]
            bits = cell.type.bits
            before = words.array(path.before.array(key))
            for i, value in enumerate(words.array(path.after.array(key))):
                if bits and value is not before[i]:
                    puts[cell.offset + i * bits] = z3.simplify(distance(value, cell.type.lo, bits))
        return puts

    def _own(
        self, path: Path, words: Words, of: tuple[Process, Instance, Step]
    ) -> dict[int, z3.BitVecRef]:
        """What becomes of the process's own label and locals."""
        process, instance, step = of
        assert path.exit is not None
        end = ending(process, instance, path.exit, assigned_in(step))
        puts: dict[int, z3.BitVecRef] = {}
        if process.pc_bits:
            puts[instance.pc_offset] = z3.BitVecVal(
                end.label >> instance.pc_offset, process.pc_bits
            )
        for place, bits in registers(process).items():
            offset = instance.base + place
            old = self._vector.slots[offset].at(BEFORE)
            kept = ~(end.cleared >> offset) & (1 << bits) - 1
            new = old & kept
            for v in end.stored:
                if v.offset == place:
                    value = words.word(number(path.after.local(v.id)))
                    stored = distance(value, v.type.lo, v.type.bits)
                    new |= z3.ZeroExt(bits - v.type.bits, stored)
            new = z3.simplify(new)
            if not new.eq(old):
                puts[offset] = new
        return puts

    def _words(self, process: Process, instance: Instance, step: Step) -> Words:
        """The words of one process's step; the choices get their ranges one by one."""
        known = {"process": instance.number, "me": instance.me or 0}
        chosen: list[Word] = []

        def leaf(name: str) -> Word:
            if name in known:
                return constant(known[name])
            if name in process.variables:
                return self._vector.local(process.variables[name], instance, BEFORE)
            if name.startswith("@c"):
                return chosen[int(name[2:])]
            return constant(0)  # what is not set on this path is not used on it

        def cells(key: str) -> Sequence[Word]:
            return self._vector.cell(self._program.cells[key], BEFORE)

        words = Words(leaf, cells)
        for k in range(len(step.choices)):
            lo, hi = self._range(step, k, words)
            one = lo == hi  # and is not asked for, as it can be nothing else
            chosen.append(constant(lo) if one else Word(self._input(k, width(lo, hi)), lo, hi))
        return words

    def _range(self, step: Step, k: int, words: Words) -> tuple[int, int]:
        """Between which numbers all lies that a choice chooses from."""
        part, names = parts.values(step, k)
        found = [
            words.word(number(path.after.local(name)))
            for path in self._steps.paths(part)
            for name in names
        ]
        return min((w.lo for w in found), default=0), max((w.hi for w in found), default=0)

    def _input(self, k: int, size: int) -> z3.BitVecRef:
        """The input for a choice. Only one step is made at a time: all of one size share it."""
        return self.chosen.setdefault((k, size), z3.BitVec(f"chosen{k}:{size}", size))


def failures_of(path: Path, words: Words) -> Iterator[tuple[int, z3.BoolRef]]:
    """Each check of a path: its site, and when the path comes that far and fails there."""
    conditions = [words.truth(condition) for condition in path.conditions]
    for check in path.checks:
        failed = z3.And(*conditions[: check.after], z3.Not(words.truth(check.holds)))
        yield check.site, z3.simplify(failed)
