"""References that a local has or has not, as a flag next to it says."""

from __future__ import annotations

import pytest

from mcheck.lang import (
    Model,
    Proc,
    at,
    null,
    procedure,
    run,
)
from mcheck.refs.analysis import Analysis, analyse
from mcheck.refs.equations import Holder
from mcheck.refs.examined import examine
from mcheck.refs.frames import Place
from mcheck.refs.variant import judge
from mcheck.refs.whole import joined
from tests.refs.shelf import Shelf, keeper, there


@procedure
def reader(k: Shelf, me: int) -> Proc[None]:
    """Gets a reference if one is wanted, and puts it if it has got one."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f = k.slot
        taken = k.wanted
        if taken:
            f.refcount += 1
        yield at("use")
        if not taken:
            continue
        f.dirty = True
        yield at("put")
        f.refcount -= 1


@procedure
def always_puts(k: Shelf, me: int) -> Proc[None]:
    """Puts whether it has got one or not."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f = k.slot
        taken = k.wanted
        if taken:
            f.refcount += 1
        yield at("use")
        if taken:
            f.dirty = True
        yield at("put")
        f.refcount -= 1


@procedure
def uses_anyway(k: Shelf, me: int) -> Proc[None]:
    """Uses the folio whether it has a reference or not."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f = k.slot
        taken = k.wanted
        if taken:
            f.refcount += 1
        yield at("use")
        f.dirty = True
        yield at("put")
        if taken:
            f.refcount -= 1


cache = Model("cache", Shelf, [run(reader, each=2), run(keeper, each=1)], init=there)


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(joined([cache], "cache"))


def test_the_unknown_is_split_by_the_flag(found: Analysis) -> None:
    (ledger,) = found.ledgers
    assert ledger.table is not None
    held = {u: n for u, n in ledger.table.items() if isinstance(u, Holder) and n}
    assert held == {
        Holder(Place("reader", "use"), "reader.f if taken"): 1,
        Holder(Place("reader", "put"), "reader.f"): 1,
        Holder(Place("keeper", "give"), "keeper.mine"): 1,
    }
    assert all(query.proved for query in ledger.queries)
    assert ledger.settled == len(ledger.table)


def test_what_is_declared_otherwise_is_told(found: Analysis) -> None:
    """The source says of `f` that it holds nothing."""
    (ledger,) = found.ledgers
    assert {(d.holder.local, d.kind) for d in ledger.differs} == {("reader.f", None)}


def test_a_use_where_the_flag_says_so_is_kept(found: Analysis) -> None:
    kept = {use.step: use.by for use in examine(found).uses["Folio"] if "dirty" in str(use)}
    assert kept == {"reader.use": "hold"}


def test_a_use_without_the_flag_is_not() -> None:
    loose = analyse(joined([cache.replace(reader=uses_anyway)], "cache"))
    uses = examine(loose).uses["Folio"]
    assert any(not use.kept for use in uses if use.step == "reader.use")


def test_a_put_whatever_the_flag_says_contradicts_itself(found: Analysis) -> None:
    (ledger,) = analyse(joined([cache.replace(reader=always_puts)], "cache")).ledgers
    assert ledger.table is None
    assert judge(found, joined([cache.replace(reader=always_puts)], "cache")).by == "equations"
