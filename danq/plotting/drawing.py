"""Figures to files: the same drawing gives the same bytes, whatever bases its names are in."""

import warnings
from pathlib import Path

from danq.errors import DanqError
from danq.files import atomic

_UNDATED = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def refuse_format(path):
    """Refuse a name whose suffix is that of no format that figures are made in."""
    if Path(path).suffix.lower() not in _UNDATED:
        raise DanqError("a figure is made as .svg, .png or .pdf; choose such a name", path)


def save_figure(figure, path, salt="danq"):
    """Write a matplotlib figure to `path`, atomically; its suffix says as what.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        As `refuse_format` lets pass.
    salt : str
        Keeps the inner references of an SVG apart from those of others.
    """
    import matplotlib

    suffix = Path(path).suffix.lower()
    with (
        atomic(path) as temporary,
        warnings.catch_warnings(),
        matplotlib.rc_context({"svg.hashsalt": salt}),
    ):
        # Bases that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(temporary, format=suffix[1:], metadata=_UNDATED[suffix], dpi=150)
