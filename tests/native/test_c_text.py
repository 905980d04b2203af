"""What a model may have that C has not: names that meet, large numbers, texts, many processes."""

from __future__ import annotations

import pytest

from mcheck.explorer import native
from mcheck.explorer.native import CannotCompile
from mcheck.lang.emit.python import PythonProgram
from tests.cli.toys import command
from tests.lang.texts import TOY, Writer
from tests.native import waiting
from tests.native.agreement import agree

pytestmark = pytest.mark.usefixtures("quickly")


def refused(executable: PythonProgram) -> str:
    """Why there is no native code for a model: one line, which says nothing of the compiler."""
    with pytest.raises(CannotCompile) as raised:
        native.check(executable, workers=1)
    message = str(raised.value)
    assert "\n" not in message
    assert "error:" not in message and "fails" not in message, message
    return message


# Names

MEETING = """
class Page(Struct):
    table_lock = Int(0, 3)
    x = Int(0, 3)

class Page_table(Struct):
    lock = Int(0, 3)

class set(Struct):
    Page_x = Int(0, 3)

class S(State):
    page = Embed(Page)
    table = Embed(Page_table)
    of = Embed(set)

@procedure
def p(k: S) -> Proc[None]:
    yield at("one")
    k.page.table_lock = 1
    yield at("two")
    k.table.lock = 2
    yield at("three")
    k.page.x = 3
    yield at("four")
    k.of.Page_x = 1

@always
def apart(k: S) -> bool:
    return k.page.table_lock != 1 or k.table.lock != 2

@always
def further_apart(k: S) -> bool:
    return k.page.x != 3 or k.of.Page_x != 1

m = Model("m", S, [run(p)], [{0}])
"""


@pytest.mark.parametrize("claim", ["apart", "further_apart"])
def test_fields_whose_names_meet_in_c(write: Writer, claim: str) -> None:
    executable = write.model(MEETING.replace("{0}", claim)).compile()
    assert agree(executable).property == claim


def test_names_that_mean_something_in_c(write: Writer) -> None:
    model = write.model(
        """
        class state(Struct):
            w = Int(0, 3)
            MASK = Int(-1, 2)

        class S(State):
            int = Int(0, 3)
            t = Int(0, 3)
            GET = Embed(state)
            out = Array(Int(0, 3), 2)
            größe = Int(0, 3)

        @procedure
        def register(k: S, me: int) -> Proc[None]:
            yield at("one")
            i_ = choose(range(2))
            s = choose(range(3))
            k.out[i_] = s
            k.int = s
            yield at("two")
            bad = choose(range(2))
            k.GET.w = s + bad
            k.GET.MASK = k.out[i_] - bad
            k.größe = k.t + me
            k.t = bad

        m = Model("m", S, [run(register, each=2)])
        """
    )
    agree(model.compile())


def test_texts_that_would_end_a_comment(write: Writer) -> None:
    model = write.toy(
        r"""
        @procedure
        def p(k: S, me: int) -> Proc[None]:
            yield at("free */ #error \\")
            k.a = 1
            yield at("// \n #error ?")
            k.b = 1

        m = Model("m */ #error", S, [run(p, name="P */ #error {}", each=2)])
        """
    )
    agree(model.compile())


# Numbers


def wide_field(write: Writer, bounds: str, value: int) -> PythonProgram:
    """A model with a field of these bounds, which is set to a value and then looked at."""
    model = write.model(
        f"""
        class S(State):
            a = Int({bounds})
            c = Flag()

        @procedure
        def p(k: S) -> Proc[None]:
            yield at("go")
            k.a = {value}
            yield at("look")
            k.c = k.a > 5

        @always
        def never(k: S) -> bool:
            return not k.c

        m = Model("m", S, [run(p)], [never])
        """
    )
    return model.compile()


@pytest.mark.parametrize("bits", [31, 32, 33, 61, 62])
def test_large_numbers(write: Writer, bits: int) -> None:
    largest = 2**bits - 1
    for bounds in (f"0, {largest}", f"{-(2 ** (bits - 1))}, {largest // 2}"):
        executable = wide_field(write, bounds, largest // 2)
        assert agree(executable).property == "never"


@pytest.mark.parametrize("bits", [64, 65, 70, 128])
def test_fields_that_are_too_large_are_refused(write: Writer, bits: int) -> None:
    largest = 2**bits - 1
    assert "too large" in refused(wide_field(write, f"0, {largest}", largest))
    assert "too large" in refused(wide_field(write, f"{-largest}, 9", -largest))


@pytest.mark.parametrize(
    "condition",
    [
        f"k.a < {2**64 + 1}",
        f"k.a > -{2**64}",
        f"max(k.a, {2**65}) > 9",
        f"k.a * {2**61} < 9 * {2**61}",
        "(k.a << 40) < (k.b << 61)",
    ],
)
def test_numbers_that_are_too_large_are_refused(write: Writer, condition: str) -> None:
    assert "too large" in refused(write.step(f"k.flag = {condition}").compile())


def test_what_is_too_large_is_searched_in_plain_python(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcheck.explorer import engines

    monkeypatch.setattr(engines, "SMALL", 1)
    result = engines.check(write.step(f"k.flag = k.a < {2**64}").compile())
    assert (result.engine, result.verdict.value, result.states) == ("reference", "HOLDS", 2)
    assert result.note.startswith("searched in plain Python, which is slow: ")
    assert "too large" in result.note


# How many


@pytest.mark.parametrize("count", [65, 100])
def test_too_many_processes(count: int) -> None:
    said = refused(waiting.line.configure("long", hands=count).compile())
    assert str(count) in said and "processes" in said


def test_too_many_processes_for_hangs() -> None:
    said = refused(waiting.line_with_hangs.configure("long", hands=33).compile())
    assert "33" in said and "processes" in said


MANY_WAYS = """
@procedure
def p(k: S) -> Proc[None]:
    while True:
        yield at("go", rest=True)
        x = choose(range(128))
        y = choose(range(128))
        z = choose(range(64))
        k.a = (x + y + z) % 8

@procedure
def q(k: S) -> Proc[None]:
    yield at("wait", until=lambda: k.flag)
    k.flag = True

m = Model("m", S, [run(p), run(q)])
"""


def test_a_step_with_a_million_ways(write: Writer) -> None:
    # In a process of its own: it may die.
    path = write(TOY + MANY_WAYS).path
    made = command("check", f"{path}:m", "--engine", "native", "--workers", "2")
    assert made.returncode in (1, 2), made
    if made.returncode == 1:
        assert "VIOLATED deadlock" in made.stdout
        assert "VIOLATED m: deadlock; 8 states" in made.stdout
    else:
        assert made.stderr.count("\n") == 1
