"""Steps: what runs from one yield to the next, what may stand inside, where a process begins."""

from __future__ import annotations

import textwrap

import pytest

from tests.lang.texts import Writer, explored, holds, left_by, stepping, violates

CALLED = """
@procedure
def q(k: S, n: int) -> Proc[int]:
    yield at("q")
    k.a = n
    return n + 1

@procedure
def q2(k: S, n: int) -> Proc[int]:
    yield at("q2")
    k.a = n
    return n

@procedure
def late(k: S) -> Proc[None]:
    k.a = 1
    yield at("late")
    k.a = 2
"""


def test_what_stands_between_two_yields_is_atomic(write: Writer) -> None:
    text = """
        @procedure
        def p(k: S) -> Proc[None]:
            yield at("one")
            k.a = 1
            k.a = 2
            yield at("two")
            k.a = 0

        @always
        def never_one(k: S) -> bool:
            return k.a != 1

        @cover
        def two(k: S) -> bool:
            return k.a == 2

        m = Model("m", S, [run(p), run(p, name='two')], [never_one, two])
    """
    result = holds(write.toy(text))
    assert (result.states, result.labels) == (11, {"p.one": 6, "p.two": 8})


def test_another_process_may_run_at_every_yield(write: Writer) -> None:
    text = """
        @procedure
        def p(k: S) -> Proc[None]:
            yield at("read")
            seen = k.a
            yield at("write")
            k.a = seen + 1

        @step
        def added(before: S, after: S) -> bool:
            return before.a <= after.a

        @cover
        def lost(k: S) -> bool:
            return k.a == 1

        m = Model("m", S, [run(p), run(p, name='two')], [added, lost])
    """
    assert holds(write.toy(text)).states > 9


def test_a_process_begins_with_a_yield(write: Writer) -> None:
    for early in ("k.a = 1", "x = k.a", "yield from late(k)"):
        marked = early if "late" in early else early + "  # here"
        message = write.refused_toy(
            f"""
            @procedure
            def p(k: S) -> Proc[None]:
                {marked}
                yield at("go")

            m = Model("m", S, [run(p)])
            """
            + textwrap.indent(CALLED, " " * 12)
        )
        assert "p touches the state before its first yield" in message
        assert "instead: a process begins with a yield" in message


def test_locals_may_be_set_before_the_first_yield(write: Writer) -> None:
    text = """
        @procedure
        def p(k: S) -> Proc[None]:
            n = 2 + k.size
            t = k.thing[1]
            yield at("go")
            t.v = n - 1

        m = Model("m", S, [run(p)])
    """
    assert left_by(write.toy(text)).thing[1].v == 3
    holds(write.toy(text))


def test_what_fails_before_the_first_yield_is_refused(write: Writer) -> None:
    message = write.refused_toy(
        """
        @procedure
        def p(k: S) -> Proc[None]:
            assert False, "never"
            yield at("go")

        m = Model("m", S, [run(p)])
        """
    )
    assert "never before the first yield" in message


# The extent of a step


@pytest.mark.parametrize(
    ("body", "crossed"),
    [
        ("k.flag = True\nyield from late(k)", "the call of late"),
        ("x = yield from q(k, 2)\nk.b = x", "the return from q"),
        ("x = yield from q(k, 2)\nk.a = x", "the return from q"),
        ("if k.flag:\n    k.a = 3\nyield from late(k)", "the call of late"),
        ("x = k.a\nyield from late(k)", "the call of late"),
    ],
)
def test_state_on_both_sides_of_a_call_or_return_is_refused(
    write: Writer, body: str, crossed: str
) -> None:
    message = write.refused_step(body, CALLED)
    assert f"shared state is touched here and also before {crossed}, in one step" in message
    assert f"instead: add a yield after {crossed}, or write its text here" in message


@pytest.mark.parametrize(
    "body",
    [
        "k.flag = True\nx = yield from q(k, 2)\nyield at('z')\nk.b = x",
        "yield from late(k)\nyield at('z')\nk.b = 1",
        "x = yield from q(k, 2)\nif x == 3:\n    yield at('z')\n    k.b = x",
        "x = yield from q(k, 2)\ny = x + 1\nz = yield from q2(k, y)",
    ],
)
def test_a_call_with_state_on_one_side_is_let_through(write: Writer, body: str) -> None:
    holds(write.step(body, CALLED))


OWNED = """\
class Cpu(Struct):
    mine = Int(0, 7, by=owner)
    shared = Int(0, 7, by=atomic)

class S(State):
    cpu = Array(Cpu, 2)
    flag = Flag(by=atomic)
    seen = Int(0, 7, ghost=True)

@procedure
def work(k: S, me: Cpu) -> Proc[int]:
    yield at("work")
    k.flag = True
    return 1

@procedure
def p(k: S, me: Cpu) -> Proc[None]:
    x = yield from work(k, me)
    {after}
    yield at("between")
    {before}
    yield from late(k, me)

@procedure
def late(k: S, me: Cpu) -> Proc[None]:
    {first}
    yield at("late")

m = Model("m", S, [run(p, each=S.cpu)])
"""


@pytest.mark.parametrize("lines", ["me.mine = 1", "k.seen = 1", "me.mine = 2\n    k.seen = 3"])
def test_what_is_a_process_own_and_ghosts_may_be_touched_on_both_sides(
    write: Writer, lines: str
) -> None:
    holds(write.model(OWNED.format(after=lines, before="k.flag = False", first=lines)))
    holds(write.model(OWNED.format(after=lines, before=lines, first="k.flag = False")))


@pytest.mark.parametrize("line", ["me.shared = 1", "k.flag = True", "x = me.shared"])
def test_what_others_may_touch_may_not(write: Writer, line: str) -> None:
    here = f"{line}  # here"
    message = write.refusal(OWNED.format(after=here, before="me.mine = 1", first="k.seen = 1"))
    assert "touched here and also before the return from work" in message
    both = OWNED.format(after="me.mine = 1", before=f"{line}\n    me.mine = 2", first=here)
    assert "touched here and also before the call of late" in write.refusal(both)


def test_a_helper_is_part_of_its_callers_step(write: Writer) -> None:
    rest = """
    def bump(t: Thing, by: int) -> int:
        if t.v + by > 3:
            return 0
        t.v += by
        return by
    """
    body = "k.a = bump(k.thing[0], 2) + bump(k.thing[0], 2) + bump(k.thing[0], 1)"
    model = write.step(body + "\nassert k.a == 3 and k.thing[0].v == 3", rest)
    assert holds(model).states == 2
    assert left_by(model).a == 3


def test_a_method_and_a_property_of_a_struct_are_helpers(write: Writer) -> None:
    text = """
    class Box(Struct):
        v = Int(0, 3)

        @property
        def full(self) -> bool:
            return self.v == 3

        def add(self, n: int) -> None:
            self.v += n

    class S(State):
        box = Embed(Box)

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("go")
        k.box.add(3)
        assert k.box.full

    m = Model("m", S, [run(p)])
    """
    assert holds(write.model(text)).states == 2


# Loops


@pytest.mark.parametrize(
    "loop",
    [
        "while k.a < 3:  # here\n    k.a += 1",
        "while True:  # here\n    k.a = 1",
        "while k.a < 3:  # here\n    if k.flag:\n        yield\n    else:\n        k.a += 1",
    ],
)
def test_a_loop_that_can_go_round_without_a_yield_is_refused(write: Writer, loop: str) -> None:
    message = write.refused_step(loop)
    assert "this loop can go round without a yield" in message
    assert "instead: a for over fixed elements; or, in a procedure, yield at(" in message


def test_a_while_that_is_done_before_the_model_runs_is_let_through(write: Writer) -> None:
    body = "n = 0\nwhile n < 3:\n    k.flags[n] = True\n    n += 1\nassert all(f for f in k.flags)"
    assert holds(write.step(body)).states == 2


def test_a_while_with_a_yield_runs_round_by_round(write: Writer) -> None:
    model = write.step("while k.a < 3:\n    yield at('w')\n    k.a += 1\nassert k.a == 3")
    assert holds(model).labels == {"p.go": 1, "p.w": 3}
    assert left_by(model).a == 3


def test_a_for_with_a_yield_visits_each_element_in_order(write: Writer) -> None:
    body = """
    for t in k.thing:
        yield at('visit')
        k.a = 2 * k.a + t.v
        t.v = 1
        if t is k.sure:
            continue
        yield at('second')
        k.a += 4
    yield at('after')
    assert k.a == 4
    """
    model = write.step(body)
    assert holds(model).labels == {"p.go": 1, "p.visit": 2, "p.second": 1, "p.after": 1}
    assert left_by(model).a == 4


def test_nested_fors_with_yields_and_jumps(write: Writer) -> None:
    body = """
    for i in range(3):
        yield at('outer')
        k.b = i
        for t in k.thing:
            yield at('inner')
            if t.v == 1:
                break
            t.v = 1
            if i == 0:
                continue
            yield at('rest of inner')
            k.a += 1
    yield at('after')
    assert k.a == 0 and k.b == 2
    """
    result = holds(write.step(body).configure(unreached={"p.rest of inner"}))
    ran = {"p.go": 1, "p.outer": 3, "p.inner": 4, "p.rest of inner": 0, "p.after": 1}
    assert result.labels == ran


def test_a_for_over_values_that_may_be_alike_is_refused_when_it_yields(write: Writer) -> None:
    for domain in ("k.flags", "(1, 2, 1)", "k.of"):
        message = write.refused_step(f"for x in {domain}:  # here\n    yield at('v')\n    k.b = 1")
        assert "a for with a yield inside runs over values that may be alike" in message
        assert "instead: a for over elements, a range, an enum or a tuple of different" in message
    holds(write.step("for x in k.flags:\n    k.a += x"))


def test_a_for_that_yields_keeps_its_own_local(write: Writer) -> None:
    message = write.refused_step("for x in range(3):  # here\n    yield at('v')\n    x = 1")
    assert "x is changed inside its own for, which has a yield" in message
    assert "instead: another local" in message


def test_what_a_for_runs_over_is_not_changed_in_it(write: Writer) -> None:
    message = write.refused_step("i = 1\nfor n in (i, 2):  # here\n    i = n")
    assert "i tells what this for runs over, and is changed in it" in message
    assert "instead: another local" in message


BOXES = """
class Box(Struct):
    v = Int(0, 3)

class Row(Struct):
    box = Array(Box, 2)

class S(State):
    row = Array(Row, 2)
    cur = Ref(Row, null=False)
    a = Int(0, 7)

"""


def test_a_for_that_yields_runs_over_elements_that_stay_the_same(write: Writer) -> None:
    state = BOXES + stepping("for b in k.cur.box:  # here\n    yield at('b')\n    b.v = 1")
    message = write.refusal(state)
    assert "what this for runs over is read from the state, and may change meanwhile" in message
    assert "instead: x = ...; for e in x.elements" in message
    own = "r = k.cur\nfor b in r.box:\n    yield at('b')\n    b.v = 1\n    k.cur = k.row[1]"
    own += "\nyield at('z')\nassert all(b.v == 1 for b in k.row[0].box)"
    holds(write.model(BOXES + stepping(own)))
    once = "for b in k.cur.box:\n    b.v = 1\n    k.cur = k.row[1]\nassert k.row[0].box[1].v == 1"
    holds(write.model(BOXES + stepping(once)))
    assert left_by(write.model(BOXES + stepping(once))).row[0].box[1].v == 1


# Labels


def test_a_label_stands_once_in_its_procedure(write: Writer) -> None:
    message = write.refused_step("yield at('x')\nk.a = 1\nyield at('x')  # here\nk.a = 2")
    assert "the label 'x' stands twice in p" in message
    assert "instead: a name of its own for each step" in message
    holds(write.step("yield at('q')\nyield from q(k, 1)", CALLED))


def test_the_label_done_is_the_languages_own(write: Writer) -> None:
    message = write.refused_step("yield at('done')  # here\nk.a = 1")
    assert "the label 'done' is where a finished process stands" in message
    assert "instead: another name" in message


def test_a_yield_without_a_label_is_numbered(write: Writer) -> None:
    assert holds(write.step("yield\nk.a = 1")).labels == {"p.go": 1, "p.step2": 1}


def test_a_label_that_no_state_reaches_fails_a_run_unless_the_scenario_names_it(
    write: Writer,
) -> None:
    model = write.step(
        "if k.flag:\n    yield at('never')\n    k.a = 1\nyield at('z')\nk.flag = True"
    )
    result = violates(model, "unreached p.never")
    assert result.unreached == ("p.never",)
    holds(model.configure(unreached=["p.never"]))
    wrong = explored(model.configure(unreached=["p.never", "p.z"]))
    assert wrong.verdict.value == "ERROR" and "p.z" in wrong.why
