"""Holds: a local that owns a reference is never cleared silently, and owns it only once."""

from __future__ import annotations

import pytest

from mcheck.lang import ModelError
from tests.lang.texts import Writer, explored, fails, holds, run_directly, stepping, violates

COUNTED = """\
class Page(Struct):
    n = Int(0, 7)

class S(State):
    page = Array(Page, 2, names="AB")
    a = Int(0, 3)
    flag = Flag()
    slot = Ref(Page)

def get(f: Page) -> Held[Page]:
    f.n += 1
    return hold(f)

def try_get(f: Page) -> Held[Page]:
    if f.n == 0:
        return null
    f.n += 1
    return hold(f)

def put(f: Held[Page]) -> None:
    f.n -= 1
    release(f)

@procedure
def drop(k: S, f: Held[Page]) -> Proc[None]:
    yield at("drop")
    put(f)

@procedure
def look(k: S, f: Page) -> Proc[None]:
    yield at("look")
    k.a = f.n

@procedure
def take(k: S) -> Proc[Held[Page]]:
    yield at("take")
    f: Held[Page] = get(k.page[1])
    return f

@procedure
def take_plainly(k: S) -> Proc[Page]:
    yield at("take plainly")
    f: Held[Page] = get(k.page[1])
    return f

@always
def ledger(k: S) -> list[Page]:
    return [f for f in k.page if f.n != holds(f)]

"""
GET = "f: Held[Page] = get(k.page[0])\n"


def counted(body: str, rest: str = "") -> str:
    """A model whose one process runs the body, and whose counts have to be explained by holds."""
    return COUNTED + rest + stepping(body).replace("[run(p)]", "[run(p)], [ledger]")


LEAKS = [
    # what the process does, which line loses the reference, how the lowered form says it
    (
        GET + "f = get(k.page[1])\nyield at('z')\nput(f)",
        "f is overwritten while it owns a reference",
    ),
    (GET + "f = null\nyield at('z')\nk.a = 1", "f is overwritten while it owns a reference"),
    (GET + "k.a = 1", "p returns while f owns a reference"),
    (GET + "return", "p returns while f owns a reference"),
    (
        GET + "while True:\n    yield at('z', rest=True)\n    k.a = 1",
        "f owns a reference that nothing after this point can put",
    ),
    (GET + "yield at('z')\nk.a = 1", "f owns a reference that nothing after this point can put"),
    (
        GET + "yield at('z')\nif k.flag:\n    put(f)\nk.a = 1",
        "p returns while f owns a reference",
    ),
    (
        "for g in k.page:\n    yield at('y')\n    f: Held[Page] = get(g)\n"
        "    if k.a == 0:\n        continue\n    yield at('z')\n    put(f)",
        "f owns a reference that nothing after this point can put",
    ),
    (
        "f: Held[Page] = yield from forgetful(k)\nyield at('z')\nk.flag = f is null",
        "forgetful returns while f owns a reference",
    ),
]

FORGETFUL = """
@procedure
def forgetful(k: S) -> Proc[Held[Page]]:
    yield at("forget")
    f: Held[Page] = get(k.page[0])
    return null

"""


@pytest.mark.parametrize(("body", "message"), LEAKS)
def test_a_reference_that_nobody_can_put_any_more_is_a_leak(
    write: Writer, body: str, message: str
) -> None:
    failed = fails(write.model(counted(body, FORGETFUL)), "leak")
    assert failed.lowered.message.startswith(message)
    assert failed.lowered.message.endswith("and nobody put it")
    name = "A"
    assert failed.direct.message == f"nobody owns the reference to {name} any more"


GOOD = [
    GET + "yield at('z')\nput(f)",
    GET + "put(f)",
    GET + "yield from drop(k, f)\nyield at('z')\nk.a = 1",
    GET + "yield from look(k, f)\nyield at('z')\nput(f)",
    GET + "g: Held[Page] = f\nyield at('z')\nput(g)",
    GET + "g = f\nyield at('z')\nput(f)\nk.a = g.n",
    "f: Held[Page] = yield from take(k)\nyield at('z')\nput(f)",
    "f: Held[Page] = try_get(k.page[0])\nyield at('z')\nif f is not null:\n    put(f)",
    "f: Held[Page] = null\nyield at('z')\nk.a = 1",
    GET + "yield at('z')\nif k.flag:\n    put(f)\nelse:\n    k.a = 1\n    put(f)",
    GET + "yield at('z')\nif k.flag:\n    k.a = 1\nelse:\n    put(f)\n    f = null\n"
    "yield at('y')\nif f is not null:\n    put(f)",
    "for g in k.page:\n    yield at('y')\n    f: Held[Page] = get(g)\n    yield\n    put(f)",
    "f: Pinned[Page] = get(k.page[0])\nyield at('z')\nput(f)",
    "f: Temporary[Page] = get(k.page[0])\nyield at('z')\nput(f)",
    "f: Speculative[Page] = get(k.page[0])\nyield at('z')\nput(f)",
]


@pytest.mark.parametrize("body", GOOD)
def test_a_reference_that_is_put_once_is_in_order(write: Writer, body: str) -> None:
    model = write.model(counted(body))
    assert explored(model).property in (None, "unreached p.y")
    run_directly(model)


REFUSED = [
    (GET + "put(f)\nk.a = f.n  # here", "f is used after its reference was given up", "copy it to"),
    (
        GET + "yield from drop(k, f)\nyield at('z')\nput(f)  # here",
        "f is used after its reference was given up",
        "copy it to a plain local before, if only its identity is needed",
    ),
    (
        GET + "g: Held[Page] = f\nput(f)  # here",
        "f is used after its reference was given up",
        "copy it to",
    ),
    (
        GET + "release(f)\nrelease(f)  # here",
        "f is used after its reference was given up",
        "copy it to",
    ),
    (
        GET + "yield at('y')\nif k.flag:\n    put(f)\nyield at('z')  # here\nput(f)",
        "f owns a reference here on one way and has given it up on another",
        "set f to null where it was given up",
    ),
    (
        GET + "for g in k.page:\n    if g.n == 1:\n        put(f)  # here\nk.a = 1",
        "f is used after its reference was given up",
        "copy it to",
    ),
    (
        "f = get(k.page[0])  # here",
        "the reference that f is given has no owner",
        "f: Held[...] = ... (or Temporary, Speculative, Pinned)",
    ),
    (
        "f = yield from take(k)  # here",
        "the reference that f is given has no owner",
        "f: Held[...] = ... (or Temporary, Speculative, Pinned)",
    ),
    ("get(k.page[0])  # here", "the reference that this returns is lost", "x: Held[...] = ..."),
    ("yield from take(k)  # here", "the reference that this returns is lost", "x: Held[...] = ..."),
    ("k.slot = get(k.page[0])  # here", "the new reference has no owner", "a Held local first"),
    (
        "f: Held[Page] = k.page[0]  # here",
        "f owns a reference, but this brings none along",
        "hold(...) where the reference was just taken",
    ),
    (
        "f: Held[Page] = yield from take_plainly(k)  # here",
        "f owns a reference, but this brings none along",
        "hold(...) where the reference was just taken",
    ),
    (
        "put(k.page[0])  # here",
        "a parameter that takes over a reference is given something that owns none",
        "a Held local",
    ),
    (
        "yield from drop(k, k.page[0])  # here",
        "f owns a reference, but this brings none along",
        "hold(...) where the reference was just taken",
    ),
    (
        "release(k.page[0])  # here",
        "release() of something that owns no reference",
        "a local declared Held[...], Temporary[...], Speculative[...] or Pinned[...]",
    ),
    (GET + "for f in k.page:  # here\n    k.a = 1", "f owns a reference, but this brings none", ""),
]


@pytest.mark.parametrize(("body", "problem", "instead"), REFUSED)
def test_a_reference_that_is_moved_unclearly_is_refused(
    write: Writer, body: str, problem: str, instead: str
) -> None:
    message = write.refusal(counted(body))
    assert problem in message
    assert f"instead: {instead}" in message or not instead


def test_a_choice_brings_no_reference_along(write: Writer) -> None:
    message = write.refusal(counted("f: Held[Page] = choose(k.page)  # here\nk.a = 1"))
    assert "f owns a reference; what is chosen has none to give" in message


def test_only_an_element_is_held(write: Writer) -> None:
    text = counted("f: Held[int] = hold(k.a)  # here\nyield at('z')\nrelease(f)")
    assert "hold() of 0..3: only elements are referred to" in write.refusal(text)


def test_a_null_hold_is_no_reference_when_it_is_put(write: Writer) -> None:
    body = "f: Held[Page] = try_get(k.page[0])\nyield at('z')\nput(f)"
    assert fails(write.model(counted(body)), "null").lowered.message.startswith("a field of null")


def test_a_release_without_a_put_breaks_the_ledger(write: Writer) -> None:
    result = violates(write.model(counted(GET + "yield at('z')\nrelease(f)")), "ledger")
    assert result.offenders == ("A",)


def test_a_put_without_a_get_breaks_the_ledger(write: Writer) -> None:
    result = violates(write.model(counted("k.page[1].n = 1")), "ledger")
    assert result.offenders == ("B",)


def test_a_reference_may_go_from_a_local_to_a_field(write: Writer) -> None:
    body = GET + "yield at('store')\nk.slot = f\nrelease(f)\nyield at('z')\nk.a = 1"
    text = counted(body).replace("!= holds(f)", "!= holds(f) + (k.slot is f)")
    holds(write.model(text))
    result = violates(write.model(text.replace("    release(f)\n    yield", "    yield")), "leak")
    assert "f owns a reference" in result.why


HELPERS = """
def count_of(f: Page) -> int:
    return f.n

def get_first(k: S) -> Held[Page]:
    g: Held[Page] = get(k.page[0])
    return g

def get_plainly(k: S) -> Page:
    g: Held[Page] = get(k.page[0])
    return g

def keep(k: S) -> int:
    g: Held[Page] = get(k.page[0])
    return g.n

"""


def test_a_helper_takes_returns_or_borrows_a_reference(write: Writer) -> None:
    body = "f: Held[Page] = get_first(k)\nk.a = count_of(f)\nyield at('z')\nput(f)"
    holds(write.model(counted(body, HELPERS)))
    for wrong, problem in [
        ("k.a = count_of(hold(k.page[0]))  # here", "the reference that is passed has no owner"),
        ("f: Held[Page] = get_plainly(k)  # here", "f owns a reference, but this brings none"),
    ]:
        assert problem in write.refusal(counted(wrong, HELPERS))
    for leak, helper in [("f = get_plainly(k)", "get_plainly"), ("k.a = keep(k)", "keep")]:
        failed = fails(write.model(counted(leak, HELPERS)), "leak")
        assert failed.lowered.message.startswith(f"{helper} returns while g owns a reference")


def test_an_unknown_kind_of_hold_is_refused(write: Writer) -> None:
    text = counted(GET + "put(f)").replace("holds(f)]", 'holds(f, "pined")]  # here')
    message = write.refusal(text)
    assert "holds() takes an element and a kind of hold" in message
    assert 'instead: holds(f), or holds(f, "pinned") with one of expected, temporary' in message


KINDS = """
@procedure
def {name}(k: S) -> Proc[None]:
    yield at("go")
    f: {kind}[Page] = get(k.page[0])
    yield at("put")
    put(f)
"""


def test_holds_are_counted_by_kind(write: Writer) -> None:
    kinds = {
        "Held": "expected",
        "Temporary": "temporary",
        "Speculative": "speculative",
        "Pinned": "pinned",
    }
    processes = "".join(KINDS.format(name=kind.lower(), kind=kind) for kind in kinds)
    covers = "".join(
        f"@cover\ndef only_{of}(k: S) -> bool:\n"
        f'    return holds(k.page[0]) == 1 and holds(k.page[0], "{of}") == 1\n'
        for of in kinds.values()
    )
    every = " + ".join(f'holds(f, "{of}")' for of in kinds.values())
    total = (
        f"@always\ndef added(k: S) -> bool:\n    return all(holds(f) == {every} for f in k.page)\n"
    )
    runs = ", ".join(f"run({kind.lower()})" for kind in kinds)
    claims = ", ".join(["ledger", "added", *(f"only_{of}" for of in kinds.values())])
    text = COUNTED + processes + covers + total + f"m = Model('m', S, [{runs}], [{claims}])\n"
    assert holds(write.model(text)).states == 3**4


def test_holds_of_all_instances_are_counted(write: Writer) -> None:
    text = counted(GET + "yield at('z')\nput(f)").replace(
        "[run(p)]", "[run(p), run(p, name='two'), run(p, name='three')]"
    )
    text += "@cover\ndef three(k: S) -> bool:\n    return holds(k.page[0]) == 3\n"
    text += "m = Model('m', S, m.processes, [ledger, three])\n"
    holds(write.model(text))


def test_a_process_at_rest_may_own_a_reference_that_it_can_still_put(write: Writer) -> None:
    body = GET + "yield at('sleep', until=lambda: k.flag, rest=True)\nput(f)"
    model = write.model(counted(body)).configure(unreached=["p.sleep"])
    assert holds(model).states == 2


TWIN = """
@procedure
def give_up(k: S, f: Held[Page]) -> Proc[None]:
    yield at("give up")
    put(f)

@procedure
def forget(k: S, f: Held[Page]) -> Proc[None]:
    yield at("forget")
    release(f)

@procedure
def keep_for_ever(k: S, f: Held[Page]) -> Proc[None]:
    yield at("keep")
    k.a = f.n

@procedure
def put_twice(k: S, f: Held[Page]) -> Proc[None]:
    yield at("put twice")
    f.n -= 1
    put(f)

"""


@pytest.mark.parametrize(
    ("twin", "found"),
    [("forget", "ledger"), ("keep_for_ever", "leak"), ("put_twice", "bounds")],
)
def test_a_twin_without_the_put_or_with_one_too_many_is_found(
    write: Writer, twin: str, found: str
) -> None:
    text = write(counted(GET + "yield from give_up(k, f)", TWIN))
    holds(text.model())
    violates(text.model().replace(give_up=getattr(text.module, twin)), found)


def test_a_replacement_takes_over_the_same_references(write: Writer) -> None:
    borrow = "@procedure\ndef borrow(k: S, f: Page) -> Proc[None]:\n    yield at('borrow')\n\n"
    text = write(counted(GET + "yield from drop(k, f)", borrow))
    with pytest.raises(ModelError) as caught:
        text.model().replace(drop=text.module.borrow)
    assert "borrow(k, f) cannot replace drop(k, f: expected hold): the" in str(caught.value)
