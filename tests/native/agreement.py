"""Compares all that the native engine says of a model with what the reference engine says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest

from mcheck.explorer import Limits, Result, native, reference
from mcheck.explorer.limits import UNLIMITED
from mcheck.explorer.native import search as native_search
from mcheck.lang.contract import Compilable
from mcheck.report.race import race_table

WORKERS = (1, 2, 3)


class Disagreement(Exception):
    """The engines do not say the same of a model."""


def agree(
    executable: Compilable,
    *,
    limits: Limits = UNLIMITED,
    unreached: frozenset[str] | None = None,
    workers: Iterable[int] = WORKERS,
    flags: tuple[str, ...] = (),
) -> Result:
    """What both engines say.

    Raises:
        Disagreement: they differ.
    """
    options = {"limits": limits, "unreached": unreached}
    expected, states = by_reference(executable, **options)
    for count in workers:
        found, order = by_native(executable, workers=count, flags=flags, **options)
        differ = differences(expected, found)
        if len(order) != len(set(order)):
            differ.append("a state is found twice")
        if states != set(order):
            differ.append("the states that are found differ")
        if differ:
            raise Disagreement(f"{executable.name}, {count} workers: {'; '.join(differ)}")
    return expected


def differences(expected: Result, found: Result) -> list[str]:
    """What one result says otherwise than the other, the engine and what it took left out."""
    ours, theirs = map(without_the_engine, (expected, found))
    differ = [
        f"{field.name} is {getattr(theirs, field.name)} and not {getattr(ours, field.name)}"
        for field in fields(Result)
        if getattr(theirs, field.name) != getattr(ours, field.name)
    ]
    if printed(ours) != printed(theirs):
        differ.append("the race is printed in another way")
    return differ


def without_the_engine(result: Result) -> Result:
    """What a result says of the model."""
    return replace(result, engine="", seconds=0.0, peak_bytes=0, figures={})


def printed(result: Result) -> str:
    """The race as it is shown."""
    return race_table(without_the_engine(result))


def by_native(executable: Compilable, **options: Any) -> tuple[Result, Sequence[int]]:
    """The native engine's result, and the states it has found in the order of their numbers."""
    result, search = _kept(native_search, native.check, executable, options)
    found = None if search is None else search._search
    # Room for one more than there should be, so that one too many is seen.
    return result, [] if found is None else found.states(0, result.states + 1)


def by_reference(executable: Compilable, **options: Any) -> tuple[Result, set[int]]:
    """The reference engine's result, and the states it has found."""
    result, search = _kept(reference, reference.check, executable, options)
    return result, set() if search is None else set(search._seen)


def _kept(
    module: Any, check: Any, executable: Compilable, options: dict[str, Any]
) -> tuple[Result, Any]:
    """What an engine says, and its search, if it made one."""
    searches: list[Any] = []
    original = module._Search

    def kept(*arguments: Any, **more: Any) -> Any:
        searches.append(original(*arguments, **more))
        return searches[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_Search", kept)
        result = check(executable, **options)
    return result, searches[-1] if searches else None
