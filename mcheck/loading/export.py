"""A model as text for another checker: what `mcheck export` does."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcheck.loading.errors import UsageError, known, listed
from mcheck.loading.jobs import prepared
from mcheck.loading.targets import load

if TYPE_CHECKING:
    from mcheck.lang.model import Model
    from mcheck.lang.program import Program

LANGUAGES = {"promela": "SPIN", "murphi": "Rumur"}
"""The languages, and for which checker each of them is."""


def export(
    target: str, to: str, output: str | Path | None = None, constants: Sequence[str] = ()
) -> str | None:
    """Write one model in the language of another checker.

    target: as for `check`; to: one of LANGUAGES; output: the file to write, which may be there
        already; constants: texts such as "cpus=3".

    The text, if there is no file to write it to; otherwise None.

    Raises:
        UsageError: there is no such target, language or constant, the target has several models,
            the model is refused, or the file cannot be written.
    """
    known("language", to, LANGUAGES)
    text = _text(_only(target, constants), to)
    if output is None:
        return text
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror or error}") from error
    return None


def _only(target: str, constants: Sequence[str]) -> Model[Any]:
    found = prepared(load(target), constants)
    if len(found) > 1:
        names = listed(job.target.reference for job in found)
        raise UsageError(f"{target} has several models, and one is exported at a time: {names}")
    return found[0].model


def _text(model: Model[Any], to: str) -> str:
    from mcheck.lang.errors import ModelError

    emit = _emitter(to)
    try:
        # What a model's own text prints must not end up in the exported one.
        with contextlib.redirect_stdout(sys.stderr):
            return emit(model, model.lower())
    except ModelError as error:
        raise UsageError(f"{model.name}: {error}") from error


def _emitter(to: str) -> Callable[[Any, Program], str]:
    if to == "promela":
        from mcheck.lang.emit import promela

        return promela.emit
    from mcheck.lang.emit import murphi

    return murphi.emit
