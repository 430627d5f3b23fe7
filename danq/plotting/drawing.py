"""Figures to files: the same figure gives the same bytes, whatever characters its names have."""

import io
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
    """Raise a DanqError unless the suffix of a path is .svg, .png or .pdf."""
    if _suffix(path) not in _UNDATED:
        raise DanqError(
            "a figure is written as .svg, .png or .pdf; choose one of these suffixes", path
        )


def _suffix(path: PathLike) -> str:
    return Path(path).suffix.lower()


def save_figure(figure: "Figure", path: PathLike, salt: str = "danq") -> None:
    """Write a matplotlib figure to a file, atomically; the suffix gives the format.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    path : path
        With a suffix that `refuse_format` accepts.
    salt : str
        Keeps the ids inside an SVG apart from those of other figures.
    """
    import matplotlib

    suffix = _suffix(path)
    options = {"svg.hashsalt": salt}
    drawing = (
        io.BytesIO()
    )  # not into the file: on a full disk the writer of PDF fails in another way
    with warnings.catch_warnings(), matplotlib.rc_context(options):
        # Characters that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        metadata = _UNDATED[suffix]
        figure.savefig(drawing, format=suffix[1:], metadata=metadata, dpi=150)
    with atomic(path) as temporary:
        temporary.write_bytes(drawing.getbuffer())
