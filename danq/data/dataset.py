"""The reader of dataset.h5, the file between the data and the models.

`danq.data.schema` describes it, `danq.data.dataset_writer` makes one.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.data.hdf5 import open_hdf5
from danq.data.schema import (
    ATTRIBUTES,
    MARGIN_STEP,
    MARGINS,
    MARGINS_CHECKSUM,
    PARTS,
    WINDOW_PARTS,
    PackedWindows,
    read_attribute,
    read_texts,
)
from danq.data.verify import problems
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.sequence import unpack, unpack_indices
from danq.records import Input

_BLOCK = 4096  # windows read at once; counts of fewer than 2^16 fit 16 bits


class Positions(NamedTuple):
    """Positions of the windows of a split in the genome.

    Attributes
    ----------
    chrom : numpy.ndarray, shape (N,), int64
        Number of each window's chromosome, in the order of `Dataset.chromosomes`.
    start : numpy.ndarray, shape (N,), int64
        Start of each window (bp, 0-based).
    """

    chrom: NDArray[np.int64]
    start: NDArray[np.int64]


class LabelCounts(NamedTuple):
    """How many windows of a split have a label.

    Attributes
    ----------
    labelled : int
        Windows with a label of any target.
    positives : numpy.ndarray, shape (T,), int64
        Positive windows of each target.
    """

    labelled: int
    positives: NDArray[np.int64]


class Dataset:
    """An open dataset.h5, checked.

    Attributes
    ----------
    path : str
        The file's path, for messages.
    window, bin_size : int
        Lengths (bp).
    names, groups, jaspar : list of str
        One entry per target; `jaspar` is the identifier of its own known motif, or empty.
    chromosomes : dict of str to int
        Length of each chromosome (bp).
    attributes : dict
        All attributes of the root, as plain Python values.
    source : dict
        How the file was made.
    checksum : str
        SHA-256 checksum of the whole content of the file.
    margin : int
        Bases that are known before and behind each training window (bp), those of held-out regions
        and beyond the chromosome apart; 0 where the file has none.
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        self.path: str = file.filename
        self.attributes = {key: read_attribute(file, key) for key in ATTRIBUTES}
        self.window: int = self.attributes["window"]
        self.bin_size: int = self.attributes["bin_size"]
        self.names = read_texts(file["targets/name"])
        self.groups = read_texts(file["targets/group"])
        self.jaspar = read_texts(file["targets/jaspar"])
        chromosomes = read_texts(file["chromosomes/name"])
        lengths: list[int] = file["chromosomes/length"][:].tolist()
        self.chromosomes = dict(zip(chromosomes, lengths, strict=True))
        source = file["source"][:].tobytes()
        self.source: dict[str, Any] = json.loads(source)
        self.checksum = _file_checksum(file)
        self.margin: int = 0
        if MARGINS in file:
            self.margin = file[MARGINS].shape[1] * MARGIN_STEP // 2
        checksums = read_texts(file["checksums"])
        self._checksums = dict(zip(PARTS, checksums, strict=True))
        self._label_counts: dict[str, LabelCounts] = {}

    def length(self, split: str) -> int:
        """Return the number of windows of a split."""
        return len(self._file[split]["sequences"])

    def packed_sequences(self, split: str, rows: slice = slice(None)) -> NDArray[np.uint8]:
        """Return the packed one-hot of windows, as it is stored.

        Parameters
        ----------
        split : str
            train, valid or test.
        rows : slice
            Which of its windows.

        Returns
        -------
        numpy.ndarray, shape (n, ceil(L/8), 4), uint8
            ``numpy.packbits`` of the one-hot along L.
        """
        return self._file[split]["sequences"][rows]

    def packed_labels(self, split: str, rows: slice = slice(None)) -> NDArray[np.uint8]:
        """Return the packed labels of windows, as they are stored.

        Parameters
        ----------
        split : str
            train, valid or test.
        rows : slice
            Which of its windows.

        Returns
        -------
        numpy.ndarray, shape (n, ceil(T/8)), uint8
            ``numpy.packbits`` of the labels along T.
        """
        return self._file[split]["targets"][rows]

    def packed_margins(self, rows: slice = slice(None)) -> NDArray[np.uint8]:
        """Return the bases around training windows, as they are stored.

        Only for a file that has them: `margin` says so. The result is uint8, (n, 2 margin/8, 4),
        ``numpy.packbits`` of the one-hot of the `margin` bp before each window, and of those
        behind it.
        """
        return self._file[MARGINS][rows]

    def packed_windows(self, split: str, rows: slice = slice(None)) -> PackedWindows:
        """Return all that is stored of windows, for `danq.data.dataset_writer.Writer.append`.

        Parameters
        ----------
        split : str
            train, valid or test.
        rows : slice
            Which of its windows.

        Returns
        -------
        danq.data.schema.PackedWindows
        """
        has_margins = split == "train" and self.margin > 0
        return PackedWindows(
            sequences=self.packed_sequences(split, rows),
            labels=self.packed_labels(split, rows),
            starts=self._file[split]["start"][rows],
            margins=self.packed_margins(rows) if has_margins else None,
        )

    def labels(self, split: str, rows: slice = slice(None)) -> NDArray[np.uint8]:
        """Return the labels of windows.

        Parameters
        ----------
        split : str
            train, valid or test.
        rows : slice
            Which of its windows.

        Returns
        -------
        numpy.ndarray, shape (n, T), uint8
            0 or 1.
        """
        packed = self.packed_labels(split, rows)
        return np.unpackbits(packed, axis=1, count=len(self.names))

    def labels_of(self, split: str, targets: Sequence[int]) -> NDArray[np.uint8]:
        """Return the labels of some targets, without unpacking those of the others.

        Parameters
        ----------
        split : str
            train, valid or test.
        targets : sequence of int
            Indices of n targets.

        Returns
        -------
        numpy.ndarray, shape (N, n), uint8
            0 or 1, for all N windows of the split.
        """
        indices = np.asarray(targets, dtype=np.int64)
        packed = self.packed_labels(split)[:, indices // 8]
        shifts = (7 - indices % 8).astype(np.uint8)
        return packed >> shifts & np.uint8(1)

    def positives(self, split: str) -> NDArray[np.int64]:
        """Count the positive windows of each target in a split, int64 (T,)."""
        return self.label_counts(split).positives

    def label_counts(self, split: str) -> LabelCounts:
        """Count the windows of a split that have a label; a second call reads nothing."""
        if split not in self._label_counts:
            self._label_counts[split] = self._count_labels(split)
        return self._label_counts[split]

    def _count_labels(self, split: str) -> LabelCounts:
        n_labelled = 0
        positives = np.zeros(len(self.names), dtype=np.int64)
        for rows in self._blocks(split):
            packed = self.packed_labels(split, rows)
            labelled = packed[packed.any(axis=1)]
            labels = np.unpackbits(labelled, axis=1, count=len(self.names))
            n_labelled += len(labelled)
            positives += labels.sum(axis=0, dtype=np.uint16)  # narrow numbers add up faster
        return LabelCounts(n_labelled, positives)

    def background(self, split: str) -> NDArray[np.float64]:
        """Return the share of A, C, G and T among the known bases of a split, float64 (4,)."""
        counts = np.zeros(4)
        for rows in self._blocks(split):
            bits = np.bitwise_count(self.packed_sequences(split, rows))
            counts += bits.sum(axis=(0, 1), dtype=np.int64)
        return counts / counts.sum()

    def one_hot(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return windows one-hot.

        Parameters
        ----------
        split : str
            train, valid or test.
        rows : numpy.ndarray, shape (n,), int
            Rows of the split, in any order.

        Returns
        -------
        numpy.ndarray, shape (n, 4, L), float32
            Windows in the order of `rows`; N is four zeros.
        """
        # h5py wants ascending rows, each once.
        distinct, inverse = np.unique(rows, return_inverse=True)
        packed = self._file[split]["sequences"][distinct]
        bits = unpack(packed, self.window)[inverse]
        return bits.transpose(0, 2, 1).astype(np.float32)

    def base_indices(self, split: str) -> NDArray[np.uint8]:
        """Return the base indices of a split, uint8 (N, L): 0 to 3 as in the alphabet, 4 for N."""
        n = self.length(split)
        indices = np.empty((n, self.window), dtype=np.uint8)
        for rows in self._blocks(split):
            packed = self.packed_sequences(split, rows)
            indices[rows] = unpack_indices(packed, self.window)
        return indices

    def positions(self, split: str) -> Positions:
        """Return the chromosomes and starts of the windows of a split, in the order of its rows."""
        group = self._file[split]
        n_windows = np.diff(group["chromosome_rows"][:])
        chrom = np.repeat(np.arange(len(n_windows)), n_windows)
        start = group["start"][:].astype(np.int64)
        return Positions(chrom, start)

    def facts(self) -> dict[str, Any]:
        """Return the facts about the data that a checkpoint stores, as plain values."""
        keys = ("format_version", "window", "bin_size", "alphabet", "assembly")
        facts = {key: self.attributes[key] for key in keys}
        facts["names"] = self.names
        facts["groups"] = self.groups
        facts["training_windows"] = self.split_checksum("train")
        facts["splits"] = self.source.get("splits")
        if "fold" in self.source:
            facts["fold"] = self.source["fold"]
        return facts

    def split_checksum(self, split: str) -> str:
        """Return a SHA-256 checksum of the bases, labels and starts of a split's windows."""
        checksums = [self._checksums[f"{split}/{name}"] for name in WINDOW_PARTS]
        return hashlib.sha256("".join(checksums).encode()).hexdigest()

    def as_input(self) -> Input:
        """Return this file as what others are made from."""
        return Input("dataset", self.path, self.checksum)

    def _blocks(self, split: str) -> Iterator[slice]:
        """Yield the rows of a split, a block at a time."""
        for start in range(0, self.length(split), _BLOCK):
            yield slice(start, start + _BLOCK)


def _file_checksum(file: h5py.File) -> str:
    """Return the mark of a file; one with margins, which the mark does not cover, has its own."""
    mark = read_texts(file["complete"])[0]
    if MARGINS not in file:
        return mark
    margins = read_texts(file[MARGINS_CHECKSUM])[0]
    return hashlib.sha256(f"{mark}{margins}".encode()).hexdigest()


@contextlib.contextmanager
def open_dataset(path: PathLike) -> Iterator[Dataset]:
    """Open a dataset.h5 for reading, after a check of every byte of it.

    Parameters
    ----------
    path : str or path-like
        The file.

    Yields
    ------
    Dataset
        Open until the end of the block.

    Raises
    ------
    DanqError
        Not a whole HDF5 file, of another format or version, not finished, shapes that do not fit
        each other, data that lie outside the file, or bytes that differ from those written.
    """
    with open_hdf5(path) as file:
        problem = next(problems(file), None)
        if problem is not None:
            raise DanqError(f"{problem}; make it again", path)
        yield Dataset(file)
