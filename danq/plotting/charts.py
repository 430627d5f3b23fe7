"""Charts of targets, a point or a cell each: arrays in, Axes out.

The functions draw on an Axes that the caller made, so a notebook arranges them as it likes. Nothing
here reads or saves a file, or knows what a metric is. Lines are drawn by `danq.plotting.curves`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from danq.plotting.points import Points, target_points
from danq.plotting.style import GUIDE, INK, Style, dress, shortened

_BAR: dict[str, Any] = {"linewidth": 0.9, "alpha": 0.45, "zorder": 2}
CROWDED = 200
"""Above so many targets their density is drawn, and as points only those that differ clearly."""

_LONGEST_NAME = 28  # characters on the axis of a matrix


class Canvas(NamedTuple):
    """An empty figure.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    ax : matplotlib.axes.Axes
        Its only axes.
    """

    figure: Figure
    ax: Axes


def canvas(width: float, height: float) -> Canvas:
    """Return a figure with one Axes, fit for `danq.plotting.inline.figure_svg`.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Returns
    -------
    Canvas
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    return Canvas(figure, figure.subplots())


def scatter_models(
    ax: Axes,
    a: ArrayLike,
    b: ArrayLike,
    *,
    groups: Iterable[str] | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    labels: tuple[str, str] = ("a", "b"),
    titles: Sequence[str] | None = None,
    keys: Sequence[int] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw one point per target: model `b` to the right, model `a` upwards.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    a, b : array_like, shape (T,)
        A metric between 0 and 1 of each target; targets with an undefined value are left out.
    groups : iterable of str, length T, optional
        Colour and marker of each point.
    low, high : array_like, shape (T,), optional
        Interval of ``a - b``. A point whose interval excludes 0 is filled and has it as a bar;
        above `CROWDED` targets only such points are drawn, over the density of all.
    labels : tuple of str
        Axis labels of `a` and `b`.
    titles : sequence of str, length T, optional
        Tooltip of each point on a page.
    keys : sequence of int, length T, optional
        Index of the target of each point, by which a page links the points of one target in all
        its figures.
    style : mapping of str to Style, optional
        Colours of the groups; `danq.plotting.style.styles` of the groups when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    points = target_points(b, a, groups=groups, titles=titles, keys=keys, style=style)
    defined = np.isfinite(points.x) & np.isfinite(points.y)
    values = np.concatenate([points.x[defined], points.y[defined]])
    ends = _ends(values)
    ax.plot(ends, ends, **GUIDE, zorder=1)
    crowded = defined.sum() > CROWDED
    if crowded:
        _draw_density(ax, points.x[defined], points.y[defined], ends)
    # The interval is that of a - b, so its bar starts at b.
    bars: dict[str, Any] = {"start": points.x, "low": low, "high": high}
    _draw_differences(ax, points, defined, **bars, only_clear=bool(crowded))
    ax.set(xlim=ends, ylim=ends, aspect="equal")
    upwards, rightwards = labels
    return dress(ax, rightwards, upwards)


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of an axis that holds all values, and nothing far from them.

    A margin keeps markers at the very ends whole: the axis may go on a little beyond 0 and 1.
    """
    if not values.size:
        return 0.0, 1.0
    low = float(values.min())
    high = float(values.max())
    margin = max(0.06 * (high - low), 0.01)
    return low - margin, high + margin


def _draw_density(
    ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], ends: tuple[float, float]
) -> None:
    """Draw how many points lie where, as hexagons whose shade follows their logarithm."""
    extent = (*ends, *ends)
    shades = ListedColormap([to_rgba(INK, opacity) for opacity in (0.1, 0.2, 0.3, 0.45, 0.6)])
    look: dict[str, Any] = {"cmap": shades, "edgecolors": "none", "zorder": 0}
    ax.hexbin(x, y, gridsize=30, extent=extent, bins="log", mincnt=1, **look)


def _draw_differences(
    ax: Axes,
    points: Points,
    defined: NDArray[np.bool_],
    *,
    start: NDArray[np.float64],
    low: ArrayLike | None,
    high: ArrayLike | None,
    only_clear: bool = False,
) -> None:
    """Draw points, filled and with their interval as a bar from `start` where it excludes 0.

    With `only_clear` no others are drawn.
    """
    below = _bound(low, len(start))
    above = _bound(high, len(start))
    excludes_zero = ~((below <= 0) & (above >= 0))
    if only_clear:
        defined = defined & excludes_zero
    for group in dict.fromkeys(points.groups):
        members = (points.groups == group) & defined
        colour = points.style[group].colour
        for filled in (True, False):
            rows = np.flatnonzero(members & (excludes_zero == filled))
            if rows.size:
                points.draw(ax, rows, group, filled=filled)
            if filled and rows.size:  # other bars cross the line anyhow
                x = points.x[rows]
                bottom = start[rows] + below[rows]
                top = start[rows] + above[rows]
                ax.vlines(x, bottom, top, color=colour, **_BAR)


def _bound(values: ArrayLike | None, n_targets: int) -> NDArray[np.float64]:
    """Return one end of each interval; nan where there are no intervals."""
    if values is None:
        return np.full(n_targets, np.nan)
    return np.asarray(values, float)


def effects(
    ax: Axes,
    x: ArrayLike,
    values: ArrayLike,
    *,
    groups: Iterable[str] | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    labels: tuple[str, str] = ("x", "difference"),
    titles: Sequence[str] | None = None,
    keys: Sequence[int] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw each target's difference between two models against what may explain it, on a log scale.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (T,)
        Positive, as a prevalence or a number of windows; targets where it is 0 are left out.
    values, low, high : array_like, shape (T,)
        Differences and their intervals; a point is filled when its interval excludes 0.
    groups, titles, keys, style : optional
        As `scatter_models`.
    labels : tuple of str
        Axis labels.

    Returns
    -------
    matplotlib.axes.Axes
    """
    points = target_points(x, values, groups=groups, titles=titles, keys=keys, style=style)
    defined = np.isfinite(points.y) & (points.x > 0)
    ax.axhline(0, **GUIDE, zorder=1)
    zero = np.zeros(len(points.x))
    _draw_differences(ax, points, defined, start=zero, low=low, high=high)
    ax.set_xscale("log")
    _label_decades(ax.xaxis, ax.get_xlim(), "{:g}")
    return dress(ax, *labels)


def prevalence(
    ax: Axes,
    values: ArrayLike,
    *,
    groups: Iterable[str] | None = None,
    titles: Sequence[str] | None = None,
    keys: Sequence[int] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw targets by rank of their prevalence, on a logarithmic scale.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    values : array_like, shape (T,)
        Share of positive windows of each target. A target without any cannot be drawn on this scale
        and is left out.
    groups, titles, keys, style : optional
        As `scatter_models`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    shares = np.asarray(values, float)
    order = np.argsort(-shares, kind="stable")
    order = order[shares[order] > 0]
    ranks = np.zeros(len(shares))
    ranks[order] = np.arange(1, len(order) + 1)
    points = target_points(ranks, shares, groups=groups, titles=titles, keys=keys, style=style)
    for group in dict.fromkeys(points.groups[order]):
        rows = order[points.groups[order] == group]
        points.draw(ax, rows, group)
    ax.set_yscale("log")
    ax.set_xlim(0.3, len(order) + 0.7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _label_decades(ax.yaxis, ax.get_ylim(), "{:g} %", 100)
    return dress(ax, "targets by rank", "positive windows")


def _label_decades(axis: Axis, limits: tuple[float, float], text: str, factor: float = 1) -> None:
    """Label the ticks of a logarithmic axis, more of them on a short one.

    A range within one decade would otherwise carry a single labelled tick, or none.
    """
    digits = "123456789" if limits[1] < 10 * limits[0] else "25"

    def major(value: float, _: int) -> str:
        return text.format(factor * value)

    def minor(value: float, _: int) -> str:
        leading = f"{value:e}"[0]
        return text.format(factor * value) if leading in digits else ""

    axis.set_major_formatter(FuncFormatter(major))
    axis.set_minor_formatter(FuncFormatter(minor))


def effect_matrix(
    ax: Axes,
    values: NDArray[np.float64],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    limit: float | None = None,
) -> Axes:
    """Draw a matrix of effects in colour: red above 0, blue below, white at 0.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    values : numpy.ndarray, shape (R, C)
        Falls in log-odds; nan where there is none, which is a dot.
    rows, columns : sequence of str
        Their names.
    limit : float, optional
        The effect of the deepest colour; the largest of `values` when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    if limit is None:
        limit = max(float(np.nanmax(np.abs(values), initial=0)), 1e-9)
    # An odd number of colours, so that 0 is white; few, so that the colour bar is no bitmap.
    colours = matplotlib.colormaps["RdBu_r"].resampled(41)
    mesh = ax.pcolormesh(values, cmap=colours, vmin=-limit, vmax=limit, edgecolors="none")
    shrink = min(1, 8 / len(rows))
    ticks = [-limit, 0, limit]
    bar = ax.figure.colorbar(mesh, ax=ax, shrink=shrink, ticks=ticks, format="%.2g")
    bar.set_label("fall in log-odds", color=INK)
    for axes in (ax, bar.ax):
        axes.tick_params(length=0, labelsize=8.5, colors=INK)
        for spine in axes.spines.values():
            spine.set_color(INK)
    across = np.arange(len(columns)) + 0.5
    down = np.arange(len(rows)) + 0.5
    ax.set_xticks(across, map(_axis_name, columns), rotation=90, parse_math=False)
    ax.set_yticks(down, map(_axis_name, rows), parse_math=False)
    absent_down, absent_across = np.nonzero(np.isnan(values))
    if absent_down.size:
        look: dict[str, Any] = {"s": 2.5, "color": INK, "alpha": 0.4, "linewidths": 0}
        ax.scatter(absent_across + 0.5, absent_down + 0.5, **look)
    ax.invert_yaxis()
    return ax


def _axis_name(name: str) -> str:
    """Return a name fit for an axis: invisible characters replaced, a long name cut."""
    visible = ""
    for character in name:
        visible += character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
    return shortened(visible, _LONGEST_NAME)
