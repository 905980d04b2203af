"""The tools that search the benchmark model: how each is built, run and read."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bench.configurations import Configuration
from bench.process import CommandFailed, Ran, run

HERE = Path(__file__).parent
PROMELA = HERE / "spin" / "mig.pml"
MURPHI = HERE / "murphi" / "gen.py"
COMPILER = shlex.split(os.environ.get("CC", "")) or ["cc"]
"""With its own options, as CC names it."""
OPTIMIZED = ("-O3", "-march=native")
"""For every C program that is compiled here, whoever has written it."""


class Unreadable(Exception):
    """What a tool has written is not what it writes when it has searched all states."""


@dataclass(frozen=True)
class Answer:
    """What a tool says of one search.

    depth: of the state space, or of the violation; None for tools that do not search level by
    level. user_seconds, wall_seconds: of the search alone; None for tools that do nothing else.
    engine_bytes: states and table; None if the tool does not tell. rounded: by how much the
    transitions may be off, where the tool writes large numbers with few digits.
    """

    states: int
    transitions: int
    depth: int | None
    violated: bool
    user_seconds: float | None = None
    wall_seconds: float | None = None
    engine_bytes: int | None = None
    rounded: float = 0


def compile_c(source: str | Path, target: Path, *options: str) -> None:
    """Compile one C program, as everything here is compiled."""
    run([*COMPILER, "-w", *OPTIMIZED, *options, source, "-o", target, "-pthread"])


class Tool(ABC):
    """A tool that searches the benchmark model.

    name: as the tables have it; needs: programs that have to be installed; threads: with how many
    it is run; sizes: the configurations it is run on (a slow tool is not run on all).
    """

    name: str
    needs: tuple[str, ...] = (COMPILER[0],)
    threads: tuple[int, ...] = (1,)
    sizes: tuple[str, ...] = ("S", "M", "L", "M-no-flush")

    def missing(self) -> str:
        """Which of the programs that it needs is not installed; empty if all are."""
        return next((program for program in self.needs if shutil.which(program) is None), "")

    def build(self, of: Configuration, folder: Path) -> float | None:
        """Make in a folder of its own what `command` runs.

        The seconds that building took, if the tool itself tells; what is measured from outside
        otherwise.

        Raises:
            CommandFailed: what a generator or a compiler says.
        """
        return None

    @abstractmethod
    def command(self, of: Configuration, folder: Path, threads: int) -> list[str | Path]:
        """What searches the model."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Variables that the command needs."""
        return {}

    @abstractmethod
    def read(self, ran: Ran, threads: int) -> Answer:
        """What the command has answered.

        Raises:
            Unreadable: it has not searched all states, or says so in other words.
        """


class Ours(Tool):
    """One of mcheck's own engines, in a process of its own."""

    engine: str

    def command(self, of: Configuration, folder: Path, threads: int) -> list[str | Path]:
        return [
            *(sys.executable, "-m", "bench.ours", of.name),
            *("--engine", self.engine, "--workers", str(threads)),
        ]

    def environment(self, folder: Path) -> dict[str, str]:
        return with_cache(folder)

    def read(self, ran: Ran, threads: int) -> Answer:
        told = told_in_json(ran.output)
        if told["verdict"] not in ("HOLDS", "VIOLATED"):
            raise Unreadable(f"{told['verdict']}: {told['why']}")
        return answer(told)


class Native(Ours):
    """The native engine. It is built by a search that a limit ends before it has begun."""

    name = "mcheck native"
    engine = "native"
    threads = (1, 2)

    def build(self, of: Configuration, folder: Path) -> float:
        command = [*self.command(of, folder, 1), "--max-states", "0"]
        told = told_in_json(run(command, environment=self.environment(folder)).output)
        return told["lower_seconds"] + told["compile_seconds"]


class Reference(Ours):
    """The reference engine, in plain Python."""

    name = "mcheck reference"
    engine = "reference"
    needs = ()
    sizes = ("S", "M-no-flush")


class Hand(Tool):
    """The explorer that is written by hand for this model."""

    name = "hand-written C"
    threads = (1, 2)

    def build(self, of: Configuration, folder: Path) -> None:
        options = [*constants(of), f"-DLOG2={of.log2_places}"]
        compile_c(HERE / "hand.c", folder / "hand", "-std=c11", *options)

    def command(self, of: Configuration, folder: Path, threads: int) -> list[str | Path]:
        return [folder / "hand", str(threads)]

    def read(self, ran: Ran, threads: int) -> Answer:
        return answer(told_in_json(ran.output))


class Spin(Tool):
    """SPIN, exact and without reductions: depth-first."""

    name = "SPIN, depth-first"
    needs = ("spin", COMPILER[0])
    options: tuple[str, ...] = ()

    def build(self, of: Configuration, folder: Path) -> None:
        run(["spin", "-a", *constants(of), PROMELA], folder=folder)
        exact = ("-DNOREDUCE", "-DSAFETY", "-DMEMLIM=1000000")
        compile_c(folder / "pan.c", folder / "pan", *exact, *self.options)

    def command(self, of: Configuration, folder: Path, threads: int) -> list[str | Path]:
        # -b: a path that is longer than -m is an error, and not passed over.
        return [folder / "pan", "-n", "-b", f"-w{of.log2_places}", f"-m{of.deepest}"]

    def read(self, ran: Ran, threads: int) -> Answer:
        text = ran.output
        errors = number(r"errors: (\d+)", text)
        found = re.search(r"assertion violated .*\(at depth (\d+)\)", text)
        if (errors and found is None) or "max search depth too small" in text:
            raise Unreadable(text.strip().splitlines()[0])
        transitions, rounded = rounded_number(r"([\d.e+]+) transitions", text)
        return Answer(
            states=number(r"([\d.e+]+) states, stored", text),
            # The one that it counts too many is how it gets to the initial state.
            transitions=transitions - 1,
            rounded=rounded,
            depth=self.depth_of(text, None if found is None else int(found[1])),
            violated=found is not None,
            engine_bytes=round(real(r"([\d.]+)\s+total actual memory usage", text) * 2**20),
        )

    def depth_of(self, text: str, violated_at: int | None) -> int | None:
        """The first violation that a depth-first search meets may be anywhere."""
        return None


class SpinBfs(Spin):
    """SPIN, exact and without reductions: breadth-first."""

    name = "SPIN, breadth-first"
    options = ("-DBFS",)

    def depth_of(self, text: str, violated_at: int | None) -> int | None:
        if violated_at is None:
            return number(r"depth reached (\d+)", text)
        return violated_at + 1  # it counts the steps before the one that goes wrong


class Rumur(Tool):
    """Rumur, without symmetry reduction."""

    name = "Rumur"
    needs = ("rumur", COMPILER[0])
    threads = (1, 2)
    sizes = ("S", "M", "M-no-flush")

    def build(self, of: Configuration, folder: Path) -> None:
        sizes = (of.objects, of.frames, of.cpus, of.gups, int(not of.flush))
        model = run([sys.executable, MURPHI, *map(str, sizes)])
        (folder / "mig.m").write_text(model.output)
        for threads in self.threads:
            source, target = folder / f"mig{threads}.c", folder / f"mig{threads}"
            options = ("--symmetry-reduction", "off", "--threads", str(threads))
            run(["rumur", *options, "--output", source, folder / "mig.m"])
            compile_c(source, target, "-std=c11", *self._wide_compare_and_swap())

    @staticmethod
    def _wide_compare_and_swap() -> tuple[str, ...]:
        """What the generated program asks for on x86-64; other processors have it anyway."""
        return ("-mcx16",) if platform.machine() in ("x86_64", "AMD64") else ()

    def command(self, of: Configuration, folder: Path, threads: int) -> list[str | Path]:
        return [folder / f"mig{threads}"]

    def read(self, ran: Ran, threads: int) -> Answer:
        text = ran.output
        found = re.search(r"([\d,]+) states, ([\d,]+) rules fired", text)
        if found is None:
            raise Unreadable((text.strip().splitlines() or ["nothing"])[-1])
        violated = "No error found" not in text
        steps = len(re.findall(r'^Rule ".*fired\.', text, re.MULTILINE))
        shortest = violated and threads == 1  # several threads do not wait for each other
        return Answer(
            states=int(found[1].replace(",", "")),
            transitions=int(found[2].replace(",", "")),
            depth=steps if shortest else None,
            violated=violated,
        )


TOOLS: tuple[Tool, ...] = (Native(), Hand(), Spin(), SpinBfs(), Rumur(), Reference())
"""In the order of the table. The first is the one that the others are compared with."""


def with_cache(folder: Path) -> dict[str, str]:
    """What `python -m bench.ours` needs from any folder, with a cache of compiled models in one."""
    paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "MCHECK_CACHE_DIR": str(folder)}


def constants(of: Configuration) -> list[str]:
    """The constants of the model as C and Promela have them, as options."""
    values = {"NO": of.objects, "NP": of.frames, "C": of.cpus, "D": of.gups}
    return [f"-D{name}={n}" for name, n in values.items()] + [f"-DBUG={int(not of.flush)}"]


def told_in_json(text: str) -> dict[str, Any]:
    """The object in the last line.

    Raises:
        Unreadable: there is none.
    """
    last = (text.strip().splitlines() or [""])[-1]
    try:
        told = json.loads(last)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Unreadable(last or "nothing")
    return cast("dict[str, Any]", told)


def answer(told: dict[str, Any]) -> Answer:
    """The answer of a tool that tells everything in JSON."""
    return Answer(**{field: told[field] for field in Answer.__dataclass_fields__ if field in told})


def number(pattern: str, text: str) -> int:
    """The number that a pattern's only group matches.

    Raises:
        Unreadable: there is no such number.
    """
    return int(real(pattern, text))


def real(pattern: str, text: str) -> float:
    """As `number`, for one with decimals."""
    found = re.search(pattern, text)
    if found is None:
        raise Unreadable(f"nothing matches {pattern}: {(text.strip().splitlines() or [''])[-1]}")
    return float(found[1])


def rounded_number(pattern: str, text: str) -> tuple[int, float]:
    """As `number`, for one that may be written as 1.2345678e+08; and by how much it may be off."""
    value = number(pattern, text)
    found = re.search(pattern, text)
    digits, _, exponent = ("" if found is None else found[1]).partition("e")
    decimals = len(digits.partition(".")[2])
    return value, 10 ** (int(exponent) - decimals) / 2 if exponent else 0


__all__ = ["TOOLS", "Answer", "CommandFailed", "Tool", "Unreadable"]
