"""Small models that together have something of everything that formulas are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcheck.lang import Model
from tests.native import arithmetic, waiting
from tests.native.mistakes import by_hand


def small(folder: Path) -> dict[str, Model[Any]]:
    """The models, by names that are different from each other; their texts are in the folder."""
    models = [*by_hand(folder), *waiting.MODELS, *arithmetic.VIOLATED]
    found = {f"{number} {model.name}": model for number, model in enumerate(models)}
    for model in (waiting.line, waiting.line_with_hangs):
        for gap in (-1, 1, 2):
            found[f"{model.name}, gap {gap}"] = model.configure(gap=gap)
    return found
