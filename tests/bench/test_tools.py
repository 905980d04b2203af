"""What tools write is read as what they mean; what is unlike it is not read at all."""

from __future__ import annotations

import json

import pytest

from bench.process import Ran
from bench.tools import Native, Rumur, Spin, SpinBfs, Tool, Unreadable

SPIN = """
Full statespace search for:
	assertion violations	+

State-vector 76 byte, depth reached 30209, errors: 0
    88644 states, stored
   228013 states, matched
   316657 transitions (= stored+matched)
        0 atomic steps

   46.050	total actual memory usage

pan: elapsed time 0.17 seconds
"""
SPIN_VIOLATED = """
pan:1: assertion violated ((ref[0]>=mapc[0])&&(tlb[0]==0)) (at depth 21)
pan: wrote mig.pml.trail
Warning: Search not completed

State-vector 84 byte, depth reached 21, errors: 1
    57090 states, stored
   206141 states, matched
   263231 transitions (= stored+matched)
   16.594	total actual memory usage
"""
SPIN_TOO_DEEP = """
error: max search depth too small
State-vector 76 byte, depth reached 99, errors: 1
    88 states, stored
    316 transitions (= stored+matched)
   16.594	total actual memory usage
"""
RUMUR = """
80000 states explored in 0s, with 283235 rules fired and 686 states in the queue.

Status:

	No error found.

State Space Explored:

	88644 states, 316656 rules fired in 1s.
"""
RUMUR_VIOLATED = """
Startstate 1 fired.
Rule "m0 isolate", o: 0 fired.
lru[0]:0
Rule "m2 lock old" fired.
lock[0]:1

Status:

	1 error(s) found.

State Space Explored:

	67080 states, 310305 rules fired in 1s.
"""
OURS = {
    "verdict": "HOLDS",
    "why": "",
    "violated": False,
    "states": 5,
    "transitions": 7,
    "depth": 3,
    "user_seconds": 0.5,
    "wall_seconds": 0.25,
    "compile_seconds": 1.0,
    "lower_seconds": 2.0,
    "engine_bytes": 80,
}


def ran(output: str) -> Ran:
    return Ran(output, 0, user=1.0, system=0.1, wall=1.1, peak_bytes=1 << 20)


def test_spin() -> None:
    found = Spin().read(ran(SPIN), 1)
    assert (found.states, found.transitions, found.violated) == (88_644, 316_656, False)
    assert found.depth is None
    assert found.engine_bytes == round(46.05 * 2**20)


def test_spin_rounds_large_numbers() -> None:
    text = SPIN.replace("316657 transitions", "1.8562056e+08 transitions")
    found = Spin().read(ran(text), 1)
    assert (found.transitions, found.rounded) == (185_620_559, 5)


def test_spin_breadth_first_tells_the_depth() -> None:
    assert SpinBfs().read(ran(SPIN), 1).depth == 30_209


def test_spin_counts_the_steps_before_the_one_that_goes_wrong() -> None:
    found = SpinBfs().read(ran(SPIN_VIOLATED), 1)
    assert (found.violated, found.depth) == (True, 22)
    assert Spin().read(ran(SPIN_VIOLATED), 1).depth is None


def test_rumur() -> None:
    found = Rumur().read(ran(RUMUR), 1)
    assert (found.states, found.transitions, found.violated) == (88_644, 316_656, False)


def test_rumur_counts_the_rules_of_its_trace() -> None:
    found = Rumur().read(ran(RUMUR_VIOLATED), 1)
    assert (found.violated, found.depth) == (True, 2)
    assert Rumur().read(ran(RUMUR_VIOLATED), 2).depth is None


def test_ours() -> None:
    found = Native().read(ran(f"a warning\n{json.dumps(OURS)}\n"), 1)
    assert (found.states, found.transitions, found.depth, found.violated) == (5, 7, 3, False)
    assert (found.user_seconds, found.wall_seconds, found.engine_bytes) == (0.5, 0.25, 80)


@pytest.mark.parametrize(
    ("tool", "output"),
    [
        (Spin(), SPIN_TOO_DEEP),
        (Spin(), SPIN.replace("errors: 0", "errors: 1")),
        (Spin(), ""),
        (Rumur(), "internal error"),
        (Rumur(), ""),
        (Native(), "Killed"),
        (Native(), "[]"),
        (Native(), json.dumps({**OURS, "verdict": "BOUNDED", "why": "stopped by an interrupt"})),
    ],
)
def test_what_is_no_answer_is_not_read(tool: Tool, output: str) -> None:
    with pytest.raises(Unreadable):
        tool.read(ran(output), 1)
