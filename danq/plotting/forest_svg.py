"""Differences with their intervals, one below the other on one axis: a forest plot as SVG."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.ticker import MaxNLocator

from danq.plotting.style import shortened
from danq.plotting.svg import element, text_svg

MOST_NAMED = 80
"""Rows that all have a name; of more rows only those at both ends have one."""

_ENDS = 20  # named rows at either end of a longer plot
_LABEL = 146  # width of the names
_PLOT = 134  # width between the ends of the axis
_TEXT = 164  # width of the numbers on the right, if there are any
_ROW = 17  # height of a row
_CROWD = 300  # height of all rows without a name
_AXIS = 40  # height of the axis and its title
_TOP = 8
_WIDEST = 3  # times the end that three in four intervals keep within: others go on beyond the axis
_NAME = 19  # characters of a name
_BOLD_NAME = 17  # of a mean's, which is in bold: as wide as `_NAME`
_COLOURS = {"above": "var(--above)", "below": "var(--below)", "around": "var(--around)"}
_INK = "fill: currentColor; font-size: 12px"
_SMALL = "fill: currentColor; font-size: 11px"


class ForestRow(NamedTuple):
    """A difference and its interval.

    Attributes
    ----------
    name : str
        Text on the left.
    value, low, high : float
        The difference and its interval; nan ends draw no bar.
    title : str
        What a reader sees who points at it.
    text : str
        On the right: the numbers.
    target : int or None
        Index of the target, by which a page links the points of one target.
    is_mean : bool
        A mean over targets: a diamond, and its name in bold.
    """

    name: str
    value: float
    low: float
    high: float
    title: str
    text: str = ""
    target: int | None = None
    is_mean: bool = False


class _Scale(NamedTuple):
    """The ends of the axis, which stand at the left and right of the plot."""

    low: float
    high: float

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _LABEL + _PLOT * float(np.clip(share, 0, 1))


class _Place(NamedTuple):
    """A row, and the height at which it is drawn."""

    row: ForestRow
    y: float


class Axis(NamedTuple):
    """The ends of an axis of differences, and its numbers.

    Attributes
    ----------
    low, high : float
        Its ends.
    ticks : list of float
        Numbers inside.
    """

    low: float
    high: float
    ticks: list[float]


def forest_axis(rows: Sequence[ForestRow]) -> Axis:
    """Return an axis that holds 0 and all differences, and most of their intervals.

    One very wide interval does not shrink all others: bars may go on beyond the axis.
    """
    values = np.array([row.value for row in rows] or [0.0])
    lows = np.array([row.low for row in rows if np.isfinite(row.low)] or [0.0])
    highs = np.array([row.high for row in rows if np.isfinite(row.high)] or [0.0])
    usual = float(np.quantile(np.maximum(abs(lows), abs(highs)), 0.75))
    widest = _WIDEST * usual
    low = min(-1e-3, -usual / 3, 1.25 * values.min(), lows[lows >= -widest].min(initial=0.0))
    high = max(1e-3, usual / 3, 1.25 * values.max(), highs[highs <= widest].max(initial=0.0))
    ticks = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)
    inside = [float(tick) for tick in ticks if low <= tick <= high]
    return Axis(low, high, inside)


def forest_svg(rows: Sequence[ForestRow], sides: tuple[str, str], axis: Axis) -> str:
    """Return rows of differences, from top to bottom, as one ``<svg>``.

    Parameters
    ----------
    rows : sequence of ForestRow
        More than `MOST_NAMED` of them are drawn with their names only at both ends (and of means).
    sides : tuple of (str, str)
        What it means to lie to the left and to the right of 0, below the axis.
    axis : Axis
        Its ends and numbers; a bar that goes on beyond ends in an arrow.

    Returns
    -------
    str
    """
    scale = _Scale(axis.low, axis.high)
    named = _named(rows)
    marks = ""
    y = float(_TOP)
    step = _CROWD / max(1, len(rows) - sum(named))
    crowd: list[_Place] = []
    for row, has_name in zip(rows, named, strict=True):
        if has_name:
            marks += _row(row, y + _ROW / 2, scale)
            y += _ROW
        else:
            crowd.append(_Place(row, y + step / 2))
            y += step
    has_text = any(row.text for row in rows)
    width = _LABEL + _PLOT + (_TEXT if has_text else 20)
    ground = _axis(axis, scale, y) + _sides(sides, width, y)
    drawing = ground + _crowd(crowd, scale) + marks
    return element("svg", drawing, viewBox=f"0 0 {width} {y + _AXIS:.0f}")


def _named(rows: Sequence[ForestRow]) -> list[bool]:
    """Say which rows have a name: all of a few, else means and those at both ends."""
    if len(rows) <= MOST_NAMED:
        return [True] * len(rows)
    first = next(place for place, row in enumerate(rows) if not row.is_mean)
    last = len(rows) - _ENDS
    return [place < first + _ENDS or place >= last for place in range(len(rows))]


def _row(row: ForestRow, y: float, scale: _Scale) -> str:
    """Return a name, a bar and a point, and the numbers."""
    style = f"{_INK}; font-weight: 650" if row.is_mean else _INK
    name = _fitting(row)
    texts = text_svg(name, _LABEL - 8, y + 4, style, "end")
    if row.text:
        texts += text_svg(row.text, _LABEL + _PLOT + 10, y + 4, _SMALL)
    colour = _COLOURS[_side_of_zero(row)]
    return texts + _bar(row, y, scale, colour) + _point(row, y, scale, colour)


def _fitting(row: ForestRow) -> str:
    """Return a name that fits; of a mean the number of targets in parentheses is kept."""
    if not row.is_mean:
        return shortened(row.name, _NAME)
    name, bracket, count = row.name.rpartition(" (")
    if not bracket:
        return shortened(row.name, _BOLD_NAME)
    ending = bracket + count
    return shortened(name, _BOLD_NAME - len(ending)) + ending


def _side_of_zero(row: ForestRow) -> str:
    if row.low > 0:
        return "above"
    return "below" if row.high < 0 else "around"


def _bar(row: ForestRow, y: float, scale: _Scale, colour: str) -> str:
    """Return the interval, with an arrow where it goes on beyond the axis."""
    if not np.isfinite([row.low, row.high]).all():
        return ""
    left = scale.x(row.low)
    right = scale.x(row.high)
    path = f"M{left:.1f} {y:.1f}H{right:.1f}"
    if row.low < scale.low:
        path += f"M{left + 4:.1f} {y - 3.5:.1f}L{left:.1f} {y:.1f}l4 3.5"
    if row.high > scale.high:
        path += f"M{right - 4:.1f} {y - 3.5:.1f}L{right:.1f} {y:.1f}l-4 3.5"
    width = 3 if row.is_mean else 2
    return element("path", d=path, style=f"fill: none; stroke: {colour}; stroke-width: {width}")


def _point(row: ForestRow, y: float, scale: _Scale, colour: str) -> str:
    """Return the difference as a diamond or a point, with its title."""
    x = scale.x(row.value)
    style = f"fill: {colour}"
    title = element("title", escape(row.title))
    if row.is_mean:
        path = f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6Z"
        return element("path", title, d=path, style=style)
    place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": 4, "style": style}
    if row.target is not None:
        place["data-target"] = row.target
    return element("circle", title, **place)


def _crowd(places: Sequence[_Place], scale: _Scale) -> str:
    """Return the rows without a name: all intervals as one path, and all differences as one."""
    bars = ""
    dots = ""
    for row, y in places:
        dots += f"M{scale.x(row.value) - 1:.1f} {y:.1f}h2"
        if np.isfinite([row.low, row.high]).all():
            bars += f"M{scale.x(row.low):.1f} {y:.1f}H{scale.x(row.high):.1f}"
    if not dots:
        return ""
    style = "fill: none; stroke: var(--around)"
    faint = element("path", d=bars, style=f"{style}; stroke-width: .6; stroke-opacity: .4")
    return faint + element("path", d=dots, style=f"{style}; stroke-width: 2")


def _axis(axis: Axis, scale: _Scale, bottom: float) -> str:
    """Return the grid, the line of no difference, and the numbers of the axis."""
    marks = ""
    for tick in axis.ticks:
        x = f"{scale.x(tick):.1f}"
        style = "stroke: currentColor; stroke-opacity: .13; stroke-width: .8"
        marks += element("line", x1=x, x2=x, y1=_TOP, y2=f"{bottom:.1f}", style=style)
        text = f"{tick:g}".replace("-", "−")
        marks += text_svg(text, scale.x(tick), bottom + 14, _SMALL, "middle")
    zero = f"{scale.x(0):.1f}"
    style = "stroke: currentColor; stroke-width: 1.1"
    return marks + element("line", x1=zero, x2=zero, y1=_TOP, y2=f"{bottom:.1f}", style=style)


def _sides(sides: tuple[str, str], width: float, bottom: float) -> str:
    """Return what both sides of 0 mean, at both ends below the axis."""
    left, right = sides
    y = bottom + 32
    start = text_svg(f"← {left}", 4, y, _SMALL)
    return start + text_svg(f"{right} →", width - 4, y, _SMALL, "end")
