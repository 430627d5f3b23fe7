"""Precision-recall curves of many targets in one panel: arrays in, Axes out."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from danq.plotting.style import Style, dress, styles

MOST_LINES = 100
"""Above so many targets their medians are drawn: single lines would hide each other."""

_QUARTILES = (25, 50, 75)


def overlay(
    ax: Axes,
    recall: ArrayLike,
    precision: ArrayLike,
    *,
    groups: Sequence[str],
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw the precision-recall curves of all targets of one model.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    recall : array_like, shape (levels,)
        Levels of recall, which all targets share.
    precision : array_like, shape (T, levels)
        Precision of each target at each level.
    groups : sequence of str, length T
        Group of each target. Above `MOST_LINES` targets a line is the median of the targets whose
        groups share a colour, and a band holds their middle half.
    style : mapping of str to Style, optional
        Colours of the groups; `danq.plotting.style.styles` of the groups when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(groups)
    x = np.asarray(recall, float)
    curves = np.asarray(precision, float)
    colours = np.array([style[group].colour for group in groups])
    if len(curves) > MOST_LINES:
        _draw_medians(ax, x, curves, colours)
    else:
        _draw_lines(ax, x, curves, colours)
    ax.set(xlim=(0, 1.01), ylim=(0, 1.01), aspect="equal")
    return dress(ax, "recall", "precision")


def _draw_lines(
    ax: Axes, x: NDArray[np.float64], curves: NDArray[np.float64], colours: Iterable[str]
) -> None:
    for curve, colour in zip(curves, colours, strict=True):
        ax.plot(x, curve, color=colour, linewidth=0.8, alpha=0.7)


def _draw_medians(
    ax: Axes, x: NDArray[np.float64], curves: NDArray[np.float64], colours: NDArray[np.str_]
) -> None:
    for colour in dict.fromkeys(colours.tolist()):
        members = curves[colours == colour]
        low, median, high = np.percentile(members, _QUARTILES, axis=0)
        ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(x, median, color=colour, linewidth=1.5)
