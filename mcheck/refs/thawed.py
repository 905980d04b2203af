"""What a variant does with the counts that the unmodified model compares or freezes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mcheck.refs.equations import Holder, Unknown
from mcheck.refs.features import Feature
from mcheck.refs.freeze import Comparison, comparisons
from mcheck.refs.frozen import Table
from mcheck.refs.ways import Way


def thawed(
    before: Iterable[Comparison],
    stored: Mapping[str, frozenset[str]],
    table: Table,
    ways: list[Way],
) -> Iterator[str]:
    """What has become of comparisons, and of what is only done while a count is frozen.

    before: the comparisons of the unmodified model; stored: what it only stores to while a count
    is frozen, by procedure (`only_frozen`); table, ways: the variant's.
    """
    after = comparisons(table, ways)
    yield from _compared(list(before), after)
    later = only_frozen(table.held, ways)
    for way in ways:
        procedure = way.origin.procedure
        lost = way.stored & (stored.get(procedure, frozenset()) - later.get(procedure, frozenset()))
        if lost and not _frozen(table.held, way):
            fields = ", ".join(sorted(lost))
            yield (
                f"{way.origin} at {way.origin.source} stores to {fields}, which the unmodified "
                f"model only does while the count is frozen"
            )


def _compared(before: list[Comparison], after: list[Comparison]) -> Iterator[str]:
    exact = {_of(c) for c in before if c.exact}
    frozen = {c.way.origin.procedure for c in before if c.freezes}
    frozen -= {c.way.origin.procedure for c in after if c.freezes}
    for c in after:
        if c.way.origin.procedure in frozen:
            after_it = "; ".join(f"{x.step} (through {', '.join(x.through)})" for x in c.landing)
            yield (
                f"{c.way.origin} at {c.way.origin.source} only compares the count of {_of(c)[1]}, "
                f"which the unmodified model freezes. A reference may be got after that in "
                f"{after_it}"
            )
        elif _of(c) in exact and not c.exact:
            yield f"{c.way.origin} at {c.way.origin.source}: {c}"
    for procedure, local in sorted({_of(c) for c in before} - {_of(c) for c in after}):
        yield f"{procedure} does not compare the count of {local} any more with what it expects"


def _of(c: Comparison) -> tuple[str, str]:
    """The procedure, and the name of what is compared there."""
    return c.way.origin.procedure, c.local.rsplit(".", 1)[-1]


def only_frozen(held: Mapping[Unknown, int], ways: Iterable[Way]) -> dict[str, frozenset[str]]:
    """The fields that a procedure stores to only while it has frozen a count, by procedure.

    Of those that stand for references: who looks an element up by them, finds it frozen or not at
    all.
    """
    fields = {u.cell for u, n in held.items() if isinstance(u, Feature) and u.how == "names" and n}
    always: dict[str, set[str]] = {}
    loose: dict[str, set[str]] = {}
    for way in ways:
        into = always if _frozen(held, way) else loose
        into.setdefault(way.origin.procedure, set()).update(way.stored & fields)
    return {p: frozenset(keys - loose.get(p, set())) for p, keys in always.items()}


def _frozen(held: Mapping[Unknown, int], way: Way) -> bool:
    """Whether the process has frozen a count when it goes a way."""
    return any(
        held.get(Holder(frame.place, id_), 0) < 0 for frame in way.before for id_ in frame.live
    )
