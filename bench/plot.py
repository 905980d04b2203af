"""Lines over small whole numbers, with a logarithmic scale upward, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 360, 260
"""Of the area in which a panel's lines are, in pixels."""
LEFT, TOP, BELOW, LEGEND = 70, 36, 48, 18
"""Room beside, above and below that area; and for one line of the legend."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Distinct for the colour-blind too (Okabe and Ito), on white as on black."""


@dataclass(frozen=True)
class Line:
    """Points (how many, how much) of one thing; colour: its place in COLOURS."""

    name: str
    colour: int
    dashed: bool
    points: list[tuple[int, float]]


@dataclass(frozen=True)
class Panel:
    """Lines with a scale of their own."""

    title: str
    unit: str
    lines: list[Line]


def drawn(panels: Sequence[Panel], along: str) -> str:
    """The panels side by side, with one legend. along: what the whole numbers count."""
    names = {line.name: line for panel in panels for line in panel.lines if line.points}
    rows = (len(names) + 1) // 2
    width = len(panels) * (LEFT + WIDTH) + 20
    height = TOP + HEIGHT + BELOW + rows * LEGEND + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for i, panel in enumerate(panels):
        parts.append(f'<g transform="translate({LEFT + i * (LEFT + WIDTH)},{TOP})">')
        parts += _panel(panel, along)
        parts.append("</g>")
    for i, line in enumerate(names.values()):
        x = LEFT + i % 2 * (LEFT + WIDTH)
        y = TOP + HEIGHT + BELOW + 10 + i // 2 * LEGEND
        parts.append(f'<path d="M{x},{y - 4}h30" {_stroke(line)}/>')
        parts.append(_text(x + 38, y, line.name, "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, along: str) -> Iterator[str]:
    points = [point for line in panel.lines for point in line.points]
    yield _text(WIDTH / 2, -14, f"{panel.title} ({panel.unit})", "middle")
    yield _text(WIDTH / 2, HEIGHT + 36, along, "middle")
    if not points:
        return
    first, last = min(n for n, _ in points), max(n for n, _ in points)
    amounts = [_power(amount) for _, amount in points]
    low, high = math.floor(min(amounts)), max(math.ceil(max(amounts)), math.floor(min(amounts)) + 1)

    def place(n: int, power: float) -> tuple[float, float]:
        x = (n - first + 0.5) / (last - first + 1) * WIDTH
        return round(x, 1), round(HEIGHT * (high - power) / (high - low), 1)

    for power in range(low, high + 1):
        _, y = place(first, power)
        yield f'<path d="M0,{y}h{WIDTH}" stroke="#cccccc"/>'
        yield _text(-8, y + 4, f"{10.0**power:,g}", "end")
    for n in range(first, last + 1):
        yield _text(place(n, low)[0], HEIGHT + 16, str(n), "middle")
    for line in panel.lines:
        at = [place(n, _power(amount)) for n, amount in line.points]
        yield f'<path d="{_path(at)}" {_stroke(line)}/>' if len(at) > 1 else ""
        yield from (f'<circle cx="{x}" cy="{y}" r="3" fill="{_colour(line)}"/>' for x, y in at)


def _power(amount: float) -> float:
    """Of ten; what was too little to be measured counts as a millionth."""
    return math.log10(max(amount, 1e-6))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x},{y}" for x, y in points)


def _colour(line: Line) -> str:
    return COLOURS[line.colour % len(COLOURS)]


def _stroke(line: Line) -> str:
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    return f'fill="none" stroke="{_colour(line)}" stroke-width="2"{dashes}'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
