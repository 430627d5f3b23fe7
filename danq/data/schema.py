"""The schema of dataset.h5, the file between the data and the models; docs/dataset.md specifies it.

One file, one-hot and bit-packed, in the layout that Selene's ``H5DataLoader(unpackbits=True)``
reads::

    /{split}/sequences             uint8 (N, ceil(L/8), 4)   packed one-hot, see below
    /{split}/targets               uint8 (N, ceil(T/8))      numpy.packbits of the T labels
    /{split}/sequences_length      scalar int64              L (bp)
    /{split}/targets_length        scalar int64              T
    /{split}/start                 uint32 or int64 (N,)      start of the window (bp, 0-based)
    /{split}/chromosome_rows       int64 (C + 1,)            where the rows of each chromosome begin
    /chromosomes/name, length      text (C,), int64 (C,)     length in bp
    /targets/name, group, jaspar   text (T,)                 names may repeat: the index is the key
    /source                        uint8 (n,)                how it was made, as JSON
    /checksums                     text (D,)                 SHA-256 of each dataset of `PARTS`
    /complete                      text (1,)                 SHA-256 of checksums and attributes
    /train/margins                 uint8 (N, 2 M/8, 4)       M bp before each window and M behind it
    /train/margins_checksum        text (1,)                 SHA-256 of these

The last two are there where the margin M is not 0. The root has the attributes that `ATTRIBUTES`
lists; split is train, valid or test. Sequences are numpy.packbits of the (L, 4) one-hot along L; N
is four zeros. Forward strand only; contiguous and uncompressed, so that a batch is read where it
lies. The mark ``complete`` is written last.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.genome.bins import SPLITS

FORMAT = "danq-dataset"
VERSION = 2

COORDINATES = ("genome", "rows")
"""What chromosomes and starts mean: positions in a genome, or only the order of the rows."""

ATTRIBUTES: dict[str, type[str] | type[int]] = {
    "format": str,
    "format_version": int,
    "window": int,
    "bin_size": int,
    "alphabet": str,
    "assembly": str,
    "coordinates": str,
    "created_by": str,
}
"""Attributes of the root, and their types."""

SPLIT_PARTS = (
    "sequences",
    "targets",
    "sequences_length",
    "targets_length",
    "start",
    "chromosome_rows",
)
"""Datasets of each split."""

WINDOW_PARTS = ("sequences", "targets", "start")
"""Those of them that have a row for each window; see also `PackedWindows`."""

PARTS = (
    *(f"{split}/{name}" for split in SPLITS for name in SPLIT_PARTS),
    "chromosomes/name",
    "chromosomes/length",
    "targets/name",
    "targets/group",
    "targets/jaspar",
    "source",
)
"""All datasets but the marks, in their order."""

MARKS = ("checksums", "complete")
"""The datasets that hold the checksums of the others, and mark the file as complete."""

MARGINS = "train/margins"
"""The bases around each training window, packed; not every file has them.

Neither the mark nor `PARTS` covers them, so that a reader who knows nothing of them reads the file.
"""

MARGINS_CHECKSUM = "train/margins_checksum"
"""The dataset that holds the checksum of `MARGINS`."""

MARGIN_STEP = 8
"""A margin is a multiple of this (bp): whole bytes."""


class PackedWindows(NamedTuple):
    """Windows of a split as they are stored: every dataset that has a row for each of them.

    Attributes
    ----------
    sequences : numpy.ndarray, shape (n, ceil(L/8), 4), uint8
        Packed one-hot.
    labels : numpy.ndarray, shape (n, ceil(T/8)), uint8
        Packed labels.
    starts : numpy.ndarray, shape (n,), int
        Where the windows begin (bp, 0-based).
    margins : numpy.ndarray, shape (n, 2 M/8, 4), uint8, or None
        The M bp before each window, and the M behind it; None where the split has none.
    """

    sequences: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    starts: NDArray[np.integer]
    margins: NDArray[np.uint8] | None = None

    def where(self, kept: NDArray[np.bool_]) -> "PackedWindows":
        """Return those of the windows for which `kept`, bool (n,), is true."""
        return PackedWindows(
            sequences=self.sequences[kept],
            labels=self.labels[kept],
            starts=self.starts[kept],
            margins=None if self.margins is None else self.margins[kept],
        )


def margin_bytes(margin: int) -> int:
    """Return the bytes of each base plane that the margins of a window take, both together.

    Examples
    --------
    >>> margin_bytes(16)
    4
    """
    return 2 * margin // MARGIN_STEP


def read_attribute(file: h5py.File, key: str) -> Any:
    """Return an attribute of the root as a plain value.

    Parameters
    ----------
    file : h5py.File
        An open dataset.
    key : str
        One of `ATTRIBUTES`.

    Returns
    -------
    str or int
        Its value, of the type in `ATTRIBUTES`.
    """
    value = file.attrs[key]
    return value.decode("utf-8") if ATTRIBUTES[key] is str else int(value)


def read_texts(dataset: h5py.Dataset) -> list[str]:
    """Return a dataset of fixed-length UTF-8 text as a list of str."""
    return [bytes(value).decode("utf-8") for value in dataset[:]]


def complete_checksum(attributes: Mapping[str, Any], checksums: Sequence[str]) -> str:
    """Return the checksum of a whole file, its mark ``complete``.

    Parameters
    ----------
    attributes : mapping of str to str or int
        All of `ATTRIBUTES`.
    checksums : sequence of str
        Those of `PARTS`, in their order.

    Returns
    -------
    str
        SHA-256 of both as JSON.
    """
    facts = [[key, attributes[key]] for key in ATTRIBUTES]
    text = json.dumps([facts, list(checksums)])
    return hashlib.sha256(text.encode()).hexdigest()
