"""The lock bit of what is counted: what is freed is not locked, and why that may be relied on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcheck.lang import (
    Array,
    Flag,
    Held,
    Int,
    Model,
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
    run,
)
from mcheck.lang.procedures import Procedure
from mcheck.refs.analysis import Analysis, analyse
from mcheck.refs.checks import told
from mcheck.refs.examined import Examined, examine
from mcheck.refs.text import complete
from mcheck.refs.used import BIT, HOLD
from mcheck.refs.variant import judge
from mcheck.refs.whole import joined


class Folio(Struct):
    refcount = Int(0, 7)
    locked = Flag()
    free = Flag()
    dirty = Flag()


class Pool(State):
    folio = Array(Folio, 2)
    slot = Ref(Folio)
    lent = Ref(Folio)


@procedure
def put(k: Pool, f: Held[Folio]) -> Proc[None]:
    yield at("put")
    gone = f
    gone.refcount -= 1
    release(f)
    if gone.refcount == 0:
        yield at("check")
        assert not gone.locked, "bad page"
        yield at("free")
        gone.free = True


@procedure
def put_unasked(k: Pool, f: Held[Folio]) -> Proc[None]:
    """The same without a look at the lock bit."""
    yield at("put")
    gone = f
    gone.refcount -= 1
    release(f)
    if gone.refcount == 0:
        yield at("free")
        gone.free = True


@procedure
def user(k: Pool, me: int) -> Proc[None]:
    """Gets a reference, locks, gives the reference to nobody, unlocks."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        yield at("unlock")
        assert f.locked, "unlocked twice"
        f.locked = False
        yield from put(k, f)


@procedure
def early(k: Pool, me: int) -> Proc[None]:
    """Puts the reference before it unlocks."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        mine = f
        yield from put(k, f)
        yield at("unlock")
        assert mine.locked, "unlocked twice"
        mine.locked = False


@procedure
def twice(k: Pool, me: int) -> Proc[None]:
    """Unlocks what it may not have locked."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", atomic="test_and_set_bit")
        if not f.locked:
            f.locked = True
        yield at("unlock")
        assert f.locked, "unlocked twice"
        f.locked = False
        yield from put(k, f)


@procedure
def never(k: Pool, me: int) -> Proc[None]:
    """Does not unlock at all."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        yield from put(k, f)


@procedure
def lender(k: Pool, me: int) -> Proc[None]:
    """Unlocks after it has lent its reference, which somebody else puts."""
    while True:
        yield at("get", until=lambda: k.slot is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.slot)
        f.refcount += 1
        yield at("trylock", until=lambda: not f.locked, atomic="test_and_set_bit")
        f.locked = True
        yield at("lend", until=lambda: k.lent is null)
        mine = f
        k.lent = release(f)
        yield at("unlock")
        assert mine.locked, "unlocked twice"
        mine.locked = False


@procedure
def borrower(k: Pool, me: int) -> Proc[None]:
    while True:
        yield at("take", until=lambda: k.lent is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.lent)
        k.lent = null
        yield from put(k, f)


@procedure
def other_put(k: Pool, f: Held[Folio]) -> Proc[None]:
    """A second way to free a folio, without a look at the lock bit."""
    yield at("put")
    gone = f
    gone.refcount -= 1
    release(f)
    if gone.refcount == 0:
        yield at("free")
        gone.free = True


@procedure
def careless(k: Pool, me: int) -> Proc[None]:
    while True:
        yield at("take", until=lambda: k.lent is not null, rest=True, atomic="lock")
        f: Held[Folio] = hold(k.lent)
        k.lent = null
        yield from other_put(k, f)


@procedure
def late(k: Pool, me: int) -> Proc[None]:
    """Gets a reference to what may have been freed meanwhile."""
    while True:
        yield at("look", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("get", atomic="inc")
        found.refcount += 1
        f: Held[Folio] = hold(found)
        yield from put(k, f)


@procedure
def janitor(k: Pool) -> Proc[None]:
    """Unlocks what others have locked, without a local that names it."""
    while True:
        yield at("clean", until=lambda: k.slot is not null, rest=True, atomic="lock")
        k.slot.locked = False


@procedure
def by_number(k: Pool) -> Proc[None]:
    """Locks the first folio because it is the first, and unlocks it."""
    while True:
        yield at("trylock", until=lambda: not k.folio[0].locked, rest=True)
        k.folio[0].locked = True
        yield at("unlock")
        assert k.folio[0].locked, "the first is unlocked twice"
        k.folio[0].locked = False


@procedure
def keeper(k: Pool, me: int) -> Proc[None]:
    """Puts another folio into the slot."""
    while True:
        yield at("alloc", until=lambda: any(f.free for f in k.folio), rest=True)
        new = choose(f for f in k.folio if f.free)
        new.free = False
        yield at("set", atomic="VM_BUG_ON and store")
        assert new.refcount == 0, "has references"
        new.refcount = 1
        mine: Held[Folio] = hold(new)
        yield at("swap", atomic="xchg")
        old: Held[Folio] = null
        if k.slot is not null:
            old = hold(k.slot)
        k.slot = release(mine)
        if old is not null:
            yield from put(k, old)


def all_free(k: Pool) -> None:
    for f in k.folio:
        f.free = True


def one_is_used(k: Pool) -> None:
    """One is in the slot, and said to be free all the same."""
    all_free(k)
    k.slot = k.folio[0]
    k.slot.refcount = 1


def pool(uses: Procedure[Any, Any] = user) -> Model[Pool]:
    return Model("pool", Pool, [run(uses, each=2), run(keeper, each=1)], init=all_free)


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(joined([pool()], "pool"))


@pytest.fixture(scope="module")
def more(found: Analysis) -> Examined:
    return examine(found)


def test_what_is_put_last_has_been_unlocked(more: Examined) -> None:
    assert more.unlocked["Folio"]
    assert all(query.proved for query in more.unlocked["Folio"])


def test_who_puts_before_he_unlocks_is_told() -> None:
    asked = examine(analyse(joined([pool(early)], "pool"))).unlocked["Folio"]
    assert {query.via for query in asked if not query.proved} == {("early",)}


def test_a_put_before_the_unlock_is_refuted_by_a_query(found: Analysis) -> None:
    judged = judge(found, joined([pool().replace(user=early)], "pool"))
    assert judged.by == "query"
    assert "called by user: who puts the last reference has not locked" in judged.says[0]
    assert not judge(found, joined([pool()], "pool")).refuted


def kept_by(found: Examined, step: str) -> set[str]:
    return {use.by for use in found.uses["Folio"] if use.step == step}


def test_the_lock_bit_keeps_what_is_asserted_to_be_unlocked_when_it_is_freed() -> None:
    """The put is missing, so that nothing else is there; the table is another one then."""
    asked = examine(analyse(joined([pool(early)], "pool")))
    unasked = examine(analyse(joined([pool(early).replace(put=put_unasked)], "pool")))
    assert kept_by(asked, "early.unlock") == {BIT}
    assert not kept_by(unasked, "early.unlock") & {BIT, HOLD}


def test_what_rests_on_a_check_that_may_fail_is_not_complete(
    found: Analysis, more: Examined
) -> None:
    kept = {name: [use for use in uses if use.kept] for name, uses in more.uses.items()}
    checks = [check for check in more.checks if not check.trusted]
    assert complete(found, replace(more, uses=kept, checks=checks))
    assert not complete(found, replace(more, uses=kept))
    assert not complete(found, replace(more, checks=checks))


def test_a_check_that_follows_and_one_that_does_not(more: Examined) -> None:
    trusted = {c.site.message: c.trusted for c in more.checks if c.site.kind == "assert"}
    assert trusted == {
        "unlocked twice": (),
        "has references": (),
        "bad page": ("user", "keeper"),
    }
    assert any("2 of 3 assertions" in line for line in told(more.checks))
    assert any(line.startswith("  put.check at ") for line in told(more.checks))


def test_an_assertion_that_may_fail_does_not_follow() -> None:
    wrong = examine(analyse(joined([pool(twice)], "pool")))
    assert {c.trusted for c in wrong.checks if c.site.message == "unlocked twice"} == {("twice",)}


@pytest.mark.parametrize(("more", "expected"), [(janitor, ("user",)), (by_number, ())])
def test_who_unlocks_without_a_local_is_seen(
    more: Procedure[Any, Any], expected: tuple[str, ...]
) -> None:
    running = [*pool().processes, run(more)]
    asked = examine(analyse(joined([Model("pool", Pool, running, init=all_free)], "pool")))
    assert {c.trusted for c in asked.checks if c.site.message == "unlocked twice"} == {expected}
    assert all(query.proved for query in asked.unlocked["Folio"]) == (more is by_number)


@pytest.mark.parametrize("variant", [never, twice])
def test_a_variant_of_which_it_cannot_be_told_who_has_locked_is_refuted(
    found: Analysis, variant: Procedure[Any, Any]
) -> None:
    judged = judge(found, joined([pool().replace(user=variant)], "pool"))
    assert judged.by == "query"
    assert "who puts the last reference has not locked" in judged.says[0]


def test_who_owns_what_is_free_is_not_known_where_that_is_wrong_from_the_beginning() -> None:
    odd = Model("pool", Pool, pool().processes, init=one_is_used)
    asked = examine(analyse(joined([odd], "pool")))
    assert {c.trusted for c in asked.checks if c.site.message == "has references"} == {("keeper",)}


@pytest.mark.parametrize(("taker", "expected"), [(borrower, {BIT}), (careless, set[str]())])
def test_the_lock_bit_keeps_nothing_if_there_is_a_way_to_free_that_does_not_look_at_it(
    taker: Procedure[Any, Any], expected: set[str]
) -> None:
    running = [*pool().processes, run(lender, each=2), run(taker, each=1)]
    more = examine(analyse(joined([Model("pool", Pool, running, init=all_free)], "pool")))
    assert kept_by(more, "lender.unlock") & {BIT, HOLD} == expected


def test_who_owns_what_is_free_is_not_known_where_a_step_does_not_keep_it() -> None:
    more = examine(analyse(joined([pool(late)], "pool")))
    assert {c.trusted for c in more.checks if c.site.message == "has references"} == {("keeper",)}


def test_the_processes_that_a_variant_has_not_have_the_checks_that_they_had(
    found: Analysis,
) -> None:
    some = replace(pool(), processes=pool().processes[:1])
    assert not judge(found, joined([some], "pool")).refuted
