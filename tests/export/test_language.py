"""Each part of the language means the same to SPIN and to Rumur."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcheck.explorer import Result, Verdict
from mcheck.lang.emit import promela
from tests.export.agreement import by_rumur, by_spin, ours, rumur_agrees, spin_agrees
from tests.export.checkers import Answer
from tests.lang.texts import Writer, stepping

ROUND_AND_ROUND = """
    @procedure
    def p(k: S) -> Proc[None]:
        while True:
            yield at("go", rest=True)
            {body}

    m = Model("m", S, [run(p)], [{claims}])
"""


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


def both(
    write: Writer, text: str, folder: Path, *, starts: int = 0
) -> tuple[Result, Answer, Answer]:
    """The results of all three, which agree."""
    model = write.toy(text)
    program = model.lower()
    result = ours(model, program)
    by_their_spin = by_spin(model, program, folder)
    by_their_rumur = by_rumur(model, program, folder)
    assert ("proctype boot" in promela.emit(model, program)) is bool(starts)
    spin_agrees(program, result, by_their_spin, starts)
    rumur_agrees(result, by_their_rumur)
    return result, by_their_spin, by_their_rumur


BODIES = {
    "division rounds down": "k.b = (k.a - 4) // 3 + (k.a - 4) % 3; k.a = (k.a + 1) % 8",
    "division by a negative number": "k.b = (k.a - 4) // -3 - (k.a - 4) % -3; k.a = (k.a + 1) % 8",
    "bits": "k.b = ((k.a ^ 5) & 3) - (k.a >> 1 | 1) // 2; k.a = (k.a + 3) % 8",
    "the least and the greatest": (
        "k.b = min(k.a, 3, 6 - k.a) - max(k.a - 7, -2) // 2; k.a = (k.a + 1) % 8"
    ),
    "a condition as a number": "k.a = (k.a + (k.a < 5) + (not k.flag)) % 8; k.flag = k.a > 2",
    "a choice": "x = choose(range(4)); k.a = x; k.b = x - k.b if k.b < 2 else 0",
    "a choice with a condition": "x = choose(x for x in range(8) if x != k.a); k.a = x",
    "a choice that depends on another": (
        "t = choose(k.thing); x = choose(x for x in range(4) if x <= t.v + 1); t.v = x"
    ),
    "references": "t = choose(k.thing); k.ref = t; k.sure = t; t.next = k.ref; k.ref.next.v = 1",
    "an enum": "k.colour = Colour.BLUE if k.colour is Colour.RED else Colour.RED",
    "arrays": "k.flags[k.a % 3] = not k.flags[(k.a + 1) % 3]; k.a = (k.a + 1) % 8",
    "maps": "t = choose(k.thing); k.of[t] = (k.of[t] + 1) % 3",
    "a local that lives on": 'x = choose(range(3)); yield at("then"); k.a = x + 1',
    "a local below 0": 'x = k.a - 3; yield at("then"); k.a = (x + 4) % 8',
    "short circuits": "k.flag = k.ref is null or k.ref.v == 0; k.ref = k.thing[0]",
}


@pytest.mark.parametrize("case", BODIES)
def test_it_means_the_same(case: str, write: Writer, tmp_path: Path) -> None:
    text = ROUND_AND_ROUND.format(body=BODIES[case], claims="")
    result, *_ = both(write, text, tmp_path)
    assert result.verdict is Verdict.HOLDS, result.why
    assert result.states > 1


FAILURES = {
    "bounds": "k.a += 1",
    "null": "k.a = k.ref.v",
    "index": "k.a = (k.a + 1) % 8; k.flags[k.a] = True",
    "divide": "k.a = 3 // k.b",
    "assert": "k.a = (k.a + 1) % 8; assert k.a != 3",
    "choose": "x = choose(x for x in range(4) if x < 3 - k.a); k.a = k.a + 1 + x // 9",
    "lock": "k.lock.acquire(); k.lock.acquire()",
}


@pytest.mark.parametrize("kind", FAILURES)
def test_it_fails_in_the_same_way(kind: str, write: Writer, tmp_path: Path) -> None:
    result, *_ = both(write, ROUND_AND_ROUND.format(body=FAILURES[kind], claims=""), tmp_path)
    assert result.verdict is Verdict.VIOLATED
    assert result.property == kind


def test_a_guard_fails(write: Writer, tmp_path: Path) -> None:
    text = """
        @procedure
        def p(k: S) -> Proc[None]:
            yield at("first")
            k.a = 1
            yield at("go", until=lambda: k.ref.v == 0)

        m = Model("m", S, [run(p)])
    """
    result, *_ = both(write, text, tmp_path)
    assert result.property == "null"


def test_several_initial_states(write: Writer, tmp_path: Path) -> None:
    text = """
        def boot(k: S) -> None:
            k.a = choose(range(1, 4))

        @always
        def small(k: S) -> bool:
            return k.a > 0 or k.flag

        @procedure
        def p(k: S) -> Proc[None]:
            while True:
                yield at("go", until=lambda: k.a > 0)
                k.flag = True
                k.a -= 1

        m = Model("m", S, [run(p, daemon=True)], [small], init=boot)
    """
    result, spin, rumur = both(write, text, tmp_path, starts=3)
    assert result.verdict is Verdict.HOLDS
    assert (spin.states, rumur.states) == (result.states + 1, result.states)


STUCK = """
    @procedure
    def p(k: S) -> Proc[None]:
        yield at("go")
        x = choose(range(3))
        k.a = x
        yield at("wait", until=lambda: k.a != 1)

    @procedure
    def tick(k: S) -> Proc[None]:
        while True:
            yield at("tick"{rest})
            k.flag = not k.flag

    m = Model("m", S, [run(p), run(tick, daemon={daemon})], hang={hang})
"""


def test_who_is_stuck_while_others_move_is_found_by_rumur(write: Writer, tmp_path: Path) -> None:
    text = STUCK.format(rest="", daemon=True, hang=False)
    result, spin, rumur = both(write, text, tmp_path)
    assert (result.property, spin.failed, rumur.failed) == ("deadlock", None, "deadlock")
    assert rumur.depth is None


def test_who_may_still_be_freed_is_not_stuck(write: Writer, tmp_path: Path) -> None:
    freed = STUCK.replace("k.flag = not k.flag", "k.flag = not k.flag; k.a = 0")
    result, _, rumur = both(write, freed.format(rest="", daemon=True, hang=False), tmp_path)
    assert result.verdict is Verdict.HOLDS
    assert rumur.failed is None


def test_nobody_works(write: Writer, tmp_path: Path) -> None:
    freed = STUCK.replace("k.flag = not k.flag", "k.a = 0")
    text = freed.format(rest=", rest=True", daemon=False, hang=True)
    result, spin, rumur = both(write, text, tmp_path)
    assert (result.property, spin.failed, rumur.failed) == ("hang",) * 3
    result, spin, rumur = both(write, text.replace("hang=True", "hang=False"), tmp_path)
    assert (result.property, spin.failed, rumur.failed) == (None,) * 3


CLAIMS = """
    @step
    def grows(before: S, after: S) -> bool:
        return after.a >= before.a or after.a == 0

    @step
    def held_as_long(before: S, after: S) -> bool:
        return sum(holds(t) for t in before.thing) <= 1 or holds(after.thing[0]) > 0

    @cover
    def high(k: S) -> bool:
        return k.a == {high}

    @procedure
    def p(k: S) -> Proc[None]:
        while True:
            yield at("take")
            t: Held[Thing] = hold(k.thing[0])
            yield at("go")
            k.a = (k.a + 1) % {modulus}
            yield at("put")
            release(t)

    m = Model("m", S, [run(p), run(p, name="q")], [grows, held_as_long, high])
"""


def test_properties_of_a_step_and_holds(write: Writer, tmp_path: Path) -> None:
    text = CLAIMS.format(high=3, modulus=4)
    result, *_ = both(write, text, tmp_path)
    assert result.verdict is Verdict.HOLDS
    wrong = text.replace("holds(after.thing[0]) > 0", "holds(after.thing[0]) > 1")
    result, *_ = both(write, wrong, tmp_path)
    assert result.property == "held_as_long"
    wrong = text.replace("after.a == 0", "before.a == 0")
    result, *_ = both(write, wrong, tmp_path)
    assert result.property == "grows"


def test_covers_are_for_rumur(write: Writer, tmp_path: Path) -> None:
    result, spin, rumur = both(write, CLAIMS.format(high=5, modulus=4), tmp_path)
    assert (result.property, spin.failed, rumur.failed) == ("cover high", None, "cover high")


def test_what_never_changes_is_looked_up(write: Writer, tmp_path: Path) -> None:
    text = """
        def boot(k: S) -> None:
            k.thing[1].v = 3

        @procedure
        def p(k: S) -> Proc[None]:
            while True:
                yield at("go")
                t = choose(k.thing)
                k.a = (k.a + t.v + 1) % 8

        m = Model("m", S, [run(p)], init=boot)
    """
    result, *_ = both(write, text, tmp_path)
    assert result.states == 8


def test_values_below_0_in_an_array(write: Writer, tmp_path: Path) -> None:
    text = """
        class Deep(State):
            depths = Array(Int(-3, 0), 2)

        def boot(k: Deep) -> None:
            k.depths[1] = -3

        @procedure
        def p(k: Deep) -> Proc[None]:
            while True:
                yield at("go", until=lambda: k.depths[1] < 0)
                k.depths[1] += 1

        m = Model("m", Deep, [run(p, daemon=True)], init=boot)
    """
    result, *_ = both(write, text, tmp_path, starts=1)
    assert result.states == 4


def test_a_step_that_does_nothing(write: Writer, tmp_path: Path) -> None:
    model_text = stepping("k.a = k.a")
    result, *_ = both(write, model_text, tmp_path)
    assert (result.states, result.transitions) == (2, 1)
