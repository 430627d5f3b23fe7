"""Trials of a search, a point each: arrays in, Axes out."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from danq.plotting.points import SIZE, Notes, mark
from danq.plotting.style import Style, dress, styles

_BEST = 2.5  # times the area of another marker


def trial_points(
    ax: Axes,
    rates: Sequence[ArrayLike],
    values: Sequence[ArrayLike],
    *,
    complete: Sequence[ArrayLike],
    labels: Sequence[str],
    ylabel: str = "",
    titles: Sequence[Sequence[str]] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Axes:
    """Draw what each trial of some models gave, against its learning rate.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    rates, values : sequence of array_like, shape (trials,)
        Learning rates, above 0, and what they gave, for each model; nan is not drawn.
    complete : sequence of array_like, shape (trials,), bool
        Whether a trial was not cut short: others are hollow. The best complete one is larger.
    labels : sequence of str
        The models.
    ylabel : str
        Axis label.
    titles : sequence of sequence of str, optional
        Tooltip of each trial on a page.
    style : mapping of str to Style, optional
        Colours of the models; `danq.plotting.style.styles` of them when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    looks = style or styles(labels)
    for number, label in enumerate(labels):
        x = np.asarray(rates[number], float)
        y = np.asarray(values[number], float)
        whole = np.asarray(complete[number], bool)
        notes = Notes(None if titles is None else titles[number])
        defined = np.isfinite(y)
        candidates = np.where(whole & defined, y, -np.inf)
        best = int(candidates.argmax()) if (whole & defined).any() else -1
        for row in np.flatnonzero(defined):
            size = SIZE * (_BEST if row == best else 1)
            note = notes.of([int(row)])
            mark(ax, x[[row]], y[[row]], looks[label], filled=whole[row], size=size, notes=note)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    return dress(ax, "learning rate", ylabel)
