"""The lock bit of what is counted: what is freed is not locked, and why that may be relied on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcheck.lang import (
    Model,
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
from tests.refs.pool import (
    Pool,
    all_free,
    borrower,
    by_number,
    careless,
    early,
    janitor,
    late,
    lender,
    never,
    one_is_used,
    pool,
    put_unasked,
    twice,
)


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
