"""Several scenarios as one program: which of what each of them has is still there."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.lang import (
    Array,
    Const,
    Flag,
    Held,
    Int,
    Map,
    Model,
    Proc,
    Ref,
    State,
    Struct,
    at,
    choose,
    hold,
    null,
    owner,
    procedure,
    release,
    run,
)
from mcheck.lang.errors import ModelError
from mcheck.refs.analysis import analyse
from mcheck.refs.whole import joined


class Folio(Struct):
    refcount = Int(0, 7)


class Cpu(Struct):
    mine = Map(Folio, Flag(by=owner))


class Node(State):
    tracked = Const(False)
    cpus = Const(2)
    folio = Array(Folio, 2)
    cpu = Array(Cpu, cpus)
    slot = Ref(Folio)
    readers = Int(0, 3)


@procedure
def reader(k: Node, me: int) -> Proc[None]:
    """Puts what it has gotten, unless nothing is tracked."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("put")
        if k.tracked:
            f.refcount -= 1
        release(f)


@procedure
def keeper(k: Node, me: int) -> Proc[None]:
    while True:
        yield at("take", until=lambda: k.slot is not null, rest=True, atomic="lock")
        mine: Held[Folio] = hold(k.slot)
        k.slot = null
        yield at("give")
        k.slot = release(mine)


def there(k: Node) -> None:
    k.slot = choose(k.folio)
    k.slot.refcount = 1


tracked = Model("tracked", Node, [run(reader, each=2), run(keeper, each=1)], init=there)
tracked = tracked.configure("tracked", tracked=True)
untracked = tracked.configure("untracked", tracked=False)


def has_table(*models: Model[Any]) -> bool:
    (ledger,) = analyse(joined(models, "both")).ledgers
    return ledger.table is not None


def test_a_constant_that_is_a_truth_is_either() -> None:
    (alone,) = analyse(tracked).ledgers
    assert alone.table is not None
    assert not has_table(tracked), "it could be set otherwise"
    assert not has_table(tracked, untracked)


@procedure
def tracked_reader(k: Node, me: int) -> Proc[None]:
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("put")
        f.refcount -= 1
        release(f)


@procedure
def collector(k: Node, me: Cpu) -> Proc[None]:
    """Has a list of its own, on which the reference of the slot is for a while."""
    while True:
        yield at("take", until=lambda: k.slot is not null, rest=True, atomic="lock")
        found = choose(f for f in k.folio if f is k.slot)
        k.slot = null
        me.mine[found] = True
        yield at("give")
        me.mine[found] = False
        k.slot = found


@procedure
def second(k: Node, me: Cpu) -> Proc[None]:
    """The same by another name."""
    while True:
        yield at("take", until=lambda: k.slot is not null, rest=True, atomic="lock")
        found = choose(f for f in k.folio if f is k.slot)
        k.slot = null
        me.mine[found] = True
        yield at("give")
        me.mine[found] = False
        k.slot = found


def lists(*only: tuple[int, ...]) -> Model[Node]:
    """Both processes, each for some of the CPUs."""
    each = [run(p, each=Node.cpu, only=o) for p, o in zip((collector, second), only, strict=True)]
    return Model("lists", Node, [*each, run(tracked_reader, each=1)], init=there)


def known_of_lists(*models: Model[Any]) -> bool:
    facts = analyse(joined(models, "lists")).facts
    return any(fact.own for there in facts.at.values() for fact in there)


def test_what_is_on_a_list_is_known_if_nobody_else_has_that_list() -> None:
    assert known_of_lists(lists((0,), (1,)))
    assert not known_of_lists(lists((0, 1), (1,)))
    assert not known_of_lists(lists((0,), (1,)), lists((0,), (0,)))


def other_reader() -> Any:
    @procedure
    def reader(k: Node, me: int) -> Proc[None]:
        yield at("nothing")

    return reader


def test_two_procedures_of_one_name_are_refused() -> None:
    other = Model("other", Node, [run(other_reader(), each=1)])
    with pytest.raises(ModelError, match="two procedures are called reader; rename one"):
        joined([tracked, other], "both")


@procedure
def fourth_reader(k: Node, me: int) -> Proc[None]:
    """Of the fourth that would be counted among the readers, the reference is lost."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("put", atomic="lock")
        fourth = k.readers == 3
        k.readers += 1
        if not fourth:
            f.refcount -= 1
        release(f)


def test_that_a_number_would_be_too_large_rules_nothing_out() -> None:
    few = Model("few", Node, [run(fourth_reader, each=2), run(keeper, each=1)], init=there)
    assert not has_table(few)


@procedure
def loser(k: Node, me: int) -> Proc[None]:
    """The reference that it gets is nobody's."""
    yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
    k.slot.refcount += 1


def test_a_process_that_one_scenario_has_none_of_is_that_of_another() -> None:
    none = Model("none", Node, [run(keeper, each=1), run(loser, each=0)], init=there)
    one = Model("one", Node, [run(keeper, each=1), run(loser, each=1)], init=there)
    assert has_table(none)
    assert not has_table(none, one)


@procedure
def watcher(k: Node, me: Cpu) -> Proc[None]:
    """Looks at a list that somebody else writes."""
    while True:
        yield at("see", until=lambda: any(me.mine[f] for f in k.folio), rest=True)
        found = choose(f for f in k.folio if me.mine[f])
        yield at("use")
        if me.mine[found]:
            k.readers = 1


@procedure
def watcher_by_number(k: Node, me: int) -> Proc[None]:
    """The same, of a CPU that it is not given."""
    while True:
        yield at("see", until=lambda: any(k.cpu[me].mine[f] for f in k.folio), rest=True)
        found = choose(f for f in k.folio if k.cpu[me].mine[f])
        yield at("use")
        if k.cpu[me].mine[found]:
            k.readers = 1


@pytest.mark.parametrize("watching", [run(watcher, each=Node.cpu), run(watcher_by_number, each=2)])
def test_a_list_that_somebody_else_writes_is_not_ones_own(watching: Any) -> None:
    model = Model("watched", Node, [run(collector, each=Node.cpu), watching], init=there)
    facts = analyse(joined([model], "watched")).facts.at
    watcher_ = f"{watching.procedure.__name__}{{}}"
    assert not any(
        fact.own for (kind, _), there in facts.items() if kind == watcher_ for fact in there
    )
    assert any(fact.own for (kind, _), there in facts.items() if kind != watcher_ for fact in there)
