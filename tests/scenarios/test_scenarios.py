"""The catalogue of scenarios is whole: names, meetings and covers that prove them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from mcheck.impl.compaction import kcompactd
from mcheck.impl.filemap import read
from mcheck.impl.gup import pin_user_pages_fast
from mcheck.impl.memory import user
from mcheck.impl.mmap import munmap
from mcheck.impl.move_pages import move_pages
from mcheck.impl.state import Kernel
from mcheck.impl.state import Mapping as Mapped
from mcheck.impl.writeback import write_and_sync, writeback
from mcheck.lang import run
from mcheck.lang.build import initial
from mcheck.lang.procedures import Procedure
from mcheck.report.catalogue import MISSING, matrix
from mcheck.scenarios import REASONS, SCENARIOS, Meeting, Scenario, Size, names
from mcheck.spec import covers
from mcheck.spec.promises import PROMISES

Catalogue = Mapping[str, Scenario]
Cell = tuple[str, str]
Actor = Procedure[Any, Any]

MIGRATORS: tuple[Actor, ...] = (kcompactd, move_pages)
DONE_BY: dict[str, tuple[Actor, ...]] = {
    names.FAULT: (user,),
    names.READ: (read,),
    names.GET: (pin_user_pages_fast,),
    names.PIN: (pin_user_pages_fast,),
    names.WRITE: (write_and_sync,),
    names.WRITEBACK: (writeback,),
    names.MUNMAP: (munmap,),
    names.MIGRATOR: MIGRATORS,
}
"""What a CPU runs that the matrix of scenarios calls so."""


def on_its_cpu(scenario: Scenario) -> list[Actor]:
    """What CPU0, CPU1, ... run; what else there is, an MMU or a disk, is a daemon."""
    return [of.procedure for of in scenario.model.processes if not of.daemon]


def migrates(scenario: Scenario) -> bool:
    """Whether there is a migrator: some scenarios are only about what migration relies on."""
    return any(runs in MIGRATORS for runs in on_its_cpu(scenario))


def claims(scenario: Scenario) -> dict[str, str]:
    """The kinds of the properties of a scenario's model, by name."""
    return {claim.name: claim.kind for claim in scenario.model.claims}


def kind_of(scenario: Scenario) -> str:
    """The kind of the page in the first frame when the scenario begins."""
    k: Any = next(iter(initial(scenario.model)))
    first = k.folio[0]
    if first.mapping is Mapped.FILE:
        return names.FILE if first.mapcount else names.UNMAPPED
    untouched = first.mapping is Mapped.NONE
    return names.ANON if untouched or first.flags.anon_exclusive else names.SHARED


def misnamed(catalogue: Catalogue) -> list[str]:
    """Scenarios that do not say in a line what they are."""
    wrong: list[str] = []
    for key, scenario in catalogue.items():
        said = scenario.summary
        if scenario.name != key:
            wrong.append(f"{key}: its name is {scenario.name}")
        if not said or said != " ".join(said.split()) or len(said) > 100 or said.endswith("."):
            wrong.append(f"{key}: the summary is no line: {said!r}")
        if scenario.model.doc != said:
            wrong.append(f"{key}: the model says {scenario.model.doc!r}")
    return wrong


def unproved(catalogue: Catalogue) -> list[str]:
    """Meetings that are not what runs, or that no cover of the model proves."""
    wrong: list[str] = []
    for key, scenario in catalogue.items():
        migrator, *others = on_its_cpu(scenario)
        if not migrates(scenario):
            wrong += [f"{key}: a meeting, and no migrator"] * bool(scenario.meetings)
            continue
        if migrator not in MIGRATORS:
            wrong.append(f"{key}: CPU0 runs {migrator.__name__}, which is no migrator")
        if len(others) != len(scenario.meetings):
            wrong.append(f"{key}: {len(others)} others, {len(scenario.meetings)} meetings")
        for cpu, (runs, meeting) in enumerate(zip(others, scenario.meetings, strict=False), 1):
            wrong += [f"{key}: {text}" for text in _not_met(scenario, cpu, runs, meeting)]
    return wrong


def _not_met(scenario: Scenario, cpu: int, runs: Actor, meeting: Meeting) -> Iterator[str]:
    if runs not in DONE_BY.get(meeting.actor, ()):
        yield f"CPU{cpu} runs {runs.__name__}, and the meeting is with {meeting.actor}"
    plain = scenario.model.constants["pin_bias"] == 1
    if runs is pin_user_pages_fast and plain != (meeting.actor == names.GET):
        yield f"CPU{cpu} takes {'a plain reference' if plain else 'a pin'}: not {meeting.actor}"
    if meeting.kind != kind_of(scenario):
        yield f"the page is {kind_of(scenario)}, and the meeting on {meeting.kind}"
    if meeting.cover != f"cpu{cpu}_overlaps":
        yield f"{meeting.cover} is not about CPU{cpu}"
    if claims(scenario).get(meeting.cover) != "cover":
        yield f"{meeting.cover} is no cover of its model"


def unaccounted(catalogue: Catalogue, reasons: Mapping[Cell, str]) -> list[str]:
    """Cells of the matrix that have neither a scenario nor a reason, or that have both.

    A scenario counts if it is small enough to be searched to its end.
    """
    met = {
        (meeting.actor, meeting.kind)
        for scenario in catalogue.values()
        if scenario.size is not Size.DEEP
        for meeting in scenario.meetings
    }
    cells = [*met, *reasons]
    actors, kinds = {actor for actor, _ in cells}, {kind for _, kind in cells}
    wrong: list[str] = []
    for cell in sorted((actor, kind) for actor in actors for kind in kinds):
        if cell in met and cell in reasons:
            wrong.append(f"{cell}: there is a scenario, and a reason why there is none")
        if cell not in met and not reasons.get(cell):
            wrong.append(f"{cell}: neither a scenario nor a reason")
    return wrong


def uncovered(catalogue: Catalogue) -> list[str]:
    """Covers that a scenario should have, so that what holds in it was put to the test."""
    wrong: list[str] = []
    for key, scenario in catalogue.items():
        has = {name for name, kind in claims(scenario).items() if kind == "cover"}
        wanted: list[tuple[Callable[..., Any], ...]] = []
        if migrates(scenario) and scenario.size is Size.DEFAULT:
            wanted += [
                (covers.a_migration_succeeds,),
                (covers.a_migration_backs_out, covers.a_migration_gives_up),
                (covers.a_frame_is_used_again,),
                (covers.cpu1_overlaps,),
            ]
        if migrates(scenario) and user in on_its_cpu(scenario):
            wanted.append((covers.a_fault_waits_for_migration,))
        for any_of in wanted:
            asked = [cover.__name__ for cover in any_of]
            if has.isdisjoint(asked):
                wrong.append(f"{key}: no cover {' or '.join(asked)}")
        missing = {promise.__name__ for promise in PROMISES} - claims(scenario).keys()
        wrong += [f"{key}: does not promise {name}" for name in sorted(missing)]
    return wrong


def test_each_scenario_says_what_it_is() -> None:
    assert misnamed(SCENARIOS) == []


def test_each_meeting_is_of_those_who_run_and_is_proved() -> None:
    assert unproved(SCENARIOS) == []


def test_each_cell_of_the_matrix_has_a_scenario_or_a_reason() -> None:
    assert unaccounted(SCENARIOS, REASONS) == []


def test_the_matrix_as_it_is_shown_misses_nothing() -> None:
    proofs: dict[Cell, list[str]] = {}
    for scenario in SCENARIOS.values():
        for meeting in scenario.meetings:
            proofs.setdefault((meeting.actor, meeting.kind), []).append(scenario.name)
    assert MISSING not in matrix(proofs, REASONS)
    proofs.pop((names.FAULT, names.SHARED))
    assert MISSING in matrix(proofs, REASONS)


def test_each_scenario_has_the_covers_that_make_it_worth_something() -> None:
    assert uncovered(SCENARIOS) == []


ANON_FAULT = SCENARIOS["anon-fault"]
MEETING = ANON_FAULT.meetings[0]


def without(scenario: Scenario, *left_out: Callable[..., Any]) -> Scenario:
    """The scenario with fewer properties."""
    kept = [f for f in scenario.model.properties if f not in left_out]
    return replace(scenario, model=replace(scenario.model, properties=kept))


def changed(**meeting: str) -> Scenario:
    """The scenario anon-fault with something else said of whom it meets."""
    return replace(ANON_FAULT, meetings=(replace(MEETING, **meeting),))


def run_by(*cpus: Actor) -> Scenario:
    """The scenario anon-fault with something else on CPU0, CPU1, ..."""
    mmu = [of for of in ANON_FAULT.model.processes if of.daemon]
    runs = [run(p, each=Kernel.cpu, only=[i], name="CPU{}") for i, p in enumerate(cpus)]
    meetings = (replace(MEETING, actor=names.MIGRATOR),)
    model = replace(ANON_FAULT.model, processes=[*runs, *mmu])
    return replace(ANON_FAULT, model=model, meetings=meetings)


def test_another_name_is_noticed() -> None:
    assert misnamed({"anon-faults": ANON_FAULT}) == ["anon-faults: its name is anon-fault"]


@pytest.mark.parametrize("summary", ["", "two\nlines", "a sentence.", " apart", "x" * 101])
def test_a_summary_that_is_no_line_is_noticed(summary: str) -> None:
    model = replace(ANON_FAULT.model, doc=summary)
    broken = replace(ANON_FAULT, summary=summary, model=model)
    assert misnamed({"anon-fault": broken}) == [f"anon-fault: the summary is no line: {summary!r}"]


def test_a_model_that_says_something_else_is_noticed() -> None:
    broken = replace(ANON_FAULT, model=replace(ANON_FAULT.model, doc="another"))
    assert misnamed({"anon-fault": broken}) == ["anon-fault: the model says 'another'"]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (changed(actor=names.READ), "CPU1 runs user, and the meeting is with read()"),
        (
            changed(kind=names.SHARED),
            "the page is anonymous, and the meeting on anonymous, forked",
        ),
        (without(ANON_FAULT, covers.cpu1_overlaps), "cpu1_overlaps is no cover of its model"),
        (replace(ANON_FAULT, meetings=()), "1 others, 0 meetings"),
        (run_by(user, move_pages), "CPU0 runs user, which is no migrator"),
        (run_by(user, user), "a meeting, and no migrator"),
    ],
)
def test_a_meeting_that_does_not_take_place_is_noticed(broken: Scenario, complaint: str) -> None:
    assert unproved({"anon-fault": broken}) == [f"anon-fault: {complaint}"]


def test_a_cover_of_another_cpu_is_noticed() -> None:
    assert unproved({"anon-fault": changed(cover="cpu2_overlaps")}) == [
        "anon-fault: cpu2_overlaps is not about CPU1",
        "anon-fault: cpu2_overlaps is no cover of its model",
    ]


def test_a_property_that_is_no_cover_proves_no_meeting() -> None:
    assert "anon-fault: ledger is no cover of its model" in unproved(
        {"anon-fault": changed(cover="ledger")}
    )


def test_a_plain_reference_is_told_from_a_pin() -> None:
    pin = SCENARIOS["anon-pin"]
    broken = replace(pin, model=pin.model.configure(pin_bias=1))
    assert unproved({"anon-pin": broken}) == [
        "anon-pin: CPU1 takes a plain reference: not pin_user_pages_fast()"
    ]


@pytest.mark.parametrize("mapped", [names.FILE, names.UNMAPPED])
def test_a_cell_without_scenario_and_reason_is_noticed(mapped: str) -> None:
    left = {
        name: scenario
        for name, scenario in SCENARIOS.items()
        if Meeting(names.READ, mapped, "cpu1_overlaps") not in scenario.meetings
    }
    assert unaccounted(left, REASONS) == [
        f"{(names.READ, mapped)}: neither a scenario nor a reason"
    ]


def test_a_scenario_that_is_never_searched_to_its_end_fills_no_cell() -> None:
    deep = {n: replace(s, size=Size.DEEP) for n, s in SCENARIOS.items() if n == "file-read-mapped"}
    cell = (names.READ, names.FILE)
    assert unaccounted({**SCENARIOS, **deep}, REASONS) == [
        f"{cell}: neither a scenario nor a reason"
    ]


def test_a_reason_that_is_not_needed_is_noticed() -> None:
    cell = (names.FAULT, names.ANON)
    assert unaccounted(SCENARIOS, {**REASONS, cell: "too easy"}) == [
        f"{cell}: there is a scenario, and a reason why there is none"
    ]


def test_an_empty_reason_is_none() -> None:
    cell = (names.READ, names.ANON)
    assert unaccounted(SCENARIOS, {**REASONS, cell: ""}) == [
        f"{cell}: neither a scenario nor a reason"
    ]


@pytest.mark.parametrize(
    ("left_out", "asked"),
    [
        (covers.a_migration_succeeds, "a_migration_succeeds"),
        (covers.a_migration_gives_up, "a_migration_backs_out or a_migration_gives_up"),
        (covers.a_frame_is_used_again, "a_frame_is_used_again"),
        (covers.cpu1_overlaps, "cpu1_overlaps"),
        (covers.a_fault_waits_for_migration, "a_fault_waits_for_migration"),
    ],
)
def test_a_cover_that_is_left_out_is_noticed(left_out: Callable[..., Any], asked: str) -> None:
    assert uncovered({"anon-fault": without(ANON_FAULT, left_out)}) == [
        f"anon-fault: no cover {asked}"
    ]


def test_a_scenario_without_a_migrator_needs_no_covers_of_migration() -> None:
    alone = replace(run_by(user, user), meetings=())
    bare = without(alone, covers.a_migration_succeeds, covers.a_fault_waits_for_migration)
    assert unproved({"anon-fault": bare}) == uncovered({"anon-fault": bare}) == []


def test_a_promise_that_is_left_out_is_noticed() -> None:
    assert uncovered({"anon-fault": without(ANON_FAULT, PROMISES[0])}) == [
        f"anon-fault: does not promise {PROMISES[0].__name__}"
    ]
