"""What all figures share: the colours and markers of groups and models, and the look of axes."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from matplotlib.axes import Axes

INK = "#22262b"
"""Colour of text, axes and guides; on a page, the page's own ink (`hue`)."""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8B6BB1")
"""Distinct to any colour vision, but for the last (Okabe and Ito,
https://jfly.uni-koeln.de/color/)."""

MARKERS = "osD^vPX"
"""Markers that go with `COLOURS`, as matplotlib names them."""

OTHER = "#8A8F98"
"""Colour of all groups beyond the palette."""

BASES = {"A": "#2E9E4F", "C": "#2F6FBA", "G": "#E09A1A", "T": "#D2413A"}
"""Colours of the bases."""

GUIDE: dict[str, Any] = {"color": INK, "linewidth": 0.8, "alpha": 0.45}
"""Look of a line that marks no difference, or chance."""


class Style(NamedTuple):
    """How one group or model is drawn.

    Attributes
    ----------
    colour : str
        Hexadecimal.
    marker : str
        One of matplotlib's.
    """

    colour: str
    marker: str


def styles(labels: Iterable[str]) -> dict[str, Style]:
    """Give each label its own colour and marker, in order of first appearance.

    Parameters
    ----------
    labels : iterable of str
        Groups or models, with repeats. After the seventh, all share one grey dot.

    Returns
    -------
    dict of str to Style

    Examples
    --------
    >>> styles(["TF", "DNase", "TF"])["DNase"]
    Style(colour='#E69F00', marker='s')
    """
    palette = [*map(Style, COLOURS, MARKERS)]
    style = {}
    for rank, label in enumerate(dict.fromkeys(labels)):
        in_palette = rank < len(palette)
        style[label] = palette[rank] if in_palette else Style(OTHER, "o")
    return style


def legend_entries(style: Mapping[str, Style]) -> tuple[tuple[Style, str], ...]:
    """Return the legend of groups, as pairs of `Style` and text.

    The groups beyond the palette share one entry, "2 other groups", at the end.
    """
    entries = [(look, group) for group, look in style.items() if look.colour != OTHER]
    n_others = len(style) - len(entries)
    if n_others:
        ending = "" if n_others == 1 else "s"
        text = f"{n_others:,} other group{ending}"
        entries.append((Style(OTHER, "o"), text))
    return tuple(entries)


def hue(colour: str) -> str:
    """Return a colour of a figure as CSS: the page's text colour, or its shade of a palette colour.

    Parameters
    ----------
    colour : str
        Hexadecimal. One that is neither `INK`, of `COLOURS`, nor `OTHER` stays as it is.

    Returns
    -------
    str
        A CSS colour. A page that does not define shades (``--hue-0`` and so on; the last is
        `OTHER`) shows the colour itself.

    Examples
    --------
    >>> hue("#22262b"), hue("#e69f00"), hue("#000000")
    ('currentColor', 'var(--hue-1, #E69F00)', '#000000')
    """
    name = colour.upper()
    if name == INK.upper():
        return "currentColor"
    palette = (*COLOURS, OTHER)
    if name not in palette:
        return colour
    return f"var(--hue-{palette.index(name)}, {name})"


def shortened(name: str, limit: int) -> str:
    """Return a name, cut with an ellipsis when it is too long.

    Parameters
    ----------
    name : str
        As it is.
    limit : int
        Characters at most.

    Returns
    -------
    str

    Examples
    --------
    >>> shortened("K562|CTCF|None", 10)
    'K562|CTCF…'
    """
    if len(name) <= limit:
        return name
    return f"{name[: limit - 1]}…"


def dress(ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Give axes the plain look that all figures share.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes on which everything is drawn.
    xlabel, ylabel : str
        Labels of the axes, taken literally: a dollar sign starts no formula.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.
    """
    ax.set_xlabel(xlabel, color=INK, parse_math=False)
    ax.set_ylabel(ylabel, color=INK, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=INK, alpha=0.5)
    ax.tick_params(which="both", color=INK, labelcolor=INK, labelsize=9)
    ax.grid(color=INK, alpha=0.1, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.set_facecolor("none")
    return ax
