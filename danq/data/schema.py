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

with the attributes of the root that `ATTRIBUTES` lists, for split in train, valid, test. Sequences
are numpy.packbits of the (L, 4) one-hot along L; N is four zeros. Forward strand only; contiguous
and uncompressed, so that a batch is read where it lies. The mark ``complete`` is written last.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import h5py

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
