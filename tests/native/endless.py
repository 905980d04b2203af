"""A model with more states than anybody will find, for searches that are to be ended."""

from __future__ import annotations

from mcheck.lang import Array, Const, Flag, Int, Model, Proc, State, at, choose, procedure, run


class Cells(State):
    """Many cells, and those who write them."""

    cells = Const(12)
    writers = Const(3)
    cell = Array(Int(0, 7), cells)
    busy = Flag()


@procedure
def write(k: Cells, me: int) -> Proc[None]:
    """Read a cell and write it, again and again."""
    while True:
        yield at("read", rest=True)
        i = choose(range(k.cells))
        seen = k.cell[i]
        yield at("write")
        k.cell[i] = (seen + me + 1) % 8
        k.busy = not k.busy


endless = Model("endless", Cells, [run(write, each=Cells.writers)])
