"""Small SVG drawings, of which a page has hundreds: logos and scored bases.

They take a fraction of the bytes and time of a matplotlib figure.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

from danq.motif.meme import information
from danq.plotting.style import BASES

_COLUMN = 10  # width of a base
_CHARACTER = 11  # width of a character of a name, about
_LOGO = 44  # height of 2 bits
_ROW = 146  # height of a locus, its title and its sites

ROOM = 70
"""Height of what is drawn along a stretch of the genome, without its title."""

TOP = 28
"""Where that begins, below its title."""

STRETCH_STYLE = "fill: currentColor; font-size: 19px"
"""Look of what is drawn along a stretch of the genome; a page resolves styles when it saves it."""


def element(tag: str, *children: str, **attributes: object) -> str:
    """Return an SVG element.

    Parameters
    ----------
    tag : str
        Its name.
    *children : str
        Markup inside it; text is to be escaped.
    **attributes : object
        Its attributes in this order. An underscore in a name becomes a hyphen, and one at the end
        is dropped: ``class_``, ``text_anchor``.

    Returns
    -------
    str

    Examples
    --------
    >>> element("path", class_="line", d="M2 10H198")
    '<path class="line" d="M2 10H198"/>'
    >>> element("g", element("path", d="M0 0h1"))
    '<g><path d="M0 0h1"/></g>'
    """
    opening = tag
    for keyword, value in attributes.items():
        name = keyword.rstrip("_").replace("_", "-")
        opening += f' {name}="{value}"'
    if not children:
        return f"<{opening}/>"
    content = "".join(children)
    return f"<{opening}>{content}</{tag}>"


def text_svg(words: str, x: float, y: float, style: str, anchor: str = "start") -> str:
    """Return words as an SVG element.

    Parameters
    ----------
    words : str
        Any text; it is escaped.
    x, y : float
        Where they stand, rounded to a tenth.
    style : str
        CSS.
    anchor : {"start", "middle", "end"}
        Which part of them stands there.

    Returns
    -------
    str

    Examples
    --------
    >>> text_svg("a < b", 1.04, 2, "fill: red")
    '<text x="1" y="2" style="fill: red">a &lt; b</text>'
    """
    place = {"x": f"{round(x, 1):g}", "y": f"{round(y, 1):g}"}
    if anchor != "start":
        place["text_anchor"] = anchor
    return element("text", escape(words), **place, style=style)


def logo_svg(matrix: NDArray[np.float64], lead: int = 0, columns: int = 0) -> str:
    """Return a motif as an ``<svg>`` logo, 2 bits high, made of references to `bases_svg`.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.
    lead : int
        Empty columns before the first, so that the logos of aligned motifs line up.
    columns : int
        Columns of the drawing, if that is more than the motif and its lead take.

    Returns
    -------
    str
        Markup for a page that has `bases_svg` once.
    """
    bits = information(matrix)
    heights = matrix * bits[:, None] * _LOGO / 2
    marks = ""
    for column, stack in enumerate(heights, lead):
        marks += _stack(stack, column)
    end = lead + len(matrix)
    left = _COLUMN * lead
    right = _COLUMN * end
    floor = element("path", class_="floor", d=f"M{left} {_LOGO + 0.5}H{right}")
    width = _COLUMN * max(columns, end)
    height = _LOGO + 1
    box = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    return element("svg", marks, floor, class_="logo", **box, aria_hidden="true")


def _stack(heights: NDArray[np.floating], column: int) -> str:
    """Return the bases of one column of a logo, the highest on top."""
    marks = ""
    top = float(_LOGO)
    for index in np.argsort(heights, kind="stable"):
        height = heights[index]
        top -= height
        if height >= 0.4:  # less than half a pixel does not show
            marks += _glyph("ACGT"[index], column, f"{height:.2f}", f"{top:.2f}")
    return marks


def _glyph(base: str, column: int, height: str, top: str) -> str:
    """Return a base in its column, stretched from its top down by its height."""
    width = _COLUMN - 1
    x = column * _COLUMN + 0.5
    shape = f"matrix({width} 0 0 {height} {x} {top})"
    return element("use", href=f"#base-{base}", transform=shape)


class Locus(NamedTuple):
    """Bases along a stretch of the genome, for `locus_svg`.

    Attributes
    ----------
    title : str
        Text above the drawing.
    heights : numpy.ndarray, shape (width, 4)
        Score of the base at each position, 0 for the other three.
    start : int
        Position of the first base (bp, 0-based).
    shaded : tuple of (int, int)
        The labelled bin (bp, 0-based half-open).
    sites : list of tuple of (int, int, str)
        Start, end (bp, 0-based half-open) and name of what is known to lie there.
    """

    title: str
    heights: NDArray[np.floating]
    start: int
    shaded: tuple[int, int]
    sites: list[tuple[int, int, str]]

    def x(self, position: int) -> int:
        """Return where a position (bp) is drawn; at the nearer end if it lies outside."""
        end = self.start + len(self.heights)
        inside = min(max(position, self.start), end)
        return _COLUMN * (inside - self.start)


class _Scale(NamedTuple):
    """How scores become heights: pixels per unit of score, and the y of a score of 0."""

    unit: float
    zero: float


def locus_svg(loci: Sequence[Locus]) -> str:
    """Return stretches of the genome, one below the other and on one scale, as one ``<svg>``.

    Parameters
    ----------
    loci : sequence of Locus
        From top to bottom.

    Returns
    -------
    str
        Markup for a page that has `bases_svg` once.
    """
    scale = _shared_scale(loci)
    rows = ""
    for rank, locus in enumerate(loci):
        shift = f"translate(0 {_ROW * rank})"
        rows += element("g", _locus(locus, scale), transform=shift)
    longest = max(len(locus.heights) for locus in loci)
    width = _COLUMN * longest
    height = _ROW * len(loci)
    drawing = element("g", rows, style=STRETCH_STYLE)
    return element("svg", drawing, viewBox=f"0 0 {width} {height}")


def _shared_scale(loci: Sequence[Locus]) -> _Scale:
    """Return the scale on which the scores of all loci fill the height `ROOM`."""
    top = max(0.0, *(locus.heights.max() for locus in loci))
    bottom = min(0.0, *(locus.heights.min() for locus in loci))
    unit = ROOM / max(top - bottom, 1e-9)
    return _Scale(unit, TOP + unit * top)


def _locus(locus: Locus, scale: _Scale) -> str:
    """Return one row of `locus_svg`: its title, its bin, its bases, and below them its sites."""
    title = row_title(locus.title)
    bases = ""
    for base, scores in zip(BASES, locus.heights.T, strict=True):
        bases += _bases(base, scale.unit * scores, scale.zero)
    width = _COLUMN * len(locus.heights)
    line = element("path", d=f"M0 {scale.zero:.1f}h{width}v.6H0Z", opacity=".4")
    sites = ""
    for start, end, name in locus.sites:
        sites += _site(name, locus.x(start), locus.x(end), width)
    return title + _bin(locus) + bases + line + sites


def _bin(locus: Locus) -> str:
    """Return the shade of a locus's labelled bin; nothing where it lies elsewhere."""
    left, right = map(locus.x, locus.shaded)
    if right <= left:
        return ""
    return shade(left, right)


def _bases(base: str, sizes: NDArray[np.floating], zero: float) -> str:
    """Return all positions of one base; negative scores are drawn upside down below the line."""
    marks = ""
    visible = np.flatnonzero(np.abs(sizes) >= 1)  # less hardly shows
    for column in visible.tolist():
        size = sizes[column]
        top = zero - size
        marks += _glyph(base, column, f"{size:.1f}", f"{top:.1f}")
    if not marks:
        return ""
    fill = f"fill: var(--base-{base.lower()}, {BASES[base]})"
    return element("g", marks, style=fill)


def _site(name: str, left: int, right: int, row_width: int) -> str:
    """Return a bar below the bases, and the name of the site below the bar, inside the row."""
    bar = mark(left, right)
    half = _CHARACTER * len(name) / 2
    rightmost = max(half, row_width - half)
    middle = min(max((left + right) / 2, half), rightmost)
    text = element("text", escape(name), x=f"{middle:g}", y=ROOM + 56, text_anchor="middle")
    return bar + text


def row_title(text: str) -> str:
    """Return the title of a stretch of the genome, above its drawing."""
    return element("text", escape(text), y=18)


def shade(left: float, right: float, opacity: float = 0.07) -> str:
    """Return the shade behind a part of a stretch of the genome.

    Parameters
    ----------
    left, right : float
        Where it begins and ends.
    opacity : float
        Of the shade; a narrow one needs more to be seen.

    Returns
    -------
    str
    """
    box = {"x": f"{left:g}", "y": 26, "width": f"{right - left:g}", "height": ROOM + 4}
    return element("rect", **box, opacity=f"{opacity:g}".lstrip("0"))


def mark(left: float, right: float) -> str:
    """Return a bar below a stretch of the genome, where something is known to lie.

    Parameters
    ----------
    left, right : float
        Where it begins and ends.

    Returns
    -------
    str
    """
    return element("rect", x=f"{left:g}", y=ROOM + 34, width=f"{right - left:g}", height=4)


def bases_svg() -> str:
    """Return the shapes of A, C, G and T, each one unit wide and high, as a hidden ``<svg>``."""
    shapes = ""
    for base in BASES:
        name = f"base-{base}"
        shapes += element("path", id=name, class_=name, d=_outline(base))
    hidden = element("defs", shapes)
    return element("svg", hidden, class_="bases", width=0, height=0, aria_hidden="true")


def _outline(base: str) -> str:
    """Return a bold base as an SVG path, stretched to the unit square with y downwards."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    path = TextPath((0, 0), base, size=100, prop=font)
    box = path.get_extents()
    commands = ""
    for points, code in path.iter_segments():
        corners = (points.reshape(-1, 2) - box.min) / box.size
        commands += _path_command(int(code), corners)
    return re.sub(r"\b0\.", ".", commands)


def _path_command(code: int, corners: NDArray[np.float64]) -> str:
    """Return one command of an SVG path from matplotlib's code and its points (P, 2)."""
    if code == Path.CLOSEPOLY:
        return "Z"
    numbers = [f"{x:.3f} {1 - y:.3f}" for x, y in corners]
    return "MLQC"[code - 1] + " ".join(numbers)
