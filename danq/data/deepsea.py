"""The published DeepSEA training bundle to dataset.h5.

The bundle (Zhou and Troyanskaya 2015, https://doi.org/10.1038/nmeth.3547;
`deepsea_train_bundle.v0.9`) is three MATLAB files, each with ``{split}xdata``, the one-hot of N
windows, and ``{split}data``, their labels. Channels are in the order A, G, C, T; the second half of
the rows holds the reverse complements of the first. `danq.data.matlab` and `danq.data.matlab5` read
the arrays, packed to bits on the way: whole ones would not fit into memory.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.data.dataset_writer import Writer, create_dataset
from danq.data.matlab import BitArray, Halves, first_true, hdf5_arrays, reading
from danq.data.matlab5 import mat5_arrays
from danq.errors import DanqError, shown
from danq.files import PathLike, checksums, refuse_overwriting
from danq.genome.bins import SPLITS
from danq.genome.sequence import reverse_complement_packed
from danq.progress import Bar
from danq.reading import read_lines

GROUPS = (("DNase", 125), ("TF", 690), ("histone", 104))
"""The groups of the 919 published targets, in their order, and their sizes."""

BIN_SIZE = 200
"""Length of the bin that the labels of a window describe (bp)."""

_ORDER = [0, 2, 1, 3]  # indices of A, C, G, T in A, G, C, T
_BLOCK = 4096  # rows checked and written at once


def import_deepsea(
    train: PathLike,
    valid: PathLike,
    test: PathLike,
    output: PathLike,
    *,
    names: PathLike | None = None,
) -> None:
    """Make a dataset.h5 of the published DeepSEA training bundle.

    Only the first half of each file is kept, after every row of the second was found to be the
    reverse complement of its partner, with the same labels. Positions in the genome are unknown:
    row i of a split starts at i times 200 on a chromosome named after the split.

    Parameters
    ----------
    train, valid, test : str or path-like
        MATLAB files, v7.3 or v5, told apart by content: ``{split}xdata``, N x 4 x L, channels A, G,
        C, T, zeros for N, and ``{split}data``, N x T; both 0 or 1, N even. L (bp) and T are those
        of the files.
    output : str or path-like
        The dataset.h5 to make.
    names : str or path-like, optional
        ``predictor.names`` of DeepSEA: one ``cell|target|treatment`` per line, one line per target,
        in their order. Without it, targets are named ``target 0``, ``target 1``, ...

    Raises
    ------
    DanqError
        A file that is missing, not MATLAB's, cut off or damaged, lacks a variable or has another
        size than its partner; values other than 0 and 1; two bases at one position; a second half
        that is not the reverse complement of the first; names that do not fit.

    Notes
    -----
    919 targets get the groups of `GROUPS`, any other number the group ``all``. Memory stays below
    1 GB for the published sizes (4,400,000, 8,000 and 455,024 rows of 1,000 bp).
    """
    paths = dict(zip(SPLITS, (train, valid, test), strict=True))
    _refuse_overwriting(output, paths, names)
    with contextlib.ExitStack() as stack:
        files = {}
        for split, path in paths.items():
            files[split] = stack.enter_context(_open_file(path, split))
        _refuse_other_sizes(files)
        train_file = files["train"]
        with create_dataset(
            output,
            window=train_file.window,
            bin_size=BIN_SIZE,
            targets=name_targets(train_file.n_targets, names),
            rows=np.diag([file.n_windows for file in files.values()]),
            chromosomes={split: file.length for split, file in files.items()},
            assembly="hg19",
            coordinates="rows",
            source=_source(files, names),
        ) as writer:
            for split, file in files.items():
                _copy(file, split, writer)


def _refuse_overwriting(
    output: PathLike, paths: Mapping[str, PathLike], names: PathLike | None
) -> None:
    inputs = list(paths.values())
    if names:
        inputs.append(names)
    refuse_overwriting([output], inputs, "a file of the bundle")


def _refuse_other_sizes(files: Mapping[str, "_File"]) -> None:
    train = files["train"]
    for file in files.values():
        if (file.window, file.n_targets) != (train.window, train.n_targets):
            sizes = f"has windows of {file.window} bp and {file.n_targets} targets"
            expected = f"{train.path} has {train.window} and {train.n_targets}"
            raise DanqError(f"{sizes}, {expected}; give three files of one bundle", file.path)


def _source(files: Mapping[str, "_File"], names: PathLike | None) -> dict[str, Any]:
    """Return how the dataset was made, as plain values."""
    paths = {split: file.path for split, file in files.items()}
    if names:
        paths["names"] = names
    described = {}
    for key, path in paths.items():
        described[key] = {"path": str(path), **checksums(path)}
    counts = {}
    for split, file in files.items():
        counts[split] = {"rows": 2 * file.n_windows, "windows": file.n_windows}
    return {"import": "DeepSEA training bundle", "files": described, "counts": counts}


def name_targets(
    n_targets: int, names: PathLike | None, any_form: bool = False
) -> list[tuple[str, str, str]]:
    """Return name, group and (unknown) motif of each target of the bundle.

    Parameters
    ----------
    n_targets : int
        How many there are; 919 get the groups of `GROUPS`, any other number the group ``all``.
    names : str or path-like or None
        ``predictor.names``; None: they are named ``target 0``, ``target 1``, ...
    any_form : bool
        As of `read_names`.

    Returns
    -------
    list of tuple of (str, str, str)

    Raises
    ------
    DanqError
        As `read_names`.
    """
    if names:
        texts = read_names(names, n_targets, any_form)
    else:
        texts = [f"target {index}" for index in range(n_targets)]
    groups: list[str] = []
    for group, size in GROUPS:
        groups += [group] * size
    if n_targets != len(groups):
        groups = ["all"] * n_targets
    return [(text, group, "") for text, group in zip(texts, groups, strict=True)]


def read_names(path: PathLike, n_targets: int | None = None, any_form: bool = False) -> list[str]:
    """Read DeepSEA's ``predictor.names``.

    Parameters
    ----------
    path : str or path-like
        One ``cell|target|treatment`` per line.
    n_targets : int, optional
        How many there must be.
    any_form : bool
        Whether a line may be any text, as of Beluga: ``cell_target_treatment``.

    Returns
    -------
    list of str
        The names of the targets, unchanged: they need not be unique.

    Raises
    ------
    DanqError
        A line is no such name, or there are too few or too many.
    """
    names = []
    for number, line in read_lines(path):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DanqError("is not UTF-8 text; save it as UTF-8", path, number) from error
        if any_form and not _is_text(text):
            raise DanqError(f"{shown(text)} is not a name; give one in each line", path, number)
        if not any_form and not _is_name(text):
            what = f"{shown(text)} is not cell|target|treatment"
            raise DanqError(f"{what}; give DeepSEA's predictor.names", path, number)
        names.append(text)
    if n_targets is not None and len(names) != n_targets:
        what = f"has {len(names)} names, the files have {n_targets} targets"
        raise DanqError(f"{what}; give one line per target", path)
    return names


def _is_name(text: str) -> bool:
    fields = text.split("|")
    return len(fields) == 3 and all(fields) and _is_text(text)


def _is_text(text: str) -> bool:
    has_controls = any(ord(character) < 32 for character in text)
    is_comment = text.lstrip().startswith("#")
    return bool(text.strip()) and not has_controls and not is_comment


class _Slab(NamedTuple):
    """Rows of both halves that are in memory at once."""

    sequences: Halves
    labels: Halves


class _File:
    """One file of the bundle: two arrays that fit each other."""

    def __init__(self, path: PathLike, sequences: BitArray, labels: BitArray) -> None:
        _refuse_shapes(path, sequences, labels)
        self.path = path
        self.sequences = sequences
        self.labels = labels
        self.window = sequences.shape[0]
        self.n_targets = labels.shape[0]
        self.n_windows = sequences.shape[2] // 2
        last_start = (self.n_windows - 1) * BIN_SIZE
        self.length = last_start + max(BIN_SIZE, self.window)

    def slabs(self, bar: Bar) -> Iterator[_Slab]:
        """Yield the rows, as many at once as memory allows."""
        # Half a byte per base and a bit per label, in both halves.
        label_bytes = self.n_targets // 4 + 1
        step = self.sequences.step(self.window + label_bytes)
        for start in range(0, self.n_windows, step):
            stop = min(start + step, self.n_windows)
            sequences = self.sequences.halves(start, stop, bar)
            yield _Slab(sequences, self.labels.halves(start, stop, bar))


def _refuse_shapes(path: PathLike, sequences: BitArray, labels: BitArray) -> None:
    if _shapes_fit(sequences.shape, labels.shape):
        return
    sizes = []
    for array in (sequences, labels):
        size = " x ".join(map(str, array.shape[::-1]))
        sizes.append(f"{array.name} is {size}")
    what = f"{' and '.join(sizes)} (in MATLAB's order), not rows x 4 x window and rows x targets"
    raise DanqError(f"{what} with an even number of rows; give the published file", path)


def _shapes_fit(sequences: tuple[int, ...], labels: tuple[int, ...]) -> bool:
    """Return whether shapes are (L, 4, N) and (T, N), with an even N, and nothing is empty."""
    if len(sequences) != 3 or len(labels) != 2 or 0 in sequences + labels:
        return False
    _, n_channels, n_rows = sequences
    return n_channels == 4 and labels[1] == n_rows and n_rows % 2 == 0


@contextlib.contextmanager
def _open_file(path: PathLike, split: str) -> Iterator[_File]:
    """Open a file of the bundle, of either format."""
    names = (f"{split}xdata", f"{split}data")
    with contextlib.ExitStack() as stack:
        with reading(path):
            file = stack.enter_context(open(path, "rb"))
            if h5py.is_hdf5(path):
                arrays = hdf5_arrays(stack.enter_context(h5py.File(path, "r")), names, path)
            else:
                arrays = mat5_arrays(file, names, path)
        sequences = _variable(arrays, names[0], split, path)
        labels = _variable(arrays, names[1], split, path)
        yield _File(path, sequences, labels)


def _variable(
    arrays: Mapping[str, BitArray | None], name: str, split: str, path: PathLike
) -> BitArray:
    if name not in arrays:
        raise DanqError(f"lacks the variable {name}; give the {split}.mat of the bundle", path)
    array = arrays[name]
    if array is None:
        what = f"its {name} is not a full array of real numbers"
        raise DanqError(f"{what}; give the published file", path)
    return array


def _copy(file: _File, split: str, writer: Writer) -> None:
    """Check the rows of a file and write its first half."""
    row = 0
    total = file.sequences.n_bytes + file.labels.n_bytes
    with Bar(total=total, desc=split, unit="B", unit_scale=True) as bar:
        for slab in file.slabs(bar):
            n_rows = slab.labels.first.shape[-1]
            for start in range(0, n_rows, _BLOCK):
                rows = slice(start, start + _BLOCK)
                sequences = _sequence_rows(slab.sequences, rows)
                labels = _label_rows(slab.labels, rows)
                _check_rows(file, row, sequences, labels)
                starts = (row + np.arange(len(labels.first))) * BIN_SIZE
                writer.append(split, sequences.first, labels.first, starts)
                row += len(starts)


def _sequence_rows(halves: Halves, rows: slice) -> Halves:
    """Return rows of planes (B, 4, n) as packed one-hot (n, B, 4), in the order A, C, G, T."""
    first_half = _as_rows(halves.first[:, _ORDER, rows])
    second_half = _as_rows(halves.second[:, _ORDER, rows])
    return Halves(first_half, second_half)


def _label_rows(halves: Halves, rows: slice) -> Halves:
    """Return rows of planes (B, 1, n) as packed labels (n, B)."""
    first_half = _as_rows(halves.first[..., rows])
    second_half = _as_rows(halves.second[..., rows])
    return Halves(first_half[..., 0], second_half[..., 0])


def _as_rows(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return packed planes (B, C, n) as rows (n, B, C)."""
    return np.ascontiguousarray(planes.transpose(2, 0, 1))


def _check_rows(file: _File, row: int, sequences: Halves, labels: Halves) -> None:
    """Refuse rows, from `row` on, that are not one-hot or do not fit their partners."""
    doubled = _doubled_positions(sequences.first)
    if doubled.any():
        where = f"row {row + first_true(doubled)} (from 0) of {file.sequences.name}"
        what = f"{where} has two bases at one position"
        raise DanqError(f"{what}; give the one-hot of the published file", file.path)
    other_strand = reverse_complement_packed(sequences.first, file.window)
    differs = other_strand != sequences.second
    _refuse_partners(file, row, differs, file.sequences.name, "the reverse complement")
    differs = labels.first != labels.second
    _refuse_partners(file, row, differs, file.labels.name, "a copy")


def _doubled_positions(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return bits (n, B) where a packed one-hot (n, B, 4) has more than one base."""
    a, c, g, t = np.moveaxis(packed, -1, 0)
    second_of_two = a & c
    second_of_three = (a | c) & g
    second_of_four = (a | c | g) & t
    return second_of_two | second_of_three | second_of_four


def _refuse_partners(
    file: _File, row: int, differs: NDArray[np.bool_], name: str, relation: str
) -> None:
    if not differs.any():
        return
    index = row + first_true(differs)
    partner = index + file.n_windows
    what = f"row {partner} (from 0) of {name} is not {relation} of row {index}"
    fix = "give a file whose second half is the other strand of its first, as in the bundle"
    raise DanqError(f"{what}; {fix}", file.path)
