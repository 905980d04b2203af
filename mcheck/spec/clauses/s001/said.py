"""How s001 refers to what s004 took over from it."""

from __future__ import annotations

from mcheck.spec.clauses.clause import Clause
from mcheck.spec.clauses.s004 import S004

_ROWS = {clause.id: clause for clause in S004}


def said(id: str, later: str, *, text: str = "", differs: str | None = None) -> Clause:
    """The clause that s004 has as `later`, at its place in s001.

    Args:
        id: where it stands in s001, "B.4.a".
        later: where it stands in s004, "4.a".
        text: the words of s001, where they matter.
        differs: what 6.1 does otherwise than s001 says, where that is not what it does
            otherwise than s004 says.
    """
    return _ROWS[f"s004/{later}"].again(f"s001/{id}", text=text, differs=differs)
