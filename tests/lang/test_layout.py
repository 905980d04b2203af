"""The packed state: which fields take how many bits, and that nothing is lost in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcheck.lang.build import numbers_in
from mcheck.lang.direct import Direct
from tests.lang.texts import TOY, Writer, explored, holds

ALL = """
    class Colour(enum.Enum):
        RED = 0
        GREEN = 1
        BLUE = 2

    class Thing(Struct):
        v = Int(-3, 9)
        next = Ref(lambda: Thing)
        lock = Embed(Lock)
        per = Array(Flag(), 2)

    class S(State):
        size = Const(3)
        one = Int(5, 5)
        two = Int(5, 6)
        wide = Int(-100, 200)
        flag = Flag()
        colour = OneOf(Colour)
        ref = Ref(Thing)
        sure = Ref(Thing, null=False)
        thing = Array(Thing, size, names="AB")
        numbers = Array(Int(1, 3), 4)
        of = Map(Thing, OneOf(Colour))
        lock = Embed(Lock)

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("go")
        k.one = 5
        k.two = 6
        k.wide = -100
        k.flag = True
        k.colour = Colour.BLUE
        k.ref = k.sure
        k.sure = k.thing[1]
        k.numbers[1] = 2
        k.lock.acquire()
        for t in k.thing:
            t.v = 1
            t.next = t
            t.lock.acquire()
            t.per[0] = True
            k.of[t] = Colour.GREEN
        yield at("z")
        k.flag = False

    m = Model("m", S, [run(p), run(p, name='two')])
"""


def test_each_field_takes_the_bits_that_its_values_need(write: Writer) -> None:
    compiled = write.model(ALL).compile()
    bits = {key: (c.count, c.type.bits) for key, c in compiled.program.cells.items()}
    assert bits == {
        "S.one": (1, 0),
        "S.two": (1, 1),
        "S.wide": (1, 9),
        "S.flag": (1, 1),
        "S.colour": (1, 2),
        "S.ref": (1, 2),
        "S.sure": (1, 2),
        "S.numbers": (4, 2),
        "S.of": (3, 2),
        "Thing.v": (3, 4),
        "Thing.next": (3, 2),
        "Thing.per": (6, 1),
        "Lock.holder": (4, 2),
    }
    fields = sum(count * size for count, size in bits.values())
    assert compiled.bits == 2 * 2 + fields  # three labels in each of two processes


def test_fields_do_not_overlap(write: Writer) -> None:
    compiled = write.model(ALL).compile()
    taken: list[int] = []
    for cell in compiled.program.cells.values():
        taken += range(cell.offset, cell.offset + cell.count * cell.type.bits)
    for _, instance in compiled.instances:
        taken += range(instance.pc_offset, instance.base)
    assert sorted(taken) == list(range(compiled.bits))


def test_a_field_that_no_step_writes_takes_no_bits(write: Writer) -> None:
    assert holds(write.step("k.flag = True")).bits == 1 + 1
    assert holds(write.step("k.flag = k.b == 3 and k.thing[1].v == 2")).bits == 1 + 1
    assert holds(write.step("k.thing[1].v = 2")).bits == 1 + 2 * 2


def test_a_constant_field_reads_as_what_it_was_set_to(write: Writer) -> None:
    text = """
    def boot(k: S) -> None:
        k.b = 3
        k.thing[1].v = 2

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("go")
        t = choose(k.thing)
        k.a = t.v
        assert k.b == 3

    m = Model("m", S, [run(p)], init=boot)
    """
    result = holds(write.toy(text))
    assert (result.bits, result.states) == (1 + 3, 3)


def test_a_field_on_which_initial_states_differ_is_stored(write: Writer) -> None:
    text = """
    def boot(k: S) -> None:
        k.a = choose(range(3))

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("go")
        k.flag = k.a == 1

    m = Model("m", S, [run(p)], init=boot)
    """
    result = holds(write.toy(text))
    assert (result.bits, result.states) == (1 + 3 + 1, 6)


def test_describe_names_every_stored_field_and_no_other(write: Writer) -> None:
    model = write.step("k.flag = True\nk.thing[1].v = 2\nk.flags[0] = True\nk.of[k.sure] = 1")
    compiled = model.compile()
    assert compiled.describe(compiled.initial[0]) == {
        "flag": "0",
        "flags[0]": "0",
        "flags[1]": "0",
        "flags[2]": "0",
        "of[A]": "0",
        "of[B]": "0",
        "A.v": "0",
        "B.v": "0",
    }


@pytest.fixture(scope="module")
def packing(tmp_path_factory: pytest.TempPathFactory) -> Direct:
    """The model with all kinds of fields, in its initial state."""
    return Direct(Writer(tmp_path_factory.mktemp("packing")).model(ALL))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_all_fields_survive_unpacking_and_packing(packing: Direct, data: st.DataObject) -> None:
    compiled = packing.compiled
    state, numbers = 0, dict[str, list[int]]()
    for key, cell in compiled.program.cells.items():
        values = st.integers(cell.type.lo, cell.type.hi)
        numbers[key] = [data.draw(values, label=key) for _ in range(cell.count)]
        for i, n in enumerate(numbers[key]):
            state |= n - cell.type.lo << cell.offset + i * cell.type.bits
    world = compiled.unpack(state)
    cells = compiled.program.cells.items()
    assert {key: list(numbers_in(cell, world)) for key, cell in cells} == numbers
    packing.k = world
    assert packing.state() == state
    assert len(compiled.describe(state)) == sum(len(n) for n in numbers.values())


def test_models_of_different_sizes_live_in_one_process(write: Writer) -> None:
    text = TOY.replace('names="AB"', 'names="ABCDE"') + (
        "@procedure\n"
        "def p(k: S, me: Thing) -> Proc[None]:\n"
        "    yield at('go')\n"
        "    me.v = 1\n"
        "    k.of[me] = 2\n"
        "m = Model('m', S, [run(p, each=S.thing)])\n"
    )
    model = write.model(text)
    compiled = {n: model.configure(size=n).compile() for n in (3, 1, 4, 2)}
    for n in (2, 4, 1, 3):
        assert compiled[n].bits == n * (1 + 2 + 2)
        assert explored(model.configure(size=n)).states == 2**n
        assert compiled[n].constants == {"size": n}
        assert [a.name for a in compiled[n].actors] == [f"p[{i}]" for i in range(n)]
        assert len(compiled[n].describe(0)) == 2 * n
