"""Recordings: files that hold a counterexample, found by token or path."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcheck.explorer import Recording, RecordingError, check, load, record, save
from tests.explorer.boxes import adder, box, careful, small


def recorded() -> Recording:
    return record(check(box(adder, small).compile()), "boxes.py:box")


def test_a_recording_has_the_names_and_no_packed_states() -> None:
    recording = recorded()
    assert (recording.model, recording.violated) == ("boxes.py:box", "small")
    assert recording.constants == {"adders": 2}
    assert recording.start == {"total": "0"}
    assert recording.failure is None
    assert [(step.process, step.label) for step in recording.steps] == [
        ("adder[0]", "adder.read"),
        ("adder[0]", "adder.add"),
        ("adder[1]", "adder.read"),
        ("adder[1]", "adder.add"),
    ]
    assert recording.steps[1].choices == (("amount", "2"),)
    assert recording.steps[1].changed == {"total": "2"}


def test_a_failing_step_is_recorded_as_such() -> None:
    recording = record(check(box(careful).compile()), "boxes.py:box")
    assert (recording.violated, recording.failure) == ("assert", "assert")
    assert recording.steps[-1].choices == (("amount", "1"),)


def test_json_there_and_back() -> None:
    recording = recorded()
    assert Recording.from_json(recording.to_json()) == recording


def test_the_token_names_the_content() -> None:
    recording = recorded()
    assert len(recording.token) == 12
    assert set(recording.token) <= set("0123456789abcdef")
    assert recorded().token == recording.token
    assert replace(recording, constants={"adders": 3}).token != recording.token


def test_save_and_load_by_token_its_beginning_and_path(tmp_path: Path) -> None:
    recording = recorded()
    path = save(recording, tmp_path / "new" / "directory")
    assert path.name == f"{recording.token}.json"
    for name in (recording.token, recording.token[:4], recording.token.upper(), str(path)):
        assert load(name, path.parent) == recording


def test_missing_and_ambiguous_tokens_and_paths(tmp_path: Path) -> None:
    recording = recorded()
    text = save(recording, tmp_path).read_text()
    with pytest.raises(RecordingError, match=f"no recording abc in {tmp_path}"):
        load("abc", tmp_path)
    with pytest.raises(RecordingError, match=r"no file missing\.json"):
        load("missing.json", tmp_path)
    with pytest.raises(RecordingError, match="no file"):
        load("", tmp_path)
    with pytest.raises(RecordingError, match="no recording abc in"):
        load("abc", tmp_path / "missing")
    (tmp_path / f"{recording.token[:4]}00000000.json").write_text(text)
    with pytest.raises(RecordingError, match=f"several.*{recording.token[:4]}: .*, "):
        load(recording.token[:4], tmp_path)


MALFORMED: list[tuple[Any, str]] = [
    (None, "no JSON"),
    ([], "the recording is not an object"),
    ({"format": 2}, "format is 2, not 1"),
    ({"model": 3}, '"model" is missing or no str'),
    ({"steps": None}, '"steps" is missing or no list'),
    ({"steps": [3]}, "a step is not an object"),
    ({"steps": [{}]}, '"process" is missing'),
    ({"start": {"total": 1}}, '"total" is missing or no str'),
    ({"constants": {"adders": "2"}}, '"adders" is missing or no int'),
    ({"failure": 3}, '"failure" is missing or no str'),
]


@pytest.mark.parametrize(("change", "message"), MALFORMED)
def test_malformed_recordings(change: Any, message: str, tmp_path: Path) -> None:
    good = json.loads(recorded().to_json())
    text = json.dumps({**good, **change} if isinstance(change, dict) else change)
    path = tmp_path / "recording.json"
    path.write_text(text if change is not None else "{")
    with pytest.raises(RecordingError) as caught:
        load(str(path), tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("choice", [["a"], ["a", 1], "ab", [["a", "b"]], 1])
def test_malformed_choices(choice: object) -> None:
    data = json.loads(recorded().to_json())
    data["steps"][0]["choices"] = [choice]
    with pytest.raises(RecordingError, match="a choice is not a pair of texts"):
        Recording.from_json(json.dumps(data))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RecordingError, match="cannot be read"):
        load(str(path), tmp_path)


def test_without_a_trace_there_is_nothing_to_record() -> None:
    with pytest.raises(RecordingError, match="box: HOLDS without a trace"):
        record(check(box(adder).compile()), "boxes.py:box")
