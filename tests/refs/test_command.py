"""`mcheck refs` on the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_an_unknown_edition_is_told_with_what_there_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mcheck", "refs", "foilo"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "folio" in done.stderr
    assert "Traceback" not in done.stderr


COARSE = """
from mcheck.impl.state import Folio, Kernel
from mcheck.lang import Held, Proc, at, null, procedure


@procedure
def isolate_migratepages_block(k: Kernel, folio: Folio) -> Proc[Held[Folio]]:
    yield at("PageLRU")
    if folio.flags.lru:
        folio.flags.lru = False
    return null
"""


def test_a_step_that_touches_too_much_at_once_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "coarse.py"
    file.write_text(COARSE, encoding="utf-8")
    coarse = f"{file}:isolate_migratepages_block"
    done = subprocess.run(
        [sys.executable, "-m", "mcheck", "refs", "folio", "--with", coarse],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "is refuted by the rules of the language" in done.stdout
    assert "the step isolate_migratepages_block.PageLRU is too coarse" in done.stdout
