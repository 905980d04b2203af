"""A result as one line of JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from mcheck.explorer.result import Result
from mcheck.explorer.trace import Event, Trace
from mcheck.lang.contract import Choices
from mcheck.report.phrases import label_text


def json_line(result: Result) -> str:
    """One object with the keys of `as_object`, in that order, without a line break."""
    return json.dumps(as_object(result), ensure_ascii=True, allow_nan=False)


def as_object(result: Result) -> dict[str, Any]:
    """The result in plain values.

    states, transitions: null where an engine does not count them. depth: null where nothing is
    judged. proof: what is proved instead, or empty. seconds: wall time. undecided: the claims on
    which the verdict says nothing. A packed state can be larger than what other languages read as
    a number, so a trace has it in hexadecimal.
    """
    return {
        "scenario": result.scenario,
        "edition": result.edition,
        "variant": result.variant,
        "verdict": result.verdict.value,
        "property": result.property,
        "states": result.states if result.counted else None,
        "transitions": result.transitions if result.counted else None,
        "depth": result.depth if result.judged() else None,
        "seconds": round(result.seconds, 6),
        "engine": result.engine,
        "scope": dict(result.scope),
        "unreached": list(result.unreached),
        "trace": None if result.trace is None else _trace(result.trace, result.offenders),
        "why": result.why,
        "undecided": list(result.undecided),
        "seed": result.seed,
        "proof": result.proof,
    }


def _trace(trace: Trace, offenders: tuple[str, ...]) -> dict[str, Any]:
    failure = trace.failure
    return {
        "initial": hex(trace.initial),
        "start": dict(trace.start),
        "events": [_event(event) for event in trace.events],
        "failure": None
        if failure is None
        else {"kind": failure.kind, "message": failure.message, "source": str(failure.source)},
        "offenders": list(offenders),
        "references": [
            {
                "process": held.process,
                "element": held.element,
                "kind": held.kind,
                "since": held.since,
            }
            for held in trace.references
        ],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "process": event.process,
        "label": label_text(event),
        "procedures": list(event.inside),
        "choices": _choices(event.choices),
        "changed": [
            {"name": change.name, "before": change.before, "after": change.after}
            for change in event.changed
        ],
        "source": str(event.source),
        "state": None if event.state is None else hex(event.state),
    }


def _choices(choices: Choices) -> list[dict[str, str]]:
    # A list, as a step may choose twice under one name.
    return [{"name": name, "value": value} for name, value in choices]
