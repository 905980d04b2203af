"""`mcheck refs` on the command line."""

from __future__ import annotations

import subprocess
import sys


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
