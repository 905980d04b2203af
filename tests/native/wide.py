"""Models whose states are longer than a machine's word, with fields that lie in two words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcheck.lang import (
    Array,
    Const,
    Flag,
    Int,
    Model,
    Proc,
    State,
    always,
    at,
    choose,
    cover,
    procedure,
    run,
    step,
)
from mcheck.lang.program import Program


class Wide(State):
    """Some long fields. The size of the first one moves all others."""

    span = Const(1)
    size = Const(1)
    reach = Const(1)
    cells = Const(3)
    writers = Const(2)
    lead = Int(0, span)
    cell = Array(Int(-1 * size, size), cells)
    mark = Array(Int(-5, 90), 3)
    far = Int(-1 * reach, reach)
    shut = Flag()


@procedure
def writer(k: Wide, me: int) -> Proc[None]:
    """Write one of the long fields, remember it, and mark what it was."""
    yield at("write")
    i = choose(range(k.cells))
    up = choose((False, True))
    k.cell[i] = k.size if up else -k.size
    k.lead = k.span
    yield at("read")
    seen = k.cell[i]
    yield at("mark")
    j = choose(range(3))
    k.mark[j] = 90 if seen > 0 else -5
    k.far = -k.reach if seen > 0 else k.reach - 2 * me
    k.shut = not k.shut


@always
def not_all(k: Wide) -> bool:
    """Not all marks are set to their largest value."""
    return sum(k.mark[j] for j in range(3)) < 3 * 90


@always
def whole(k: Wide) -> bool:
    """What is written is what is there."""
    return all(k.cell[i] in (-k.size, 0, k.size) for i in range(k.cells))


@step
def one_at_a_time(before: Wide, after: Wide) -> bool:
    """No step changes two of the long fields."""
    return sum(before.cell[i] != after.cell[i] for i in range(before.cells)) < 2


@step
def not_down(before: Wide, after: Wide) -> bool:
    """What is above nothing does not fall below."""
    return before.far <= 0 or after.far > -1000


@cover
def written(k: Wide) -> bool:
    """The last of the long fields can be at its largest."""
    return k.cell[k.cells - 1] == k.size and k.far < 0


wide = Model(
    "wide", Wide, [run(writer, each=Wide.writers)], [not_all, whole, one_at_a_time, written]
)
falling = Model("falling", Wide, [run(writer, each=Wide.writers)], [whole, not_down])

SIZES = [  # span, size, reach, cells, writers
    (1, 5, 9, 1, 1),
    (1, 200, 1 << 20, 2, 2),
    (255, (1 << 20) + 1, 1 << 12, 1, 3),
    (1 << 16, (1 << 30) - 1, 1 << 50, 2, 2),
    (1, (1 << 40) + 3, 1 << 60, 3, 2),
    (1 << 29, (1 << 55) + 3, 1 << 44, 3, 1),
    ((1 << 62) - 1, 1 << 61, 1 << 61, 4, 1),
]


def configured(model: Model[Any], sizes: Sequence[int]) -> Model[Any]:
    """A model with fields of these sizes, and with so many long ones and processes."""
    span, size, reach, cells, writers = sizes
    name = "-".join([model.name, *(str(n.bit_length()) for n in sizes[:3]), str(cells)])
    return model.configure(name, span=span, size=size, reach=reach, cells=cells, writers=writers)


def in_two_words(program: Program) -> set[str]:
    """The stored fields and locals of which some value lies in two words."""
    found: set[str] = set()
    for key, cell in program.cells.items():
        if cell.constant is None:
            places = [cell.offset + i * cell.type.bits for i in range(cell.count)]
            if any(divided(at, cell.type.bits) for at in places):
                found.add(key)
    for process in program.processes:
        for variable in process.variables.values():
            places = [instance.base + variable.offset for instance in process.instances]
            if any(divided(at, variable.type.bits) for at in places):
                found.add(variable.id)
    return found


def divided(at: int, bits: int) -> bool:
    """Whether so many bits, from one on, lie in two words."""
    return bits > 0 and at // 64 != (at + bits - 1) // 64
