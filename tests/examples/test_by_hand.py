"""Counts and depths of three examples, confirmed by transition systems written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from examples.peterson import giving_way_first, looking_twice, peterson, without_turn
from examples.philosophers import left_first, philosophers
from examples.ticket import exclusive, ticket, too_few_numbers, two_steps
from mcheck.explorer import Result, check
from mcheck.lang import Model
from tests.examples.systems import explore, put


def checked(model: Model[Any], *properties: Any) -> Result:
    """The result with these properties only."""
    return check(replace(model, properties=properties).compile())


def counts(result: Result) -> tuple[int, int, int]:
    return result.states, result.transitions, result.depth


def found_at(result: Result) -> int:
    """The length of the counterexample."""
    assert result.trace is not None
    return result.trace.depth


# Peterson's algorithm: where each process stands, who wants to enter, whose turn it is.

Peterson = tuple[tuple[str, ...], tuple[bool, ...], int]
NOBODY: Peterson = (("outside", "outside"), (False, False), 0)
PATH = ("outside", "ask", "give way", "wait", "inside")
GIVING_WAY_FIRST = ("outside", "give way", "ask", "wait", "inside")
LOOKING_TWICE = ("outside", "ask", "give way", "look who wants", "look whose turn", "inside")
WITHOUT_TURN = ("outside", "ask", "wait for the other", "inside")


def peterson_moves(path: Sequence[str], state: Peterson) -> Iterator[Peterson]:
    """path: what a process does, over and over."""
    at, wants, turn = state
    for me in (0, 1):
        other = 1 - me
        then = put(at, me, path[(path.index(at[me]) + 1) % len(path)])
        match at[me]:
            case "outside":
                yield then, wants, turn
            case "ask":
                yield then, put(wants, me, True), turn
            case "give way":
                yield then, wants, other
            case "wait" if not wants[other] or turn == me:
                yield then, wants, turn
            case "wait for the other" if not wants[other]:
                yield then, wants, turn
            case "look who wants":
                yield then if wants[other] else put(at, me, "inside"), wants, turn
            case "look whose turn":
                yield then if turn == me else put(at, me, "look who wants"), wants, turn
            case "inside":
                yield then, put(wants, me, False), turn
            case _:
                pass


def both_inside(state: Peterson) -> bool:
    return state[0] == ("inside", "inside")


@pytest.mark.parametrize(
    ("model", "path"), [(peterson, PATH), (looking_twice, LOOKING_TWICE)], ids=["once", "twice"]
)
def test_peterson(model: Model[Any], path: Sequence[str]) -> None:
    found = explore(NOBODY, partial(peterson_moves, path))
    assert found.counts == counts(checked(model))
    assert not found.ends
    assert found.first(both_inside) is None


def test_peterson_giving_way_first() -> None:
    found = explore(NOBODY, partial(peterson_moves, GIVING_WAY_FIRST))
    assert found.counts == counts(checked(giving_way_first))
    assert found.first(both_inside) == found_at(check(giving_way_first.compile()))


def test_peterson_without_turn() -> None:
    found = explore(NOBODY, partial(peterson_moves, WITHOUT_TURN))
    assert found.ends == {(("wait for the other",) * 2, (True, True), 0)}
    assert found.first(lambda s: s in found.ends) == found_at(check(without_turn.compile()))


# Philosophers: where each stands, and who has each fork.

Table = tuple[tuple[str, ...], tuple[int | None, ...]]
MEAL = ("think", "first", "second", "eat", "put back")


def table_moves(ordered: bool, state: Table) -> Iterator[Table]:
    """ordered: the fork with the lower number is taken first; else the left one."""
    at, forks = state
    for me, doing in enumerate(at):
        left, right = me, (me + 1) % len(at)
        first, second = sorted((left, right)) if ordered else (left, right)
        then = put(at, me, MEAL[(MEAL.index(doing) + 1) % len(MEAL)])
        match doing:
            case "think":
                yield then, forks
            case "first" if forks[first] is None:
                yield then, put(forks, first, me)
            case "second" if forks[second] is None:
                yield then, put(forks, second, me)
            case "eat":
                yield then, put(forks, left, None)
            case "put back":
                yield then, put(forks, right, None)
            case _:
                pass


def laid(seats: int) -> Table:
    return ("think",) * seats, (None,) * seats


@pytest.mark.parametrize("seats", range(2, 6))
def test_philosophers(seats: int) -> None:
    found = explore(laid(seats), partial(table_moves, True))
    assert found.counts == counts(checked(philosophers.configure(seats=seats)))
    assert not found.ends
    for at, _ in found.distance:
        assert not any(at[i] == at[(i + 1) % seats] == "eat" for i in range(seats))


@pytest.mark.parametrize("seats", range(2, 6))
def test_philosophers_taking_the_left_fork_first(seats: int) -> None:
    found = explore(laid(seats), partial(table_moves, False))
    assert found.ends == {(("second",) * seats, tuple(range(seats)))}
    result = check(left_first.configure(seats=seats).compile())
    assert found.first(lambda s: s in found.ends) == found_at(result) == 2 * seats


# The ticket lock: where each thread stands, the number it has drawn, what is drawn and served.

Queue = tuple[tuple[str, ...], tuple[int | None, ...], int, int]


def queue_moves(numbers: int, at_once: bool, state: Queue) -> Iterator[Queue]:
    """at_once: a number is fetched and the next one put up in one step."""
    at, mine, drawn, served = state
    for me, doing in enumerate(at):
        number = mine[me]
        match doing:
            case "outside":
                yield put(at, me, "fetch"), mine, drawn, served
            case "fetch" if at_once:
                after = (drawn + 1) % numbers
                yield put(at, me, "wait"), put(mine, me, drawn), after, served
            case "fetch":
                yield put(at, me, "add"), put(mine, me, drawn), drawn, served
            case "add" if number is not None:
                yield put(at, me, "wait"), mine, (number + 1) % numbers, served
            case "wait" if number == served:
                yield put(at, me, "inside"), put(mine, me, None), drawn, served
            case "inside":
                yield put(at, me, "outside"), mine, drawn, (served + 1) % numbers
            case _:
                pass


def two_inside(state: Queue) -> bool:
    return state[0].count("inside") > 1


def empty(threads: int) -> Queue:
    return ("outside",) * threads, (None,) * threads, 0, 0


@pytest.mark.parametrize(("threads", "numbers"), [(2, 2), (3, 3), (3, 4), (4, 4)])
def test_ticket(threads: int, numbers: int) -> None:
    # The example's ghosts follow from the rest of the state, so they do not change the counts.
    found = explore(empty(threads), partial(queue_moves, numbers, True))
    assert found.counts == counts(checked(ticket.configure(threads=threads, numbers=numbers)))
    assert not found.ends
    assert found.first(two_inside) is None


@pytest.mark.parametrize(
    ("model", "numbers", "at_once"),
    [(two_steps, 3, False), (too_few_numbers, 2, True)],
    ids=["two steps", "too few numbers"],
)
def test_ticket_twins_let_two_in(model: Model[Any], numbers: int, at_once: bool) -> None:
    found = explore(empty(3), partial(queue_moves, numbers, at_once))
    assert found.first(two_inside) == found_at(checked(model, exclusive))
