"""A counterexample as a file, from which it can be run again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from mcheck.explorer.result import Result
from mcheck.lang.contract import Choices

_FORMAT = 1
_TOKEN_LENGTH = 12
_T = TypeVar("_T")


class RecordingError(Exception):
    """A recording cannot be made, found or read. str() says why."""


@dataclass(frozen=True)
class RecordedStep:
    """One event: who moved, from which label ("procedure.label"), with which choices.

    changed: the fields that it changed, with their values afterwards, as a person reads them.
    """

    process: str
    label: str
    choices: Choices
    changed: dict[str, str]


@dataclass(frozen=True)
class Recording:
    """A trace and what it violates, in the model's names only; no packed states.

    model: where the model is: "examples/peterson.py:peterson".
    violated: what is violated: `Result.property`.
    failure: the kind of the last step's failure; None if the last step does not fail.
    start: the fields of the initial state.
    """

    model: str
    constants: dict[str, int | bool]
    edition: str | None
    variant: str | None
    violated: str
    failure: str | None
    start: dict[str, str]
    steps: tuple[RecordedStep, ...]

    @property
    def token(self) -> str:
        """Twelve hexadecimal digits that name this content."""
        return hashlib.sha256(self._canonical().encode()).hexdigest()[:_TOKEN_LENGTH]

    def to_json(self) -> str:
        """The content of a file, for `from_json`."""
        return json.dumps(self._data(), indent=1, ensure_ascii=False) + "\n"

    def _data(self) -> dict[str, Any]:
        return {"format": _FORMAT, **asdict(self)}

    def _canonical(self) -> str:
        return json.dumps(self._data(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Recording:
        """Read what `to_json` wrote.

        Raises:
            RecordingError: the text is not such a recording.
        """
        try:
            data: Any = json.loads(text)
        except ValueError as error:
            raise RecordingError(f"not a recording: no JSON ({error})") from None
        record = _object(data, "the recording")
        if record.get("format") != _FORMAT:
            raise RecordingError(
                f"not a recording that this version reads: format is {record.get('format')!r}, "
                f"not {_FORMAT}"
            )
        return cls(
            model=_part(record, "model", str),
            constants=_constants(record),
            edition=_optional(record, "edition"),
            variant=_optional(record, "variant"),
            violated=_part(record, "violated", str),
            failure=_optional(record, "failure"),
            start=_fields(record, "start"),
            steps=tuple(_step(step) for step in _list(record, "steps")),
        )


def record(result: Result, model_reference: str) -> Recording:
    """The recording of a violation.

    model_reference: where the model is: "examples/peterson.py:peterson".

    Raises:
        RecordingError: the result has no trace.
    """
    trace = result.trace
    if trace is None or result.property is None:
        raise RecordingError(f"{result.scenario}: {result.verdict.value} without a trace to record")
    steps = tuple(
        RecordedStep(
            process=event.process,
            label=f"{event.inside[-1]}.{event.label}" if event.inside else event.label,
            choices=event.choices,
            changed={change.name: change.after for change in event.changed},
        )
        for event in trace.events
    )
    return Recording(
        model=model_reference,
        constants=dict(result.scope),
        edition=result.edition,
        variant=result.variant,
        violated=result.property,
        failure=trace.failure.kind if trace.failure else None,
        start=dict(trace.start),
        steps=steps,
    )


def save(recording: Recording, directory: Path) -> Path:
    """Write the recording to a file named by its token; the directory is made if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{recording.token}.json"
    path.write_text(recording.to_json(), encoding="utf-8")
    return path


def load(token_or_path: str, directory: Path) -> Recording:
    """Find a recording: by the path of a file, or by the beginning of a token.

    directory: where recordings with tokens are.

    Raises:
        RecordingError: there is none, there are several, or the file cannot be read.
    """
    path = Path(token_or_path)
    if not path.is_file():
        path = _by_token(token_or_path, directory)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read ({error})") from None
    try:
        return Recording.from_json(text)
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from None


def _by_token(token: str, directory: Path) -> Path:
    digits = token.lower()
    hexadecimal = bool(digits) and not set(digits) - set("0123456789abcdef")
    found = sorted(directory.glob(f"{digits}*.json")) if hexadecimal else []
    if not found:
        what = f"no recording {token} in {directory}" if hexadecimal else f"no file {token}"
        raise RecordingError(what)
    if len(found) > 1:
        names = ", ".join(path.stem for path in found)
        raise RecordingError(f"several recordings begin with {token}: {names}")
    return found[0]


def _object(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise RecordingError(f"malformed recording: {what} is not an object")
    return cast("dict[str, Any]", data)


def _part(record: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    value = record.get(name)
    if not isinstance(value, kind):
        raise RecordingError(f'malformed recording: "{name}" is missing or no {kind.__name__}')
    return value


def _list(record: Mapping[str, Any], name: str) -> list[Any]:
    return cast("list[Any]", _part(record, name, list))


def _optional(record: Mapping[str, Any], name: str) -> str | None:
    return None if record.get(name) is None else _part(record, name, str)


def _fields(record: Mapping[str, Any], name: str) -> dict[str, str]:
    fields = _object(record.get(name), f'"{name}"')
    return {field: _part(fields, field, str) for field in fields}


def _constants(record: Mapping[str, Any]) -> dict[str, int | bool]:
    constants = _object(record.get("constants"), '"constants"')
    return {name: _part(constants, name, int) for name in constants}


def _step(data: Any) -> RecordedStep:
    step = _object(data, "a step")
    return RecordedStep(
        process=_part(step, "process", str),
        label=_part(step, "label", str),
        choices=tuple(_choice(choice) for choice in _list(step, "choices")),
        changed=_fields(step, "changed"),
    )


def _choice(data: Any) -> tuple[str, str]:
    match data:
        case [str(variable), str(value)]:
            return variable, value
        case _:
            raise RecordingError("malformed recording: a choice is not a pair of texts")
