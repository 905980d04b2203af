"""What is checked by name: scenarios of the kernel, their sizes, and who meets what in them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from mcheck.lang import Model


class Size(enum.Enum):
    """How much there is to search, and so when it is run."""

    DEFAULT = "default"
    """Seconds. What `mcheck check` runs when it is asked for nothing in particular."""
    CI = "ci"
    """Minutes."""
    DEEP = "deep"
    """As long as one lets it."""


@dataclass(frozen=True)
class Meeting:
    """An actor is in the middle of its work on a page of some kind while a migrator is.

    actor: as the kernel calls what it does, for instance "read()"; kind: of page, for instance
    "file, mapped"; cover: the name of the property that proves it.
    """

    actor: str
    kind: str
    cover: str


@dataclass(frozen=True)
class Scenario:
    """A model of the kernel that can be asked for by name.

    summary: one line: who does what to which page; size: how much there is to search;
    meetings: which overlaps its covers prove.
    """

    model: Model[Any]
    size: Size
    summary: str
    meetings: tuple[Meeting, ...] = ()

    @property
    def name(self) -> str:
        """What it is asked for by; the model's name."""
        return self.model.name

    @property
    def edition(self) -> str:
        """The edition of the protocol that it runs; the model's."""
        return self.model.edition or ""
