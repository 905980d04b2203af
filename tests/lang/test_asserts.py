"""An assert is a BUG_ON: it is a violation also where Python is told to drop asserts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lang.texts import PRELUDE, TOY, Writer, fails, stepping

ROOT = Path(__file__).parents[2]

PROGRAM = """
from mcheck.explorer import check
from mcheck.lang.direct import Direct

def broken(k: S) -> bool:
    return k.b == 3

if __name__ == "__main__":
    assert False, "python drops this one"
    for name in ("in_step", "in_helper", "in_procedure", "in_replacement"):
        model = globals()[name]
        direct = Direct(model)
        failure = None
        while failure is None and 0 in direct.enabled():
            failure = direct.step(0, lambda name, options: 0).failure
        print(name, check(model.compile()).property, failure.kind, failure.message)
"""

MODELS = """
def helper(t: Thing) -> int:
    assert t.v == 1, "helper"
    return t.v

@procedure
def q(k: S) -> Proc[None]:
    yield at("q")
    assert k.a == 1, "procedure"

@procedure
def q2(k: S) -> Proc[None]:
    yield at("q2")
    assert k.a == 2, "replacement"

@procedure
def calls_helper(k: S) -> Proc[None]:
    yield at("go")
    k.a = helper(k.sure)

@procedure
def calls_q(k: S) -> Proc[None]:
    yield from q(k)

in_step = m
in_helper = Model("m", S, [run(calls_helper)])
in_procedure = Model("m", S, [run(calls_q)])
in_replacement = in_procedure.replace(q=q2)
"""


@pytest.mark.parametrize("options", [[], ["-O"], ["-OO"]])
def test_an_assert_is_kept_whatever_python_is_told(tmp_path: Path, options: list[str]) -> None:
    path = tmp_path / "program.py"
    text = PRELUDE + TOY + stepping("assert k.a == 1, 'step'") + MODELS + PROGRAM
    if not options:
        text = text.replace('    assert False, "python drops this one"\n', "")
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, *options, str(path)],
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "in_step assert assert step",
        "in_helper assert assert helper",
        "in_procedure assert assert procedure",
        "in_replacement assert assert replacement",
    ], done.stderr


def test_an_assert_says_what_it_is_told_to_say_or_its_own_text(write: Writer) -> None:
    failed = fails(write.step("assert k.a == 1 and not k.flag"), "assert")
    assert failed.messages == ("assert k.a == 1 and not k.flag",) * 2
    failed = fails(write.step('assert k.a == 1, "the count is wrong"'), "assert")
    assert failed.messages == ("the count is wrong", "the count is wrong")


def test_an_assert_in_a_method_names_the_methods_line(write: Writer) -> None:
    text = """
    class Box(Struct):
        v = Int(0, 3)

        def look(self) -> int:
            assert self.v == 1, "empty"  # here
            return self.v

    class S(State):
        box = Embed(Box)
        a = Int(0, 3)

    @procedure
    def p(k: S) -> Proc[None]:
        yield at("go")
        k.a = k.box.look()

    m = Model("m", S, [run(p)])
    """
    written = write(text)
    failed = fails(written.model(), "assert")
    assert failed.lowered.source.line == failed.direct.source.line == written.line
