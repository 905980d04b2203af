"""Model files that tests write, and running the command line on them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TOY = '''
"""Two processes add to a counter."""

from __future__ import annotations

from mcheck.lang import Const, Flag, Int, Model, Proc, State, always, at, choose, cover, procedure
from mcheck.lang import run


class Sum(State):
    """One counter."""

    workers = Const(2)
    total = Int(0, 9)
    lost = Flag()


@procedure
def add(k: Sum, me: int) -> Proc[None]:
    """Add one or two."""
    yield at("add")
    n = choose(range(1, 3))
    k.total = k.total + n


@always
def small(k: Sum) -> bool:
    """The sum is below four."""
    return k.total < 4


@always
def natural(k: Sum) -> bool:
    """The sum is not negative."""
    return k.total >= 0


@cover
def three(k: Sum) -> bool:
    """A sum of three is possible."""
    return k.total == 3


ADDERS = [run(add, each=Sum.workers, name="CPU{}")]
holding = Model("holding", Sum, ADDERS, [natural, three])
broken = Model("broken", Sum, ADDERS, [natural, small, three])
'''
"""`holding` holds; `broken` is violated after two steps."""


def toy(folder: Path, name: str = "toy.py", text: str = TOY, *more: str) -> Path:
    """Write a model file; more: lines at its end."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join((text, *more)))
    return path


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m mcheck` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "mcheck", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
