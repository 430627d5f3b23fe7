"""Baselines and oracles: k-mer counts, the target's own motif, and the planted truth.

=============== ===============================================================================
kmer            logistic regression on counts of the 1- to 5-mers of the window, strands merged
scan            best match of the target's own known motif in the bin, either strand
oracle_rule     simulated runs: share of the bin that the planted rule marks (a ceiling)
oracle_parts    simulated runs: the same for all elements with the right parts, whether the rule
                holds or not
=============== ===============================================================================
"""

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from danq.data.dataset import Dataset, open_dataset
from danq.data.predictions import write_predictions
from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome import bins, sequence
from danq.motif import meme
from danq.simulation.truth import element_coverage

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

KMERS = (1, 2, 3, 4, 5)
"""The k of the k-mers, as in DanQ's own baseline (https://doi.org/10.1093/nar/gkw226)."""

N_KMERS = 692
"""A k-mer and its reverse complement counted as one: 2 + 10 + 32 + 136 + 512 of them."""

PENALTY = 0.01
"""scikit-learn's C of the logistic regression, on standardised counts."""

MOST_WINDOWS = 200_000
"""Training windows that the regression is fitted on, at most: with more of them, evenly spaced."""

_BLOCK = 512  # sequences counted at once
_READ = 4096  # windows read at once
_PREDICTED = 65_536  # windows predicted at once
_NO_SEED = "NA"


# --- k-mers ---


def kmer_baseline(dataset: PathLike, output: PathLike) -> None:
    """Fit a logistic regression on k-mer counts for each target, and predict the test split.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    output : path
        The predictions to write: probabilities, nan for targets whose training labels are equal.
    """
    from sklearn.preprocessing import StandardScaler  # slow to load, and no other baseline needs it

    with open_dataset(dataset) as data:
        rows = fitted_rows(data)
        counts = _count_rows(data, "train", rows)
        packed = _read_rows(partial(data.packed_labels, "train"), rows)
        labels = np.unpackbits(packed, axis=1, count=len(data.names))
        scaler = StandardScaler(copy=False).fit(counts)
        models = _fit(scaler.transform(counts), labels)
        scores = _predict(data, scaler, models)
        windows = data.split_checksum("test")
    write_predictions(output, scores, "kmer", _NO_SEED, "test", windows)


def fitted_rows(data: Dataset) -> NDArray[np.int64]:
    """Choose the training windows that the regression is fitted on.

    Of training bins that overlap, only those count that lie side by side from the start of their
    chromosome: neighbours that share most of their bases have nearly the same counts and labels,
    and cost memory and time. Of more than `MOST_WINDOWS`, as many are taken at equal distances.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.

    Returns
    -------
    numpy.ndarray, shape (n,), int64
        Rows of the split, ascending.
    """
    rows = np.arange(data.length("train"))
    if data.attributes["coordinates"] == "genome":
        bin_starts = data.positions("train").start + bins.flank(data.window, data.bin_size)
        side_by_side = np.flatnonzero(bin_starts % data.bin_size == 0)
        if len(side_by_side):
            rows = side_by_side
    return rows[evenly_spaced(len(rows), MOST_WINDOWS)]


def evenly_spaced(n: int, most: int) -> NDArray[np.int64]:
    """Choose some of n things at equal distances.

    Parameters
    ----------
    n : int
        How many there are.
    most : int
        How many are chosen, at most.

    Returns
    -------
    numpy.ndarray, shape (min(n, most),), int64
        Their numbers, ascending.

    Examples
    --------
    >>> evenly_spaced(10, 4).tolist(), evenly_spaced(2, 4).tolist()
    ([0, 2, 5, 7], [0, 1])
    """
    n_chosen = min(n, most)
    return np.arange(n_chosen) * n // max(1, n_chosen)


def _read_rows(
    read: Callable[[slice], NDArray[np.uint8]], rows: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return some rows, ascending, of what `read` returns of neighbouring ones."""
    parts = []
    for start in range(0, int(rows[-1]) + 1, _READ):
        first, last = np.searchsorted(rows, [start, start + _READ])
        if first < last:
            block = read(slice(start, start + _READ))
            parts.append(block[rows[first:last] - start])
    return np.concatenate(parts)


def _count_rows(data: Dataset, split: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the k-mer counts of some windows of a split, (len(rows), 692)."""
    packed = _read_rows(partial(data.packed_sequences, split), rows)
    counts = np.empty((len(rows), N_KMERS), dtype=np.float32)
    for start in range(0, len(rows), _READ):
        block = slice(start, start + _READ)
        indices = sequence.unpack_indices(packed[block], data.window)
        counts[block] = kmer_counts(indices)
    return counts


def _fit(train: NDArray[np.float32], labels: NDArray[np.uint8]) -> dict[int, "LogisticRegression"]:
    """Return a regression for each target (its index) that has both labels."""
    from sklearn.linear_model import LogisticRegression  # slow to load

    models = {}
    targets = range(labels.shape[1])
    for target in tqdm(targets, "k-mer regression", unit="target", disable=None):
        y = labels[:, target]
        if 0 < y.sum() < len(y):
            models[target] = LogisticRegression(C=PENALTY, max_iter=200).fit(train, y)
    return models


def _predict(
    data: Dataset, scaler: "StandardScaler", models: Mapping[int, "LogisticRegression"]
) -> NDArray[np.float64]:
    """Return what the regressions say of the test split, nan for targets without one."""
    n = data.length("test")
    scores = np.full((n, len(data.names)), np.nan)
    for start in range(0, n, _PREDICTED):
        rows = np.arange(start, min(start + _PREDICTED, n))
        counts = scaler.transform(_count_rows(data, "test", rows))
        for target, model in models.items():
            scores[rows, target] = model.predict_proba(counts)[:, 1]
    return scores


def kmer_counts(indices: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Count the k-mers of each sequence, a k-mer and its reverse complement as one.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; k-mers with a 4 (N) are not counted.

    Returns
    -------
    numpy.ndarray, shape (N, N_KMERS), float32
        Counts of the `N_KMERS` canonical k-mers.
    """
    return np.hstack([_canonical_counts(indices, k) for k in KMERS])


def _canonical_counts(indices: NDArray[np.uint8], k: int) -> NDArray[np.float32]:
    """Return the counts of canonical k-mers, (N, number of them)."""
    column = _canonical_columns(k)
    n_columns = int(column.max()) + 1
    counts = np.empty((len(indices), n_columns), dtype=np.float32)
    for start in range(0, len(indices), _BLOCK):
        rows = slice(start, start + _BLOCK)
        counts[rows] = _count_block(indices[rows], k, column, n_columns)
    return counts


def _canonical_columns(k: int) -> NDArray[np.intp]:
    """Return the column of each k-mer, (4**k,): its reverse complement has the same."""
    products = itertools.product(range(4), repeat=k)
    kmers = np.array(list(products), dtype=np.uint8)
    powers = 4 ** np.arange(k - 1, -1, -1)
    forward = kmers @ powers
    reverse = sequence.reverse_complement(kmers) @ powers
    _, column = np.unique(np.minimum(forward, reverse), return_inverse=True)
    return column


def _count_block(
    indices: NDArray[np.uint8], k: int, column: NDArray[np.intp], n_columns: int
) -> NDArray[np.int64]:
    """Count k-mers by column; those with an unknown base go to a last column, which is cut off."""
    n_sequences, length = indices.shape
    shape = (n_sequences, length - k + 1)
    kmers = np.zeros(shape, dtype=np.int32)
    known = np.ones(shape, dtype=bool)
    for offset in range(k):
        bases = indices[:, offset : offset + shape[1]]
        kmers = 4 * kmers + (bases & 3)
        known &= bases < 4
    columns = np.where(known, column[kmers], n_columns)
    # One bin of the count for each sequence and column.
    row_length = n_columns + 1
    first_cell = row_length * np.arange(n_sequences)
    cells = columns + first_cell[:, None]
    counts = np.bincount(cells.ravel(), minlength=n_sequences * row_length)
    return counts.reshape(n_sequences, row_length)[:, :-1]


# --- the target's own motif ---


def scan_baseline(dataset: PathLike, motifs: PathLike, output: PathLike) -> None:
    """Score each test bin by the best match of each target's own known motif.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    motifs : str or path
        As `danq.motif.meme.known_motifs`.
    output : path
        The predictions to write: log-odds (bits), nan for targets without a known motif.

    Raises
    ------
    DanqError
        A target names a motif that is not among `motifs`, or is longer than a window.
    """
    with open_dataset(dataset) as data:
        matrices = target_motifs(data, motifs)
        scores = np.full((data.length("test"), len(data.names)), np.nan)
        for target, target_scores in scan_scores(data, "test", matrices).items():
            scores[:, target] = target_scores
        windows = data.split_checksum("test")
    write_predictions(output, scores, "scan", _NO_SEED, "test", windows)


def target_motifs(data: Dataset, motifs: PathLike) -> dict[int, NDArray[np.float64]]:
    """Return the matrix of each target's own known motif.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    motifs : str or path
        As `danq.motif.meme.known_motifs`.

    Returns
    -------
    dict of int to numpy.ndarray, shape (width, 4)
        By the index of each target that names one.

    Raises
    ------
    DanqError
        The motifs cannot be read; a target names one that is not among them, or is longer than a
        window.
    """
    known = {motif.name: motif.matrix for motif in meme.known_motifs(motifs)}
    matrices = {}
    for target, motif in enumerate(data.jaspar):
        if not motif:
            continue
        if motif not in known:
            name = shown(data.names[target])
            what = f"target {name} has the known motif {shown(motif)}, which is not in {motifs}"
            raise DanqError(f"{what}; fix its jaspar column, or give the right motifs")
        matrix = known[motif]
        if len(matrix) > data.window:
            what = f"the known motif {shown(motif)} is longer than a window"
            raise DanqError(f"{what}; use a longer extract.window")
        matrices[target] = matrix
    return matrices


def scan_scores(
    data: Dataset,
    split: str,
    motifs: Mapping[int, NDArray[np.float64]],
    rows: NDArray[np.int64] | None = None,
) -> dict[int, NDArray[np.float64]]:
    """Score bins by the best match of motifs, see `scan`.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    motifs : dict of int to numpy.ndarray, shape (width, 4)
        Matrices by the index of their target, as `target_motifs` returns them.
    rows : numpy.ndarray, shape (n,), int64, optional
        Which windows of the split, ascending; all by default.

    Returns
    -------
    dict of int to numpy.ndarray, shape (n,), float64
        Log-odds against the bases of the training split (bits), by target.
    """
    if rows is None:
        rows = np.arange(data.length(split))
    background = data.background("train")
    weights = {target: meme.log_odds(matrix, background) for target, matrix in motifs.items()}
    scores = {target: np.empty(len(rows)) for target in motifs}
    packed = _read_rows(partial(data.packed_sequences, split), rows)
    flank = bins.flank(data.window, data.bin_size)
    for start in range(0, len(rows), _READ):
        block = slice(start, start + _READ)
        indices = sequence.unpack_indices(packed[block], data.window)
        for target, matrix in weights.items():
            scores[target][block] = scan(indices, matrix, flank)
    return scores


def scan(
    indices: NDArray[np.uint8], weights: NDArray[np.float64], flank: int
) -> NDArray[np.float64]:
    """Return the best score of a motif on either strand, its middle in the central bin.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; 4 (N) scores as the worst base.
    weights : numpy.ndarray, shape (width, 4)
        Score of each base at each position.
    flank : int
        Length before and after the central bin (bp).

    Returns
    -------
    numpy.ndarray, shape (N,), float64
    """
    length = indices.shape[1]
    width = len(weights)
    # Where a site may start: its middle lies in the bin, and it in the window.
    middle = width // 2
    first_start = max(0, flank - middle)
    last_start = min(length - width, length - flank - middle - 1)
    n_starts = last_start + 1 - first_start
    best = np.full(len(indices), -np.inf)
    for strand in (weights, meme.reverse_complement(weights)):
        worst = strand.min(axis=1)
        table = np.column_stack([strand, worst])
        scores = np.zeros((len(indices), n_starts))
        for position, row in enumerate(table, first_start):
            scores += row[indices[:, position : position + n_starts]]
        best = np.maximum(best, scores.max(axis=1))
    return best


# --- the planted truth ---


def oracle_baseline(
    dataset: PathLike,
    elements: PathLike,
    output: PathLike,
    *,
    kind: str,
) -> None:
    """Score each test bin by the planted truth.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    elements : path
        ``elements.tsv.gz`` of danq simulate.
    output : path
        The predictions to write: share of the bin that is marked, 0 to 1.
    kind : {"oracle_rule", "oracle_parts"}
        Count only the elements where the rule holds, or decoys as well.
    """
    kinds = ["positive"]
    if kind == "oracle_parts":
        kinds.append("decoy")
    with open_dataset(dataset) as data:
        scores = element_coverage(data, elements, kinds) / data.bin_size
        windows = data.split_checksum("test")
    write_predictions(output, scores, kind, _NO_SEED, "test", windows)
