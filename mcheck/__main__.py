"""`python -m mcheck`: the same as the command `mcheck`."""

from __future__ import annotations

from mcheck.cli import main

main()
