"""Small programs at random: a few processes that choose, assert, wait and rest.

The programs of tests/lang/generated have something of everything, and so little of two choices in
one step, of filters that fail, or of processes at rest while others wait.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random

from mcheck.lang.emit.python import PythonProgram

_FIELDS = ["k.a", "k.b", "k.c"]
_HEAD = '''"""A generated model."""

from __future__ import annotations

from mcheck.lang import Int, Model, Proc, State, always, at, choose, procedure, run


class Some(State):
    a = Int(0, 2)
    b = Int(0, 2, init=1)
    c = Int(0, 2)
'''


class Program:
    """The text of one program. rough: how often something can fail, from 0 to 1."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._rough = self._random.choice((0.1, 0.9))
        processes = self._random.randint(2, 4)
        parts = [_HEAD, *(self._process(number) for number in range(processes))]
        runs = [f"run(p{n}{self._if(0.2, ', daemon=True')})" for n in range(processes)]
        claims: list[str] = []
        if self._random.random() < 0.5:
            parts.append(f"@always\ndef claim(k: Some) -> bool:\n    return {self._tests([], 3)}\n")
            claims.append("claim")
        given = f"[{', '.join(runs)}], [{', '.join(claims)}], hang={self._random.random() < 0.7}"
        self.text = "\n\n".join([*parts, f"model = Model('model', Some, {given})\n"])

    def _if(self, how_often: float, text: str) -> str:
        return text if self._random.random() < how_often else ""

    def _number(self, names: list[str]) -> str:
        first = self._random.choice([*_FIELDS, *names, "0", "1", "2"])
        if self._random.random() > 0.4:
            return first
        second = self._random.choice(["2", "3", "-2"])
        if self._random.random() < self._rough:
            second = self._random.choice([*_FIELDS, *names])
        return f"({first} {self._random.choice(['+', '-', '*', '%', '//'])} {second})"

    def _test(self, names: list[str]) -> str:
        relation = self._random.choice(["==", "!=", "<", ">="])
        return f"{self._number(names)} {relation} {self._number(names)}"

    def _tests(self, names: list[str], most: int) -> str:
        return " or ".join(self._test(names) for _ in range(self._random.randint(1, most)))

    def _process(self, number: int) -> str:
        lines = ["@procedure", f"def p{number}(k: Some) -> Proc[None]:"]
        pad = "    "
        if self._random.random() < 0.5:
            lines.append("    while True:")
            pad = "        "
        for label in range(self._random.randint(1, 3)):
            lines += (f"{pad}{line}" for line in self._step(label))
        return "\n".join(lines)

    def _step(self, label: int) -> Iterator[str]:
        waits = self._if(0.7, f", until=lambda: {self._test([])}")
        yield f'yield at("l{label}"{waits}{self._if(0.5, ", rest=True")})'
        names: list[str] = []
        for number in range(self._random.choice((0, 0, 1, 1, 2))):
            domain = f"range({self._random.randint(1, 5)})"
            if self._random.random() < max(self._rough, 0.25):
                domain = f"x for x in {domain} if {self._test(['x', *names])}"
            names.append(f"v{label}{number}")
            yield f"{names[-1]} = choose({domain})"
        if self._random.random() < max(self._rough, 0.25):
            yield f"assert {self._tests(names, 2 if self._rough > 0.5 else 4)}"
        for _ in range(self._random.randint(1, 2)):
            yield f"{self._random.choice(_FIELDS)} = {self._number(names)} % 3"


def compiled(seed: int, folder: Path) -> PythonProgram:
    """The model of the program with that number."""
    file = folder / f"small_{seed}.py"
    file.write_text(Program(seed).text)
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
        return module.model.compile()
    finally:
        del sys.modules[file.stem]
        linecache.cache.pop(str(file), None)
