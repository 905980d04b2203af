"""What is refused about references in the refcount example, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from examples.refcount import Cache, Object, put, refcount, try_get
from mcheck.lang import Held, ModelError, Proc, at, null, procedure
from mcheck.lang.procedures import Procedure


@procedure
def using_too_late(k: Cache, me: int) -> Proc[None]:
    while True:
        yield at("look up", until=lambda: k.slot is not null, rest=True)
        found = k.slot
        yield at("try to get")
        o: Held[Object] = try_get(found)
        if o is not null:
            yield at("put")
            put(o)
            yield at("use")
            assert not o.free, "use after free"


@procedure
def putting_twice(k: Cache, me: int) -> Proc[None]:
    yield at("get")
    o: Held[Object] = try_get(k.object)
    yield at("put")
    if o is not null:
        put(o)
        put(o)


@procedure
def owning_nothing(k: Cache, me: int) -> Proc[None]:
    yield at("get")
    o = try_get(k.object)
    yield at("put")
    if o is not null:
        put(o)


@pytest.mark.parametrize(
    ("mine", "line", "problem"),
    [
        (using_too_late, 11, "o is used after its reference was given up"),
        (putting_twice, 7, "o is used after its reference was given up"),
        (owning_nothing, 3, "the reference that o is given has no owner"),
    ],
    ids=["used too late", "put twice", "no owner"],
)
def test_it_is_refused(mine: Procedure[..., Any], line: int, problem: str) -> None:
    """line: counted from the def's decorator."""
    with pytest.raises(ModelError) as refused:
        refcount.replace(user=mine).compile()
    text = str(refused.value)
    where = mine.function.__code__.co_firstlineno + line
    assert f"{__file__}:{where}: in {mine.__name__}: {problem}" in text
    assert "instead: " in text
