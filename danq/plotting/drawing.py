"""Figures to files: the same figure gives the same bytes, whatever characters its names have."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from danq.errors import DanqError
from danq.files import PathLike, atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNDATED: dict[str, dict[str, None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def refuse_format(path: PathLike) -> None:
    """Refuse, by a DanqError, a name whose suffix is that of no format that figures are made in."""
    if _suffix(path) not in _UNDATED:
        raise DanqError("a figure is made as .svg, .png or .pdf; choose such a name", path)


def _suffix(path: PathLike) -> str:
    return Path(path).suffix.lower()


def save_figure(figure: "Figure", path: PathLike, salt: str = "danq") -> None:
    """Write a matplotlib figure to `path`, atomically; its suffix says as what.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    path : path
        As `refuse_format` lets pass.
    salt : str
        Keeps the inner references of an SVG apart from those of others.
    """
    import matplotlib

    suffix = _suffix(path)
    options = {"svg.hashsalt": salt}
    with atomic(path) as temporary, warnings.catch_warnings(), matplotlib.rc_context(options):
        # Characters that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        metadata = _UNDATED[suffix]
        figure.savefig(temporary, format=suffix[1:], metadata=metadata, dpi=150)
