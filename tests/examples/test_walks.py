"""Every example, walked at random: direct execution and the lowered form agree in each step."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mcheck.lang import Model
from tests.examples.listing import BY_NAME
from tests.lang.generated.agreement import Pair, Tally, walk


@pytest.mark.parametrize("model", BY_NAME.values(), ids=BY_NAME)
def test_direct_execution_and_lowered_form_agree(model: Model[Any]) -> None:
    compiled = model.compile()
    rng, tally = random.Random(1), Tally()
    for _ in range(20):
        walk(Pair(model, compiled, 0, tally), rng.randint, steps=60)
    assert tally.steps > 20
