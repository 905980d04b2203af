"""Steps that fail, in some of their alternatives: bodies for `Writer.step`."""

from __future__ import annotations

STEPS = {
    "assert": "x = choose(range(4))\nassert x < 2 or k.b == 1\nk.a = x",
    "bounds": "x = choose(range(4))\nk.b = 2 * x - 1",
    "local": "x: Annotated[int, Range(0, 3)] = k.a + 4\nyield at('z')\nk.a = x",
    "index": "x = choose(range(4))\nk.flags[x] = True",
    "null": "x = choose(range(2))\nif x == 1:\n    k.ref = k.thing[0]\nk.ref.v = 2",
    "leak": (
        "t = choose(k.thing)\nh: Held[Thing] = hold(t)\nyield at('z')\n"
        "if h.v == 0:\n    h.v = 1\nelse:\n    release(h)"
    ),
    "lock": "t = choose(k.thing)\nk.thing[0].lock.acquire()\nt.lock.release()",
    "divide": "x = choose(range(-2, 3))\nk.a = abs(4 // x)",
    "choose": "x = choose(range(4))\ny = choose(n for n in range(4) if n > x)\nk.a = y - x",
}
"""By the kind of the failure."""

GUARDED = [
    "yield at('w', until=lambda: k.ref.v == 0)\nk.a = 1",
    "yield at('w', until=lambda: 4 // k.a == 2)\nk.a = 1",
    "x = choose(n for n in range(4) if 6 // (2 - n) > 1)\nk.a = x",
    "x = choose(range(3))\ny = choose(range(3))\nk.a = 4 // (x - y)\nk.b = k.flags[x + y]",
]
"""Where a guard, a filter or a later choice fails."""
