"""Sites along a stretch of DNA as a small line drawing: what a rule of a simulated genome asks."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from danq.plotting.style import COLOURS, hue
from danq.plotting.svg import element, text_svg

_HEIGHT = 40
_LINE = 24  # y of the DNA
_BOX = 18  # height of a site
_POINT = 6  # length of its tip, which shows its strand
_CHARACTER = 6.6  # width of a character at 11 px, about
_LEAD = 8  # DNA before the first and after the last site
_TEXT = "fill: currentColor; font-size: 11px"


class Site(NamedTuple):
    """A site of a motif.

    Attributes
    ----------
    name : str
        Text inside.
    colour : int
        Which of the palette, by its place in `danq.plotting.style.COLOURS`.
    strand : {"+", "-", ""}
        Where its tip points; a box without a tip for a strand that does not matter.
    """

    name: str
    colour: int
    strand: str = ""


class Gap(NamedTuple):
    """The DNA between two sites.

    Attributes
    ----------
    text : str
        Above it; short.
    width : float
        Pixels at least.
    """

    text: str = ""
    width: float = 14


def rule_svg(parts: Sequence[Site | Gap], name: str) -> str:
    """Return sites and the DNA between them, from left to right, as one ``<svg>``.

    Parameters
    ----------
    parts : sequence of Site or Gap
        What is drawn.
    name : str
        What it shows, for a reader who does not see it.

    Returns
    -------
    str
    """
    x = float(_LEAD)
    marks = ""
    for part in parts:
        width = _width(part)
        marks += _site(part, x, width) if isinstance(part, Site) else _gap(part, x, width)
        x += width
    width = x + _LEAD
    line = element("path", d=f"M0 {_LINE}H{width:.0f}", style=_stroke("currentColor", 1))
    box = {"viewBox": f"0 0 {width:.0f} {_HEIGHT}", "width": f"{width:.0f}", "height": _HEIGHT}
    label = escape(name, {'"': "&quot;"})
    return element("svg", line, marks, class_="rule", **box, role="img", aria_label=label)


def _width(part: Site | Gap) -> float:
    if isinstance(part, Site):
        return _CHARACTER * len(part.name) + 12 + (_POINT if part.strand else 0)
    return max(part.width, _CHARACTER * len(part.text) + 8 if part.text else 0)


def _stroke(colour: str, width: float) -> str:
    return f"fill: none; stroke: {colour}; stroke-width: {width:g}"


def _site(site: Site, x: float, width: float) -> str:
    """Return a box, with a tip to the right or to the left, and its name."""
    top = _LINE - _BOX / 2
    right = x + width
    inset = _POINT if site.strand else 0
    start = x + inset if site.strand == "-" else x
    end = right - inset if site.strand == "+" else right
    path = f"M{start:.1f} {top:g}H{end:.1f}"
    path += f"L{right:.1f} {_LINE}L{end:.1f} {top + _BOX:g}" if site.strand == "+" else f"v{_BOX}"
    path += f"H{start:.1f}"
    path += f"L{x:.1f} {_LINE}Z" if site.strand == "-" else "Z"
    style = f"fill: var(--card, #fff); stroke: {hue(COLOURS[site.colour])}; stroke-width: 1.8"
    middle = (start + end) / 2
    name = text_svg(site.name, middle, _LINE + 4, _TEXT, "middle")
    return element("path", d=path, style=style) + name


def _gap(gap: Gap, x: float, width: float) -> str:
    """Return the text above the DNA between two sites."""
    if not gap.text:
        return ""
    middle = x + width / 2
    return text_svg(gap.text, middle, 11, _TEXT, "middle")
