"""Which models `mcheck check` runs: those that are named, or the scenarios of a size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcheck.loading.catalogue import SIZES, Catalogue, catalogue
from mcheck.loading.errors import UsageError, known, listed, meant
from mcheck.loading.jobs import loaded
from mcheck.loading.targets import SCENARIO, VARIANT, Target, load, scenario


@dataclass(frozen=True)
class Wanted:
    """What a command line asks for, in its own words; None where it says nothing."""

    targets: Sequence[str] = ()
    edition: str | None = None
    variant: str | None = None
    size: str | None = None


def chosen(wanted: Wanted, properties: Sequence[str] = ()) -> list[Target]:
    """The models that are asked for, in the order of the command line or of the catalogue.

    properties: scenarios that are not named, and lack one of these, are passed over.

    Raises:
        UsageError: something has a wrong name, or does not go together.
    """
    if wanted.size is not None:
        known("size", wanted.size, SIZES)
        if wanted.targets or wanted.variant:
            raise UsageError("--size chooses among all scenarios: leave it out, or the names")
    if wanted.edition is not None:
        known("edition", wanted.edition, catalogue().editions)
    if wanted.variant is not None:
        found = _with_variant(wanted.targets, wanted.variant)
    elif wanted.targets:
        found = loaded(wanted.targets)
    else:
        return _of_size(catalogue(), wanted, properties)
    for target in found:
        _check_edition(target, wanted.edition)
    return found


def _with_variant(targets: Sequence[str], variant: str) -> list[Target]:
    """The scenarios with the variant in them; without any, the one where the bug is found."""
    there = catalogue()
    there.bug(variant)
    if not targets:
        return load(f"{VARIANT}{variant}")
    found: list[Target] = []
    for target in targets:
        name = target.removeprefix(SCENARIO)
        if name not in there.scenarios:
            raise UsageError(
                f"--variant goes into a scenario, and {target} is none"
                f"{meant(name, list(there.scenarios))}; there are {listed(there.scenarios)}"
            )
        found += load(f"{SCENARIO}{name}+{variant}")
    return found


def _check_edition(target: Target, edition: str | None) -> None:
    if edition is not None and target.model.edition != edition:
        has = f"of edition {target.model.edition}" if target.model.edition else "of no edition"
        raise UsageError(f"{target.model.name} is {has}, not {edition}")


def _of_size(there: Catalogue, wanted: Wanted, properties: Sequence[str]) -> list[Target]:
    size = wanted.size or SIZES[0]
    edition = wanted.edition or there.edition
    own = [found for found in there.scenarios.values() if found.edition == edition]
    found = [scenario(there, each.name) for each in own if each.size.value == size]
    if not found:
        sizes = [size for size in SIZES if any(each.size.value == size for each in own)]
        has = f"it has some of size {listed(sizes)}" if sizes else "it has none at all"
        raise UsageError(f"edition {edition} has no scenarios of size {size}; {has}")
    return _with_properties(found, properties)


def _with_properties(targets: Sequence[Target], names: Sequence[str]) -> list[Target]:
    """The targets that have all of these properties."""
    claims = {target.reference: [claim.name for claim in target.model.claims] for target in targets}
    for name in names:
        known("property", name, (claim for each in claims.values() for claim in each))
    found = [target for target in targets if set(names) <= set(claims[target.reference])]
    if not found:
        raise UsageError(f"no scenario has all of {listed(names)}: ask for one at a time")
    return found
