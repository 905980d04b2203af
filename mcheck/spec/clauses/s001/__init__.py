"""Seed s001: the kernel's page migration document of 4.8, sections A and B."""

from __future__ import annotations

from mcheck.spec.clauses.s001.intro import INTRO
from mcheck.spec.clauses.s001.steps import PREAMBLE, STEPS, A

S001 = INTRO + A + PREAMBLE + STEPS
"""Its clauses so far, in the order of the document."""
