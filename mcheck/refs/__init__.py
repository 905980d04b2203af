"""Reference counts by equations: who holds how many references where, for any number of CPUs."""

from __future__ import annotations
