"""Networks as rows of blocks, each over its receptive field, as SVG."""

from collections.abc import Sequence
from typing import NamedTuple

from danq.plotting.style import hue
from danq.plotting.svg import element, text_svg

_WIDTH = 760
_ROW = 104  # height of a network
_BLOCK = 34  # height of a block
_GAP = 14  # between blocks
_CHARACTER = 6.7  # width of a character at 12 px, about
_BAR = 260  # width that stands for the window
_TEXT = "fill: currentColor; font-size: 12px"
_BOLD = "fill: currentColor; font-size: 14px; font-weight: 650"
_SMALL = "fill: currentColor; font-size: 11px"


class Block(NamedTuple):
    """A part of a network.

    Attributes
    ----------
    kind : str
        What it is; the upper line.
    size : str
        Its shape; the lower line.
    """

    kind: str
    size: str


class Drawn(NamedTuple):
    """A network.

    Attributes
    ----------
    name, facts : str
        Above its blocks.
    colour : str
        Of the palette, hexadecimal.
    blocks : sequence of Block
        From the bases to the targets; none where they are not known.
    reach : int
        Bases that one position of its last feature map depends on.
    """

    name: str
    facts: str
    colour: str
    blocks: Sequence[Block]
    reach: int


def architectures_svg(networks: Sequence[Drawn], window: int) -> str:
    """Return networks, one below the other, as one ``<svg>``.

    Parameters
    ----------
    networks : sequence of Drawn
        From top to bottom.
    window : int
        Bases that a network reads (bp).

    Returns
    -------
    str
    """
    has_blocks = any(network.blocks for network in networks)
    height = _ROW if has_blocks else _ROW - _BLOCK - 6
    rows = ""
    for rank, network in enumerate(networks):
        row = _network(network)
        field = _field(network, window)
        row += element("g", field, transform=f"translate(0 {height - _ROW})")
        rows += element("g", row, transform=f"translate(0 {height * rank})")
    return element("svg", rows, viewBox=f"0 0 {_WIDTH} {height * len(networks)}")


def _network(network: Drawn) -> str:
    """Return the name of a network, and its blocks."""
    name = text_svg(network.name, 2, 16, _BOLD)
    end = 14 + 9 * len(network.name)
    facts = text_svg(network.facts, end, 16, _SMALL)
    blocks = ""
    x = 2.0
    for rank, block in enumerate(network.blocks):
        width = _CHARACTER * max(len(block.kind), len(block.size)) + 14
        if rank:
            blocks += _arrow(x - _GAP)
        blocks += _block(block, x, width, network.colour)
        x += width + _GAP
    return name + facts + blocks


def _arrow(x: float) -> str:
    middle = 26 + _BLOCK / 2
    path = f"M{x + 2:.1f} {middle:g}h{_GAP - 4}m-4 -3.5l4 3.5l-4 3.5"
    return element("path", d=path, style="fill: none; stroke: currentColor; stroke-width: 1.1")


def _block(block: Block, x: float, width: float, colour: str) -> str:
    """Return a box with two lines of text."""
    style = f"fill: none; stroke: {hue(colour)}; stroke-width: 1.6"
    place = {"x": f"{x:.1f}", "y": 26, "width": f"{width:.1f}", "height": _BLOCK, "rx": 4}
    middle = x + width / 2
    kind = text_svg(block.kind, middle, 40, _TEXT, "middle")
    size = text_svg(block.size, middle, 54, _SMALL, "middle")
    return element("rect", **place, style=style) + kind + size


def _field(network: Drawn, window: int) -> str:
    """Return the window as a line, and on it the receptive field."""
    share = min(1.0, network.reach / window)
    left = 2 + _BAR * (1 - share) / 2
    line = element("path", d=f"M2 78h{_BAR}", style="stroke: currentColor; stroke-opacity: .35")
    style = f"stroke: {hue(network.colour)}; stroke-width: 7"
    seen = element("path", d=f"M{left:.1f} 78h{_BAR * share:.1f}", style=style)
    text = f"receptive field: {network.reach:,} of {window:,} bp"
    return line + seen + text_svg(text, _BAR + 14, 82, _SMALL)
