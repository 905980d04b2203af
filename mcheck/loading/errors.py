"""What is wrong with a command line, in words that say what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class UsageError(Exception):
    """What was asked for cannot be done. str() says what is wrong and what is allowed."""


def meant(name: str, known: Sequence[str]) -> str:
    """A hint at the known names that are like this one; empty if none is."""
    close = difflib.get_close_matches(name, known, n=3)
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def listed(names: Sequence[str]) -> str:
    """The names with commas between them, each once."""
    return ", ".join(dict.fromkeys(names))
