"""The engine under the compilers' sanitizers: no wrong access, no undefined behaviour, no race."""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.migration import S
from mcheck.explorer import reference
from mcheck.explorer.native import compiler
from mcheck.explorer.native.library import Why
from mcheck.lang import Model
from mcheck.scenarios import SCENARIOS
from tests.examples.listing import BY_NAME
from tests.explorer import boxes
from tests.native import reckoning, waiting, wide
from tests.native.altered import alter

DRIVER = Path(__file__).with_name("driver.c")
MEMORY = "address,undefined"
THREADS = "thread"
ROOM = 64 << 20

MODELS: dict[str, Model[Any]] = {
    **BY_NAME,
    **{model.name: model for model in (*reckoning.MODELS, *waiting.MODELS)},
    **{f"wide {i}": wide.configured(wide.wide, sizes) for i, sizes in enumerate(wide.SIZES)},
    "falling": wide.configured(wide.falling, wide.SIZES[4]),
    "overdue": boxes.box(boxes.adder, boxes.overdue, boxes.grows),
    "17 hands": waiting.line_with_hangs.configure("17 hands", hands=17, gap=16),
    "64 hands": waiting.line.configure("64 hands", hands=64, gap=63),
    "munmap-first-fault": SCENARIOS["munmap-first-fault"].model,
    "S": S,
}
FEW = ["office with a daemon", "wide 4", "shifting"]
FEW_WITH_THREADS = ["philosophers.philosophers", "gates"]
KERNEL = "munmap-first-fault"


@dataclass(frozen=True)
class Ran:
    """What a program has done: its exit code, what it has printed, what a sanitizer has said."""

    code: int
    printed: str
    said: str


@functools.cache
def missing(sanitizer: str) -> str:
    """Why nothing can be run under a sanitizer here; empty if it can."""
    folder = Path(compiler._scratch())
    source, program = folder / "empty.c", folder / sanitizer.replace(",", "-")
    source.write_text("int main(void) { return 0; }\n")
    words = [*compiler.compiler(), f"-fsanitize={sanitizer}", str(source), "-o", str(program)]
    made = subprocess.run(words, check=False, capture_output=True, text=True)
    if made.returncode:
        return f"no -fsanitize={sanitizer}: {made.stderr.strip().splitlines()[-1]}"
    ran = subprocess.run([program], check=False, capture_output=True, text=True)
    return f"-fsanitize={sanitizer} does not run here: {ran.stderr}" if ran.returncode else ""


def built(folder: Path, text: str, sanitizer: str, *flags: str) -> Path:
    """The driver with a model, under a sanitizer."""
    if missing(sanitizer):
        pytest.skip(missing(sanitizer))
    folder.mkdir(exist_ok=True)
    for name in compiler._ENGINE:
        (folder / name).write_text(compiler._source(name))
    (folder / "model.c").write_text(text)
    words = [
        *(*compiler.compiler(), "-std=gnu11", "-O0", "-g", "-pthread", "-w", '-DMODEL="model.c"'),
        *(f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", f"-I{folder}", *flags),
        *(str(DRIVER), "-o", str(folder / "driver")),
    ]
    made = subprocess.run(words, check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder / "driver"


def run(program: Path, model: Model[Any], threads: int, room: int = ROOM) -> Ran:
    """Search a model with the program that was built for it."""
    executable = model.compile()
    size = 8 * max(1, -(-executable.bits // 64))
    states = program.with_name("initial")
    states.write_bytes(b"".join(s.to_bytes(size, "little") for s in executable.initial))
    ran = subprocess.run(
        [program, str(threads), str(room), states],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def clean(folder: Path, name: str, sanitizer: str, threads: int, *flags: str) -> None:
    """Insist that the sanitizer has nothing to say, and that the search is right."""
    model = MODELS[name]
    executable = model.compile()
    ran = run(built(folder, executable.c(), sanitizer, *flags), model, threads)
    assert (ran.code, ran.said) == (0, ""), ran.said
    states, transitions, depth, why = map(int, ran.printed.split())
    expected = reference.check(executable)
    assert (states, transitions, depth) == (
        expected.states,
        expected.transitions,
        expected.depth,
    )
    assert why in (Why.EXHAUSTED, Why.FOUND)


@pytest.mark.parametrize("name", [*FEW, KERNEL])
def test_no_wrong_access_and_no_undefined_behaviour(name: str, tmp_path: Path) -> None:
    clean(tmp_path, name, MEMORY, 1, "-DFIRST_SLOTS=2")


@pytest.mark.parametrize("name", [*FEW_WITH_THREADS, KERNEL])
def test_no_race(name: str, tmp_path: Path) -> None:
    clean(tmp_path, name, THREADS, 2, "-DFIRST_SLOTS=2")


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_no_wrong_access_in_any_model(name: str, threads: int, tmp_path: Path) -> None:
    clean(tmp_path, name, MEMORY, threads, "-DFIRST_SLOTS=2")


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_no_race_in_any_model(name: str, threads: int, tmp_path: Path) -> None:
    clean(tmp_path, name, THREADS, threads, "-DFIRST_SLOTS=2")


def test_a_limit_of_memory_is_kept(tmp_path: Path) -> None:
    program = built(tmp_path, S.compile().c(), MEMORY)
    ran = run(program, S, 2, room=1 << 20)
    assert (ran.code, ran.said) == (0, "")
    states, *_, why = map(int, ran.printed.split())
    assert why == Why.MEMORY
    assert 1_000 < states < 88_644


# What is planted is found

PLANTED = {
    "heap-buffer-overflow": (
        "address",
        "glue.c",
        "number *list = malloc((all + 1) * sizeof *list);",
        "number *list = malloc(8);",
    ),
    "shift exponent": (MEMORY, "table.h", "return hash >> table->shift;", "return hash >> 64;"),
    "data race": (THREADS, "table.h", "if (alone) {", "if (1) {"),
}


@pytest.mark.parametrize("said", PLANTED)
def test_what_is_wrong_is_found(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sanitizer, source, text, other = PLANTED[said]
    alter(monkeypatch, source, text, other)
    # A small model wrong at its end; a race needs one in which both threads have much to do.
    model = S if sanitizer == THREADS else MODELS["philosophers.left_first"]
    ran = run(built(tmp_path, model.compile().c(), sanitizer), model, 2)
    assert ran.code != 0
    assert said in ran.said
