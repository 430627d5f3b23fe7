"""Figures of a dataset: arrays in, Axes out. Nothing here reads or saves a file.

As in `danq.plotting.charts`, the functions draw on an Axes that the caller made; `overview` puts
them on one page.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from danq.plotting import charts
from danq.plotting.points import CROWD, SIZE, Points, annotate, target_points
from danq.plotting.style import GUIDE, INK, OTHER, Style, dress, shortened, styles

_LINES = ("-", "--", ":")  # a second sign of the split, beside its colour
_LONGEST = 24  # characters of a name
_LAYOUT = [["windows", "rank", "scatter"], ["windows", "labels", "labels"]]


def overview(
    names: Sequence[str],
    windows: ArrayLike,
    positives: ArrayLike,
    groups: Sequence[str],
    histograms: ArrayLike,
    *,
    splits: Sequence[str],
) -> Figure:
    """Draw a dataset on one page: its windows, prevalences of targets, labels of windows.

    Parameters
    ----------
    names : sequence of str, length C
        Chromosomes.
    windows : array_like, shape (S, C), int
        Windows of each split on each chromosome.
    positives : array_like, shape (S, T), int
        Positive windows of each target in each split.
    groups : sequence of str, length T
        Group of each target.
    histograms : array_like, shape (S, K + 1), int
        Windows of each split with 0 to K labels.
    splits : sequence of str, length S
        Names of the splits; the first and the last are drawn against each other.

    Returns
    -------
    matplotlib.figure.Figure
    """
    counts = np.asarray(windows)
    totals = counts.sum(axis=1)
    positive_counts = np.asarray(positives)
    style = styles(groups)
    figure = Figure(figsize=(13, 7.5), layout="constrained", facecolor="white")
    axes: dict[str, Axes] = figure.subplot_mosaic(_LAYOUT, width_ratios=[1, 1, 1])
    windows_by_chromosome(axes["windows"], names, counts, splits=splits)
    prevalence = positive_counts.sum(axis=0) / totals.sum()
    charts.prevalence(axes["rank"], prevalence, groups=groups, style=style)
    prevalence_a = positive_counts[0] / totals[0]
    prevalence_b = positive_counts[-1] / totals[-1]
    pair = (splits[0], splits[-1])
    scatter = axes["scatter"]
    prevalence_scatter(scatter, prevalence_a, prevalence_b, groups=groups, splits=pair, style=style)
    labels_per_window(axes["labels"], histograms, splits=splits)
    _add_legend_of_groups(axes["rank"], style)
    return figure


def windows_by_chromosome(
    ax: Axes,
    names: Sequence[str],
    windows: ArrayLike,
    *,
    splits: Sequence[str],
    limit: int = 30,
) -> Axes:
    """Draw the windows on each chromosome as a bar, one piece for each split.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    names : sequence of str, length C
        Chromosomes, drawn from top to bottom; those without a window are left out.
    windows : array_like, shape (S, C), int
        Windows of each split on each chromosome.
    splits : sequence of str, length S
        Names of the splits.
    limit : int
        Number of chromosomes with a bar of their own, those with the most windows; one more bar
        is for the remaining ones together.

    Returns
    -------
    matplotlib.axes.Axes
    """
    bars = _chromosome_bars(names, np.asarray(windows), limit)
    style = styles(splits)
    rows = np.arange(len(bars.names))
    left = np.zeros(len(rows))
    look: dict[str, Any] = {"height": 0.8, "edgecolor": "white", "linewidth": 0.4}
    for split, counts in zip(splits, bars.windows, strict=True):
        colour = style[split].colour
        ax.barh(rows, counts, left=left, color=colour, **look)
        left += counts
    tick_labels = [shortened(name, _LONGEST) for name in bars.names]
    ax.set_yticks(rows, tick_labels, parse_math=False)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.xaxis.set_major_formatter(FuncFormatter(_thousands))
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    dress(ax, "windows", "")
    ax.grid(visible=False, axis="y")
    handles = []
    for split in splits:
        colour = style[split].colour
        handles.append(Line2D([], [], color=colour, linewidth=6))
    above: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
    return _add_legend(ax, handles, splits, ncols=len(splits), **above)


class _Bars(NamedTuple):
    """Bars of `windows_by_chromosome`: their names, and the windows of each split (S, bars)."""

    names: list[str]
    windows: NDArray[np.int_]


def _chromosome_bars(names: Sequence[str], windows: NDArray[np.int_], limit: int) -> _Bars:
    """Return the chromosomes with the most windows, in their order, and one bar for all others."""
    totals = windows.sum(axis=0)
    n_used = np.count_nonzero(totals)
    ranked = np.argsort(-totals, kind="stable")[:n_used]
    largest = np.sort(ranked[:limit])
    remaining = ranked[limit:]
    bars = [names[chromosome] for chromosome in largest]
    counts = windows[:, largest]
    if len(remaining):
        bars.append(f"{len(remaining)} others")
        remainder = windows[:, remaining].sum(axis=1)
        counts = np.column_stack([counts, remainder])
    return _Bars(bars, counts)


def _thousands(value: float, _: int) -> str:
    return f"{value:,.0f}"


def prevalence_scatter(
    ax: Axes,
    a: ArrayLike,
    b: ArrayLike,
    *,
    groups: Iterable[str] | None = None,
    splits: tuple[str, str] = ("train", "test"),
    titles: Sequence[str] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw the prevalence of each target in two splits: `a` to the right, `b` upwards, log scales.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    a, b : array_like, shape (T,)
        Share of positive windows of each target. A target without any in a split cannot be drawn on
        these scales: it is left out, and counted in the label of that axis.
    groups : iterable of str, length T, optional
        Colour and marker of each point.
    splits : tuple of str
        Names of the two splits.
    titles : sequence of str, length T, optional
        Tooltip of each point on a page.
    style : mapping of str to danq.plotting.style.Style, optional
        Colours of the groups; `danq.plotting.style.styles` of the groups when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    points = target_points(a, b, groups=groups, titles=titles, style=style)
    defined = (points.x > 0) & (points.y > 0)
    for group in dict.fromkeys(points.groups):
        rows = np.flatnonzero((points.groups == group) & defined)
        if rows.size:
            _draw_group(ax, points, rows, group)
    limits = _square_limits(points, defined)
    ax.plot(limits, limits, **GUIDE, zorder=1)
    ax.set(xscale="log", yscale="log", xlim=limits, ylim=limits, aspect="equal")
    _label_percent(ax.xaxis, limits)
    _label_percent(ax.yaxis, limits)
    xlabel = _prevalence_label(splits[0], points.x)
    ylabel = _prevalence_label(splits[1], points.y)
    return dress(ax, xlabel, ylabel)


def _draw_group(ax: Axes, points: Points, rows: NDArray[np.intp], group: str) -> None:
    """Draw the points of a group; in a crowd they are small and transparent."""
    style = points.style[group]
    look: dict[str, Any] = {"marker": style.marker, "color": style.colour, "zorder": 3}
    if len(points.x) < CROWD:
        look.update(s=SIZE, alpha=1)
    else:
        look.update(s=12, alpha=0.6)
    x = points.x[rows]
    y = points.y[rows]
    drawn = ax.scatter(x, y, label=group, **look)
    annotate(drawn, points.notes.of(rows))


def _square_limits(points: Points, defined: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the limits of both axes, a little beyond the defined points."""
    x = points.x[defined]
    y = points.y[defined]
    values = np.concatenate([x, y])
    if not values.size:
        return 0.001, 1
    return values.min() / 1.3, values.max() * 1.3


def _prevalence_label(split: str, shares: NDArray[np.float64]) -> str:
    """Return the label of an axis, with the number of targets that it cannot show."""
    n_missing = np.count_nonzero(shares <= 0)
    label = f"positive windows, {split}"
    if n_missing:
        label += f"\n(not shown: {n_missing} without any)"
    return label


def labels_per_window(ax: Axes, histograms: ArrayLike, *, splits: Sequence[str]) -> Axes:
    """Draw how many labels the windows of each split have.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    histograms : array_like, shape (S, K + 1), int
        Windows of each split with 0 to K labels; drawn as shares of the split, on a logarithmic
        scale.
    splits : sequence of str, length S
        Names of the splits.

    Returns
    -------
    matplotlib.axes.Axes
    """
    counts = np.asarray(histograms)
    shares = counts / counts.sum(axis=1, keepdims=True)
    most = np.flatnonzero(counts.sum(axis=0))[-1]
    edges = np.arange(most + 2) - 0.5
    style = styles(splits)
    handles = []
    for rank, (split, heights) in enumerate(zip(splits, shares, strict=True)):
        line = _LINES[rank % len(_LINES)]
        colour = style[split].colour
        look: dict[str, Any] = {"color": colour, "linestyle": line, "linewidth": 1.7}
        ax.stairs(heights[: most + 1], edges, **look)
        handles.append(Line2D([], [], **look))
    lowest = shares[shares > 0].min() / 2
    highest = min(1.1, 2 * shares.max())
    ax.set(yscale="log", ylim=(lowest, highest), xlim=(-0.5, most + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _label_percent(ax.yaxis, (lowest, highest))
    dress(ax, "labels of a window", "windows of the split")
    return _add_legend(ax, handles, splits)


def _label_percent(axis: Axis, limits: tuple[float, float]) -> None:
    """Label a logarithmic axis of shares: at powers of ten, or more often on a short one."""
    low, high = limits
    if high < 5 * low:
        axis.set_major_locator(MaxNLocator(4))
    elif high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    else:
        axis.set_major_locator(LogLocator(subs=(1,)))
    axis.set_major_formatter(FuncFormatter(_percent))
    axis.set_minor_formatter(NullFormatter())


def _percent(value: float, _: int) -> str:
    return f"{100 * value:g} %"


def _add_legend_of_groups(ax: Axes, style: Mapping[str, Style]) -> Axes:
    """Add the groups to a panel; those beyond the palette share one entry."""
    entries = {name: look for name, look in style.items() if look.colour != OTHER}
    n_others = len(style) - len(entries)
    if n_others:
        entries[f"{n_others} others"] = Style(OTHER, "o")
    handles = []
    for look in entries.values():
        handles.append(Line2D([], [], color=look.colour, marker=look.marker, linestyle=""))
    return _add_legend(ax, handles, entries)


def _add_legend(ax: Axes, handles: Sequence[Line2D], labels: Iterable[str], **options: Any) -> Axes:
    """Add a legend whose labels are taken literally.

    Matplotlib would typeset a label with dollar signs and leave out one with a leading underscore.
    """
    blank = [""] * len(handles)
    legend = ax.legend(handles, blank, frameon=False, fontsize=8, **options)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=shortened(label, _LONGEST), color=INK, parse_math=False)
    return ax
