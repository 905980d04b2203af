"""Bounded model checking with z3, and k-induction."""

from __future__ import annotations

from mcheck.explorer.bounded.checking import check
from mcheck.explorer.bounded.relation import Lowered
from mcheck.explorer.bounded.search import ENGINE
from mcheck.explorer.bounded.shown import Disagreement

__all__ = ["ENGINE", "Disagreement", "Lowered", "check"]
