"""Points of charts: a marker per target, with the tooltip that a page shows for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from danq.plotting.style import Style, styles

SIZE = 34
"""Area of a marker (square points)."""

CROWD = 100
"""With more points than this, markers are smaller, because they would hide each other."""

_Item = TypeVar("_Item")


class Notes(NamedTuple):
    """Tooltips and targets of points on a page, in the order of the points.

    Attributes
    ----------
    titles : sequence of str, optional
        Tooltip of each point.
    keys : sequence of int, optional
        Index of the target of each point, by which a page links the points of one target in all
        its figures.
    """

    titles: Sequence[str] | None = None
    keys: Sequence[int] | None = None

    def of(self, rows: Iterable[int]) -> "Notes":
        """Return the notes of the points in these rows."""
        indices = list(rows)
        titles = _pick(self.titles, indices)
        keys = _pick(self.keys, indices)
        return Notes(titles, keys)


def _pick(items: Sequence[_Item] | None, indices: list[int]) -> list[_Item] | None:
    if items is None:
        return None
    return [items[index] for index in indices]


NO_NOTES = Notes()
"""The notes of points without tooltips."""


@dataclass(frozen=True)
class Points:
    """A point per target, with its group and its notes; made by `target_points`.

    Attributes
    ----------
    x, y : numpy.ndarray, shape (T,), float64
        Where the points lie.
    groups : numpy.ndarray, shape (T,), object
        Group of each target.
    style : mapping of str to Style
        Colour and marker of each group.
    notes : Notes
        Tooltip and target of each point.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    groups: NDArray[np.object_]
    style: Mapping[str, Style]
    notes: Notes

    def draw(self, ax: Axes, rows: NDArray[np.intp], group: str, *, filled: bool = True) -> None:
        """Draw some points of one group.

        Parameters
        ----------
        ax : matplotlib.axes.Axes
            Where to draw.
        rows : numpy.ndarray, shape (P,), int
            Which points, all of this group.
        group : str
            Their group.
        filled : bool
            Whether their markers are filled.
        """
        crowding = min(1, (CROWD / len(self.x)) ** 0.5)
        x = self.x[rows]
        y = self.y[rows]
        look = self.style[group]
        notes = self.notes.of(rows)
        size = SIZE * crowding
        mark(ax, x, y, look, filled=filled, size=size, label=group, notes=notes)


def target_points(
    x: ArrayLike,
    y: ArrayLike,
    *,
    groups: Iterable[str] | None = None,
    titles: Sequence[str] | None = None,
    keys: Sequence[int] | None = None,
    style: Mapping[str, Style] | None = None,
) -> Points:
    """Return the points of a chart of targets.

    Parameters
    ----------
    x, y : array_like, shape (T,)
        Where the points lie.
    groups : iterable of str, length T, optional
        Group of each target; one nameless group when not given.
    titles, keys : sequence, length T, optional
        As `Notes`.
    style : mapping of str to Style, optional
        Colours of the groups; `danq.plotting.style.styles` of the groups when not given.

    Returns
    -------
    Points
    """
    x = np.asarray(x, float)
    y = np.asarray(y, float)
    names = [""] * len(x) if groups is None else list(groups)
    look = style or styles(names)
    members = np.array(names, dtype=object)
    return Points(x, y, members, look, Notes(titles, keys))


def mark(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    style: Style,
    *,
    filled: bool = True,
    size: float = SIZE,
    label: str | None = None,
    notes: Notes = NO_NOTES,
) -> None:
    """Draw markers, filled or hollow.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, y : array_like, shape (P,)
        Where the markers lie.
    style : Style
        Their colour and shape.
    filled : bool
        Whether they are filled.
    size : float
        Area of each (square points).
    label : str, optional
        Their group.
    notes : Notes
        Tooltips and targets of the points.
    """
    edge = style.colour
    face = edge if filled else "none"
    shape: dict[str, Any] = {"s": size, "marker": style.marker, "linewidths": 1.3}
    points = ax.scatter(x, y, facecolors=face, edgecolors=edge, label=label, zorder=3, **shape)
    annotate(points, notes)


def annotate(points: Any, notes: Notes) -> None:
    """Attach notes to drawn points, where `danq.plotting.inline.figure_svg` looks for them.

    Parameters
    ----------
    points : matplotlib.collections.PathCollection
        What ``Axes.scatter`` returned.
    notes : Notes
        Without titles, nothing is attached.
    """
    if notes.titles is None:
        return
    points.titles = notes.titles
    points.keys = notes.keys or [None] * len(notes.titles)
