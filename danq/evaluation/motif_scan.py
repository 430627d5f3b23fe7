"""The baseline `scan`: the best match of the target's own known motif in the bin, either strand."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.errors import DanqError, shown
from danq.evaluation.fitting import blocks_of_bases
from danq.files import PathLike
from danq.genome import bins
from danq.motif import meme


def scan_split(
    data: Dataset, split: str, matrices: Mapping[int, NDArray[np.float64]]
) -> NDArray[np.float32]:
    """Score each bin of a split by the best match of each target's own known motif.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    matrices : dict of int to numpy.ndarray, shape (width, 4)
        As `target_motifs` returns them.

    Returns
    -------
    numpy.ndarray, shape (N, T), float32
        Log-odds (bits); nan for targets without a known motif.
    """
    shape = (data.length(split), len(data.names))
    scores = np.full(shape, np.nan, dtype=np.float32)
    for target, target_scores in scan_scores(data, split, matrices).items():
        scores[:, target] = target_scores
    return scores


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
    flank = bins.flank(data.window, data.bin_size)
    for block, indices in blocks_of_bases(data, split, rows):
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
