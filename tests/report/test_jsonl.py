"""The JSON object of a check: its keys are an interface."""

from __future__ import annotations

import json

from mcheck.explorer.result import Verdict
from mcheck.explorer.trace import Reference, Trace
from mcheck.lang.contract import Failure
from mcheck.report.jsonl import json_line
from tests.report.made import SOURCE, copied_while_read, moved, result, trace

KEYS = [
    "scenario",
    "edition",
    "variant",
    "verdict",
    "property",
    "states",
    "transitions",
    "depth",
    "seconds",
    "engine",
    "scope",
    "unreached",
    "trace",
    "why",
    "undecided",
    "seed",
    "proof",
]


def test_the_keys_are_these_in_this_order() -> None:
    for made in (result(Verdict.HOLDS), copied_while_read()):
        assert list(json.loads(json_line(made))) == KEYS


def test_a_result_that_holds() -> None:
    made = result(Verdict.HOLDS, edition="4.8", unreached=("f.a",), scope={"cpus": 2, "on": False})
    assert json_line(made) == (
        '{"scenario": "folio", "edition": "4.8", "variant": null, "verdict": "HOLDS", '
        '"property": null, "states": 88644, "transitions": 316656, "depth": 71, "seconds": 3.14, '
        '"engine": "reference", "scope": {"cpus": 2, "on": false}, "unreached": ["f.a"], '
        '"trace": null, "why": "", "undecided": [], "seed": null, "proof": ""}'
    )


def test_what_a_bounded_search_leaves_open_is_there() -> None:
    made = result(Verdict.BOUNDED, why="stopped by x", undecided=("deadlock", "cover a"), seed=3)
    read = json.loads(json_line(made))
    assert (read["why"], read["undecided"], read["seed"]) == (
        "stopped by x",
        ["deadlock", "cover a"],
        3,
    )


def test_what_is_not_counted_or_judged_is_null() -> None:
    bounded = {"why": "stopped by x", "counted": False, "states": 0, "transitions": 0}
    refused = {"why": "no such label", "states": 0, "transitions": 0, "depth": 0}
    for made, expected in (
        (result(Verdict.BOUNDED, **bounded, depth=3), [None, None, 3]),
        (result(Verdict.BOUNDED, **bounded, depth=0), [None, None, 0]),
        (result(Verdict.BOUNDED, **bounded, depth=-1), [None, None, None]),
        (result(Verdict.ERROR, **refused), [0, 0, None]),
        (result(Verdict.ERROR, why="z is 0"), [88_644, 316_656, 71]),
    ):
        read = json.loads(json_line(made))
        assert [read[key] for key in ("states", "transitions", "depth")] == expected


def test_a_trace_has_its_events() -> None:
    read = json.loads(json_line(copied_while_read()))["trace"]
    assert list(read) == [
        "initial",
        "start",
        "events",
        "failure",
        "offenders",
        "references",
    ]
    assert read["start"]["A.refcount"] == "2"
    assert read["offenders"] == ["A.refcount is 3, 2 are explained"]
    assert read["events"][0] == {
        "process": "CPU0",
        "label": "folio_lock",
        "procedures": ["move_pages"],
        "choices": [{"name": "f", "value": "A"}],
        "changed": [{"name": "A.lock", "before": "-", "after": "CPU0"}],
        "source": "/elsewhere/model.py:12",
        "state": "0x1",
    }
    assert read["events"][1]["procedures"] == ["move_pages", "move_mapping"]


def test_the_references_that_are_owned_at_the_end_are_there() -> None:
    owned = Trace(0, {}, (moved(0, "a"),), references=(Reference("CPU1", "A", "temporary", 1),))
    read = json.loads(json_line(result(trace=owned)))["trace"]["references"]
    assert read == [{"process": "CPU1", "element": "A", "kind": "temporary", "since": 1}]


def test_a_failure_is_part_of_the_trace() -> None:
    failure = Failure("null", "null has no field ref", SOURCE)
    read = json.loads(json_line(result(trace=trace(moved(0, "a"), failure=failure))))["trace"]
    assert read["failure"] == {
        "kind": "null",
        "message": "null has no field ref",
        "source": "/elsewhere/model.py:12",
    }


def test_it_is_one_line_of_ascii_whatever_the_names() -> None:
    line = json_line(result(scenario="a\nb \N{GREEK SMALL LETTER MU}\N{LINE SEPARATOR}"))
    assert line.isascii()
    assert len(line.splitlines()) == 1
