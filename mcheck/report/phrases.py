"""How numbers, names, places and scopes are written: the same in every report."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from mcheck.explorer.result import Result
from mcheck.explorer.trace import Change, Event
from mcheck.lang.contract import Choices, Source


def counted(number: int, noun: str) -> str:
    """A count with its noun: "88,644 states", "1 state"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """A time as a person reads it: "0.04 s", "3.1 s", "2 min 5 s"."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def scope_text(result: Result) -> str:
    """What the verdict is about: edition, variant and the scenario's constants."""
    return ", ".join(scope_parts(result))


def scope_parts(result: Result) -> list[str]:
    """The same, each for itself."""
    parts = [f"edition {result.edition}"] if result.edition else []
    if result.variant:
        parts.append(f"variant {result.variant}")
    parts += [f"{name}={constant_text(value)}" for name, value in result.scope.items()]
    return parts


def common_scope(results: Sequence[Result]) -> list[str]:
    """What several verdicts are all about; nothing if there are fewer than two."""
    scopes = [scope_parts(result) for result in results]
    if len(scopes) < 2:
        return []
    return [part for part in scopes[0] if all(part in scope for scope in scopes)]


def setting(result: Result) -> str:
    """What was run: "folio, read_and_move, variant no-flush, cpus=2".

    A scenario that is called as its variant is not named twice.
    """
    parts = [result.edition, None if result.scenario == result.variant else result.scenario]
    parts += [f"variant {result.variant}"] if result.variant else []
    parts += [f"{name}={constant_text(value)}" for name, value in result.scope.items()]
    return ", ".join(filter(None, parts))


def is_sentence(offender: str) -> bool:
    """Whether a property says what is wrong, and does not only name what offends."""
    return " " in offender.strip()


def constant_text(value: int | bool) -> str:
    """A constant as the command line takes it: true, false or a number."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def place(source: Source) -> str:
    """file:line, with the file as seen from the working directory if it lies below that."""
    return local(str(source))


def local(text: str) -> str:
    """The text with all paths below the working directory as they are seen from there."""
    return text.replace(f"{Path.cwd()}{os.sep}", "")


def plain(text: str) -> str:
    """The text on one line: any white space in it is one blank."""
    return " ".join(text.split())


def label_text(event: Event) -> str:
    """The label of an event without its procedure."""
    procedure = f"{event.inside[-1]}." if event.inside else ""
    return event.label.removeprefix(procedure)


def qualified(event: Event) -> str:
    """The label of an event with its procedure: "move_mapping.freeze"."""
    return f"{event.inside[-1]}.{label_text(event)}" if event.inside else event.label


def choices_text(choices: Choices) -> str:
    """What a step chose: "o=obj[1] n=frame[2]"."""
    return " ".join(f"{name}={value}" for name, value in choices)


def change_text(change: Change) -> str:
    """A changed field: "A.refcount: 2 -> 3"."""
    return plain(f"{change.name}: {change.before} -> {change.after}")


def fold(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """The text in lines of at most `width` characters; words longer than a line are cut.

    They are cut behind a dot, an equals sign or the like, if there is one in the second half of
    the line. first, rest: what stands before the first line and before the others.
    """
    most, least = (max(width - f(len(first), len(rest)), 1) for f in (min, max))
    return textwrap.wrap(
        re.sub(rf"\S{{{most + 1},}}", lambda word: _cut(word[0], least), text),
        max(width, len(first) + 1, len(rest) + 1),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )


def _cut(word: str, room: int) -> str:
    """A long word in pieces that fill a line each, with blanks between them."""
    pieces: list[str] = []
    while len(word) > room:
        end = max(word.rfind(mark, room // 2, room) for mark in ".=_/,") + 1 or room
        pieces.append(word[:end])
        word = word[end:]
    return " ".join([*pieces, word])


def pack(items: list[str], width: int) -> list[str]:
    """The items with commas between them, in lines of at most `width`.

    An item stays whole if it can. Otherwise it is folded under itself, on lines of its own.
    """
    lines: list[str] = []
    open_ = False
    for position, item in enumerate(items):
        text = item + ("," if position < len(items) - 1 else "")
        if open_ and len(lines[-1]) + 1 + len(text) <= width:
            lines[-1] += f" {text}"
        else:
            folded = fold(text, width, rest="  ")
            open_ = len(folded) == 1
            lines += folded
    return lines


def stopped_by(result: Result) -> str:
    """What stopped a search that is not exhausted, without what it left: "the limit of 5 s"."""
    return plain(result.why).removeprefix("stopped by ").partition(":")[0]
