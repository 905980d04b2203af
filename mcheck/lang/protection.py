"""Protection: which accesses others may get in between, and which steps are therefore too coarse."""

from __future__ import annotations

from mcheck.lang.program import Program


def judge(program: Program) -> None:
    """Refuse steps that touch more than one thing which others may touch meanwhile."""
