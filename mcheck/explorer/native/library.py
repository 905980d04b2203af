"""A compiled model as Python objects: what `glue.c` exports, and nothing more."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from ctypes import POINTER, c_double, c_int, c_uint8, c_uint64, c_void_p
from enum import IntEnum
from pathlib import Path
from typing import Any

_BYTES_A_WORD = 8


class Why(IntEnum):
    """What ended a search (enum stop of search.h)."""

    GOES_ON = 0
    EXHAUSTED = 1
    FOUND = 2
    STATES = 3
    MEMORY = 4
    ASKED = 5


class Found(IntEnum):
    """The lists of what is wrong (search_found)."""

    BAD = 0
    BAD_SOURCES = 1
    IN_VAIN = 2


class Figures(ctypes.Structure):
    """How far a search is (struct figures of glue.c).

    level: the last one of which all states are found; begun: how many levels are expanded, if only
    in part; reason: a Why; settled: it is decided who waits in vain; seconds and user: wall time
    and processor time, after the end only.
    """

    states: int
    expanded: int
    transitions: int
    level: int
    begun: int
    frontier: int
    bytes: int
    reason: int
    settled: int
    seconds: float
    user: float

    _fields_ = [
        *((name, c_uint64) for name in ("states", "expanded", "transitions", "level", "begun")),
        *((name, c_uint64) for name in ("frontier", "bytes", "reason", "settled")),
        ("seconds", c_double),
        ("user", c_double),
    ]


_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "words_of_a_state": (c_uint64, []),
    "search_new": (c_void_p, [c_void_p, c_uint64, c_void_p, c_int, c_uint64, c_uint64]),
    "search_free": (None, [c_void_p]),
    "search_start": (c_int, [c_void_p]),
    "search_wait": (c_int, [c_void_p, c_int]),
    "search_stop": (None, [c_void_p]),
    "search_figures": (None, [c_void_p, POINTER(Figures)]),
    "search_open": (None, [c_void_p, c_void_p]),
    "search_runs": (None, [c_void_p, c_void_p]),
    "search_found": (c_uint64, [c_void_p, c_int, c_void_p, c_void_p, c_uint64]),
    "search_states": (c_uint64, [c_void_p, c_uint64, c_void_p, c_uint64]),
    "search_leading_to": (c_void_p, [c_void_p, c_uint64, c_void_p, c_uint64, POINTER(c_uint64)]),
    "numbers_free": (None, [c_void_p]),
    "state_of": (None, [c_void_p, c_uint64, c_void_p]),
}


class Library:
    """The functions of one compiled model.

    Raises:
        OSError: the file is no library that can be loaded.
    """

    def __init__(self, path: Path) -> None:
        self.call: Any = ctypes.CDLL(str(path))
        for name, (result, arguments) in _SIGNATURES.items():
            try:
                function = getattr(self.call, name)
            except AttributeError:
                raise OSError(f"{path} has no {name}") from None
            function.restype, function.argtypes = result, arguments
        self.bytes_of_a_state = _BYTES_A_WORD * int(self.call.words_of_a_state())

    def packed(self, states: Sequence[int]) -> ctypes.Array[ctypes.c_char]:
        """States as an array of the engine's."""
        size = self.bytes_of_a_state
        return ctypes.create_string_buffer(
            b"".join(state.to_bytes(size, "little") for state in states), size * len(states) + 1
        )

    def unpacked(self, states: bytes) -> list[int]:
        """An array of the engine's as states."""
        size = self.bytes_of_a_state
        return [
            int.from_bytes(states[at : at + size], "little") for at in range(0, len(states), size)
        ]


class Search:
    """One search in a compiled model, from before its start until nobody asks about it any more.

    asked: for each claim of the C text: is it judged?
    most_bytes: of the states and their index.

    Raises:
        MemoryError: there is not even enough of it to begin.
    """

    def __init__(
        self,
        library: Library,
        initial: Sequence[int],
        asked: Iterable[bool],
        *,
        threads: int,
        most_states: int,
        most_bytes: int,
    ) -> None:
        self._library, self._call = library, library.call
        wanted = [int(a) for a in asked]
        self._claims = len(wanted)
        self._it = self._call.search_new(
            library.packed(initial),
            len(initial),
            (c_uint8 * (self._claims + 1))(*wanted),
            threads,
            most_states,
            most_bytes,
        )
        self.started = False
        if not self._it:
            raise MemoryError

    def __del__(self) -> None:
        if getattr(self, "_it", None):
            self._call.search_free(self._it)
            self._it = None

    def start(self) -> bool:
        """Begin; False if the system gives no threads."""
        self.started = True  # said before, as an interrupt may come between
        self.started = bool(self._call.search_start(self._it))
        return self.started

    def wait(self, milliseconds: int) -> bool:
        """Wait for the end, but not longer than that. Has it come?"""
        return bool(self._call.search_wait(self._it, milliseconds))

    def stop(self) -> None:
        """Ask for the end. It comes soon; wait for it."""
        self._call.search_stop(self._it)

    def figures(self) -> Figures:
        """How far it is; while it runs, too."""
        figures = Figures()
        self._call.search_figures(self._it, ctypes.byref(figures))
        return figures

    def still_open(self) -> list[bool]:
        """For each claim: was it asked for, and if it is a cover, is it not hit yet?"""
        flags = (c_uint8 * (self._claims + 1))()
        self._call.search_open(self._it, flags)
        return [bool(flag) for flag in flags[: self._claims]]

    def runs(self, labels: int) -> list[int]:
        """How many transitions each label had, of all actors one after the other."""
        runs = (c_uint64 * labels)()
        self._call.search_runs(self._it, runs)
        return list(runs)

    def found(self, which: Found) -> list[tuple[int, int]]:
        """The states in which something is wrong, and who waits there."""
        count = int(self._call.search_found(self._it, which, None, None, 0))
        states = ctypes.create_string_buffer(self._library.bytes_of_a_state * count + 1)
        waits = (c_uint64 * (count + 1))()
        self._call.search_found(self._it, which, states, waits, count)
        return list(zip(self._library.unpacked(states.raw[:-1]), waits[:count], strict=True))

    def states(self, begin: int, most: int) -> list[int]:
        """Some of the states, in the order of their discovery where there is one thread."""
        buffer = ctypes.create_string_buffer(self._library.bytes_of_a_state * most + 1)
        count = int(self._call.search_states(self._it, begin, buffer, most))
        return self._library.unpacked(buffer.raw[: self._library.bytes_of_a_state * count])

    def leading_to(self, level: int, targets: set[int]) -> set[int]:
        """Those states of a level that have a successor among the targets.

        Raises:
            MemoryError: there is not enough of it.
        """
        count = c_uint64()
        wanted = list(targets)
        numbers = self._call.search_leading_to(
            self._it, level, self._library.packed(wanted), len(wanted), ctypes.byref(count)
        )
        if not numbers:
            raise MemoryError
        try:
            found = ctypes.cast(numbers, POINTER(c_uint64))
            return {self._state(found[i]) for i in range(count.value)}
        finally:
            self._call.numbers_free(numbers)

    def _state(self, number: int) -> int:
        buffer = ctypes.create_string_buffer(self._library.bytes_of_a_state)
        self._call.state_of(self._it, number, buffer)
        return int.from_bytes(buffer.raw, "little")
