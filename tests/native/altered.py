"""The engine with something changed in its C sources, for tests that have to notice it."""

from __future__ import annotations

import pytest

from mcheck.explorer.native import compiler


def alter(patch: pytest.MonkeyPatch, name: str, text: str, other: str) -> None:
    """Whatever is compiled from here on has other text in the source with that name."""
    original = compiler._source

    def altered(asked: str) -> str:
        source = original(asked)
        if asked != name:
            return source
        assert source.count(text) == 1, f"{name} has {text!r} {source.count(text)} times"
        return source.replace(text, other)

    patch.setattr(compiler, "_source", altered)
