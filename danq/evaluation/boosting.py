"""The baseline `boosting`: gradient boosting on the sites of all known motifs in a window.

What a network adds over it is more than a knowledge of every motif: binding sites that no motif
describes, or an arrangement of sites that the best one, their sum and their place do not tell.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from danq.data.dataset import Dataset
from danq.errors import DanqError
from danq.evaluation.fitting import Features, FittedBaseline, Plan, fit_baseline
from danq.evaluation.scanning import Floats, Scan, Scanner, distances, log_sum, place_of_best
from danq.files import PathLike
from danq.motif import meme

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

FEATURES = ("best", "sum", "place")
"""What is known of the sites of each motif in the whole window.

`best`, the score of the best one; `sum`, of the square roots of the odds of all (its logarithm);
`place`, how far the best one lies from the middle (bp). Either strand counts.
"""

MOST_WINDOWS = 20_000
"""Windows that it is fitted on, at most: to scan them for hundreds of motifs takes a minute."""

SEEN = 300
"""Features that the trees of a target see: those that its labels correlate with most. Hundreds of
motifs that have nothing to do with it would cost time, and fit noise."""

TREES = 100
"""Trees for each target, each with at most `LEAVES` leaves."""

LEAVES = 8
"""Small trees: most targets have few positive windows."""

PENALTY = 10.0
"""scikit-learn's l2_regularization: without it, leaves of a few windows drive the trees of rare
targets to extremes."""

_STEPS = (0.25, 0.25, 2.0)
"""To what the `FEATURES` are rounded (bits, bits, bp): to fewer values than the 255 that trees tell
apart, which spares them a search for quantiles that takes longer than the trees."""

_PART = 256  # windows that a thread scans at once


def fit_boosting(data: Dataset, motifs: PathLike, threads: int = 1) -> FittedBaseline:
    """Boost trees for each target on the sites of all known motifs.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file; its training split is used.
    motifs : str or path
        As `danq.motif.meme.known_motifs`; those that are longer than a window are left out.
    threads : int
        CPU threads; they change no result.

    Returns
    -------
    danq.evaluation.fitting.FittedBaseline

    Raises
    ------
    DanqError
        The motifs cannot be read, or all are longer than a window.
    """
    every = [motif.matrix for motif in meme.known_motifs(motifs)]
    matrices = [matrix for matrix in every if len(matrix) <= data.window]
    if not matrices:
        what = f"no motif of {motifs} fits into a window of {data.window} bp"
        raise DanqError(f"{what}; give shorter motifs, or leave boosting out of baselines")
    features = all_motif_features(matrices, data.background("train"), threads)
    targets = range(len(data.names))
    plan = Plan("boosting", features, _boosting, targets, correlated, MOST_WINDOWS)
    return fit_baseline(data, plan, threads)


def correlated(
    table: NDArray[np.float32], labels: NDArray[np.uint8], target: int
) -> NDArray[np.int64]:
    """Choose the features that the labels of a target correlate with most.

    Parameters
    ----------
    table : numpy.ndarray, shape (m, n), float32
        Standardised features.
    labels : numpy.ndarray, shape (m,), uint8
        Of the target.
    target : int
        Its index.

    Returns
    -------
    numpy.ndarray, shape (min(n, `SEEN`),), int64
        Their columns, ascending.
    """
    centred = labels - labels.mean(dtype=np.float32)
    covariance = np.abs(centred @ table)
    order = np.argsort(-covariance, kind="stable")
    return np.sort(order[:SEEN])


def _boosting() -> "HistGradientBoostingClassifier":
    from sklearn.ensemble import HistGradientBoostingClassifier  # slow to load

    return HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        l2_regularization=PENALTY,
        early_stopping=False,
        random_state=0,
    )


def all_motif_features(
    matrices: Sequence[NDArray[np.float64]], background: NDArray[np.float64], threads: int = 1
) -> Features:
    """Return what is known of the sites of all motifs, as the features of a window.

    Parameters
    ----------
    matrices : list of numpy.ndarray, shape (width, 4)
        Probabilities of the bases, none wider than a window.
    background : numpy.ndarray, shape (4,)
        Their probabilities elsewhere.
    threads : int
        CPU threads; they change no result.

    Returns
    -------
    danq.evaluation.fitting.Features
        The `FEATURES` of the first motif, then those of the next.
    """
    scanner = Scanner(matrices, background)

    def compute(indices: NDArray[np.uint8]) -> Floats:
        parts = [indices[start : start + _PART] for start in range(0, len(indices), _PART)]
        with ThreadPoolExecutor(threads) as pool, threadpool_limits(1):
            tables = list(pool.map(partial(_table, scanner), parts))
        return np.concatenate(tables)

    return Features(len(FEATURES) * scanner.n_motifs, compute)


def _table(scanner: Scanner, indices: NDArray[np.uint8]) -> Floats:
    """Return the features (N, 3m) of windows (N, L)."""
    n, length = indices.shape
    table = np.empty((n, scanner.n_motifs, len(FEATURES)), dtype=np.float32)
    for scan in scanner.scan(indices):
        table[scan.rows, scan.motifs] = _features(scan, length).transpose(1, 0, 2)
    return table.reshape(n, -1)


def _features(scan: Scan, length: int) -> Floats:
    """Return the features (m, n, 3) of a scan."""
    best = scan.scores.max(axis=2)
    place = place_of_best(scan.scores, distances(length, scan.width))
    features = np.stack([best, log_sum(scan.scores), place], axis=2)
    steps = np.array(_STEPS, dtype=np.float32)
    return np.rint(features / steps) * steps
