"""Compiled models, kept from run to run under the hash of all that they are made from."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_MOST_BYTES = 256 << 20
"""When there is more, what was not used for the longest time is deleted."""


def folder() -> Path:
    """Where mcheck keeps what it can make again: $MCHECK_CACHE_DIR, or the user's cache."""
    chosen = os.environ.get("MCHECK_CACHE_DIR")
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("mcheck")


@dataclass(frozen=True)
class Kept:
    """A compiled model: of which scenario, its size, and when it was last used (seconds)."""

    path: Path
    name: str
    size: int
    used: float


def obtain(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The file with the key; where it is not there yet, make(path) has to write it.

    A file appears under its name when it is complete: neither a crash nor another process that
    makes the same one at the same time can leave half of it.

    Raises:
        OSError: the cache cannot be read or written.
    """
    place = folder() / "models"
    path = place / f"{re.sub(r'[^A-Za-z0-9_+-]', '_', name)[:60]}.{key}.so"
    if _whole(path):
        with contextlib.suppress(OSError):  # a cache that cannot be written may still be read
            path.touch()
        return path
    place.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is in it is run
    with TemporaryDirectory(dir=place, prefix=".new-") as scratch:
        fresh = Path(scratch) / path.name
        make(fresh)
        content = fresh.read_bytes()
        fresh.write_bytes(content + _digest(content))
        fresh.replace(path)
    _prune()
    return path


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _whole(path: Path) -> bool:
    """Is the file there, with the digest behind what it had when it was made?

    To load one that was cut off, by a power cut say, would kill the process.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    size = len(content) - len(_digest(b""))
    return size > 0 and _digest(content[:size]) == content[size:]


def kept() -> list[Kept]:
    """What is there, what was used last first."""
    found: list[Kept] = []
    for path in (folder() / "models").glob("*.so"):
        with contextlib.suppress(OSError):  # somebody has just deleted it
            about = path.stat()
            name = path.name.partition(".")[0]
            found.append(Kept(path, name, about.st_size, about.st_mtime))
    return sorted(found, key=lambda k: -k.used)


def clear() -> int:
    """Delete all compiled models; how many there were.

    Raises:
        OSError: one cannot be deleted.
    """
    found = kept()
    for each in found:
        each.path.unlink(missing_ok=True)
    return len(found)


def _prune() -> None:
    total = 0
    for each in kept():
        total += each.size
        if total > _MOST_BYTES:
            with contextlib.suppress(OSError):
                each.path.unlink()
