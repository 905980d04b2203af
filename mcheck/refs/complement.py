"""What is no combination of some vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence


class Complement:
    """The vectors that are normal to all vectors included so far.

    normals: a basis of them, in integers.
    """

    def __init__(self, size: int) -> None:
        """Begin with the whole space."""
        self.normals = [[int(i == j) for j in range(size)] for i in range(size)]

    def include(self, vector: Sequence[int]) -> bool:
        """Keep only what is normal to one more vector; whether it is not normal to all."""
        products = [sum(a * b for a, b in zip(w, vector, strict=True)) for w in self.normals]
        number = next((i for i, p in enumerate(products) if p), None)
        if number is None:
            return False
        first, size = self.normals[number], products[number]
        kept: list[list[int]] = []
        for i, (normal, product) in enumerate(zip(self.normals, products, strict=True)):
            if i != number:
                mixed = [size * a - product * b for a, b in zip(normal, first, strict=True)]
                by = math.gcd(*mixed) or 1
                kept.append([a // by for a in mixed])
        self.normals = kept
        return True
