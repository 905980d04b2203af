"""Seed s004: the kernel's page migration document of the time of folios (the names of 6.1)."""

from __future__ import annotations

from mcheck.spec.clauses.s004.counters import COUNTERS
from mcheck.spec.clauses.s004.drivers import DRIVERS
from mcheck.spec.clauses.s004.intro import INTRO
from mcheck.spec.clauses.s004.steps import STEPS
from mcheck.spec.clauses.s004.use import USE

S004 = INTRO + USE + STEPS + DRIVERS + COUNTERS
"""All of its clauses, in the order of the document."""
