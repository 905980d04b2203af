"""The list of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import dedent

from mcheck.lang.contract import Actor, Held, Property
from mcheck.report.listing import Procedure, listing, procedures_text


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


PROCEDURES = [
    Procedure("read", "kernel/filemap.py", 120, ["load", "get", "again"]),
    Procedure("move", "kernel/migrate.py", 7, [f"step{n}" for n in range(9)]),
    Procedure("find", "kernel/filemap.py", 9, ["find"]),
    Procedure("spare", "kernel/filemap.py", 1, []),
]


def test_procedures_stand_below_their_files_with_their_steps() -> None:
    assert procedures_text("toy", PROCEDURES, 60) == dedent(
        """
        procedures of toy, each with the labels of its steps
        kernel/filemap.py
            9 find  find
          120 read  load, get, again
        kernel/migrate.py
            7 move  step0, step1, step2, step3, step4, step5, step6,
                    step7, step8
        not run in it: spare
        """
    ).strip("\n")


def test_long_names_of_procedures_have_a_line_of_their_own() -> None:
    long = Procedure("a_long_name_of_a_procedure", "a.py", 3, ["load", "get"])
    assert procedures_text("toy", [long, PROCEDURES[2]], 40).splitlines() == [
        "procedures of toy, each with the labels",
        "of its steps",
        "a.py",
        "  3 a_long_name_of_a_procedure",
        "                    load, get",
        "kernel/filemap.py",
        "  9 find            find",
    ]
