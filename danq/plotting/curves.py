"""Curves, a line per model or training: arrays in, Axes out.

As in `danq.plotting.charts`, the functions draw on an Axes that the caller made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from danq.plotting.points import Notes, mark
from danq.plotting.style import GUIDE, INK, Style, dress, styles

_CURVE: dict[str, Any] = {"linewidth": 1.7, "alpha": 0.8}
_BAND: dict[str, Any] = {"alpha": 0.2, "linewidth": 0}
_SHADE: dict[str, Any] = {"color": INK, "alpha": 0.08, "linewidth": 0}

_Z = 1.96  # standard errors of the 95 % interval of a normal distribution


def training_curves(
    ax: Axes,
    curves: Sequence[ArrayLike],
    *,
    labels: Sequence[str],
    best: Sequence[int] | None = None,
    dashed: bool = False,
    ylabel: str = "",
    titles: Sequence[str] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw one line per training run over its epochs, counted from 1.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; call again to lay other curves over these.
    curves : sequence of array_like, shape (epochs,)
        A value after each epoch; runs may differ in length.
    labels : sequence of str
        The model of each curve; equal labels (seeds of one model) share a colour.
    best : sequence of int, optional
        Epoch to mark on each curve.
    dashed : bool
        Draw dashed lines, for a second quantity on the same axes.
    ylabel : str
        Axis label.
    titles : sequence of str, optional
        Tooltip of the mark of each curve on a page.
    style : mapping of str to Style, optional
        Colours of the labels; `danq.plotting.style.styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    line = dict(_CURVE, linestyle="-")
    if dashed:
        line.update(linestyle="--", linewidth=1)
    notes = Notes(titles)
    for run, (curve, label) in enumerate(zip(curves, labels, strict=True)):
        values = np.asarray(curve, float)
        epochs = np.arange(1, len(values) + 1)
        _draw_curve(ax, epochs, values, label, style[label], line)
        if best is not None:
            epoch = best[run]
            value = values[epoch - 1]
            note = notes.of([run])
            mark(ax, [epoch], [value], style[label], notes=note)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return dress(ax, "epoch", ylabel)


def _draw_curve(
    ax: Axes,
    x: NDArray[Any],
    y: NDArray[np.float64],
    label: str,
    style: Style,
    line: Mapping[str, Any] = _CURVE,
) -> None:
    """Draw a line; one of a single point is a dot, because it would not show."""
    marker = "." if len(x) == 1 else ""
    ax.plot(x, y, color=style.colour, marker=marker, label=label, **line)


def interaction_curves(
    ax: Axes,
    distances: ArrayLike,
    effects: Sequence[ArrayLike],
    errors: Sequence[ArrayLike],
    *,
    labels: Sequence[str],
    planted: ArrayLike | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw the interaction of two motifs, beyond the sum of their effects, against their distance.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    distances : array_like, shape (D,)
        Distances (bp), ascending.
    effects, errors : sequence of array_like, shape (D,)
        Mean interaction of each curve (log-odds) and its standard error, of which 1.96 either way
        make a band: the 95 % interval of a normal distribution.
    labels : sequence of str
        The model of each curve; equal labels (seeds of one model) share a colour.
    planted : array_like, shape (D,), bool, optional
        Distances at which a planted rule holds: shaded, half-way to the neighbouring distances.
    style : mapping of str to Style, optional
        Colours of the labels; `danq.plotting.style.styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    x = np.asarray(distances, float)
    if planted is not None:
        _shade(ax, x, np.asarray(planted, int))
    ax.axhline(0, **GUIDE)
    for curve, error, label in zip(effects, errors, labels, strict=True):
        values = np.asarray(curve, float)
        margin = _Z * np.asarray(error, float)
        colour = style[label].colour
        low = values - margin
        high = values + margin
        ax.fill_between(x, low, high, color=colour, **_BAND)
        _draw_curve(ax, x, values, label, style[label])
    return dress(ax, "distance (bp)", "interaction (log-odds)")


def _shade(ax: Axes, x: NDArray[np.float64], holds: NDArray[np.int_]) -> None:
    """Shade the stretches of `x` where `holds` is 1, half-way to the neighbouring values."""
    middles = (x[1:] + x[:-1]) / 2
    edges = np.concatenate([x[:1], middles, x[-1:]])
    borders = np.flatnonzero(np.diff(holds, prepend=0, append=0))
    for low, high in borders.reshape(-1, 2):
        ax.axvspan(edges[low], edges[high], **_SHADE)


def learning_curves(
    ax: Axes,
    windows: Sequence[ArrayLike],
    values: Sequence[ArrayLike],
    low: Sequence[ArrayLike],
    high: Sequence[ArrayLike],
    *,
    labels: Sequence[str],
    ylabel: str,
    zero: bool = False,
    titles: Sequence[Sequence[str]] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw values against the number of training windows, a line and a band each.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    windows : sequence of array_like, shape (shares,)
        Number of training windows at the points of each line, ascending; on a logarithmic axis.
    values, low, high : sequence of array_like, shape (shares,)
        The points, and the ends of the band; where these are nan there is none.
    labels : sequence of str
        The model, or pair of models, of each line.
    ylabel : str
        Axis label.
    zero : bool
        Draw a line at 0: no difference.
    titles : sequence of sequences of str, optional
        Tooltip of each point of each line on a page.
    style : mapping of str to Style, optional
        Colours of the labels; `danq.plotting.style.styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    if zero:
        ax.axhline(0, **GUIDE)
    for row, label in enumerate(labels):
        x = np.asarray(windows[row], float)
        y = np.asarray(values[row], float)
        bottom = np.asarray(low[row], float)
        top = np.asarray(high[row], float)
        look = style[label]
        notes = Notes(None if titles is None else titles[row])
        ax.fill_between(x, bottom, top, color=look.colour, **_BAND)
        ax.plot(x, y, color=look.colour, label=label, **_CURVE)
        mark(ax, x, y, look, notes=notes)
    ax.set_xscale("log")
    ticks = np.unique(np.concatenate([np.asarray(x, float) for x in windows]))
    ax.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    ax.set_xticks([], minor=True)
    return dress(ax, "training windows", ylabel)


def reliability(
    ax: Axes,
    predicted: Sequence[ArrayLike],
    observed: Sequence[ArrayLike],
    *,
    labels: Sequence[str],
    titles: Sequence[Sequence[str]] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw, for each model, the share of positives among labels of about the same probability.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    predicted, observed : sequence of array_like, shape (bins,)
        Mean probability and share of positives of each bin that holds any label.
    labels : sequence of str
        The model of each line.
    titles : sequence of sequences of str, optional
        Tooltip of each point of each line on a page.
    style : mapping of str to Style, optional
        Colours of the labels; `danq.plotting.style.styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    ax.plot([0, 1], [0, 1], **GUIDE, zorder=1)
    for row, label in enumerate(labels):
        x = predicted[row]
        y = observed[row]
        look = style[label]
        notes = Notes(None if titles is None else titles[row])
        ax.plot(x, y, color=look.colour, linewidth=1.2, alpha=0.7, label=label)
        mark(ax, x, y, look, notes=notes)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    return dress(ax, "mean predicted probability", "share of positives")


def precision_recall(
    ax: Axes,
    recall: Sequence[ArrayLike],
    precision: Sequence[ArrayLike],
    *,
    labels: Sequence[str],
    prevalence: float,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw precision-recall curves of one target, a line per model.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    recall, precision : sequence of array_like, shape (points,)
        The points of each curve.
    labels : sequence of str
        The model of each curve.
    prevalence : float
        Share of positive windows: the precision of guessing, drawn as a line.
    style : mapping of str to Style, optional
        Colours of the labels; `danq.plotting.style.styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    ax.axhline(prevalence, **GUIDE, linestyle=":")
    for row, label in enumerate(labels):
        colour = style[label].colour
        x = recall[row]
        y = precision[row]
        ax.plot(x, y, color=colour, label=label, linewidth=1.5, alpha=0.85)
    ax.set(xlim=(0, 1.01), ylim=(0, 1.01), aspect="equal")
    return dress(ax, "recall", "precision")
