"""What `mcheck refs` prints: the table, what it rests on, and what was proved."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mcheck.refs import checks
from mcheck.refs.analysis import Analysis, Ledger
from mcheck.refs.books import UNLOCKED
from mcheck.refs.equations import Holder
from mcheck.refs.examined import Examined
from mcheck.refs.features import Feature
from mcheck.refs.freeze import told
from mcheck.refs.inference import Assumed, Reasons
from mcheck.refs.origins import called, origins
from mcheck.refs.proof import Query
from mcheck.refs.used import BIT, FIELD, HOLD, LISTED, OWN, Unheld, Use, unheld
from mcheck.refs.variant import Judgement

KEPT = {
    HOLD: "a hold of the process",
    LISTED: "its own list",
    FIELD: "a field under a lock",
    OWN: "nobody else having it at a count of 0",
    BIT: "the element's lock bit",
}
"""What keeps an element from being freed, in words."""


def report(found: Analysis, more: Examined | None = None, why: Reasons | None = None) -> str:
    """Everything, for people.

    more: what was asked over the table; why: the reasons for what is used without a hold, and for
    what is assumed.
    """
    more, why = more or Examined(), why or {}
    parts = [part for ledger in found.ledgers for part in _ledger(found, ledger, more, why)]
    if more.checks:
        parts.append("\n".join(checks.told(more.checks)))
    laps = [seconds for seconds in (found.seconds, more.seconds) if seconds]
    return "\n\n".join([*parts, *map(_time, laps)])


def _time(seconds: Mapping[str, float]) -> str:
    laps = ", ".join(f"{name} {s:.1f}" for name, s in seconds.items())
    return f"{sum(seconds.values()):.1f} s: {laps}"


def _ledger(found: Analysis, ledger: Ledger, more: Examined, why: Reasons) -> Iterator[str]:
    name = ledger.of.name
    if ledger.table is None:
        yield f"{name}: no table: the equations of these steps contradict each other"
        yield "\n".join(f"  {step}" for step in ledger.core)
        return
    yield f"{name}.{ledger.of.cell.name}: who holds how many references where"
    yield _fields(found, ledger)
    yield _holders(found, ledger)
    yield from told(ledger.comparisons)
    yield "\n".join(_summary(ledger, why))
    if name in more.uses:
        yield "\n".join(_uses(more.uses[name], more.unlocked[name], why))


def _fields(found: Analysis, ledger: Ledger) -> str:
    from tabulate import tabulate

    assert ledger.table is not None
    lines = [
        (called(found.whole.program, u), n)
        for u, n in ledger.table.items()
        if isinstance(u, Feature) and n
    ]
    return tabulate(lines, headers=("field", "stands for"), tablefmt="simple")


def _holders(found: Analysis, ledger: Ledger) -> str:
    from tabulate import tabulate

    assert ledger.table is not None
    how = origins(found.whole.program, ledger.of, ledger.system, ledger.table)
    held = [(u, n) for u, n in ledger.table.items() if isinstance(u, Holder) and n]
    places = list(dict.fromkeys(place for _, place in found.facts.frames))

    def in_order(line: tuple[Holder, int]) -> tuple[str, int, str]:
        """By procedure, then as the steps were found, which is the same on every run."""
        return line[0].place.procedure, places.index(line[0].place), line[0].variable

    lines = [
        (
            u.place.procedure,
            u.place.point,
            u.variable.rsplit(".", 1)[-1],
            n,
            found.declared.get(u.local, "frozen" if n < 0 else "-"),
            ", ".join(how.get(u, ())),
        )
        for u, n in sorted(held, key=in_order)
    ]
    headers = ("procedure", "label or call", "variable", "holds", "declared", "taken by")
    return tabulate(_once(lines), headers=headers, tablefmt="simple")


def _once(lines: list[tuple[str, str, str, int, str, str]]) -> Iterator[tuple[object, ...]]:
    """The name of a procedure stands on its first line only."""
    last = ""
    for procedure, *rest in lines:
        yield ("" if procedure == last else procedure, *rest)
        last = procedure


def _summary(ledger: Ledger, why: Reasons) -> Iterator[str]:
    assert ledger.table is not None
    yield (
        f"equations: {len(ledger.system.rows)}, unknowns: {len(ledger.table)}, "
        f"of which {ledger.settled} have the same value in every solution"
    )
    if ledger.differs:
        yield "declared holds that the equations contradict:"
        yield from (f"  {d}" for d in ledger.differs)
    else:
        yield "the declared holds agree with the table"
    for assumed in ledger.assumed:
        yield f"assumed, and not proved: {assumed}"
        yield _reason(assumed.reason(why))
    for derived in ledger.derived:
        yield f"taken for granted by the equations, and proved: {derived}"
    failed = [q for q in ledger.queries if not q.proved]
    yield f"proved: {len(ledger.queries) - len(failed)} of {len(ledger.queries)} queries"
    yield from (f"  {q}" for q in failed)


def _uses(used: Sequence[Use], unlocked: Sequence[Query], why: Reasons) -> Iterator[str]:
    """By what elements are kept while they are used; each use that nothing keeps, and why."""
    by = Counter(use.by for use in used if use.kept)
    loose = unheld(used)
    kept = ", ".join(f"{KEPT[how]}: {by[how]}" for how in KEPT if by[how])
    yield f"uses: {len(used)}; kept by {kept}"
    failed = [query for query in unlocked if not query.proved]
    if unlocked:
        yield f"{UNLOCKED}: {len(unlocked) - len(failed)} of {len(unlocked)} queries proved"
    yield from (f"  {query}" for query in failed)
    tried = [use for use in loose if use.speculative]
    if tried:
        names = ", ".join(f"{use.first.step} ({use.first.name})" for use in tried)
        yield f"speculative, with a get unless the count is zero: {names}"
    by_reason: dict[str | None, list[Unheld]] = {}
    for use in loose:
        if not use.speculative:
            reason = why.get((use.first.step, use.first.name))
            by_reason.setdefault(reason, []).append(use)
    for reason, there in by_reason.items():
        yield from (f"  {use.first} ({', '.join(use.kinds)})" for use in there)
        yield _reason(reason)


def _reason(text: str | None) -> str:
    return textwrap.indent(textwrap.fill(text or "NOT EXPLAINED", 92), "    ")


def complete(found: Analysis, more: Examined) -> bool:
    """Whether nothing rests on a reason, on an assumption, or on a check that may fail."""
    loose = [use for there in more.uses.values() for use in unheld(there) if not use.speculative]
    assumed = [a for ledger in found.ledgers for a in ledger.assumed]
    return not (loose or assumed or any(check.trusted for check in more.checks))


def unexplained(ledger: Ledger, more: Examined, why: Reasons) -> list[Unheld | Assumed]:
    """The uses without a hold, and the assumptions, that there is no reason for."""
    loose = [use for use in unheld(more.uses[ledger.of.name]) if not use.speculative]
    uses = [use for use in loose if (use.first.step, use.first.name) not in why]
    return [*uses, *(a for a in ledger.assumed if not a.reason(why))]


def _again(rests: Sequence[Use | Assumed], why: Reasons) -> Iterator[str]:
    """Each reason once, with what it is for."""
    by_reason: dict[str | None, dict[str, None]] = {}
    for each in rests:
        used = isinstance(each, Use)
        reason = why.get((each.step, each.name)) if used else each.reason(why)
        by_reason.setdefault(reason, {})[f"  {each}"] = None
    for reason, there in by_reason.items():
        yield from there
        yield _reason(reason)


BY = {
    "equations": "refuted: the equations of its steps contradict each other",
    "use": "refuted: something is used that nothing keeps any more",
    "query": "refuted: a step need not keep the table",
    "freeze": "refuted: a count is not compared, or not frozen, as it has to be",
    "declared": "refuted: it is not what the source declares",
    "language": "refuted by the rules of the language",
    "": "not refuted: the equations agree, every step keeps the table, every use is as before",
}
"""What is wrong with a variant, in words."""


def verdict(name: str, found: Judgement, why: Reasons | None = None) -> str:
    """What was found about a variant, for people; why: the reasons for what is not proved."""
    lines = [f"{name} is {BY[found.by]}"]
    if found.rests:
        lines.append("these reasons were given for steps that it changes; look at them again:")
        lines += _again(found.rests, why or {})
    if found.culprit is None:
        return "\n".join([*lines, *(f"  {text}" for text in found.says)])
    lines += ["the smallest contradiction:", *(f"  {step}" for step in found.culprit.core)]
    if found.culprit.repairs:
        lines += ["any of these, done alone, removes it:"]
        lines += [f"  {repair}" for repair in found.culprit.repairs]
    lines += ["by the table of the unmodified edition:"]
    lines += [f"  {departure}" for departure in found.culprit.departures]
    return "\n".join(lines)
