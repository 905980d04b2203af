"""The list of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import dedent

from mcheck.lang.contract import Actor, Held, Property
from mcheck.report.listing import listing


@dataclass(frozen=True)
class Listed:
    """An executable of which only what a list shows is there."""

    name: str
    constants: dict[str, int | bool] = field(default_factory=dict[str, int | bool])
    actors: Sequence[Actor] = ()
    properties: Sequence[Property] = ()
    initial: Sequence[int] = (0,)
    bits: int = 0
    unreached: frozenset[str] = frozenset()
    hang: bool = False
    replaced: bool = False

    def describe(self, state: int) -> dict[str, str]:
        raise NotImplementedError

    def held(self, state: int) -> tuple[Held, ...]:
        return ()

    def where(self, state: int, actor: int) -> tuple[str, ...]:
        raise NotImplementedError


TOY = Listed(
    "toy",
    {"cpus": 2, "flush": True},
    [
        Actor(name, daemon, 0, 0, (), (), ())
        for name, daemon in [("CPU0", False), ("CPU1", False), ("flusher", True)]
    ],
    [
        Property("always", "ledger", lambda s, t: True, lambda s, t: []),
        Property("cover", "full", lambda s, t: True, lambda s, t: []),
    ],
)


def test_a_model_has_a_row_with_a_line_for_each_part() -> None:
    assert listing([TOY, Listed("bare")]) == dedent(
        """
        model  constants   processes         properties
        -----  ----------  ----------------  -------------
        toy    cpus=2      CPU0              always ledger
               flush=true  CPU1              cover full
                           flusher (daemon)
        bare
        """
    ).strip("\n")


def test_long_names_are_folded() -> None:
    long = Listed("a_model_with_a_very_long_name" * 3, {"constant" * 5: 1})
    assert max(map(len, listing([long], 60).splitlines())) <= 60
