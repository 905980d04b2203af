"""What the introduction of s001 says; s004 has it almost word for word."""

from __future__ import annotations

from mcheck.spec.clauses.s001.said import said

_BEFORE_HMM = tuple(said(f"intro.{n}", f"intro.{n}") for n in range(1, 4))

_AFTER_HMM = tuple(said(f"intro.{n - 1}", f"intro.{n}") for n in range(5, 28))

INTRO = _BEFORE_HMM + _AFTER_HMM
"""Sentence by sentence as in s004, without its pointer to the document on hmm (intro.4)."""
