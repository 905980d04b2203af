"""The catalogue as `mcheck list` shows it, and the procedures of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcheck.loading.catalogue import SIZES, Catalogue
from mcheck.loading.jobs import Job
from mcheck.report.catalogue import Section, matrix, sections
from mcheck.report.listing import Procedure, procedures_text
from mcheck.report.phrases import local

if TYPE_CHECKING:
    from mcheck.scenarios.catalogue import Meeting, Scenario

_TITLES = {
    "default": "scenarios of size default (seconds): what mcheck check runs",
    "ci": "scenarios of size ci (minutes): mcheck check --size ci",
    "deep": "scenarios of size deep (as long as one lets it): mcheck check --size deep",
}


def overview(catalogue: Catalogue, width: int) -> str:
    """Scenarios by size, editions, variants."""
    return sections([*_scenarios(catalogue), _editions(catalogue), _variants(catalogue)], width)


def _scenarios(catalogue: Catalogue) -> list[Section]:
    headings = ("name", "edition", "about")
    return [
        Section(
            _TITLES[size],
            headings,
            [
                (name, found.edition, found.summary)
                for name, found in catalogue.scenarios.items()
                if found.size.value == size
            ],
        )
        for size in SIZES
    ]


def _editions(catalogue: Catalogue) -> Section:
    rows = [
        (name, f"{title} (the default)" if name == catalogue.edition else title)
        for name, title in catalogue.editions.items()
    ]
    return Section("editions of the protocol: mcheck check --edition NAME", ("name", "title"), rows)


def _variants(catalogue: Catalogue) -> Section:
    rows = [(name, str(bug.year), bug.title) for name, bug in catalogue.bugs.items()]
    return Section(
        "variants, bugs that were in the kernel: mcheck check --variant NAME",
        ("name", "year", "title"),
        rows,
    )


def meetings(catalogue: Catalogue, width: int) -> str:
    """Which actors meet a migrator on which pages, and what proves it."""
    proofs: dict[tuple[str, str], list[str]] = {}
    for found in sorted(
        catalogue.scenarios.values(), key=lambda found: SIZES.index(found.size.value)
    ):
        for meeting in found.meetings:
            if _proved(found, meeting):
                cell = proofs.setdefault((meeting.actor, meeting.kind), [])
                cell += [found.name] * (found.name not in cell)
            else:
                proofs.setdefault((meeting.actor, meeting.kind), [])
    return matrix(proofs, catalogue.reasons, width)


def _proved(found: Scenario, meeting: Meeting) -> bool:
    """Whether the scenario states the cover that it names."""
    return any(c.kind == "cover" and c.name == meeting.cover for c in found.model.claims)


def procedures(job: Job, width: int) -> str:
    """What can be replaced in a model: its procedures, where they stand, and their steps.

    Raises:
        ModelError: the model is refused.
    """
    from mcheck.explorer.moves import is_done
    from mcheck.lang.procedures import source_of

    steps: dict[str, dict[str, int]] = {}
    for actor in job.executable.actors:
        for number, label in enumerate(actor.labels):
            if not is_done(actor, number):
                steps.setdefault(label.procedure, {})[label.name] = label.source.line
    rows: list[Procedure] = []
    for name, procedure in job.model.procedures().items():
        source = source_of(procedure.function)
        own = steps.get(name, {})
        rows.append(
            Procedure(name, local(source.file), source.line, sorted(own, key=own.__getitem__))
        )
    return procedures_text(job.model.name, rows, width)
