"""Sequences drawn with matplotlib: logos of motifs, and scores of bases along the genome."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from danq.motif.meme import information
from danq.plotting.style import BASES, COLOURS, INK, dress

_SHADE: dict[str, Any] = {"color": INK, "alpha": 0.07, "linewidth": 0, "zorder": 0}


def logo(ax: Axes, matrix: ArrayLike) -> Axes:
    """Draw a motif as a sequence logo.

    Schneider and Stephens 1990, https://doi.org/10.1093/nar/18.20.6097.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    matrix : array_like, shape (width, 4)
        Probabilities of A, C, G, T.

    Returns
    -------
    matplotlib.axes.Axes
    """
    probabilities = np.asarray(matrix)
    bits = information(probabilities)
    heights = probabilities * bits[:, None]
    _draw_bases(ax, heights)
    ax.set_ylim(0, 2)
    ax.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    return dress(ax, "position", "bits")


def score_logo(
    ax: Axes,
    heights: NDArray[np.floating],
    start: int,
    shaded: tuple[int, int] | None = None,
) -> Axes:
    """Draw the bases along a stretch of the genome, as high as their scores.

    Bases with negative scores are drawn below the axis.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    heights : numpy.ndarray, shape (width, 4)
        Score of the base at each position (A, C, G, T), 0 for the other three.
    start : int
        Position of the first base (bp, 0-based).
    shaded : tuple of (int, int), optional
        A stretch to shade (bp, 0-based half-open), where it lies inside.

    Returns
    -------
    matplotlib.axes.Axes
    """
    end = start + len(heights)
    if heights.any():  # logomaker gives bases of no height a scale of no height
        _draw_bases(ax, heights, index=range(start, end), baseline_width=0)
    return _dress_genome(ax, start, end, shaded)


def _draw_bases(
    ax: Axes, heights: NDArray[Any], index: range | None = None, **options: Any
) -> None:
    """Draw bases of these heights (width, 4)."""
    import logomaker
    import pandas as pd

    table = pd.DataFrame(heights, columns=[*BASES], index=index)
    logomaker.Logo(table, ax=ax, color_scheme=BASES, **options)


def score_track(
    ax: Axes,
    scores: ArrayLike,
    start: int,
    shaded: tuple[int, int] | None = None,
    marked: tuple[int, int] | None = None,
) -> Axes:
    """Draw the scores of a window's bases as bars along the genome.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    scores : array_like, shape (L,)
        Score of each base.
    start : int
        Position of the first base (bp, 0-based).
    shaded : tuple of (int, int), optional
        A stretch to shade (bp, 0-based half-open).
    marked : tuple of (int, int), optional
        A stretch to draw in colour (bp, 0-based half-open), such as the one in `score_logo`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    values = np.asarray(scores)
    end = start + len(values)
    positions = np.arange(start, end)
    low, high = marked or (start, start)
    inside = (positions >= low) & (positions < high)
    for members, colour in ((~inside, INK), (inside, COLOURS[0])):
        x = positions[members]
        y = values[members]
        ax.vlines(x, 0, y, color=colour, linewidth=0.8)
    return _dress_genome(ax, start, end, shaded)


def _dress_genome(ax: Axes, start: int, end: int, shaded: tuple[int, int] | None) -> Axes:
    """Give axes along the genome their look; base i covers i - 0.5 to i + 0.5."""
    low = start - 0.5
    high = end - 0.5
    if shaded is not None:
        left = max(low, shaded[0] - 0.5)
        right = min(high, shaded[1] - 0.5)
        if left < right:
            ax.axvspan(left, right, **_SHADE)
    ax.axhline(0, color=INK, linewidth=0.6, alpha=0.5)
    ax.set_xlim(low, high)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.ticklabel_format(axis="x", style="plain", useOffset=False)
    return dress(ax, "", "score (logit)")
