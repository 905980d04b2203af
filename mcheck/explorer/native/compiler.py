"""From a model's C text to a shared library, by the system's C compiler."""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from mcheck.explorer.native import cache

_FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread", "-w")
_ENGINE = ("table.h", "search.h", "glue.c")
_LINES_SHOWN = 3


class CannotCompile(Exception):
    """There is no native code for a model. str() says why, and what helps, in a line."""


def compiled(name: str, text: str, flags: tuple[str, ...] = ()) -> Path:
    """The shared library of a model: from the cache, or made now.

    name: how the file is called in the cache; flags: for the compiler, beside those that it is
    always given.

    Raises:
        CannotCompile: there is no compiler, or it fails.
    """
    command = [*compiler(), *_FLAGS, *flags]
    key = hashlib.sha256()
    for part in (_version(tuple(compiler())), *command[1:], *map(_source, _ENGINE), text):
        key.update(part.encode() + b"\0")

    def make(path: Path) -> None:
        _run(command, text, path)

    digest = key.hexdigest()[:24]
    try:
        return cache.obtain(name, digest, make)
    except OSError:  # a cache that is full or read-only: compile for this process only
        return _for_this_process(digest, make)


def _for_this_process(digest: str, make: Callable[[Path], None]) -> Path:
    try:
        path = _scratch() / f"{digest}.so"
        if not path.exists():
            make(path)
    except OSError as error:
        raise CannotCompile(f"compiled models cannot be written anywhere: {error}") from None
    return path


def compiler() -> list[str]:
    """The command of the C compiler: $CC, or the first that is found.

    Raises:
        CannotCompile: there is none.
    """
    try:
        chosen = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:
        raise CannotCompile(f"$CC cannot be read: {error}") from None
    for words in [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(words[0]):
            return words
    missing = f"$CC is {chosen[0]}, which is not found" if chosen else "there is no C compiler"
    raise CannotCompile(f"{missing}; install gcc or clang (Debian: apt install gcc libc6-dev)")


@functools.cache
def _version(words: tuple[str, ...]) -> str:
    try:
        told = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotCompile(f"the C compiler cannot be run: {error}") from None
    return told.stdout


@functools.cache
def _source(name: str) -> str:
    return resources.files("mcheck.explorer.native").joinpath(name).read_text(encoding="utf-8")


def _run(command: list[str], text: str, path: Path) -> None:
    """Compile; the library is at the path afterwards.

    Raises:
        CannotCompile: the compiler fails, or cannot be run.
        OSError: the folder cannot be written.
    """
    place = path.parent
    (place / "model.c").write_text(text, encoding="utf-8")
    for name in _ENGINE:
        (place / name).write_text(_source(name), encoding="utf-8")
    words = [*command, '-DMODEL="model.c"', f"-I{place}", str(place / "glue.c"), "-o", str(path)]
    try:
        told = subprocess.run(
            words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise CannotCompile(f"the C compiler cannot be run: {error}") from None
    if told.returncode == 0:
        return
    if "No space left" in told.stderr:
        raise OSError(told.stderr)
    shown = [line for line in told.stderr.splitlines() if "error" in line] or ["it says nothing"]
    raise CannotCompile(f"{words[0]} fails: {'; '.join(shown[:_LINES_SHOWN])}")


@functools.cache
def _scratch() -> Path:
    """A folder for this process alone."""
    place = Path(tempfile.mkdtemp(prefix="mcheck-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place
