"""How well a scan with the targets' own known motifs does on the validation split."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.errors import DanqError
from danq.evaluation.fitting import evenly_spaced
from danq.evaluation.metrics import measure
from danq.evaluation.motif_scan import scan_scores, target_motifs

SCANNED_TARGETS = 20
"""Targets whose known motif is scanned for, at most; of more, evenly spaced ones."""

SCANNED_WINDOWS = 10_000
"""Validation windows that are scanned, at most; of more, evenly spaced ones."""


class Scan(NamedTuple):
    """How well a scan with known motifs does on a part of the validation split.

    Attributes
    ----------
    targets : numpy.ndarray, shape (n,), int64
        The targets whose own motif was scanned for.
    rows : numpy.ndarray, shape (m,), int64
        The windows, among those that are validated.
    auprc : numpy.ndarray, shape (n,), float64
        Of the scan.
    """

    targets: NDArray[np.int64]
    rows: NDArray[np.int64]
    auprc: NDArray[np.float64]

    def areas(self, labels: NDArray[np.uint8], scores: NDArray) -> NDArray[np.float64]:
        """Return the AUPRC of other scores on the same targets and windows.

        Parameters
        ----------
        labels, scores : numpy.ndarray, shape (N, T)
            Of all windows that are validated.

        Returns
        -------
        numpy.ndarray, shape (n,), float64
        """
        part = np.ix_(self.rows, self.targets)
        return measure(labels[part], scores[part], names=["auprc"])["auprc"]


def scan_validation(
    dataset: Dataset, labels: NDArray[np.uint8], motifs: str, validated: range
) -> Scan | None:
    """Scan validation windows with the targets' own known motifs.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    labels : numpy.ndarray, shape (N, T), uint8
        Of the windows that are validated.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`.
    validated : range
        The rows of these N windows in the validation split.

    Returns
    -------
    Scan or None
        None where the motifs cannot be read, or no target with both labels names one.
    """
    if not any(dataset.jaspar):
        return None
    try:
        known = target_motifs(dataset, motifs)
    except (DanqError, OSError):
        return None
    rows = evenly_spaced(len(labels), SCANNED_WINDOWS)
    chosen = _choose_targets(known, labels[rows])
    if not chosen:
        return None
    scores = scan_scores(dataset, "valid", chosen, np.array(validated)[rows])
    targets = np.array(list(chosen))
    table = np.column_stack(list(scores.values()))
    part = np.ix_(rows, targets)
    auprc = measure(labels[part], table, names=["auprc"])["auprc"]
    return Scan(targets, rows, auprc)


def _choose_targets(
    motifs: Mapping[int, NDArray[np.float64]], labels: NDArray[np.uint8]
) -> dict[int, NDArray[np.float64]]:
    """Return the motifs of at most `SCANNED_TARGETS` targets that have both labels."""
    n_positive = labels.sum(axis=0, dtype=np.int64)
    targets = [target for target in motifs if 0 < n_positive[target] < len(labels)]
    chosen = [targets[i] for i in evenly_spaced(len(targets), SCANNED_TARGETS)]
    return {target: motifs[target] for target in chosen}
