"""Every single-base change of a region: the bases as high as they matter, and a heat map below."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from danq.files import PathLike
from danq.plotting import logos
from danq.plotting.drawing import save_figure
from danq.plotting.style import BASES, INK, dress

LINE = 100
"""Bases side by side; a longer region goes on below."""

_COLOURS = 41  # an odd number, so that 0 is white; few, so that the colour bar is no bitmap


class Panel(NamedTuple):
    """The changes of a region for one target.

    Attributes
    ----------
    title : str
        Text above it.
    start : int
        Position of the first base (bp, 0-based).
    sequence : str
        The bases, L of them.
    changes : numpy.ndarray, shape (L, 4)
        Change of log-odds by A, C, G and T in their places; 0 for the base that is there.
    """

    title: str
    start: int
    sequence: str
    changes: NDArray[np.float64]


def draw_panels(panels: Sequence[Panel], path: PathLike) -> None:
    """Draw panels one below the other into a file.

    Parameters
    ----------
    panels : sequence of Panel
        At least one.
    path : path
        The figure to make; its suffix says in what format (svg, png, pdf).
    """
    save_figure(saturation_figure(panels), path)


def saturation_figure(panels: Sequence[Panel]) -> Figure:
    """Draw panels one below the other: of each, the bases in lines of `LINE`, and their changes.

    Parameters
    ----------
    panels : sequence of Panel
        At least one.

    Returns
    -------
    matplotlib.figure.Figure
        A base is as high as its change of log-odds, beside the mean of the three others in its
        place; colours are of one scale for all panels.
    """
    lines = [line for panel in panels for line in lines_of(panel)]
    sizes = [np.abs(panel.changes).max() for panel in panels]
    limit = max(*sizes, 1e-9)
    n_lines = len(lines)
    size = (13, 2.0 * n_lines + 0.2)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    ratios = (3, 2) * n_lines
    axes = figure.subplots(2 * n_lines, 1, squeeze=False, height_ratios=ratios)
    heights = [_heights(line) for line in lines]
    together = np.concatenate(heights)
    top = max(1e-3, together.max())
    bottom = min(0.0, together.min())
    meshes = []
    for number, line in enumerate(lines):
        upper = axes[2 * number, 0]
        lower = axes[2 * number + 1, 0]
        logos.score_logo(upper, heights[number], line.start)
        upper.set_ylim(1.05 * bottom, 1.05 * top)
        upper.set_ylabel("log-odds", color=INK)
        upper.tick_params(labelbottom=False)
        upper.set_title(line.title, fontsize=9, loc="left", parse_math=False)
        meshes.append(heat_map(lower, line, limit))
        for ax in (upper, lower):
            left = line.start - 0.5
            ax.set_xlim(left, left + LINE)
    every = axes[:, 0].tolist()
    ticks = [-limit, 0, limit]
    look: dict[str, Any] = {"format": "%.2g", "shrink": 0.5, "aspect": 30}
    bar = figure.colorbar(meshes[0], ax=every, ticks=ticks, **look)
    bar.set_label("change of log-odds", color=INK)
    return figure


def lines_of(panel: Panel) -> list[Panel]:
    """Return the lines of a panel, each a panel; the first has its title."""
    lines = []
    for start in range(0, len(panel.sequence), LINE):
        part = slice(start, start + LINE)
        title = panel.title if start == 0 else ""
        first = panel.start + start
        bases = panel.sequence[part]
        line = Panel(title, first, bases, panel.changes[part])
        lines.append(line)
    return lines


def _heights(panel: Panel) -> NDArray[np.float64]:
    """Return the height of each base, (L, 4): 0 for those that are not there."""
    totals = panel.changes.sum(axis=1)
    heights = np.zeros(panel.changes.shape)
    for place, row in _there(panel.sequence):
        heights[place, row] = -totals[place] / 3
    return heights


def _there(sequence: str) -> list[tuple[int, int]]:
    """Return the place of each known base in a sequence, and in `BASES`."""
    rows = {base: row for row, base in enumerate(BASES)}
    found = []
    for place, base in enumerate(sequence):
        if base in rows:
            found.append((place, rows[base]))
    return found


def heat_map(ax: Axes, panel: Panel, limit: float) -> Any:
    """Draw changes in colour: red above 0, blue below; dots mark the bases that are there.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    panel : Panel
        A line of bases.
    limit : float
        Size of a change of full colour.

    Returns
    -------
    matplotlib.collections.QuadMesh
        For a colour bar.
    """
    length = len(panel.sequence)
    numbers = np.arange(length + 1)
    edges = numbers + panel.start - 0.5
    colours = matplotlib.colormaps["RdBu_r"].resampled(_COLOURS)
    rows = np.arange(len(BASES) + 1) - 0.5
    values = panel.changes.T
    mesh = ax.pcolormesh(edges, rows, values, cmap=colours, vmin=-limit, vmax=limit)
    there = np.array(_there(panel.sequence), dtype=int).reshape(-1, 2)
    x = there[:, 0] + panel.start
    ax.plot(x, there[:, 1], ".", color=INK, markersize=2)
    ax.set_yticks(range(len(BASES)), list(BASES))
    ax.invert_yaxis()
    ax.ticklabel_format(axis="x", style="plain", useOffset=False)
    dress(ax, "", "")
    ax.grid(False)
    return mesh
