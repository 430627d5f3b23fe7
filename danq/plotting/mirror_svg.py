"""Two histograms back to back, in a grid: one upwards, one downwards, as SVG."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danq.plotting.style import shortened
from danq.plotting.svg import element, text_svg

_LABEL = 110  # width of the names of rows
_CELL = 130  # width of a histogram
_GAP = 16
_HALF = 22  # height of the highest bar, to either side
_ROW = 2 * _HALF + 12
_TOP = 24  # height of the names of columns
_TEXT = "fill: currentColor; font-size: 12px"
_SMALL = "fill: currentColor; font-size: 11px"
_NAME = 15  # characters of a name


class Mirror(NamedTuple):
    """Two histograms over the same bins, from 0 to 1.

    Attributes
    ----------
    up, down : array_like, shape (bins,)
        Counts; each is drawn as shares of its own total.
    title : str
        What a reader sees who points at it.
    """

    up: ArrayLike
    down: ArrayLike
    title: str


def mirrors_svg(
    rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[str, str], Mirror]
) -> str:
    """Return a grid of histograms as one ``<svg>``.

    Parameters
    ----------
    rows, columns : sequence of str
        Their names, from top to bottom and from left to right.
    cells : mapping of (str, str) to Mirror
        By row and column; what is missing stays empty.

    Returns
    -------
    str
    """
    marks = ""
    for number, column in enumerate(columns):
        middle = _left(number) + _CELL / 2
        marks += text_svg(column, middle, 14, _TEXT, "middle")
    for rank, row in enumerate(rows):
        zero = _TOP + rank * _ROW + _HALF
        name = shortened(row, _NAME)
        marks += text_svg(name, _LABEL - 8, zero + 4, _TEXT, "end")
        for number, column in enumerate(columns):
            if (row, column) in cells:
                marks += _cell(cells[row, column], _left(number), zero)
    bottom = _TOP + len(rows) * _ROW
    for number in range(len(columns)):
        marks += _axis(_left(number), bottom)
    width = _left(len(columns)) - _GAP + 8
    box = {"viewBox": f"0 0 {width} {bottom + 12}", "data-narrow": ""}
    return element("svg", marks, **box)


def _left(number: int) -> int:
    return _LABEL + number * (_CELL + _GAP)


def _cell(mirror: Mirror, left: int, zero: int) -> str:
    """Return both histograms of a cell, on the line between them."""
    line = f"M{left} {zero}h{_CELL}"
    style = "stroke: currentColor; stroke-opacity: .4; stroke-width: .8"
    up = element("path", d=_bars(mirror.up, left, zero, -1), style="fill: var(--above)")
    down = element("path", d=_bars(mirror.down, left, zero, 1), style="fill: var(--below)")
    name = element("title", escape(mirror.title))
    return element("g", name, up, down, element("path", d=line, style=style))


def _bars(counts: ArrayLike, left: int, zero: int, direction: int) -> str:
    """Return the bars of a histogram, their heights the square roots of its shares."""
    values: NDArray[np.float64] = np.asarray(counts, float)
    heights = _HALF * np.sqrt(values / max(values.sum(), 1.0))
    width = _CELL / len(values)
    path = ""
    for rank in np.flatnonzero(heights).tolist():
        x = left + rank * width
        path += f"M{x:.1f} {zero}v{direction * heights[rank]:.1f}h{width - 0.6:.1f}V{zero}Z"
    return path


def _axis(left: int, y: int) -> str:
    start = text_svg("0", left, y + 6, _SMALL)
    return start + text_svg("1", left + _CELL, y + 6, _SMALL, "end")
