"""The baseline `motif`: logistic regression on what the target's own known motif does in a window.

A scan with a motif takes the best site alone. How good the others are tells more, as they add up to
how often the factor is bound (Roider et al. 2007, https://doi.org/10.1093/bioinformatics/btl565),
and so does where they lie.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.evaluation.fitting import Features, FittedBaseline, Plan, fit_baseline
from danq.evaluation.scanning import Floats, Scan, Scanner, distances, log_sum, place_of_best

FEATURES = ("best", "second", "sum", "flanks", "place")
"""What is known of the sites of a motif in a window.

`best` and `second`, the scores of the best site in the bin and of the best one beside it; `sum`, of
the square roots of the odds of all sites in the bin (its logarithm); `flanks`, the score of the
best site outside the bin; `place`, how far the best site in the bin lies from its middle (bp).
Either strand counts.
"""


def fit_own_motifs(
    data: Dataset, matrices: Mapping[int, NDArray[np.float64]], threads: int = 1
) -> FittedBaseline:
    """Fit a logistic regression for each target on the features of its own known motif.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file; its training split is used.
    matrices : dict of int to numpy.ndarray, shape (width, 4)
        As `danq.evaluation.motif_scan.target_motifs` returns them.
    threads : int
        CPU threads; they change no result.

    Returns
    -------
    danq.evaluation.fitting.FittedBaseline
    """
    from sklearn.linear_model import LogisticRegression  # slow to load

    targets = list(matrices)
    scanner = Scanner(list(matrices.values()), data.background("train"))
    n = len(FEATURES)

    def compute(indices: NDArray[np.uint8]) -> Floats:
        table = motif_features(indices, scanner, data.bin_size)
        return table.reshape(len(indices), n * len(targets))

    def columns(table: Floats, labels: NDArray[np.uint8], target: int) -> slice:
        first = n * targets.index(target)
        return slice(first, first + n)

    features = Features(n * len(targets), compute)
    plan = Plan("own motifs", features, LogisticRegression, targets, columns)
    return fit_baseline(data, plan, threads)


def motif_features(indices: NDArray[np.uint8], scanner: Scanner, bin_size: int) -> Floats:
    """Return what is known of the sites of motifs in windows.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3, 4 for N.
    scanner : danq.evaluation.scanning.Scanner
        Of m motifs.
    bin_size : int
        Length of the bin in the middle of a window (bp); a site is in it when its middle is.

    Returns
    -------
    numpy.ndarray, shape (N, m, 5), float32
        The `FEATURES` of each motif.
    """
    length = indices.shape[1]
    shape = (len(indices), scanner.n_motifs, len(FEATURES))
    table = np.empty(shape, dtype=np.float32)
    for scan in scanner.scan(indices):
        values = _features(scan, length, bin_size)
        table[scan.rows, scan.motifs] = values.transpose(1, 0, 2)
    return table


def _features(scan: Scan, length: int, bin_size: int) -> Floats:
    """Return the features of a scan, (m, n, 5)."""
    away = distances(length, scan.width)
    in_bin = away <= bin_size / 2
    if not in_bin.any():  # the motif is nearly as wide as the window
        in_bin[:] = True
    scores = scan.scores[:, :, in_bin]
    best = scores.max(axis=2)
    place = place_of_best(scores, away[in_bin])
    second = _second(scores, scan.width)
    flanks = best
    if not in_bin.all():
        flanks = scan.scores[:, :, ~in_bin].max(axis=2)
    return np.stack([best, second, log_sum(scores), flanks, place], axis=2)


def _second(scores: Floats, width: int) -> Floats:
    """Return the score of the best site (m, n) that does not overlap the best one.

    Where every other site overlaps it, the lowest score.
    """
    first = scores.argmax(axis=2)
    starts = np.arange(scores.shape[2])
    beside = np.abs(starts - first[:, :, None]) >= width
    lowest = scores.min(axis=2, keepdims=True)
    return np.where(beside, scores, lowest).max(axis=2)
