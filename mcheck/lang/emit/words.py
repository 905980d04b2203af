"""The integer terms of `smt.py` as bit-vectors, exact: for solvers that work bit by bit.

What a term means is said in `smt.py` and by z3; here it is only written in another way. Every
integer carries the least and the greatest value that it can have, and has so many bits, in two's
complement, that nothing overflows. An array is the tuple of its elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import z3

from mcheck.lang.emit.smt import BITWISE
from mcheck.lang.errors import ModelError

MOST_BITS = 256
"""A number with more bits than that is refused: it comes of shifts by what a process reads."""


@dataclass(frozen=True)
class Word:
    """An integer: its bits, in two's complement, and the range in which it lies."""

    bits: z3.BitVecRef
    lo: int
    hi: int


def width(lo: int, hi: int) -> int:
    """How many bits two's complement takes for lo..hi."""
    return 1 + max((hi if hi >= 0 else ~hi).bit_length(), (lo if lo >= 0 else ~lo).bit_length())


def constant(n: int) -> Word:
    """A known integer."""
    return Word(z3.BitVecVal(n, width(n, n)), n, n)


def stored(bits: z3.BitVecRef, lo: int, hi: int) -> Word:
    """The value of a field that keeps it as its distance from lo."""
    raw = Word(z3.ZeroExt(1, bits), 0, (1 << bits.size()) - 1)
    value = _sum([raw, constant(lo)]) if lo else raw
    return Word(value.bits, lo, min(hi, value.hi))


def distance(word: Word, lo: int, bits: int) -> z3.BitVecRef:
    """What a field keeps of a value: the inverse of `stored`. The value fits in."""
    moved = _sum([word, constant(-lo)]) if lo else word
    return _cut(moved.bits, bits)


def _cut(bits: z3.BitVecRef, size: int) -> z3.BitVecRef:
    """The lowest bits; the sign goes on where there are fewer."""
    have = bits.size()
    if have == size:
        return bits
    return z3.SignExt(size - have, bits) if have < size else z3.Extract(size - 1, 0, bits)


def _word(bits: z3.BitVecRef, lo: int, hi: int) -> Word:
    """A word of the width that its range needs."""
    size = width(lo, hi)
    if size > MOST_BITS:
        raise ModelError(f"a number may need more than {MOST_BITS} bits")
    return constant(lo) if lo == hi else Word(_cut(bits, size), lo, hi)


def _sum(words: Sequence[Word]) -> Word:
    lo, hi = sum(w.lo for w in words), sum(w.hi for w in words)
    size = width(lo, hi)
    return _word(reduce(lambda a, b: a + b, (_cut(w.bits, size) for w in words)), lo, hi)


def _product(a: Word, b: Word) -> Word:
    corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    lo, hi = min(corners), max(corners)
    size = width(lo, hi)
    return _word(_cut(a.bits, size) * _cut(b.bits, size), lo, hi)


def _negative(a: Word) -> Word:
    return _product(constant(-1), a)


def _below_zero(a: Word) -> z3.BoolRef:
    """Whether a word that is not 0 is negative."""
    return z3.BoolVal(True) if a.hi <= 0 else _less_or_equal(a, constant(-1))


def _divided(a: Word, b: Word) -> Word:
    """What z3 calls the quotient of integers: the remainder is never negative.

    By nothing is an error in Python, which nothing here is asked of.
    """
    found = _quotient(a, _size(b))
    return _either(_below_zero(b), _negative(found), found)


def _remainder(a: Word, b: Word) -> Word:
    """What z3 calls the remainder of integers: it is never negative. Not asked of nothing."""
    return _rest(a, _size(b))


def _size(a: Word) -> Word:
    """Without its sign. What is not 0 is 1 at least."""
    size = _either(_below_zero(a), _negative(a), a)
    lo = max(a.lo, -a.hi, 1)
    return Word(size.bits, lo, max(-a.lo, a.hi, lo))


def _quotient(a: Word, b: Word) -> Word:
    """Rounded down; b is 1 or more."""
    corners = [x // y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    lo, hi = min(corners), max(corners)
    x, y = _same_size(a, b)
    if b.lo == b.hi and b.lo & b.lo - 1 == 0:
        return _word(x >> b.lo.bit_length() - 1, lo, hi)
    if a.lo >= 0:
        return _word(z3.UDiv(x, y), lo, hi)
    return _word(z3.If(z3.SRem(x, y) < 0, x / y - 1, x / y), lo, hi)


def _rest(a: Word, b: Word) -> Word:
    """What is left over, which is not negative; b is 1 or more."""
    if b.lo == b.hi and a.lo // b.lo == a.hi // b.lo:
        return _sum([a, constant(a.lo // b.lo * -b.lo)])
    if a.lo >= 0 and a.hi < b.lo:
        return a
    hi = b.hi - 1 if a.lo < 0 else min(a.hi, b.hi - 1)
    if hi and b.lo == b.hi and b.lo & b.lo - 1 == 0:
        return _word(z3.ZeroExt(1, _cut(a.bits, b.lo.bit_length() - 1)), 0, hi)
    x, y = _same_size(a, b)
    return _word(z3.URem(x, y) if a.lo >= 0 else x % y, 0, hi)  # the latter has the sign of y


def _either(test: z3.BoolRef, a: Word, b: Word) -> Word:
    if z3.is_true(test) or (a.lo == a.hi == b.lo == b.hi):
        return a
    if z3.is_false(test):
        return b
    lo, hi = min(a.lo, b.lo), max(a.hi, b.hi)
    size = width(lo, hi)
    return Word(z3.If(test, _cut(a.bits, size), _cut(b.bits, size)), lo, hi)


def _same_size(a: Word, b: Word) -> tuple[z3.BitVecRef, z3.BitVecRef]:
    size = max(width(a.lo, a.hi), width(b.lo, b.hi))
    return _cut(a.bits, size), _cut(b.bits, size)


def _less_or_equal(a: Word, b: Word) -> z3.BoolRef:
    if a.hi <= b.lo or a.lo > b.hi:
        return z3.BoolVal(a.hi <= b.lo)
    x, y = _same_size(a, b)
    return x <= y


def equal(a: Word, b: Word) -> z3.BoolRef:
    """Whether two integers are the same."""
    if a.lo > b.hi or b.lo > a.hi:
        return z3.BoolVal(False)
    if a.lo == a.hi == b.lo == b.hi:
        return z3.BoolVal(True)
    x, y = _same_size(a, b)
    return x == y


def _bitwise(name: str, a: Word, b: Word) -> Word:
    if name in ("<<", ">>"):
        return _shifted(name, a, b)
    x, y = _same_size(a, b)
    size = x.size()
    least, most = (0 if min(a.lo, b.lo) >= 0 else -(1 << size - 1)), (1 << size - 1) - 1
    if name == "&" and max(a.lo, b.lo) >= 0:
        least, most = 0, min(w.hi for w in (a, b) if w.lo >= 0)
    return _word({"&": x & y, "|": x | y, "^": x ^ y}[name], least, most)


def _shifted(name: str, a: Word, b: Word) -> Word:
    """By less than nothing is an error in Python, which nothing here is asked of."""
    most = max(b.hi, 0)
    if name == ">>":
        lo, hi = min(a.lo, 0), max(a.hi, 0)
        most = min(most, width(lo, hi))
    else:
        if most > MOST_BITS:
            raise ModelError(f"a number may need more than {MOST_BITS} bits")
        lo, hi = min(a.lo, a.lo << most), max(a.hi, a.hi << most)
    size = max(width(lo, hi), width(b.lo, b.hi))
    x, y = _cut(a.bits, size), _cut(b.bits, size)
    return _word(x << y if name == "<<" else x >> y, lo, hi)


class Words:
    """Writes terms as words.

    leaf: the word of a variable; cells: the words of an array. Both are asked by name.
    """

    def __init__(self, leaf: Callable[[str], Word], cells: Callable[[str], Sequence[Word]]) -> None:
        self._leaf, self._cells = leaf, cells
        self._kept: list[z3.ExprRef] = []  # so that no number is given to another term
        self._words: dict[int, Word] = {}
        self._truths: dict[int, z3.BoolRef] = {}
        self._arrays: dict[int, tuple[Word, ...]] = {}

    def word(self, term: z3.ArithRef) -> Word:
        """An integer."""
        key = term.get_id()
        if key not in self._words:
            self._kept.append(term)
            self._words[key] = self._new_word(term)
        return self._words[key]

    def truth(self, term: z3.BoolRef) -> z3.BoolRef:
        """A truth."""
        key = term.get_id()
        if key not in self._truths:
            self._kept.append(term)
            self._truths[key] = z3.simplify(self._new_truth(term))
        return self._truths[key]

    def array(self, term: z3.ArrayRef) -> tuple[Word, ...]:
        """The elements of an array."""
        key = term.get_id()
        if key not in self._arrays:
            self._kept.append(term)
            self._arrays[key] = self._new_array(term)
        return self._arrays[key]

    def _new_word(self, term: Any) -> Word:
        kind: int = term.decl().kind()
        match kind:
            case z3.Z3_OP_ANUM:
                return constant(term.as_long())
            case z3.Z3_OP_ADD:
                return _sum([self.word(t) for t in term.children()])
            case z3.Z3_OP_SUB:
                first, *others = map(self.word, term.children())
                return _sum([first, *map(_negative, others)])
            case z3.Z3_OP_UMINUS:
                return _negative(self.word(term.arg(0)))
            case z3.Z3_OP_MUL:
                return reduce(_product, map(self.word, term.children()))
            case z3.Z3_OP_IDIV:
                return _divided(self.word(term.arg(0)), self.word(term.arg(1)))
            case z3.Z3_OP_MOD:
                return _remainder(self.word(term.arg(0)), self.word(term.arg(1)))
            case z3.Z3_OP_ITE:
                test, a, b = term.children()
                return _either(self.truth(test), self.word(a), self.word(b))
            case z3.Z3_OP_SELECT:
                return _chosen(self.array(term.arg(0)), self.word(term.arg(1)))
            case z3.Z3_OP_UNINTERPRETED if term.num_args() == 0:
                return self._leaf(term.decl().name())
            case z3.Z3_OP_UNINTERPRETED if term.decl().name() in BITWISE:
                a, b = map(self.word, term.children())
                return _bitwise(term.decl().name(), a, b)
            case _:
                raise AssertionError(f"no integer as it is known here: {term.sexpr()}")

    def _new_truth(self, term: Any) -> z3.BoolRef:
        kind: int = term.decl().kind()
        parts: list[Any] = term.children()
        match kind:
            case z3.Z3_OP_TRUE | z3.Z3_OP_FALSE:
                return term
            case z3.Z3_OP_AND:
                return z3.And([self.truth(t) for t in parts])
            case z3.Z3_OP_OR:
                return z3.Or([self.truth(t) for t in parts])
            case z3.Z3_OP_NOT:
                return z3.Not(self.truth(parts[0]))
            case z3.Z3_OP_IMPLIES:
                return z3.Implies(self.truth(parts[0]), self.truth(parts[1]))
            case z3.Z3_OP_ITE:
                return z3.If(*map(self.truth, parts))
            case z3.Z3_OP_EQ | z3.Z3_OP_DISTINCT:
                same = self._same(parts)
                return same if kind == z3.Z3_OP_EQ else z3.Not(same)
            case z3.Z3_OP_LE:
                return _less_or_equal(self.word(parts[0]), self.word(parts[1]))
            case z3.Z3_OP_GE:
                return _less_or_equal(self.word(parts[1]), self.word(parts[0]))
            case z3.Z3_OP_LT:
                return z3.Not(_less_or_equal(self.word(parts[1]), self.word(parts[0])))
            case z3.Z3_OP_GT:
                return z3.Not(_less_or_equal(self.word(parts[0]), self.word(parts[1])))
            case _:
                raise AssertionError(f"no truth as it is known here: {term.sexpr()}")

    def _same(self, parts: list[Any]) -> z3.BoolRef:
        a, b = parts
        if z3.is_bool(a):
            return self.truth(a) == self.truth(b)
        return equal(self.word(a), self.word(b))

    def _new_array(self, term: Any) -> tuple[Word, ...]:
        match term.decl().kind():
            case z3.Z3_OP_STORE:
                array, index, value = term.children()
                at, put = self.word(index), self.word(value)
                return tuple(
                    _either(equal(at, constant(i)), put, old)
                    for i, old in enumerate(self.array(array))
                )
            case z3.Z3_OP_ITE:
                test, a, b = term.children()
                condition = self.truth(test)
                return tuple(
                    x if x is y else _either(condition, x, y)
                    for x, y in zip(self.array(a), self.array(b), strict=True)
                )
            case z3.Z3_OP_UNINTERPRETED:
                return tuple(self._cells(term.decl().name()))
            case _:
                raise AssertionError(f"no array as it is known here: {term.sexpr()}")


def _chosen(elements: Sequence[Word], index: Word) -> Word:
    """The element at an index; any of them where the index is none of theirs."""
    if not elements:
        return constant(0)  # the check of the index, or of null, fails before this is used
    there = [i for i in range(len(elements)) if index.lo <= i <= index.hi] or [0]
    found = elements[there[-1]]
    for i in reversed(there[:-1]):
        found = _either(equal(index, constant(i)), elements[i], found)
    return found
