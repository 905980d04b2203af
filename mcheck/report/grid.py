"""Tables of texts and numbers that keep within a width."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tabulate import tabulate

from mcheck.report.phrases import fold

_LEAST = 8
"""Characters that a column of text keeps, however narrow the table is."""
_GAP = 2


def grid(
    headings: Sequence[str],
    rows: Sequence[Sequence[Sequence[str]]],
    width: int,
    numbers: Collection[str] = (),
    whole: Collection[str] = (),
) -> str:
    """The rows under their headings; each cell is given as its lines.

    Columns of text are folded so that no line is longer than `width`, down to a few characters a
    column. numbers, whole: the headings of columns that are never folded; numbers stand to the
    right.
    """
    widths = _widths(headings, rows, width, {*numbers, *whole})
    folded = [
        [
            [part for line in cell for part in fold(line, widths[heading], rest="  ")]
            for heading, cell in zip(headings, row, strict=True)
        ]
        for row in rows
    ]
    columns = zip(headings, *folded, strict=True)
    rules = [
        "-" * max(map(len, (heading, *(line for cell in cells for line in cell))))
        for heading, *cells in columns
    ]
    # The headings go in as a row: tabulate makes a column wider than its heading.
    text = tabulate(
        [headings, rules, *(["\n".join(cell) for cell in row] for row in folded)],
        tablefmt="plain",
        colalign=["right" if heading in numbers else "left" for heading in headings],
        disable_numparse=True,
    )
    return "\n".join(line.rstrip() for line in text.splitlines())


def _widths(
    headings: Sequence[str],
    rows: Sequence[Sequence[Sequence[str]]],
    width: int,
    kept: Collection[str],
) -> dict[str, int]:
    """How wide each column is: what it wants; then the widest text is narrowed until all fit.

    kept: columns that are not narrowed.
    """
    widths = {
        heading: max(len(line) for line in (heading, *(part for row in rows for part in row[i])))
        for i, heading in enumerate(headings)
    }
    texts = [heading for heading in headings if heading not in kept]
    while sum(widths.values()) + _GAP * (len(headings) - 1) > width:
        loose = [heading for heading in texts if widths[heading] > max(_LEAST, len(heading))]
        if not loose:
            break
        widths[max(loose, key=lambda heading: widths[heading])] -= 1
    return widths
