"""Changes of log-odds of two models, variant by variant, as a small drawing for a page."""

import numpy as np
from numpy.typing import ArrayLike

from danq.plotting.svg import element

SIDE = 360
"""Width of the drawing (px)."""

_LEFT = 46
_BOTTOM = 40
_TOP = 10


def changes_svg(a: ArrayLike, b: ArrayLike, labels: tuple[str, str]) -> str:
    """Draw a point for each variant: model `b` to the right, model `a` upwards.

    All points are one path of squares, so that a thousand take some 10 kB.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Changes of log-odds.
    labels : tuple of str
        Names of a and b.

    Returns
    -------
    str
        Markup.
    """
    y = np.asarray(a, np.float64)
    x = np.asarray(b, np.float64)
    limit = 1.05 * max(np.abs(np.append(x, y)).max(initial=0), 1e-3)
    scale = (SIDE - _LEFT - _TOP) / (2 * limit)
    middle_x = _LEFT + limit * scale
    middle_y = _TOP + limit * scale
    right = middle_x + limit * scale
    low = middle_y + limit * scale
    points = ""
    for across, up in zip(x, y, strict=True):
        points += (
            f"M{middle_x + scale * across - 1.5:.0f} {middle_y - scale * up - 1.5:.0f}h3v3h-3z"
        )
    lines = f"M{_LEFT} {middle_y:.1f}H{right:.1f}M{middle_x:.1f} {_TOP}V{low:.1f}"
    guides = element("path", d=lines, stroke="currentColor", opacity=".3", fill="none")
    diagonal = f"M{_LEFT} {low:.1f}L{right:.1f} {_TOP}"
    guides += element("path", d=diagonal, stroke="currentColor", opacity=".3", stroke_dasharray="3")
    dots = element("path", d=points, fill="var(--c0, #1f77b4)", opacity=".55")
    upwards, rightwards = labels
    texts = _text(f"{rightwards}: change of log-odds", (_LEFT + right) / 2, low + 34)
    upright = f"rotate(-90 12 {middle_y:.0f})"
    texts += _text(f"{upwards}: change of log-odds", 12, middle_y, transform=upright)
    for value in (-limit / 1.05, 0.0, limit / 1.05):
        texts += _text(f"{value:.1f}", middle_x + scale * value, low + 16)
        texts += _text(f"{value:.1f}", _LEFT - 16, middle_y - scale * value + 4)
    return element("svg", guides, dots, texts, viewBox=f"0 0 {SIDE} {low + _BOTTOM:.0f}")


def _text(text: str, x: float, y: float, **more: object) -> str:
    """Return a text around a place, its characters escaped."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    look = {"text_anchor": "middle", "font_size": 11, "fill": "currentColor"}
    return element("text", escaped, x=f"{x:.0f}", y=f"{y:.0f}", **look, **more)
