"""What the seed documents say, clause by clause, and what in the model each comes to."""

from __future__ import annotations

from mcheck.spec.clauses.clause import BINDING, REASONS, Clause, Kind
from mcheck.spec.clauses.s001 import S001
from mcheck.spec.clauses.s004 import S004
from mcheck.spec.clauses.table import HEADERS, by_id, rows

CLAUSES: dict[str, Clause] = by_id(S001 + S004)
"""All clauses by id, seed by seed, each in the order of its document."""

__all__ = ["BINDING", "CLAUSES", "HEADERS", "REASONS", "Clause", "Kind", "rows"]
