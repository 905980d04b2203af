"""The native engine: the lowered steps as machine code, searched by one or more threads."""

from __future__ import annotations

from mcheck.explorer.native.compiler import CannotCompile
from mcheck.explorer.native.search import check

__all__ = ["CannotCompile", "check"]
