"""Fields that never change are known while a text is lowered, where protection is declared."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from mcheck.lang.lower.accesses import Accesses
from mcheck.lang.program import Cell
from tests.lang.generated.agreement import Disagreement, Pair, Tally
from tests.lang.texts import Writer, explored, fails, holds

STATE = """\
class Page(Struct):
    n = Int(0, 3)
    next = Ref(lambda: Page)
    own = Flag()

class S(State):
    page = Array(Page, 2, names="AB")
    x = Int(0, 3, by=atomic)
    y = Int(0, 3)
    a = Flag()
    b = Flag()
    ref = Ref(Page)
    slot = Array(Int(0, 3), 2)
    seen = Flag(ghost=True)

"""
"""One field says what protects it: that is enough."""


def steps(body: str, init: str = "", more: str = "", runs: str = "run(p)") -> str:
    """A model of one process that runs the body after its first yield, and of what `more` adds."""
    boot = f"def boot(k: S) -> None:\n{textwrap.indent(init or 'pass', '    ')}\n\n"
    inside = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    process = f'@procedure\ndef p(k: S) -> Proc[None]:\n    yield at("go")\n{inside}\n\n'
    return f"{STATE}{boot}{more}{process}m = Model('m', S, [{runs}], init=boot)\n"


def unprotected(text: str) -> str:
    return text.replace(", by=atomic", "")


BRANCH = 'if k.a:\n    yield at("in a")\n    k.y = 1\nelse:\n    yield at("not in a")\n    k.y = 2'

WRITER = """\
@procedure
def other(k: S) -> Proc[None]:
    yield at("write")
    k.{} = True

"""
BOTH = "run(p), run(other)"


def agrees(model: Any) -> None:
    """Both forms do the same, from each initial state on, whichever process goes first."""
    compiled = model.compile()
    for initial in range(len(compiled.initial)):
        for actor in range(len(compiled.actors)):
            pair = Pair(model, compiled, initial, Tally())
            while not pair.dead and (movers := pair.enabled()):
                pair.move(next((m for m in movers if m.actor == actor), movers[0]), 0)


def test_a_way_that_a_field_rules_out_which_never_changes_is_cut(write: Writer) -> None:
    model = write.model(steps(BRANCH))
    assert holds(model).labels == {"p.go": 1, "p.not in a": 1}
    assert model.compile().cut == {"p.in a"}
    agrees(model)
    model = write.model(steps(BRANCH, "k.a = True"))
    assert holds(model).labels == {"p.go": 1, "p.in a": 1}
    assert model.compile().cut == {"p.not in a"}
    agrees(model)


def test_only_where_the_model_declares_protection(write: Writer) -> None:
    model = write.model(unprotected(steps(BRANCH)))
    result = explored(model)
    assert result.property == "unreached p.in a"
    assert result.labels == {"p.go": 1, "p.in a": 0, "p.not in a": 1}
    assert not model.compile().cut


def test_a_label_that_is_cut_may_be_named_as_unreached(write: Writer) -> None:
    model = write.model(steps(BRANCH))
    named = model.configure(unreached=["p.in a"])
    assert holds(named).labels == {"p.go": 1, "p.not in a": 1}
    assert not named.compile().unreached
    wrong = explored(model.configure(unreached=["p.not in a"]))
    assert wrong.why == "p.not in a may stay unreached, but does run: take the allowance away"


def test_a_label_that_one_process_cuts_and_another_runs_is_not_cut(write: Writer) -> None:
    more = (
        "@procedure\ndef q(k: S, write: bool) -> Proc[None]:\n"
        '    yield at("q")\n'
        "    if write:\n"
        '        yield at("wrote")\n'
        "        k.y = 1\n\n"
        "@procedure\ndef other(k: S) -> Proc[None]:\n"
        "    yield from q(k, True)\n\n"
    )
    model = write.model(steps("write = k.a\nyield from q(k, write)", more=more, runs=BOTH))
    assert holds(model).labels["q.wrote"]
    assert not model.compile().cut
    alone = write.model(steps("write = k.a\nyield from q(k, write)", more=more))
    assert alone.compile().cut == {"q.wrote"}
    agrees(alone)


@pytest.mark.parametrize(
    "text",
    [
        steps(BRANCH, more=WRITER.format("a"), runs=BOTH),
        steps(BRANCH, more=WRITER.format("a"), runs="run(other), run(p)"),
        steps(BRANCH, "k.a = choose((False, True))"),
        steps(BRANCH.replace("k.a:", "k.page[0].own:"), "k.page[choose((0, 1))].own = True"),
        steps(BRANCH.replace("k.a:", "k.slot[0]:"), "k.slot[choose((0, 1))] = 1"),
    ],
    ids=["written", "written before", "several starts", "of several elements", "of an array"],
)
def test_what_changes_or_differs_is_not_known(write: Writer, text: str) -> None:
    model = write.model(text)
    assert set(holds(model).labels) >= {"p.in a", "p.not in a"}
    assert not model.compile().cut
    agrees(model)


OWNED = 'if k.page[{0}].own:\n    yield at("page")\nif k.slot[{0}] == 1:\n    yield at("slot")'
ALL = "for f in k.page:\n    f.own = True\nk.slot[0] = 1\nk.slot[1] = 1"


@pytest.mark.parametrize("i", [0, 1])
def test_all_elements_must_have_the_value(write: Writer, i: int) -> None:
    none, some, every = ("pass", ALL + "\nk.page[0].own = False\nk.slot[0] = 0", ALL)
    rest = "\nk.y = 1"
    models = [write.model(steps(OWNED.format(i) + rest, init)) for init in (none, some, every)]
    for model in models:
        agrees(model)
    cut, unknown, kept = models
    assert cut.compile().cut == {"p.page", "p.slot"}
    assert not unknown.compile().cut | kept.compile().cut
    assert explored(unknown).labels == {"p.go": 1, "p.page": i, "p.slot": i}
    assert holds(kept).labels == {"p.go": 1, "p.page": 1, "p.slot": 1}


def test_what_is_written_only_where_nothing_leads_is_never_written(write: Writer) -> None:
    each_other = (
        'if k.a:\n    yield at("a")\n    k.b = True\nif k.b:\n    yield at("b")\n    k.a = True'
    )
    model = write.model(steps(each_other))
    assert holds(model).labels == {"p.go": 1}
    assert model.compile().cut == {"p.a", "p.b"}
    agrees(model)
    begun = write.model(steps(each_other, more=WRITER.format("a"), runs=BOTH))
    assert {"p.a", "p.b"} <= set(holds(begun).labels)
    agrees(begun)


def test_one_thing_that_is_written_may_lead_to_the_next(write: Writer) -> None:
    chain = """\
@procedure
def third(k: S) -> Proc[None]:
    yield at("third")
    if k.b:
        yield at("reached")
        k.y = 1

@procedure
def second(k: S) -> Proc[None]:
    yield at("second")
    if k.a:
        yield at("passed on")
        k.b = True

"""
    runs = "run(third), run(second), run(p)"
    model = write.model(steps("k.a = True", more=chain, runs=runs))
    assert "third.reached" in holds(model).labels
    agrees(model)
    model = write.model(steps("k.y = 2", more=chain, runs=runs))
    assert model.compile().cut == {"second.passed on", "third.reached"}
    agrees(model)


def test_a_null_is_still_a_violation(write: Writer) -> None:
    for body in ("k.y = k.ref.n", "k.ref.n = 1", "x = k.ref\nk.y = x.n"):
        assert fails(write.model(steps(body)), "null")
        holds(write.model(steps(body, "k.ref = k.page[0]")))
    assert fails(write.model(steps("k.y = k.slot[k.y + 2]")), "index")


def test_an_assert_that_can_only_fail_is_still_a_violation(write: Writer) -> None:
    assert fails(write.model(steps("assert k.a")), "assert")
    holds(write.model(steps("assert not k.a")))


def test_a_guard_that_never_changes_is_still_waited_for(write: Writer) -> None:
    text = steps('yield at("wait", until=lambda: k.a)\nk.y = 1\nyield at("after")\nk.y = 2')
    model = write.model(text)
    result = explored(model)
    assert (result.property, result.labels["p.wait"]) == ("deadlock", 0)
    assert model.compile().cut == {"p.after"}
    agrees(model)
    holds(write.model(text.replace("def boot(k: S) -> None:\n    pass", BOOT_A)))


BOOT_A = "def boot(k: S) -> None:\n    k.a = True"


def test_a_ghost_is_not_known_even_if_it_never_changes(write: Writer) -> None:
    message = write.refusal(steps("if k.seen:  # here\n    k.y = 1"))
    assert "the protocol reads a ghost: S.seen" in message


def test_what_is_refused_of_a_text_does_not_depend_on_what_was_found_first(write: Writer) -> None:
    # Before it is known that k.a is written, x is always null where its field is used.
    body = "x = null\nif k.a:\n    x = k.page[0]\nx.n = 1"
    other = WRITER.format("a")
    for runs in ("run(other), run(p)", BOTH):
        assert fails(write.model(steps(body, more=other, runs=runs)), "null")
    message = write.refusal(steps(body.replace("x.n = 1", "x.n = 1  # here")))
    assert "this is always null here: it has no fields" in message


def test_a_lock_is_the_same_through_a_reference_that_never_changes(write: Writer) -> None:
    text = """
    class Page(Struct):
        lock = Embed(Lock)
        d = Int(0, 3, by="lock")

    class S(State):
        page = Array(Page, 2, names="AB")
        ref = Ref(Page)
        table = Ref(Page)

    def boot(k: S) -> None:
        k.ref = k.page[1]
        k.table = k.page[1]

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("lock", until=lambda: not k.ref.lock.held)
        k.ref.lock.acquire()
        yield at("write")
        k.table.d = 1
        f = k.page[1]
        f.d = 2
        k.ref.lock.release()

    @procedure
    def move(k: S) -> Proc[None]:
        yield at("move")
        k.table = k.page[0]

    m = Model("m", S, [run(p), run(p, name="q")], init=boot)
    moved = Model("moved", S, [run(p), run(p, name="q"), run(move)], init=boot)
    """
    holds(write.model(text))
    message = write.refusal(text.replace("m = Model", "fixed = Model").replace("moved = ", "m = "))
    assert "Page.d is written without its lock lock" in message


def first_value(self: Accesses, cell: Cell) -> int | None:
    """Takes a field for one that never changes although a step writes it."""
    return self.settled(cell)


def test_a_planted_mistake_is_noticed(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = steps(BRANCH, more=WRITER.format("a"), runs=BOTH)
    agrees(write.model(text))
    monkeypatch.setattr(Accesses, "fixed", first_value)
    with pytest.raises(Disagreement):
        agrees(write.model(text))
