"""The benchmark model in Murphi, with its constants filled in.

Usage: python gen.py OBJECTS FRAMES CPUS GUPS BUG > mig.m
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

NAMES = ("NO", "NP", "C", "D", "BUG")
"""Objects, frames, CPUs, threads of get_user_pages(), and whether the flush is left out."""

TEMPLATE = Path(__file__).with_name("mig.m.in")


def filled(objects: int, frames: int, cpus: int, gups: int, bug: int) -> str:
    """The model's text. Murphi has no empty ranges: without a GUP thread its rules are left out."""
    text = TEMPLATE.read_text()
    for name, value in zip(NAMES, (objects, frames, cpus, gups, bug), strict=True):
        text = text.replace(f"@{name}@", str(value))
    slots = " + ".join(f"(slot[{o}] = f ? 1 : 0)" for o in range(objects))
    text = text.replace("@NSLOT@", slots)
    if not gups:
        text = re.sub(r"--GUP-BEGIN.*?--GUP-END", "", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    sys.stdout.write(filled(*map(int, sys.argv[1:])))
