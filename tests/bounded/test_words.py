"""What integer terms mean as bit-vectors, for all values of small variables."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import z3

from mcheck.lang import ModelError
from mcheck.lang.emit import words as words_
from mcheck.lang.emit.words import Word, Words, constant, distance, stored, width
from tests.bounded.planted import MISTAKES

A, B = z3.Int("a"), z3.Int("b")
RANGES = {"a": (-5, 6), "b": (-3, 3)}
BITS = {name: z3.BitVec(name, width(lo, hi)) for name, (lo, hi) in RANGES.items()}
TABLE = z3.Array("table", z3.IntSort(), z3.IntSort())
ROW = (4, -2, 9, 0)


def opaque(name: str) -> Any:
    """A function that integer terms have for what z3's integers cannot do."""
    return z3.Function(name, z3.IntSort(), z3.IntSort(), z3.IntSort())


def down(a: Any, b: Any) -> Any:
    """The quotient as the terms have it."""
    return z3.If(b > 0, a / b, (-a) / (-b))


def left(a: Any, b: Any) -> Any:
    """What is left over, as the terms have it."""
    return z3.If(b > 0, a % b, -((-a) % (-b)))


TERMS: dict[str, tuple[Any, Callable[[int, int], int]]] = {
    "sum": (A + B + 1, lambda a, b: a + b + 1),
    "difference": (A - B - 2, lambda a, b: a - b - 2),
    "negative": (-A, lambda a, b: -a),
    "product": (A * B * 3, lambda a, b: a * b * 3),
    "quotient": (down(A, B), lambda a, b: a // b if b else 0),
    "remainder": (left(A, B), lambda a, b: a % b if b else 0),
    "remainder of a remainder": (
        left(A * 31 + left(B, z3.IntVal(4)), z3.IntVal(5)),
        lambda a, b: (a * 31 + b % 4) % 5,
    ),
    "what a product leaves": (A - B * down(A, B), lambda a, b: a % b if b else 0),
    "z3's quotient": (A / B, lambda a, b: (a - a % abs(b)) // b if b else 0),
    "z3's remainder": (A % B, lambda a, b: a % abs(b) if b else 0),
    "and": (opaque("&")(A, B), lambda a, b: a & b),
    "or": (opaque("|")(A, B), lambda a, b: a | b),
    "xor": (opaque("^")(A, B), lambda a, b: a ^ b),
    "shift to the left": (opaque("<<")(A, B), lambda a, b: a << b if b >= 0 else 0),
    "shift to the right": (opaque(">>")(A, B), lambda a, b: a >> b if b >= 0 else 0),
    "shift of what is known": (opaque("<<")(z3.IntVal(1), B), lambda a, b: 1 << b if b >= 0 else 0),
    "choice": (z3.If(A < B, A, B + 1), lambda a, b: a if a < b else b + 1),
    "element": (z3.Select(TABLE, z3.If(B > 0, B, 0)), lambda a, b: ROW[max(b, 0)]),
    "element after a store": (
        z3.Select(z3.Store(TABLE, z3.If(B > 0, B, 0), A), z3.IntVal(1)),
        lambda a, b: a if b == 1 else ROW[1],
    ),
}
UNKNOWN: dict[str, Callable[[int, int], bool]] = {
    "quotient": lambda a, b: b == 0,
    "remainder": lambda a, b: b == 0,
    "what a product leaves": lambda a, b: b == 0,
    "z3's quotient": lambda a, b: b == 0,
    "z3's remainder": lambda a, b: b == 0,
    "shift to the left": lambda a, b: b < 0,
    "shift to the right": lambda a, b: b < 0,
    "shift of what is known": lambda a, b: b < 0,
}
"""Where a term has no value, as a step would have failed before."""
TRUTHS: dict[str, tuple[Any, Callable[[int, int], bool]]] = {
    "less": (A < B, operator.lt),
    "less or equal": (A <= B, operator.le),
    "greater": (A > B, operator.gt),
    "greater or equal": (A >= B, operator.ge),
    "equal": (A == B, operator.eq),
    "different": (A != B, operator.ne),
    "both": (z3.And(A > 0, B > 0), lambda a, b: a > 0 and b > 0),
    "one": (z3.Or(A > 0, B > 0), lambda a, b: a > 0 or b > 0),
    "not": (z3.Not(A > 0), lambda a, b: a <= 0),
    "implied": (z3.Implies(A > 0, B > 0), lambda a, b: a <= 0 or b > 0),
    "same truth": ((A > 0) == (B > 0), lambda a, b: (a > 0) == (b > 0)),
    "chosen truth": (z3.If(A > 0, B > 0, B < 0), lambda a, b: b > 0 if a > 0 else b < 0),
    "far apart": (A < B + 100, lambda a, b: True),
    "never": (A == B + 100, lambda a, b: False),
}


def words() -> Words:
    return Words(
        lambda name: Word(BITS[name], *RANGES[name]), lambda name: [constant(n) for n in ROW]
    )


def at(term: Any, a: int, b: int) -> Any:
    """A term of bit-vectors, for known values."""
    pairs = [(BITS[n], z3.BitVecVal(v, BITS[n].size())) for n, v in (("a", a), ("b", b))]
    return z3.simplify(z3.substitute(term, *pairs))


def everywhere() -> list[tuple[int, int]]:
    (a, c), (b, d) = RANGES.values()
    return list(product(range(a, c + 1), range(b, d + 1)))


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("simplified", [False, True])
def test_integers(name: str, simplified: bool) -> None:
    term, expected = TERMS[name]
    word = words().word(z3.simplify(term) if simplified else term)
    for a, b in everywhere():
        if name not in UNKNOWN or not UNKNOWN[name](a, b):
            assert at(word.bits, a, b).as_signed_long() == expected(a, b), (a, b)
            assert word.lo <= expected(a, b) <= word.hi


DIVIDED: dict[str, tuple[Callable[[Any, Any], Any], Callable[[int, int], int]]] = {
    "//": (down, lambda a, b: a // b),
    "%": (left, lambda a, b: a % b),
}
ENDS = [(-9, -4), (-8, -8), (-7, 0), (-5, 6), (0, 0), (0, 9), (1, 1), (3, 5), (8, 15)]
"""Ranges of what is divided."""
BY = [
    (-8, -8),
    (-5, -3),
    (-4, -1),
    (-3, 2),
    (-1, 0),
    (0, 3),
    (1, 1),
    (2, 4),
    (4, 4),
    (7, 7),
    (8, 8),
]
"""Ranges of what it is divided by."""


def wrongly_divided(name: str, a: tuple[int, int], b: tuple[int, int]) -> list[tuple[int, int]]:
    """For which numbers of two ranges an operator does not do what it does in Python."""
    term, expected = DIVIDED[name]
    bits = [z3.BitVec(n, width(*ends)) for n, ends in (("a", a), ("b", b))]
    given = {"a": Word(bits[0], *a), "b": Word(bits[1], *b)}
    word = Words(given.__getitem__, lambda name: []).word(z3.simplify(term(A, B)))
    wrong: list[tuple[int, int]] = []
    for x, y in product(range(a[0], a[1] + 1), range(b[0], b[1] + 1)):
        if y:
            values = (z3.BitVecVal(n, v.size()) for n, v in zip((x, y), bits, strict=True))
            found = z3.simplify(z3.substitute(word.bits, *zip(bits, values, strict=True)))
            right = expected(x, y)
            if found.as_signed_long() != right or not word.lo <= right <= word.hi:
                wrong.append((x, y))
    return wrong


@pytest.mark.parametrize("name", DIVIDED)
def test_division_is_that_of_python(name: str) -> None:
    assert not any(wrongly_divided(name, a, b) for a, b in product(ENDS, BY))


@pytest.mark.parametrize(
    ("name", "of", "mistake"),
    [
        ("//", "_quotient", "a quotient is rounded towards zero"),
        ("%", "_rest", "a remainder may be negative"),
    ],
)
def test_division_that_is_not_that_of_python_is_noticed(
    name: str, of: str, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(words_, of)
    MISTAKES[mistake](monkeypatch)
    assert getattr(words_, of) is not right
    assert any(wrongly_divided(name, a, b) for a, b in product(ENDS, BY))


@pytest.mark.parametrize(
    ("term", "lo", "hi"),
    [
        (A % 4, 0, 3),
        (A % 100, 0, 99),
        ((A + 5) % 100, 0, 11),
        ((A + 7) % 15, 2, 13),
        ((A + 5) % (B + 4), 0, 6),
        (A / 4, -2, 1),
        (A / -2, -3, 3),
        ((A + 5) / 12, 0, 0),
        (left(A, z3.IntVal(-4)), -3, 0),
        (opaque("&")(A, z3.IntVal(7)), 0, 7),
    ],
)
def test_ranges_are_no_wider_than_they_need_be(term: Any, lo: int, hi: int) -> None:
    word = words().word(z3.simplify(term))
    assert (word.lo, word.hi) == (lo, hi)
    assert word.bits.size() <= width(lo, hi) + 1


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("simplified", [False, True])
def test_truths(name: str, simplified: bool) -> None:
    term, expected = TRUTHS[name]
    formula = words().truth(z3.simplify(term) if simplified else term)
    for a, b in everywhere():
        assert z3.is_true(at(formula, a, b)) == expected(a, b), (a, b)


@pytest.mark.parametrize(("lo", "hi"), [(0, 1), (-3, 4), (5, 9), (-9, -2), (0, 0), (7, 8)])
def test_what_is_stored_is_read_again(lo: int, hi: int) -> None:
    bits = max(1, (hi - lo).bit_length())
    for value in range(lo, hi + 1):
        raw = z3.simplify(distance(constant(value), lo, bits))
        assert raw.as_long() == value - lo
        again = stored(raw, lo, hi)
        assert z3.simplify(again.bits).as_signed_long() == value
        assert again.lo <= value <= again.hi


def test_a_number_without_a_sensible_size_is_refused() -> None:
    large = Word(z3.BitVec("a", 40), 0, (1 << 39) - 1)
    with pytest.raises(ModelError, match="more than 256 bits"):
        Words(lambda name: large, lambda name: []).word(opaque("<<")(z3.IntVal(1), A))


def test_what_is_not_known_is_told() -> None:
    with pytest.raises(AssertionError, match="no integer as it is known here"):
        words().word(opaque("unheard of")(A, B))
