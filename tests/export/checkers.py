"""SPIN and Rumur, as subprocesses: text in, counts and what failed out."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

SPIN = ("spin", "-o2", "-a")
"""-o2: not even a variable that nothing reads is left out of the state."""
PAN = ("-w", "-DNOREDUCE", "-DVECTORSZ=8192")
"""All transitions, and room for large states. SPIN is exact unless told otherwise."""
RUMUR = ("--symmetry-reduction", "off", "--deadlock-detection", "off", "--threads", "1")


@dataclass(frozen=True)
class Answer:
    """What a checker found, in its own words.

    failed: the name of what failed, None if nothing did. depth: where, as the checker counts it;
    SPIN: the levels of a search that found nothing.
    """

    states: int
    transitions: int
    failed: str | None = None
    depth: int | None = None


def needs(*programs: str) -> None:
    """Skip the test if a program is not installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (apt-get install spin rumur gcc)")


def run(*command: str, cwd: Path, may_fail: bool = False) -> str:
    """The output of a command."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert may_fail or not done.returncode, done.stdout + done.stderr
    return done.stdout


def spin(text: str, folder: Path, *constants: str, breadth: bool = True) -> Answer:
    """SPIN's answer; breadth-first, unless only the counts are wanted."""
    needs("spin", "gcc")
    (folder / "model.pml").write_text(text)
    said = run(*SPIN, *constants, "model.pml", cwd=folder)
    assert not said.strip(), said
    run(
        "gcc",
        _effort(text),
        *PAN,
        "-DBFS" if breadth else "-DSAFETY",
        "-o",
        "pan",
        "pan.c",
        cwd=folder,
    )
    output = run("./pan", *(() if breadth else ("-m1000000",)), cwd=folder, may_fail=True)
    for trouble in ("max search depth too small", "out of memory", "VECTORSZ"):
        assert trouble not in output, output
    failed = re.search(r"pan:1: (?:assertion violated )?(.*) \(at depth (\d+)\)", output)
    return Answer(
        _number(r"(\d+) states, stored", output),
        _number(r"(\d+) transitions", output),
        failed[1].removeprefix("ok_") if failed else None,
        int(failed[2]) if failed else _number(r"depth reached (\d+)", output),
    )


def rumur(text: str, folder: Path) -> Answer:
    """Rumur's answer; a failing cover is one without depth, and so is a failing liveness."""
    needs("rumur", "gcc")
    (folder / "model.m").write_text(text)
    form = ("--output-format", "machine-readable", "--output", "model.c")
    run("rumur", *RUMUR, *form, "model.m", cwd=folder)
    run("gcc", _effort(text), "-w", "-std=gnu11", "-o", "model", "model.c", "-lpthread", cwd=folder)
    found = ElementTree.fromstring(run("./model", cwd=folder, may_fail=True))
    summary = found.find("summary")
    assert summary is not None
    counts = int(summary.attrib["states"]), int(summary.attrib["rules_fired"])
    error = found.find("error")
    if error is not None:
        message = error.findtext("message", "")
        steps = len(error.findall("transition")) - 1
        return Answer(*counts, _rumurs_name(message), None if "liveness" in message else steps)
    covers = found.findall("cover_result")
    missed = [each.attrib["message"] for each in covers if each.attrib["count"] == "0"]
    return Answer(*counts, f"cover {missed[0]}" if missed else None)


def _effort(text: str) -> str:
    """How well the checker is compiled: it takes longer than to search a small model."""
    return "-O0" if len(text) < 30_000 else "-O1"


def _rumurs_name(message: str) -> str:
    """The name of a property, or the kind of a failure, out of a message."""
    for pattern in (r'(?:invariant|liveness property) "([^":]*)', r"Assertion failed: \S+ ([^:]+)"):
        found = re.match(pattern, message)
        if found:
            return found[1]
    return message


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found is not None, text
    return int(found[1])
