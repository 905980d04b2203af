"""What a generator asks of chance. The first of several is the simplest: towards it is shrunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Draws from a source of numbers lo..hi, which is Hypothesis in the tests."""

    def __init__(self, number: Callable[[int, int], int]) -> None:
        """Keep the source."""
        self.number = number

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.number(0, 99) >= 100 - percent

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.number(0, len(options) - 1)]

    def weighted(self, weights: Mapping[T, int]) -> T:
        """One of the keys, as often as its weight says."""
        at = self.number(0, sum(weights.values()) - 1)
        for option, weight in weights.items():
            at -= weight
            if at < 0:
                return option
        raise AssertionError("no option has a weight")


class Bytes:
    """A source of numbers that are made of bytes, one each; it goes on with zeros."""

    def __init__(self, content: bytes) -> None:
        """Keep the bytes."""
        self.content = iter(content)

    def number(self, lo: int, hi: int) -> int:
        """A number lo..hi, which may be 256 numbers at most."""
        assert hi - lo < 256
        return lo + next(self.content, 0) % (hi - lo + 1)
