"""A slot that has the reference to a folio, and who takes it out for a while: for toys of uses."""

from __future__ import annotations

from mcheck.lang import (
    Array,
    Flag,
    Held,
    Int,
    Proc,
    Ref,
    State,
    Struct,
    at,
    choose,
    hold,
    null,
    procedure,
    release,
)


class Folio(Struct):
    refcount = Int(0, 7)
    dirty = Flag()


class Shelf(State):
    folio = Array(Folio, 2)
    slot = Ref(Folio)
    hint = Ref(Folio)
    """Names a folio without a reference to it."""
    was = Flag()
    wanted = Flag()
    """Is another one each time that the reference is taken out of the slot."""


@procedure
def keeper(k: Shelf, me: int) -> Proc[None]:
    """Takes the reference out of the slot for a while."""
    while True:
        yield at("take", until=lambda: k.slot is not null, rest=True, atomic="lock")
        mine: Held[Folio] = hold(k.slot)
        k.slot = null
        k.wanted = not k.wanted
        yield at("give")
        k.slot = release(mine)


def there(k: Shelf) -> None:
    k.folio[0].refcount = 1
    k.slot = k.folio[0]
    k.hint = choose(k.folio)
