"""Figures of a dataset: arrays in, Axes out. Nothing here reads or saves a file.

As in `danq.plotting.plots`, the functions draw on an Axes that the caller made; `overview` puts them on one page.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from danq.plotting import plots

_LINES = ("-", "--", ":")  # a second sign of the split, beside its colour
_LONGEST = 24  # bases of a name


def overview(names, windows, positives, groups, histograms, *, splits):
    """Draw a dataset on one page: its windows, the prevalence of its targets, the labels of its windows.

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
    windows, positives = np.asarray(windows), np.asarray(positives)
    figure = Figure(figsize=(13, 7.5), layout="constrained", facecolor="white")
    axes = figure.subplot_mosaic(
        [["windows", "rank", "scatter"], ["windows", "labels", "labels"]], width_ratios=[1, 1, 1]
    )
    style, totals = plots.styles(groups), windows.sum(axis=1)
    windows_by_chromosome(axes["windows"], names, windows, splits=splits)
    plots.prevalence(axes["rank"], positives.sum(axis=0) / totals.sum(), groups=groups, style=style)
    prevalence_scatter(
        axes["scatter"],
        positives[0] / totals[0],
        positives[-1] / totals[-1],
        groups=groups,
        splits=(splits[0], splits[-1]),
        style=style,
    )
    labels_per_window(axes["labels"], histograms, splits=splits)
    _legend_of_groups(axes["rank"], style)
    return figure


def windows_by_chromosome(ax, names, windows, *, splits, limit=30):
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
        Bars for so many chromosomes, those with the most windows; one more bar holds the rest.

    Returns
    -------
    matplotlib.axes.Axes
    """
    names, windows = _most(names, np.asarray(windows), limit)
    left, style = np.zeros(len(names)), plots.styles(splits)
    for split, own in zip(splits, windows, strict=True):
        ax.barh(
            np.arange(len(names)),
            own,
            left=left,
            height=0.8,
            color=style[split].colour,
            edgecolor="white",
            linewidth=0.4,
        )
        left += own
    ax.set_yticks(np.arange(len(names)), map(_short, names), parse_math=False)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    plots._dress(ax, "windows", "")
    ax.grid(visible=False, axis="y")
    return _legend(
        ax,
        [Line2D([], [], color=style[split].colour, linewidth=6) for split in splits],
        splits,
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=len(splits),
    )


def _most(names, windows, limit):
    """Return the chromosomes with the most windows, in their order, and one called "others" for the rest."""
    totals = windows.sum(axis=0)
    ranked = np.argsort(-totals, kind="stable")[: np.count_nonzero(totals)]
    kept, others = np.sort(ranked[:limit]), ranked[limit:]
    names, counts = [names[place] for place in kept], windows[:, kept]
    if len(others):
        names.append(f"{len(others)} others")
        counts = np.column_stack([counts, windows[:, others].sum(axis=1)])
    return names, counts


def prevalence_scatter(ax, a, b, *, groups=None, splits=("train", "test"), titles=None, style=None):
    """Draw the prevalence of each target in two splits, on logarithmic scales: `a` to the right, `b` upwards.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    a, b : array_like, shape (T,)
        Share of positive windows of each target. A target without any in a split has no place on these scales: it is
        left out, and counted in the label of that axis.
    groups : sequence of str, length T, optional
        Colour and marker of each point.
    splits : tuple of str
        Names of the two splits.
    titles : sequence of str, length T, optional
        What `danq.plotting.plots.svg` shows when the pointer rests on a point.
    style : dict of str to danq.plotting.plots.Style, optional
        Colours of the groups; `danq.plotting.plots.styles` of the groups when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    groups = np.array([""] * len(a) if groups is None else list(groups), dtype=object)
    style = style or plots.styles(groups)
    for group in dict.fromkeys(groups):
        rows = np.flatnonzero((groups == group) & (a > 0) & (b > 0))
        if rows.size:
            _points(
                ax,
                a[rows],
                b[rows],
                style[group],
                34 if len(a) < 100 else 12,
                group,
                plots._take(titles, rows),
            )
    values = np.concatenate([a, b])[np.tile((a > 0) & (b > 0), 2)]
    limits = (values.min() / 1.3, values.max() * 1.3) if values.size else (0.001, 1)
    ax.plot(limits, limits, color=plots.INK, linewidth=0.8, alpha=0.45, zorder=1)
    ax.set(xscale="log", yscale="log", xlim=limits, ylim=limits, aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        _percent_axis(axis, limits)
    labels = [
        f"positive windows, {split}" + (f"\n(not shown: {missing} without any)" if missing else "")
        for split, missing in zip(splits, ((a <= 0).sum(), (b <= 0).sum()), strict=True)
    ]
    return plots._dress(ax, *labels)


def labels_per_window(ax, histograms, *, splits):
    """Draw how many labels the windows of each split have.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    histograms : array_like, shape (S, K + 1), int
        Windows of each split with 0 to K labels; drawn as shares of the split, on a logarithmic scale.
    splits : sequence of str, length S
        Names of the splits.

    Returns
    -------
    matplotlib.axes.Axes
    """
    histograms = np.asarray(histograms)
    shares = histograms / histograms.sum(axis=1, keepdims=True)
    last, style = np.flatnonzero(histograms.sum(axis=0))[-1], plots.styles(splits)
    edges, lines = np.arange(last + 2) - 0.5, []
    for place, (split, own) in enumerate(zip(splits, shares, strict=True)):
        ax.stairs(
            own[: last + 1],
            edges,
            color=style[split].colour,
            linestyle=_LINES[place % 3],
            linewidth=1.7,
        )
        lines.append(
            Line2D([], [], color=style[split].colour, linestyle=_LINES[place % 3], linewidth=1.7)
        )
    limits = shares[shares > 0].min() / 2, min(1.1, 2 * shares.max())
    ax.set(yscale="log", ylim=limits, xlim=(edges[0], edges[-1]))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _percent_axis(ax.yaxis, limits)
    return _legend(plots._dress(ax, "labels of a window", "windows of the split"), lines, splits)


def _points(ax, x, y, style, size, label, titles):
    """Draw markers, and tie their titles to them for `danq.plotting.plots.svg`; many are small and let others shine through."""
    points = ax.scatter(
        x,
        y,
        s=size,
        marker=style.marker,
        color=style.colour,
        alpha=1 if size > 20 else 0.6,
        label=label,
        zorder=3,
    )
    if titles is not None:
        points.titles = titles


def _percent_axis(axis, limits):
    """Label a logarithmic axis of shares: at powers of ten, or more often where there are few of them."""
    if limits[1] < 5 * limits[0]:
        axis.set_major_locator(MaxNLocator(4))
    else:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if limits[1] < 100 * limits[0] else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axis.set_minor_formatter(NullFormatter())


def _legend_of_groups(ax, style):
    """Add the groups to a panel; those beyond the palette share one entry."""
    own = {name: one for name, one in style.items() if one.colour != plots.OTHER}
    entries = dict(own)
    if len(own) < len(style):
        entries[f"{len(style) - len(own)} others"] = plots.Style(plots.OTHER, "o")
    marks = [
        Line2D([], [], color=one.colour, marker=one.marker, linestyle="")
        for one in entries.values()
    ]
    return _legend(ax, marks, entries)


def _legend(ax, handles, labels, **place):
    """Add a legend; every label is taken literally, also one that looks like a formula or begins with an underscore."""
    legend = ax.legend(handles, [""] * len(handles), frameon=False, fontsize=8, **place)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=_short(label), color=plots.INK, parse_math=False)
    return ax


def _short(text):
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
