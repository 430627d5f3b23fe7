"""What models cost against how good they are: arrays in, Axes out."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from danq.plotting.points import Notes, mark
from danq.plotting.style import Style, dress, styles


def cost_chart(
    ax: Axes,
    costs: Sequence[float],
    scores: Sequence[ArrayLike],
    *,
    labels: Sequence[str],
    titles: Sequence[Sequence[str]] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw a point per training over the cost of its model, and a dash at the mean of each model.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    costs : sequence of float
        Multiply-adds per window of each model, on a log scale.
    scores : sequence of array_like, shape (seeds,)
        A score of each training of each model.
    labels : sequence of str
        The models.
    titles : sequence of sequences of str, optional
        Tooltips of the points on a page.
    style : mapping of str to Style, optional
        Colours of the models; `danq.plotting.style.styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    looks = style or styles(labels)
    ax.set_xscale("log")
    for rank, (label, cost, values) in enumerate(zip(labels, costs, scores, strict=True)):
        seeds = np.asarray(values, float)
        look = looks[label]
        notes = Notes(None if titles is None else list(titles[rank]), None)
        mark(ax, np.full(len(seeds), cost), seeds, look, filled=False, notes=notes)
        if len(seeds) > 1:
            mean = float(seeds.mean())
            ax.plot([cost / 1.15, cost * 1.15], [mean, mean], color=look.colour, linewidth=2)
    if costs:
        ax.set_xlim(min(costs) / 2, max(costs) * 2)
    return dress(ax, "multiply-adds per window", "mean test AUPRC")
