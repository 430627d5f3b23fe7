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
    limit = max(*(np.abs(panel.changes).max() for panel in panels), 1e-9)
    size = (13, 2.0 * len(lines) + 0.2)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    axes = figure.subplots(2 * len(lines), 1, squeeze=False, height_ratios=(3, 2) * len(lines))
    heights = [_heights(line) for line in lines]
    top = max(1e-3, *(values.max() for values in heights))
    bottom = min(0.0, *(values.min() for values in heights))
    meshes = []
    for number, line in enumerate(lines):
        upper, lower = axes[2 * number : 2 * number + 2, 0]
        logos.score_logo(upper, heights[number], line.start)
        upper.set_ylim(1.05 * bottom, 1.05 * top)
        upper.set_ylabel("log-odds", color=INK)
        upper.tick_params(labelbottom=False)
        upper.set_title(line.title, fontsize=9, loc="left", parse_math=False)
        meshes.append(heat_map(lower, line, limit))
        for ax in (upper, lower):
            ax.set_xlim(line.start - 0.5, line.start + LINE - 0.5)
    every = axes[:, 0].tolist()
    ticks = [-limit, 0, limit]
    bar = figure.colorbar(meshes[0], ax=every, ticks=ticks, format="%.2g", shrink=0.5, aspect=30)
    bar.set_label("change of log-odds", color=INK)
    return figure


def lines_of(panel: Panel) -> list[Panel]:
    """Return the lines of a panel, each a panel; the first has its title."""
    lines = []
    for start in range(0, len(panel.sequence), LINE):
        part = slice(start, start + LINE)
        title = panel.title if start == 0 else ""
        first = panel.start + start
        lines.append(Panel(title, first, panel.sequence[part], panel.changes[part]))
    return lines


def _heights(panel: Panel) -> NDArray[np.float64]:
    """Return the height of each base, (L, 4): 0 for those that are not there."""
    effects = -panel.changes.sum(axis=1) / 3
    heights = np.zeros(panel.changes.shape)
    for place, base in enumerate(panel.sequence):
        if base in BASES:
            heights[place, list(BASES).index(base)] = effects[place]
    return heights


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
    edges = panel.start - 0.5 + np.arange(length + 1)
    colours = matplotlib.colormaps["RdBu_r"].resampled(_COLOURS)
    rows = np.arange(len(BASES) + 1) - 0.5
    mesh = ax.pcolormesh(edges, rows, panel.changes.T, cmap=colours, vmin=-limit, vmax=limit)
    there = [(place, base) for place, base in enumerate(panel.sequence) if base in BASES]
    x = [panel.start + place for place, _ in there]
    y = [list(BASES).index(base) for _, base in there]
    ax.plot(x, y, ".", color=INK, markersize=2)
    ax.set_yticks(range(len(BASES)), list(BASES))
    ax.invert_yaxis()
    ax.ticklabel_format(axis="x", style="plain", useOffset=False)
    dress(ax, "", "")
    ax.grid(False)
    return mesh
