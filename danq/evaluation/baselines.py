"""Predictors that the networks must beat: k-mer counts, the target's own motif, and what the truth allows.

=============== =====================================================================================
kmer            logistic regression on counts of the 1- to 5-mers of the window, strands merged
scan            best match of the target's own known motif in the bin, either strand
oracle_rule     simulated runs: share of the bin that the planted rule marks (a ceiling)
oracle_parts    simulated runs: the same for all places with the right parts, whether the rule holds or not
=============== =====================================================================================
"""

import itertools

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from danq.data.dataset import open_dataset
from danq.data.predictions import write_predictions
from danq.errors import DanqError, shown
from danq.genome.sequence import reverse_complement
from danq.motif.meme import known_motifs, log_odds
from danq.simulation.truth import element_coverage

KMERS = (1, 2, 3, 4, 5)
"""The k of the k-mers, as in DanQ's own baseline (https://doi.org/10.1093/nar/gkw226)."""

PENALTY = 0.01
"""scikit-learn's C of the logistic regression, on standardised counts."""

_BLOCK = 512  # sequences counted at once


def kmer_baseline(dataset, output):
    """Fit a logistic regression on k-mer counts for each target, and predict the test split.

    Parameters
    ----------
    dataset, output : path
        dataset.h5, and the predictions to make.
    """
    with open_dataset(dataset) as opened:
        train, test = (kmer_counts(opened.base_indices(split)) for split in ("train", "test"))
        labels, windows = opened.labels("train"), opened.split_checksum("test")
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    scores = np.full((len(test), labels.shape[1]), np.nan)
    for target in tqdm(range(labels.shape[1]), "k-mer regression", unit="target", disable=None):
        if 0 < labels[:, target].sum() < len(labels):
            fitted = LogisticRegression(C=PENALTY, max_iter=200).fit(train, labels[:, target])
            scores[:, target] = fitted.predict_proba(test)[:, 1]
    write_predictions(output, scores, "kmer", "NA", "test", windows)


def kmer_counts(indices):
    """Count the k-mers of each sequence, a k-mer and its reverse complement as one.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; k-mers with a 4 (N) are not counted.

    Returns
    -------
    numpy.ndarray, shape (N, 692), float32
        2 + 10 + 32 + 136 + 512 canonical k-mers for k of 1 to 5, and the counts of each.
    """
    return np.hstack([_canonical_counts(indices, k) for k in KMERS])


def _canonical_counts(indices, k):
    """Return the counts of canonical k-mers, float32 (N, number of them)."""
    words = np.array(list(itertools.product(range(4), repeat=k)), dtype=np.uint8)
    powers = 4 ** np.arange(k - 1, -1, -1)
    canonical = np.minimum(words @ powers, reverse_complement(words) @ powers)
    kept, column = np.unique(canonical, return_inverse=True)
    counts = np.empty((len(indices), len(kept)), dtype=np.float32)
    for start in range(0, len(indices), _BLOCK):
        counts[start : start + _BLOCK] = _count_block(
            indices[start : start + _BLOCK], k, column, len(kept)
        )
    return counts


def _count_block(indices, k, column, n_columns):
    """Count words of length `k` by column; a word with an unknown base goes to a last column, which is cut off."""
    n_words = indices.shape[1] - k + 1
    values = np.zeros((len(indices), n_words), dtype=np.int32)
    known = np.ones((len(indices), n_words), dtype=bool)
    for i in range(k):
        bases = indices[:, i : i + n_words]
        values = 4 * values + (bases & 3)
        known &= bases < 4
    cells = (
        np.where(known, column[values], n_columns)
        + (n_columns + 1) * np.arange(len(indices))[:, None]
    )
    counts = np.bincount(cells.ravel(), minlength=len(indices) * (n_columns + 1))
    return counts.reshape(len(indices), n_columns + 1)[:, :-1]


def scan_baseline(dataset, motifs, output):
    """Score each test bin by the best match of each target's own known motif.

    Parameters
    ----------
    dataset, output : path
        dataset.h5, and the predictions to make: log-odds (bits), nan for targets without a known motif.
    motifs : str
        As `danq.motif.meme.known_motifs`.

    Raises
    ------
    DanqError
        A target names a motif that is not among `motifs`.
    """
    known = {motif.name: motif.matrix for motif in known_motifs(motifs)}
    with open_dataset(dataset) as opened:
        indices, names, jaspar, windows = (
            opened.base_indices("test"),
            opened.names,
            opened.jaspar,
            opened.split_checksum("test"),
        )
        flank = (opened.window - opened.bin_size) // 2
        background = np.bincount(opened.base_indices("train").ravel(), minlength=5)[:4]
    scores = np.full((len(indices), len(names)), np.nan)
    for target, (name, motif) in enumerate(zip(names, jaspar, strict=True)):
        if motif and motif not in known:
            raise DanqError(
                f"target {shown(name)} has the known motif {shown(motif)}, which is not in {motifs}; fix "
                "its jaspar column, or give the right motifs"
            )
        if motif and len(known[motif]) > indices.shape[1]:
            raise DanqError(
                f"the known motif {shown(motif)} is longer than a window; use a longer extract.window"
            )
        if motif:
            scores[:, target] = scan(
                indices, log_odds(known[motif], background / background.sum()), flank
            )
    write_predictions(output, scores, "scan", "NA", "test", windows)


def scan(indices, weights, flank):
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
    width = len(weights)
    first = max(0, flank - width // 2)
    last = min(indices.shape[1] - width, indices.shape[1] - flank - width // 2 - 1)
    best = np.full(len(indices), -np.inf)
    for strand in (weights, weights[::-1, ::-1]):
        table = np.column_stack([strand, strand.min(axis=1)])
        scores = sum(table[i][indices[:, first + i : last + 1 + i]] for i in range(width))
        best = np.maximum(best, scores.max(axis=1))
    return best


def oracle_baseline(dataset, elements, output, *, kind):
    """Score each test bin by the planted truth.

    Parameters
    ----------
    dataset, output : path
        dataset.h5, and the predictions to make: share of the bin that is marked, 0 to 1.
    elements : path
        ``elements.tsv.gz`` of danq simulate.
    kind : {"oracle_rule", "oracle_parts"}
        Whether only elements where the rule holds count, or decoys too.
    """
    kinds = ("positive",) if kind == "oracle_rule" else ("positive", "decoy")
    with open_dataset(dataset) as opened:
        scores, windows = (
            element_coverage(opened, elements, kinds) / opened.bin_size,
            opened.split_checksum("test"),
        )
    write_predictions(output, scores, kind, "NA", "test", windows)
