"""The lowered steps as C functions over packed states: what the native engine compiles.

The text is complete in itself: macros that read and write each field by its name, a function for
each step of each process instance, a function for each property, and tables of the labels. The
engine that includes it knows no more than the names at its end (`moves_N`, `EACH_ACTOR`, ...).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mcheck.lang.contract import Source
from mcheck.lang.emit.c_text import CText, comment, identifiers, masks, within_a_word
from mcheck.lang.emit.paths import assigned_in, changed_by, ending, loaded_by
from mcheck.lang.errors import ModelError
from mcheck.lang.program import Choice, Claim, Instance, Process, Program, Step

if TYPE_CHECKING:
    from mcheck.lang.program import Cell, Exit

_PRELUDE = """
#include <stdint.h>

typedef struct { uint64_t w[WORDS]; } state;

#define MASK(bits) (((uint64_t)1 << (bits)) - 1)

/* `bits` bits (fewer than 64) of a state, from bit `at` on; they may lie in two words. */
#define LAST_WORD(at, bits) (((at) + (bits) - 1) / 64)
#define GET(s, at, bits) ((int64_t)(( \\
    (s).w[(at) / 64] >> (at) % 64 \\
    | ((at) % 64 + (bits) <= 64 ? 0 : (s).w[LAST_WORD(at, bits)] << (64 - (at) % 64) % 64) \\
    ) & MASK(bits)))
#define OR(s, at, bits, value) do { \\
    const uint64_t v_ = (uint64_t)(value) & MASK(bits); \\
    (s).w[(at) / 64] |= v_ << (at) % 64; \\
    if ((at) % 64 + (bits) > 64) (s).w[LAST_WORD(at, bits)] |= v_ >> (64 - (at) % 64) % 64; \\
} while (0)
#define SET(s, at, bits, value) do { \\
    const uint64_t n_ = (uint64_t)(value); \\
    (s).w[(at) / 64] &= ~(MASK(bits) << (at) % 64); \\
    if ((at) % 64 + (bits) > 64) \\
        (s).w[LAST_WORD(at, bits)] &= ~(MASK(bits) >> (64 - (at) % 64) % 64); \\
    OR(s, at, bits, n_); \\
} while (0)

/* The same for element i of an array that lies in one word. */
#define ELEMENT(s, at, bits, i) \\
    ((int64_t)((s).w[(at) / 64] >> ((at) % 64 + (bits) * (i)) & MASK(bits)))
#define SET_ELEMENT(s, at, bits, i, value) do { \\
    const int shift_ = (int)((at) % 64 + (bits) * (i)); \\
    const uint64_t v_ = (uint64_t)(value) & MASK(bits); \\
    (s).w[(at) / 64] = ((s).w[(at) / 64] & ~(MASK(bits) << shift_)) | v_ << shift_; \\
} while (0)

/* Checks: the value, or on to the label. */
#define NONZERO(x, label) ({ const int64_t x_ = (x); if (!x_) goto label; x_; })
#define WITHIN(x, lo, hi, label) \\
    ({ const int64_t x_ = (x); if (x_ < (lo) || x_ > (hi)) goto label; x_; })

/* Division as in Python: rounded down, the rest has the sign of the divisor. */
static inline int64_t floor_mod(int64_t a, int64_t b) {
    const int64_t r = a % b;
    return r && (r < 0) != (b < 0) ? r + b : r;
}
static inline int64_t floor_div(int64_t a, int64_t b) { return (a - floor_mod(a, b)) / b; }
static inline int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }
"""


_MOST_WAYS = 1 << 16
_MOST_WAITING = 64


def text(program: Program, name: str, *, hang: bool) -> str:
    """The C text of a lowered model.

    Raises:
        ModelError: the model has values, or numbers of things, that are too large for it.
    """
    _refuse_what_is_too_large(program, hang=hang)
    fields = identifiers(program.cells)
    labels = [
        len(process.steps) + (process.done is not None)
        for process in program.processes
        for _ in process.instances
    ]
    parts = [
        f"/* {comment(name)}, as lowered: {program.bits} bits a state. */",
        f"#define WORDS {max(1, -(-program.bits // 64))}",
        f"#define ACTORS {len(labels)}",
        f"#define LABELS {sum(labels)}",
        f"#define CLAIMS {len(program.claims)}",
        f"#define HANG {int(hang)}",
        _PRELUDE,
        *(line for key, cell in program.cells.items() for line in _cell(cell, fields[key])),
        *_actors(program, fields),
        *(
            line
            for i, claim in enumerate(program.claims)
            for line in _claim(program, fields, claim, i)
        ),
        *_judges(program.claims),
    ]
    return "\n".join(parts) + "\n"


def _refuse_what_is_too_large(program: Program, *, hang: bool) -> None:
    kinds = [cell.type for cell in program.cells.values()]
    kinds += [v.type for process in program.processes for v in process.variables.values()]
    for kind in kinds:
        within_a_word(kind.lo, kind.hi)
        within_a_word(0, kind.hi - kind.lo)
    actors = sum(len(process.instances) for process in program.processes)
    if actors * (1 + hang) > _MOST_WAITING:
        raise ModelError(
            f"{actors} processes: native code has room for {_MOST_WAITING // (1 + hang)}"
        )
    ways = sum(_most_ways(process) * len(process.instances) for process in program.processes)
    if ways > _MOST_WAYS:
        raise ModelError(f"a state may have {ways:,} successors: too many for native code")


def _most_ways(process: Process) -> int:
    """In how many ways a process may make its next step, at most."""
    return max(
        (math.prod(len(choice.values) for choice in step.choices) for step in process.steps),
        default=0,
    )


def _cell(cell: Cell, name: str) -> Iterator[str]:
    """How a field is read and written: macros with its name."""
    kind = cell.type
    where = f"{cell.count} x {kind.bits} bits from {cell.offset}"
    about = "constant" if cell.constant is not None else where
    yield f"\n/* {comment(cell.key)}: {comment(str(kind))}; {about} */"
    if cell.constant is not None:
        yield f"static const int64_t {name}_[] = {{{', '.join(map(str, cell.constant))}}};"
        yield f"#define get_{name}(s, i) {name}_[i]"
        return
    plus = f" + {kind.lo}" if kind.lo else ""
    minus = f"(int64_t)(v) - {kind.lo}" if kind.lo else "v"
    first, bits = cell.offset, kind.bits
    last = first + bits * cell.count - 1
    if not bits:
        yield f"#define get_{name}(s, i) ((void)(i), (int64_t){kind.lo})"
        yield f"#define set_{name}(s, i, v) ((void)(i), (void)(v))"
    elif first // 64 == last // 64:
        yield f"#define get_{name}(s, i) (ELEMENT(s, {first}, {bits}, i){plus})"
        yield f"#define set_{name}(s, i, v) SET_ELEMENT(s, {first}, {bits}, i, {minus})"
    else:  # each element has a place that is known to the compiler
        places = [first + bits * i for i in range(cell.count)]
        reads = " : ".join(
            [f"i_ == {i} ? GET(s, {at}, {bits})" for i, at in enumerate(places[:-1])]
            + [f"GET(s, {places[-1]}, {bits})"]
        )
        writes = " else ".join(
            f"if (i_ == {i}) SET(s, {at}, {bits}, e_);" for i, at in enumerate(places)
        )
        yield f"#define get_{name}(s, i) (({{ const int64_t i_ = (i); {reads}; }}){plus})"
        yield (
            f"#define set_{name}(s, i, v) "
            f"do {{ const int64_t i_ = (i), e_ = ({minus}); {writes} }} while (0)"
        )


class _Writer(CText):
    """Writes the steps of one process instance."""

    def __init__(
        self,
        program: Program,
        fields: Mapping[str, str],
        process: Process,
        instance: Instance,
        step: Step,
    ) -> None:
        known = {"process": instance.number}
        if instance.me is not None:
            known["me"] = instance.me
        super().__init__(program.cells, fields, known, process.variables)
        self.process, self.instance, self.current = process, instance, step
        self.words = max(1, -(-program.bits // 64))
        self.full = (1 << 64 * self.words) - 1
        self.assigned = assigned_in(step)
        self.arrays: list[str] = []

    def step(self, function: str) -> Iterator[str]:
        """One step as a function: where the successors end, after those that it appends."""
        step = self.current
        body = [f"    {line}" for line in self._loads(loaded_by(step))]
        body += self.statements(step.guard_before, 1, step.exits)
        if step.guard is not None:
            body.append(f"    if (!{self.text(step.guard)}) return out;")
        body += self._choices(0, 1)
        if not step.choices:
            body.append("    return out;")
        what = f"{self.instance.name}: {step.procedure}.{step.label} ({_place(step.source)})"
        yield f"\n/* {comment(what)} */"
        yield f"static state *{function}(const state *from, state *out, int *bad) {{"
        yield "    const state s = *from;"
        yield "    state t = s;"
        if self.names:
            yield f"    int64_t {', '.join(self.names.values())};"
        yield from self.arrays
        yield from body
        if step.choices:
            yield "    return out;"
        if self.fails:
            yield "failed: __attribute__((unused));"
            yield "    *bad = 1;"
            yield "    return out;"
        yield "}"

    def _loads(self, used: set[str]) -> Iterator[str]:
        """Read locals out of the state."""
        for id_ in sorted(used):
            v = self.variables.get(id_)
            if v is not None:
                plus = f" + {v.type.lo}" if v.type.lo else ""
                at = self.instance.base + v.offset
                yield f"{self.local(id_)} = GET(s, {at}, {v.type.bits}){plus};"

    def _choices(self, depth: int, indent: int) -> list[str]:
        pad = "    " * indent
        step = self.current
        if depth == len(step.choices):
            return self.statements(step.body, indent, step.exits)
        choice = step.choices[depth]
        lines = self.statements(choice.before, indent, step.exits)
        bounds = [self.range_of(v) for v in choice.values]
        lowest = min((lo for lo, _ in bounds), default=0)
        highest = max((hi for _, hi in bounds), default=0)
        self.set_bounds(choice.item, (lowest, highest))
        self.set_bounds(choice.variable, (lowest, highest))
        lines += self._domain(choice, depth, indent)
        item = self.local(choice.item)
        lines.append(f"{pad}for (int i{depth} = 0; i{depth} < n{depth}; i{depth}++) {{")
        lines.append(f"{pad}    {item} = d{depth}[i{depth}];")
        lines.append(f"{pad}    t = s;")
        lines += [f"{pad}    {line}" for line in self._loads(changed_by(step.body))]
        for earlier in step.choices[: depth + 1]:
            lines.append(f"{pad}    {self.local(earlier.variable)} = {self.local(earlier.item)};")
        outside, before = self.failed, self.fails
        self.failed, self.fails = f"failed_{depth}", False
        lines += self._choices(depth + 1, indent + 1)
        lines.append(f"{pad}    continue;")
        if self.fails:
            lines.append(f"{pad}failed_{depth}:")
            lines.append(f"{pad}    *bad = 1;")
        self.failed, self.fails = outside, before
        lines.append(pad + "}")
        return lines

    def _domain(self, choice: Choice, depth: int, indent: int) -> list[str]:
        """The elements to choose from, found before any of them is chosen."""
        pad = "    " * indent
        self.arrays.append(f"    int64_t d{depth}[{max(1, len(choice.values))}];")
        self.arrays.append(f"    int n{depth};")
        lines = [f"{pad}n{depth} = 0;"]
        item = self.local(choice.item)
        for value in choice.values:
            lines.append(f"{pad}{item} = {self.text(value)};")
            lines += self.statements(choice.before_filter, indent, self.current.exits)
            kept = f"d{depth}[n{depth}++] = {item};"
            if choice.filter is not None:
                kept = f"if ({self.text(choice.filter)}) {kept}"
            lines.append(pad + kept)
        if choice.filter is not None or not choice.values:
            lines.append(f"{pad}if (!n{depth}) goto {self.check()};")
        return lines

    def end(self, e: Exit) -> list[str]:
        """Clear what is dead, put in what lives, and append the successor."""
        end = ending(self.process, self.instance, e, self.assigned)
        lines = [
            f"t.w[{i}] &= {part:#x};" for i, part in masks(self.full & ~end.cleared, self.words)
        ]
        if end.label:
            lines.append(
                f"OR(t, {self.instance.pc_offset}, {self.process.pc_bits}, "
                f"{end.label >> self.instance.pc_offset});"
            )
        for v in end.stored:
            value = self.local(v.id) + (f" - {v.type.lo}" if v.type.lo else "")
            lines.append(f"OR(t, {self.instance.base + v.offset}, {v.type.bits}, {value});")
        return [*lines, "*out++ = t;", *([] if self.current.choices else ["return out;"])]


class _ClaimWriter(CText):
    """Writes a property, which has no exits."""

    def end(self, e: Exit) -> list[str]:
        """Never asked for."""
        raise AssertionError(e)


def _actors(program: Program, fields: Mapping[str, str]) -> Iterator[str]:
    """The steps of all process instances, and what the engine asks of each instance."""
    first, number, most = 0, 0, 0
    for process in program.processes:
        for instance in process.instances:
            for step in process.steps:
                writer = _Writer(program, fields, process, instance, step)
                yield from writer.step(f"step_{number}_{step.number}")
            yield from _dispatch(process, instance, number, first)
            most += _most_ways(process)
            first += len(process.steps) + (process.done is not None)
            number += 1
    yield f"\n#define EACH_ACTOR(DO) {' '.join(f'DO({i})' for i in range(number))}"
    yield f"#define MOST_MOVES {max(1, most)}"


def _dispatch(process: Process, instance: Instance, number: int, first: int) -> Iterator[str]:
    """The moves of one instance from wherever it stands, and what its labels are."""
    rests = [step.rest for step in process.steps] + ([True] if process.done is not None else [])
    yield f"\n#define label_{number}(s) GET(s, {instance.pc_offset}, {process.pc_bits})"
    yield f"#define first_label_{number} {first}"
    yield f"#define daemon_{number} {int(process.daemon)}"
    yield f"static const uint8_t rests_{number}[] = {{{', '.join(str(int(r)) for r in rests)}}};"
    yield f"static inline state *moves_{number}(const state *s, state *out, int *bad) {{"
    yield f"    switch (label_{number}(*s)) {{"
    for step in process.steps:
        yield f"    case {step.number}: return step_{number}_{step.number}(s, out, bad);"
    yield "    default: return out;"
    yield "    }"
    yield "}"


def _claim(program: Program, fields: Mapping[str, str], claim: Claim, number: int) -> Iterator[str]:
    """A property as a function: 1 where it holds, 0 where it does not, -1 where it goes wrong."""
    writer = _ClaimWriter(program.cells, fields, {}, {})
    body = writer.statements(claim.body, 1, ())
    body.append(f"    return !!{writer.text(claim.value)};")
    yield f"\n/* {claim.kind}: {comment(claim.name)} */"
    yield f"static int claim_{number}(const state t, const state u) {{"
    yield "    (void)t, (void)u;"
    if writer.names:
        yield f"    int64_t {', '.join(writer.names.values())};"
    yield from body
    if writer.fails:
        yield "failed:"
        yield "    return -1;"
    yield "}"


def _judges(claims: Sequence[Claim]) -> Iterator[str]:
    """What the engine asks of all properties of a kind; asked and open: a flag for each claim."""
    yield "\nstatic inline int breaks_always(const state *t, const uint8_t *asked) {"
    yield "    (void)t, (void)asked;"
    for i, claim in enumerate(claims):
        if claim.kind == "always":
            yield f"    if (asked[{i}] && claim_{i}(*t, *t) <= 0) return 1;"
    yield "    return 0;"
    yield "}"
    yield "\nstatic inline int breaks_step("
    yield "    const state *t, const state *u, const uint8_t *asked) {"
    yield "    (void)t, (void)u, (void)asked;"
    for i, claim in enumerate(claims):
        if claim.kind == "step":
            yield f"    if (asked[{i}] && claim_{i}(*t, *u) <= 0) return 1;"
    yield "    return 0;"
    yield "}"
    yield "\n/* Marks the open covers that are hit; 1 if the evaluation of one fails. */"
    yield "static inline int covers(const state *t, const uint8_t *open, uint8_t *hit) {"
    yield "    int held, bad = 0;"
    yield "    (void)t, (void)open, (void)hit, (void)held;"
    for i, claim in enumerate(claims):
        if claim.kind == "cover":
            yield f"    if (open[{i}]) {{"
            yield f"        if ((held = claim_{i}(*t, *t)) < 0) bad = 1;"
            yield f"        else if (held) __atomic_store_n(&hit[{i}], 1, __ATOMIC_RELAXED);"
            yield "    }"
    yield "    return bad;"
    yield "}"
    has_step = any(claim.kind == "step" for claim in claims)
    yield f"\n#define STEP_CLAIMS {int(has_step)}"


def _place(source: Source) -> str:
    return f"{source.file.rpartition('/')[2]}:{source.line}"
