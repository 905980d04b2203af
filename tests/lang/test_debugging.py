"""Model functions are plain Python when they run directly: debuggers and print work in them."""

from __future__ import annotations

import bdb
import sys
from types import FrameType
from typing import Any

import pytest

from mcheck.lang.direct import Direct
from tests.lang.texts import TOY, Text, Writer, first, holds, stepping

TEXT = (
    TOY
    + """
def bump(t: Thing) -> None:
    t.v += 1  # here

@procedure
def inner(k: S, n: int) -> Proc[None]:
    yield at("inner")
    k.a = n
    bump(k.thing[1])
    yield at("after")
    k.b = n

"""
    + stepping("x = choose(range(1, 3))\nyield from inner(k, x + 1)\nyield at('z')\nk.flag = True")
)


class Stops(bdb.Bdb):
    """A debugger that notes what it sees where it stops, and goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, str, dict[str, Any]]] = []

    def user_line(self, frame: FrameType) -> None:
        name = frame.f_code.co_name
        if self.get_breaks(frame.f_code.co_filename, frame.f_lineno):
            shown = {key: repr(value) for key, value in frame.f_locals.items()}
            self.seen.append((frame.f_lineno, name, shown))
        self.set_continue()


def _line(text: Text, statement: str) -> int:
    lines = text.path.read_text().splitlines()
    (found,) = [n for n, line in enumerate(lines, 1) if line.strip() == statement]
    return found


def _debugged(text: Text, *lines: int) -> Stops:
    stops = Stops()
    direct = Direct(text.model())
    for line in lines:
        assert stops.set_break(str(text.path), line) is None

    def run() -> None:
        while 0 in direct.enabled():
            assert direct.step(0, first).failure is None

    # A tracer of whoever runs the tests (coverage, say) is put back afterwards.
    before = sys.gettrace()
    try:
        stops.runcall(run)
    finally:
        sys.settrace(before)
        stops.clear_all_breaks()
    return stops


def test_a_breakpoint_in_a_procedure_is_hit_with_its_locals(write: Writer) -> None:
    text = write(TEXT)
    (hit,) = _debugged(text, _line(text, "k.a = n")).seen
    assert hit == (_line(text, "k.a = n"), "inner", {"k": "state", "n": "2"})


def test_a_breakpoint_after_a_yield_is_hit_when_the_process_goes_on(write: Writer) -> None:
    text = write(TEXT)
    lines = [_line(text, "k.b = n"), _line(text, "k.flag = True")]
    first_hit, second_hit = _debugged(text, *lines).seen
    assert first_hit == (lines[0], "inner", {"k": "state", "n": "2"})
    assert second_hit == (lines[1], "p", {"k": "state", "x": "1"})


def test_a_breakpoint_in_a_helper_is_hit_with_the_element(write: Writer) -> None:
    text = write(TEXT)
    assert text.line is not None
    (hit,) = _debugged(text, text.line).seen
    assert hit == (text.line, "bump", {"t": "B"})


def test_a_property_is_plain_python_too(write: Writer) -> None:
    text = write(
        TEXT
        + "@always\ndef low(k: S) -> list[Thing]:\n    return [t for t in k.thing if t.v > 3]\n"
    )
    module: Any = text.module
    state = module.S()
    state.thing[0].v = 3
    assert module.low(state) == []


def test_print_and_breakpoint_may_stay_in_a_step(
    write: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: stopped.append("here"))
    model = write.step("k.a = 2\nprint('a is', k.a)\nbreakpoint()\nk.a = 3")
    assert holds(model).states == 2
    assert (capsys.readouterr().out, stopped) == ("", [])
    direct = Direct(model)
    direct.step(0, first)
    assert (capsys.readouterr().out, stopped) == ("a is 2\n", ["here"])


def test_direct_execution_tells_where_each_process_stands(write: Writer) -> None:
    direct = Direct(write(TEXT).model())
    labels: list[str] = []
    while 0 in direct.enabled():
        labels.append(direct.label(0))
        direct.step(0, first)
    assert labels == ["p.go", "inner.inner", "inner.after", "p.z"]
    assert direct.label(0) == "p.done"
    assert direct.enabled() == []
