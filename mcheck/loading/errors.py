"""What is wrong with a command line, in words that say what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class UsageError(Exception):
    """What was asked for cannot be done. str() says what is wrong and what is allowed."""


def meant(name: str, known: Sequence[str]) -> str:
    """A hint at the known names that are like this one; empty if none is."""
    close = difflib.get_close_matches(name, known, n=3)
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def listed(names: Iterable[str]) -> str:
    """The names with commas between them, each once."""
    return ", ".join(dict.fromkeys(names))


def known(what: str, name: str, names: Iterable[str]) -> str:
    """The name, which must be one of these.

    what: what has such names: "variant".

    Raises:
        UsageError: it is not; the message has all of them.
    """
    names = list(dict.fromkeys(names))
    if name in names:
        return name
    there = f"there are {listed(names)}" if names else "there are none"
    raise UsageError(f"no {what} {name!r}{meant(name, names)}; {there}")
