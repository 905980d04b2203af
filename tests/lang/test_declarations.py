"""What a state may declare, how it reads on an instance, and which declarations are refused."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.lang import ModelError
from tests.lang.texts import TOY, Writer, holds, violates

IDLE = """
@procedure
def p(k: S) -> Proc[None]:
    yield at("go")
    {body}

m = Model("m", S, [run(p)])
"""


def declared(text: str, body: str = "pass") -> str:
    """A model of which only the declarations matter."""
    return text + IDLE.format(body=body)


def refusal(write: Writer, text: str, body: str = "pass") -> str:
    """What is said of declarations that are refused."""
    with pytest.raises(ModelError) as caught:
        write.model(declared(text, body)).compile()
    return str(caught.value)


def test_fields_start_as_declared(write: Writer) -> None:
    state: Any = write(
        """
        class Colour(enum.Enum):
            RED = 0
            BLUE = 1

        class Thing(Struct):
            v = Int(3, 5)

        class S(State):
            zero = Int(-2, 2)
            low = Int(3, 5)
            high = Int(-5, -3)
            given = Int(0, 7, init=4)
            flag = Flag()
            up = Flag(init=True)
            colour = OneOf(Colour)
            blue = OneOf(Colour, init=Colour.BLUE)
            nothing = Ref(Thing)
            first = Ref(Thing, null=False)
            thing = Array(Thing, 2, names="AB")
        """
    ).module.S()
    assert (state.zero, state.low, state.high, state.given) == (0, 3, -5, 4)
    assert (state.flag, state.up) == (False, True)
    assert (state.colour.name, state.blue.name) == ("RED", "BLUE")
    assert repr(state.nothing) == "null"
    assert state.first is state.thing[0]
    assert [t.v for t in state.thing] == [3, 3]


def test_elements_are_called_as_declared(write: Writer) -> None:
    state: Any = write(
        """
        class Inner(Struct):
            v = Flag()
            lock = Embed(Lock)

        class Outer(Struct):
            inner = Embed(Inner)
            many = Array(Inner, 2, names="XY")

        class S(State):
            named = Array(Outer, 3, names="AB")
            plain = Array(Outer, 1)
            by = Map(Outer, Inner)
        """
    ).module.S()
    assert [str(e) for e in state.named] == ["A", "B", "named[2]"]
    assert str(state.plain[0].inner.lock) == "plain[0].inner.lock"
    assert str(state.named[1].many[1]) == "B.Y"
    assert [str(e) for e in state.by] == ["by[A]", "by[B]", "by[named[2]]", "by[plain[0]]"]
    assert state.by[state.named[1]] is list(state.by)[1]


def test_bounds_and_sizes_are_computed_from_constants(write: Writer) -> None:
    text = write(
        """
        class Sizes(State):
            cpus = Const(2)
            frames = Const(3)

        class S(Sizes):
            a = Array(Flag(), Sizes.cpus + Sizes.frames)
            b = Array(Flag(), 2 * Sizes.cpus - 1)
            c = Array(Flag(), (Sizes.frames + 1) // 2)
            d = Array(Flag(), 7 - Sizes.cpus)
            n = Int(-Sizes.cpus if False else 0, 1 + Sizes.frames * 2)
        """
    )
    state: Any = text.module.S()
    assert [len(x) for x in (state.a, state.b, state.c, state.d)] == [5, 3, 2, 5]
    state.n = 7
    larger: Any = text.module.S(cpus=4)
    assert [len(x) for x in (larger.a, larger.b, larger.c, larger.d)] == [7, 7, 2, 3]
    assert (larger.cpus, larger.frames) == (4, 3)
    with pytest.raises(ModelError, match="S has no constant cpu; it has cpus, frames"):
        text.module.S(cpu=4)


def test_a_constant_cannot_be_assigned_to(write: Writer) -> None:
    state: Any = write("class S(State):\n    n = Const(2)").module.S()
    with pytest.raises(ModelError, match="n is a constant of the scenario; no step may change it"):
        state.n = 3


def test_an_undeclared_field_cannot_be_assigned_to(write: Writer) -> None:
    state: Any = write(TOY).module.S()
    with pytest.raises(AttributeError, match="S declares no field colours"):
        state.colours = 3
    with pytest.raises(AttributeError, match="Thing declares no field w"):
        state.thing[0].w = 3
    with pytest.raises(ModelError, match="thing: an element is a struct; assign to its fields"):
        state.thing[0] = state.thing[1]


def test_elements_are_equal_only_to_themselves(write: Writer) -> None:
    text = write(TOY)
    one, other = text.module.S(), text.module.S()
    assert one.thing[0] != one.thing[1]
    assert one.thing[0] == other.thing[0]
    assert one.thing[0] != one.lock
    assert len({one.thing[0], one.thing[1], other.thing[0]}) == 2


@pytest.mark.parametrize(
    ("declarations", "message"),
    [
        ("class S(State):\n    n = Int(5, 2)\n", "S.n: bounds 5..2 are empty"),
        ("class S(State):\n    a = Array(Flag(), -1)\n", "S.a: size -1 is negative"),
        (
            "class T(Struct):\n    v = Flag()\nclass S(State):\n    r = Ref(T)\n",
            "S has no T: declare an Array, Map or Embed of it",
        ),
        (
            "class T(Struct):\n    v = Flag()\nclass S(State):\n    a = Map(T, Flag())\n",
            "S.a is a Map over T, but the state has no T",
        ),
        (
            "class T(Struct):\n    v = Flag()\n"
            "class S(State):\n    a = Map(T, Flag())\n    t = Array(T, 2)\n",
            "S.a is a Map over T: declare the array of T in the state before it",
        ),
        (
            "class T(Struct):\n    pass\n"
            "it = Embed(T)\nit.__set_name__(T, 'it')\ntype.__setattr__(T, 'it', it)\n"
            "class S(State):\n    t = Array(T, 2)\n",
            "a struct cannot contain itself: S in T in T; use a Ref",
        ),
        (
            "class S(State):\n    n = Int(2, 3, init=7)\n",
            "init of S.n = 7, but init of S.n is 2..3",
        ),
        (
            "class S(State):\n    n = Array(lambda: S, 2)\n",
            "put an inner Array or Map into a struct",
        ),
        (
            "F = Flag()\nclass S(State):\n    a = F\n    b = F\n",
            "S: one declaration is used twice, as a and as b; declare each by itself",
        ),
        (
            "class T(Struct):\n    v = Flag()\nOld = T\nclass T(Struct):\n    v = Flag()\n"
            "class S(State):\n    a = Array(T, 2)\n    b = Array(Old, 2)\n",
            "two structs are called T; rename one",
        ),
        (
            "class S(State):\n    n = Array(Array(Flag(), 2), 2)\n",
            "put an inner Array or Map into a struct",
        ),
        (
            "class S(State):\n    n_ = Flag()\n",
            "S.n_: names that end in _ are the language's",
        ),
        (
            "class T(Struct):\n    v = Flag()\n"
            "class S(State):\n    r = Ref(T, null=False)\n    t = Array(T, 0)\n",
            "S.r is never null, but there is no T in this scenario",
        ),
        (
            "class Sizes(State):\n    n = Const(2)\n"
            "class S(State):\n    a = Array(Flag(), Sizes.n)\n",
            "a bound uses the constant 'n', which the state class does not have; "
            "let the state class inherit from the class that declares it",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(write: Writer, declarations: str, message: str) -> None:
    assert message in refusal(write, declarations)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Flag(init=3)", "Flag(init=3): a flag is False or True"),
        ("OneOf(Level)", "OneOf(Level): a plain Enum, which is only itself"),
        ("OneOf(Nothing)", "OneOf(Nothing, init=None): not one of its members"),
        ("OneOf(Colour, init=Other.RED)", "OneOf(Colour, init=<Other.RED: 0>): not one of its mem"),
        ("Int(0, 3, by=3)", "by=3: a field is protected by atomic, hardware, owner or"),
        ("Embed(Flag())", "Embed holds a struct; declare a field by itself"),
    ],
)
def test_a_senseless_field_is_refused_at_once(write: Writer, text: str, message: str) -> None:
    enums = """
class Colour(enum.Enum):
    RED = 0

class Other(enum.Enum):
    RED = 0

class Level(enum.IntEnum):
    LOW = 0

class Nothing(enum.Enum):
    pass

"""
    with pytest.raises(ModelError) as caught:
        write(f"{enums}class S(State):\n    n = {text}\n")
    assert message in str(caught.value)


def test_a_struct_may_not_say_itself_what_equals_it(write: Writer) -> None:
    with pytest.raises(ModelError, match="T defines __eq__: elements are compared by what they"):
        write("class T(Struct):\n    def __eq__(self, other: T) -> bool:\n        return True\n")


def test_each_stored_field_has_a_name_of_its_own(write: Writer) -> None:
    text = "class T(Struct):\n    v = Flag()\nclass S(State):\n    t = Array(T, 2, names='AA')\n"
    message = refusal(write, text, "k.t[1].v = True")
    assert message == "two fields are called A.v in traces; look at names= and at run()"


def test_a_lock_is_embedded_and_not_inherited(write: Writer) -> None:
    with pytest.raises(ModelError, match=r"T inherits from Lock; put an Embed\(Lock\) into a"):
        write("class T(Lock):\n    pass\n")


def test_a_map_may_lie_in_a_struct_that_is_declared_before_its_keys(write: Writer) -> None:
    text = """
class Key(Struct):
    v = Flag()

class Table(Struct):
    of = Map(Key, Int(0, 3))

class S(State):
    table = Array(Table, 2)
    key = Array(Key, 2, names="AB")

"""
    model = write.model(declared(text, "k.table[1].of[k.key[0]] = 2"))
    compiled = model.compile()
    (after,) = [s for s in _states(compiled) if s != compiled.initial[0]]
    assert compiled.describe(after)["table[1].of[A]"] == "2"


def _states(compiled: Any) -> list[int]:
    found = list(compiled.initial)
    for state in found:
        for actor in compiled.actors:
            actor.steps[state >> actor.pc_shift & actor.pc_mask](state, found, [])
    return found


def test_a_struct_inherits_fields_that_are_its_own(write: Writer) -> None:
    text = """
class Base(Struct):
    v = Int(0, 3)

class More(Base):
    w = Int(0, 3)

class S(State):
    base = Array(Base, 2)
    more = Array(More, 2)

"""
    body = """
    k.base[1].v = 3
    k.more[0].v = 2
    k.more[1].w = 1
    assert [k.base[0].v, k.base[1].v, k.more[0].v, k.more[1].v, k.more[1].w] == 0
"""
    checks = [
        "assert k.base[0].v == 0 and k.base[1].v == 3",
        "assert k.more[0].v == 2 and k.more[1].v == 0",
        "assert k.more[0].w == 0 and k.more[1].w == 1",
    ]
    body = "\n    ".join([*body.strip().split("\n    ")[:3], *checks])
    holds(write.model(declared(text, body)))


def test_arrays_of_no_elements_are_let_through(write: Writer) -> None:
    text = """
class T(Struct):
    v = Flag()

class S(State):
    t = Array(T, 0)
    r = Ref(T)
    flags = Array(Flag(), 0)

"""
    body = """for t in k.t:
        t.v = True
    assert len(k.t) == 0 and all(t.v for t in k.t) and not any(t.v for t in k.t)
    assert sum(t.v for t in k.t) == 0
    k.r = null"""
    holds(write.model(declared(text, body)))
    violates(write.model(declared(text, "k.t[0].v = True")), "index")
