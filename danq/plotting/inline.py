"""Matplotlib figures as SVG elements that can stand inside an HTML page."""

import io
import re
import warnings
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import matplotlib
from matplotlib.figure import Figure

from danq.plotting.style import hue

_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_COLOUR = re.compile("#[0-9a-f]{6}")
_OPACITY = re.compile(r"(^|; )opacity")

_PLAIN_TEXT = {"svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}
_UNDATED = {"Date": None, "Creator": None}


def figure_svg(figure: Figure, name: str) -> str:
    """Return a figure as an ``<svg>`` element to stand inside an HTML page.

    Text stays text. `INK` becomes the page's text colour, and a colour of the palette the page's
    shade of it (`danq.plotting.style.hue`), so a dark page stays legible. Points carry their titles
    and, as ``data-target``, their keys. Equal figures give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    name : str
        Unique on the page: it keeps the ids inside this figure apart from those of others.

    Returns
    -------
    str
    """
    titled = figure.findobj(_has_titles)
    for number, points in enumerate(titled):
        points.set_gid(f"titled-{number}")
    drawing = _COLOUR.sub(_page_colour, _standalone_svg(figure, name))
    root = ElementTree.fromstring(drawing)
    _fit_for_html(root)
    groups = {group.get("id"): group for group in root.iter("g")}
    for number, points in enumerate(titled):
        _annotate(groups[f"titled-{number}"], points)
    for group in root.iter("g"):
        group.attrib.pop("id", None)
        _hoist(group)
    return ElementTree.tostring(root, encoding="unicode")


def _has_titles(artist: Any) -> bool:
    return hasattr(artist, "titles")


def _standalone_svg(figure: Figure, name: str) -> str:
    """Return a figure as matplotlib's SVG document."""
    options = {"svg.hashsalt": name, **_PLAIN_TEXT}
    drawing = io.StringIO()
    with warnings.catch_warnings(), matplotlib.rc_context(options):
        # Text stays text: the reader's browser has the characters that our font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(drawing, format="svg", metadata=_UNDATED, transparent=True)
    return drawing.getvalue()


def _page_colour(match: re.Match[str]) -> str:
    return hue(match[0])


def _fit_for_html(root: Element) -> None:
    """Turn a stand-alone SVG into an element of HTML: no namespaces, metadata or fixed size."""
    for element in root.iter():
        element.tag = _local(element.tag)
        element.text = _unless_blank(element.text)
        element.tail = _unless_blank(element.tail)
        _shorten_attributes(element)
    root[:] = [child for child in root if child.tag != "metadata"]
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]


def _unless_blank(text: str | None) -> str | None:
    if text and text.strip():
        return text
    return None


def _shorten_attributes(element: Element) -> None:
    """Round coordinates, and take the namespaces off the names of attributes."""
    attributes = element.attrib
    for key in attributes.keys() & {"x", "y", "d", "transform"}:
        rounded = _LONG_NUMBER.sub(_hundredths, attributes[key])
        attributes[key] = " ".join(rounded.split())
    for key in list(attributes):
        if key.startswith("{"):
            attributes[_local(key)] = attributes.pop(key)


def _hundredths(match: re.Match[str]) -> str:
    # A hundredth of a point is less than a screen can show.
    return f"{float(match[0]):.2f}"


def _annotate(group: Element, points: Any) -> None:
    """Give each marker of a group its title and the key of its target."""
    # Several equal markers refer to one shape; a lone one may be drawn as a path of its own.
    marks = group.findall(".//use") or group.findall("./path")
    for mark, title, key in zip(marks, points.titles, points.keys, strict=True):
        note = ElementTree.SubElement(mark, "title")
        note.text = title
        if key is not None:
            mark.set("data-target", str(key))


def _hoist(group: Element) -> None:
    """Move an attribute that all members of a group share to the group itself."""
    for key in ("style", "clip-path"):
        value = _shared_value(group, key)
        if value is not None:
            group.set(key, value)
            for child in group:
                del child.attrib[key]


def _shared_value(group: Element, key: str) -> str | None:
    """Return the value of `key` that all members share; None where the group cannot have it."""
    values = {child.get(key) for child in group}
    if len(group) < 2 or len(values) > 1 or key in group.attrib:
        return None
    value = values.pop()
    # The opacity of a group is not that of its members.
    if value is None or _OPACITY.search(value):
        return None
    return value
