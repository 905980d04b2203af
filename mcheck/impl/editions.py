"""Editions of the protocol: tables of procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcheck.lang.procedures import Procedure


@dataclass(frozen=True)
class Edition:
    """What one time's kernel does, as a table of the procedures that differ from the default's.

    name: what it is asked for by; title: of which kernel.
    """

    name: str
    title: str
    table: Mapping[str, Procedure[Any, Any]] = field(default_factory=dict[str, Procedure[Any, Any]])


DEFAULT_EDITION = "folio"
EDITIONS = {e.name: e for e in [Edition("folio", "Linux 6.1")]}
