"""Values along a stretch of the genome, of several models, over known peaks, as a small SVG."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from danq.plotting.style import hue
from danq.plotting.svg import ROOM, STRETCH_STYLE, TOP, element, mark, row_title, shade

_WIDTH = 600  # as wide as the 60 bases of a locus
_ROW = 122  # height of a row, its title and its peaks
_AXIS = 26  # height of the positions below the last row
_LINE = "fill: none; stroke-width: 2"


class Line(NamedTuple):
    """The values of a model.

    Attributes
    ----------
    colour : str
        Of the palette, hexadecimal.
    start, end : numpy.ndarray, shape (n,)
        Bases of each value, from left to right (bp, 0-based half-open).
    value : numpy.ndarray, shape (n,)
        The values, not below 0.
    """

    colour: str
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    value: NDArray[np.float64]


class Row(NamedTuple):
    """Values of all models for one target.

    Attributes
    ----------
    title : str
        Text above it.
    peaks : sequence of tuple of (int, int)
        What is shaded, and marked below (bp, 0-based half-open).
    lines : sequence of Line
        The models.
    top : float
        The value at the upper end.
    """

    title: str
    peaks: Sequence[tuple[int, int]]
    lines: Sequence[Line]
    top: float


class _Scale(NamedTuple):
    """How bases become pixels: the first base, and pixels per base."""

    start: int
    unit: float

    def x(self, position: float) -> float:
        return round((position - self.start) * self.unit, 1)


def tracks_svg(rows: Sequence[Row], start: int, end: int) -> str:
    """Return rows of values, one below the other and above their positions, as one ``<svg>``.

    Parameters
    ----------
    rows : sequence of Row
        From top to bottom.
    start, end : int
        The stretch (bp, 0-based half-open).

    Returns
    -------
    str
    """
    scale = _Scale(start, _WIDTH / (end - start))
    drawn = ""
    for rank, row in enumerate(rows):
        drawn += element("g", _row(row, scale), transform=f"translate(0 {_ROW * rank})")
    height = _ROW * len(rows) + _AXIS
    axis = element("g", _axis(start, end), transform=f"translate(0 {_ROW * len(rows)})")
    drawing = element("g", drawn, axis, style=STRETCH_STYLE)
    return element("svg", drawing, viewBox=f"0 0 {_WIDTH} {height}")


def _row(row: Row, scale: _Scale) -> str:
    """Return a title, the peaks, the line of 0, and the models."""
    peaks = ""
    for left, right in row.peaks:
        # A peak narrower than a pixel would not be seen.
        ends = (scale.x(left), max(scale.x(right), scale.x(left) + 1))
        peaks += shade(*ends, opacity=0.16) + mark(*ends)
    floor = TOP + ROOM
    zero = element("path", d=f"M0 {floor}h{_WIDTH}v.6H0Z", opacity=".4")
    lines = ""
    for line in row.lines:
        path = _steps(line, scale, row.top)
        if path:
            style = f"{_LINE}; stroke: {hue(line.colour)}"
            lines += element("path", d=path, style=style)
    return row_title(row.title) + peaks + zero + lines


def _steps(line: Line, scale: _Scale, top: float) -> str:
    """Return the steps of a line as a path, with a gap where bases have no value."""
    path = ""
    before = None
    unit = ROOM / max(top, 1e-9)
    for start, end, value in zip(line.start, line.end, line.value, strict=True):
        y = f"{TOP + ROOM - unit * value:.1f}"
        path += f"V{y}" if start == before else f"M{scale.x(start):g} {y}"
        path += f"H{scale.x(end):g}"
        before = end
    return path


def _axis(start: int, end: int) -> str:
    """Return the positions at both ends and in the middle."""
    texts = ""
    for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        text = f"{start + round(share * (end - start)):,}"
        texts += element("text", escape(text), x=f"{share * _WIDTH:g}", y=18, text_anchor=anchor)
    return texts
