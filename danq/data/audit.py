"""Leakage between the splits of a dataset: windows that share bases, and windows of the same bases on either strand.

Exact, in memory of a block of windows and a few whole numbers for each window: windows are hashed, and those that agree
in the hash are compared base by base.
"""

import itertools

import numpy as np
import pandas as pd

from danq.genome.sequence import reverse_complement_packed

PAIRS = (("valid", "train"), ("test", "train"), ("test", "valid"))
"""Which split is held against which: never a held-out split against one that is used after it."""

_BLOCK = 1 << 23  # bytes of packed windows read at once
_CANDIDATES = 1 << 26  # bytes of packed windows confirmed in one pass through the file
_SEED = 0  # of the hash


def audit(dataset):
    """Count the windows of held-out splits that a model has seen, in part or whole.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        An open dataset.

    Returns
    -------
    pandas.DataFrame
        A row for each of `PAIRS`, with the columns

        split, against : str
            The two splits. All counts are of windows of `split`, each counted once.
        windows : int64
            All of them.
        overlapping : Int64
            Those that share at least 1 bp of the genome with a window of `against`; NA where the dataset's coordinates
            are no places in a genome.
        identical : int64
            Those whose bases, N included, are exactly those of some window of `against`.
        reverse_complement : int64
            Those whose other strand is exactly some window of `against`.
        either : int64
            Those that are `identical` or `reverse_complement`, or both.
    """
    hashes = {
        split: _hashes(dataset, split, both=split != "train")
        for split in ("train", "valid", "test")
    }
    rows = []
    for split, against in PAIRS:
        same, other = (
            _found(dataset, split, against, own, hashes[against][0], flipped)
            for flipped, own in enumerate(hashes[split])
        )
        rows.append(
            {
                "split": split,
                "against": against,
                "windows": len(same),
                "overlapping": _overlapping(dataset, split, against),
                "identical": same.sum(),
                "reverse_complement": other.sum(),
                "either": (same | other).sum(),
            }
        )
    return pd.DataFrame(rows).astype({"overlapping": "Int64"})


def _overlapping(dataset, split, against):
    """Count the windows of a split that share a base with one of another; NA where they have no places."""
    if dataset.attributes["coordinates"] != "genome":
        return pd.NA
    # All chromosomes on one line, farther apart than a window is long.
    stride = max(dataset.chromosomes.values()) + dataset.window
    own, others = (
        chromosome * stride + start for chromosome, start in map(dataset.places, (split, against))
    )
    others = np.append(np.sort(others), np.iinfo(np.int64).max)
    next_one = others[np.searchsorted(others, own - dataset.window, side="right")]
    return int((next_one < own + dataset.window).sum())


def _hashes(dataset, split, both):
    """Return the hash of each window of a split and, if `both`, that of its other strand (uint64, (1 or 2, N))."""
    found = np.empty((1 + both, dataset.length(split)), dtype=np.uint64)
    step = _rows_in(_BLOCK, dataset)
    for start in range(0, found.shape[1], step):
        rows = slice(start, start + step)
        packed = dataset.packed_sequences(split, rows)
        found[0, rows] = _hash(packed)
        if both:
            found[1, rows] = _hash(reverse_complement_packed(packed, dataset.window))
    return found


def _hash(packed):
    """Hash packed windows (n, w, 4), uint8, to uint64 (n,).

    Multilinear hashing (Lemire and Kaser 2014, https://arxiv.org/abs/1202.4961): the sum of the 32-bit words of a
    window, each times a random number, modulo 2^64. The difference of two words is no multiple of 2^32, so that two
    windows, whichever they are, agree by chance with a probability of at most 2^-33; nearly all pairs with 2^-64.
    """
    words = np.ascontiguousarray(packed).view(np.uint32)[:, :, 0]
    factors = np.random.default_rng(_SEED).integers(0, 1 << 64, words.shape[1], dtype=np.uint64)
    return np.einsum("ij,j->i", words, factors)


def _found(dataset, split, against, own, others, flipped):
    """Say which windows of a split (bool, (N,)) are some window of `against`, by their hashes `own` and `others`."""
    order = np.argsort(others, kind="stable")
    others = others[order]
    first, last = (
        np.searchsorted(others, own, side="left"),
        np.searchsorted(others, own, side="right"),
    )
    found, step = np.zeros(len(own), dtype=bool), _rows_in(_CANDIDATES, dataset)
    # The windows of `against` that agree in the hash, one after the other; nearly always the first one is the same.
    for turn in itertools.count():
        pending = np.flatnonzero(~found & (first + turn < last))
        if len(pending) == 0:
            return found
        for start in range(0, len(pending), step):
            rows = pending[start : start + step]
            found[rows] = _equal(
                _gather(dataset, split, rows),
                _gather(dataset, against, order[first[rows] + turn]),
                dataset,
                flipped,
            )


def _equal(own, others, dataset, flipped):
    """Compare packed windows (n, w, 4) pair by pair, base by base, `own` on the other strand if `flipped`."""
    equal, step = np.empty(len(own), dtype=bool), _rows_in(_BLOCK, dataset)
    for start in range(0, len(own), step):
        rows = slice(start, start + step)
        strand = reverse_complement_packed(own[rows], dataset.window) if flipped else own[rows]
        equal[rows] = (strand == others[rows]).all(axis=(1, 2))
    return equal


def _gather(dataset, split, rows):
    """Read windows of a split, uint8 (n, w, 4), at `rows` (int64, (n,), any order), by one pass through the file."""
    distinct, place = np.unique(rows, return_inverse=True)
    parts = []
    for block in np.split(
        distinct, np.flatnonzero(np.diff(distinct // _rows_in(_BLOCK, dataset))) + 1
    ):
        parts.append(
            dataset.packed_sequences(split, slice(block[0], block[-1] + 1))[block - block[0]]
        )
    return np.concatenate(parts)[place]


def _rows_in(size, dataset):
    """Return how many packed windows `size` bytes hold, at least 1."""
    return max(1, size // (4 * -(-dataset.window // 8)))
