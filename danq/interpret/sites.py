"""Where filters fire: one place per window and filter, the bases there, and the same places as BED.

Windows are read twice and in batches, first for the highest activation of each filter, then for its sites: what is held
grows with the number of sites kept, not with the activations.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from danq.files import write_table

UNKNOWN = 4
"""Code of a base other than ACGT, and of what lies beyond a window."""

_BATCH = 64


class Sites(NamedTuple):
    """Places where filters fire; each array has one entry per site.

    Attributes
    ----------
    row : numpy.ndarray, int64
        Row of the window in its split.
    filter : numpy.ndarray, int64
        Number of the filter in its layer.
    start : numpy.ndarray, int64
        First base that the filter sees, from the window's start (bp).
    activation : numpy.ndarray, float32
        After the ReLU.
    """

    row: np.ndarray
    filter: np.ndarray
    start: np.ndarray
    activation: np.ndarray


def find_sites(layer, one_hot, rows, activation):
    """Find the sites of each filter of a layer: at most one per window and filter.

    The site is the window's place of highest activation, and counts if that is above `activation` times the filter's
    maximum over all windows. Forward strand only: peaks hold their motifs in both orientations, so that the other
    strand would add more sites of the same kind, at twice the work.

    Parameters
    ----------
    layer : danq.network.models.Layer
        Of F filters.
    one_hot : callable
        Gives windows, float32 (n, 4, L), of an int array of n rows. Called with one batch of rows at a time, twice.
    rows : numpy.ndarray, int, shape (N,)
        The windows to look in.
    activation : float
        Share of the maximum, 0 to 1.

    Yields
    ------
    tuple of (numpy.ndarray, Sites)
        For each batch its bases (indices, uint8 (n, L), see `letter_codes`), and its sites; their `row` is the row in
        the batch, and the batches come in the order of `rows`.
    """
    batches = np.split(rows, range(_BATCH, len(rows), _BATCH))
    threshold = activation * _highest(layer, one_hot, batches) if activation else 0
    for batch in tqdm(batches, "sites", unit="batch", leave=False, disable=None):
        X = one_hot(batch)
        best, places = _best(layer, X)
        windows, filters = np.nonzero(best > threshold)
        yield (
            letter_codes(X),
            Sites(
                windows, filters, places[windows, filters] * layer.stride, best[windows, filters]
            ),
        )


def _highest(layer, one_hot, batches):
    """Return the highest activation of each filter over all windows, float32 (F,)."""
    passes = tqdm(batches, "activations", unit="batch", leave=False, disable=None)
    return np.maximum.reduce([_best(layer, one_hot(batch))[0].max(axis=0) for batch in passes])


def _best(layer, X):
    """Return each window's highest activation after ReLU and its position, both (n, F)."""
    import torch

    with torch.inference_mode():
        best = layer.activations(torch.from_numpy(X)).relu().max(dim=2)  # (n, F, P) to (n, F)
    return best.values.cpu().numpy(), best.indices.cpu().numpy()


def letter_codes(X):
    """Return windows X (n, 4, L) as indices, uint8 (n, L): 0 to 3 for A, C, G, T, `UNKNOWN` for other bases."""
    return np.where(X.any(axis=1), X.argmax(axis=1), UNKNOWN).astype(np.uint8)


def site_bases(indices, sites, width, flank=0):
    """Return the bases under sites and beside them.

    Parameters
    ----------
    indices : numpy.ndarray, uint8, shape (n, L)
        Bases of the windows that `sites.row` counts in.
    sites : Sites
    width, flank : int
        Of a site (bp), and how many bases before and after it are wanted.

    Returns
    -------
    numpy.ndarray, uint8, shape (M, width + 2 flank)
        What lies beyond a window is `UNKNOWN`.
    """
    padded = np.pad(indices, [(0, 0), (flank, flank)], constant_values=UNKNOWN)
    return padded[sites.row[:, None], sites.start[:, None] + np.arange(width + 2 * flank)]


def count_bases(bases, filters, n_filters):
    """Count the bases at each position of the sites of each filter.

    Parameters
    ----------
    bases : numpy.ndarray, uint8, shape (M, w)
        As from `site_bases`.
    filters : numpy.ndarray, int, shape (M,)
    n_filters : int

    Returns
    -------
    numpy.ndarray, int64, shape (n_filters, w, 4)
        Occurrences of A, C, G, T; other bases leave no count.
    """
    width = bases.shape[1]
    cells = (filters[:, None] * width + np.arange(width)) * 5 + bases
    return np.bincount(cells.ravel(), minlength=n_filters * width * 5).reshape(n_filters, width, 5)[
        ..., :UNKNOWN
    ]


def realign(bases, flank, rounds=4):
    """Shift the sites of one filter against each other until they agree best.

    A filter behind a pool does not say where in the pool its motif lies, so its sites are smeared over as many bases.
    In each round the bases under the sites are counted, and each site moves to where it scores highest against these
    counts (as log-odds, one pseudocount for each base). As in the realignment steps of motif finders (Lawrence and
    Reilly 1990, https://doi.org/10.1002/prot.340070105).

    Parameters
    ----------
    bases : numpy.ndarray, uint8, shape (M, w + 2 flank)
        From `site_bases`.
    flank : int
        Largest shift (bp).
    rounds : int

    Returns
    -------
    numpy.ndarray, int64, shape (M,)
        Shift of each site, -flank to flank. No site is shifted to where it would leave its window.
    """
    width = bases.shape[1] - 2 * flank
    offered = np.lib.stride_tricks.sliding_window_view(bases, width, axis=1)  # (M, 2 flank + 1, w)
    inside = ~(offered[:, :, [0, -1]] == UNKNOWN).any(axis=2)
    inside[:, flank] = True
    chosen = np.full(len(bases), flank)
    nearest = np.argsort(np.abs(np.arange(2 * flank + 1) - flank), kind="stable")
    for _ in range(rounds):
        counts = count_bases(
            offered[np.arange(len(bases)), chosen], np.zeros(len(bases), np.int64), 1
        )[0]
        odds = np.log((counts + 1) / (counts.sum(axis=1, keepdims=True) + 4) * 4)
        odds = np.pad(odds, [(0, 0), (0, 1)])  # an unknown base says nothing
        scores = sum(odds[place][offered[:, :, place]] for place in range(width))
        # Of equal scores the smallest shift: a site of one base over and over stays where it is.
        scores = np.where(inside, scores, -np.inf)[:, nearest]
        chosen = nearest[scores.argmax(axis=1)]
    return chosen - flank


def write_bed(path, frame):
    """Write sites as BED (https://samtools.github.io/hts-specs/BEDv1.pdf), sorted, each place once, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make; compressed where it ends in .gz.
    frame : pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open), name, score (0 to 1000) and strand. Windows overlap: a place
        that several of them show is one site, with its highest score.
    """
    frame = frame.sort_values(["chrom", "start", "end", "name", "score"], kind="stable")
    write_table(
        path, frame.drop_duplicates(["chrom", "start", "end", "name"], keep="last"), header=False
    )


def bed_rows(sites, names, shown, places, chromosomes):
    """Return sites as rows for `write_bed`.

    Parameters
    ----------
    sites : Sites
        Rows counted in the split.
    names : list of str
        Of each filter.
    shown : numpy.ndarray, int, shape (F, 2)
        First and last (exclusive) column of each filter that its motif kept (bp from the site's start).
    places : tuple of two numpy.ndarray
        Chromosome (its number) and start (bp) of each window of the split.
    chromosomes : list of str

    Returns
    -------
    pandas.DataFrame
        The score is the activation over the filter's highest, times 1000. Strand is + where the bases of the genome
        read as the motif does.
    """
    highest = np.zeros(len(names), np.float32)
    np.maximum.at(highest, sites.filter, sites.activation)
    first = places[1][sites.row] + sites.start
    return pd.DataFrame(
        {
            "chrom": np.array(chromosomes, dtype=object)[places[0][sites.row]],
            "start": first + shown[sites.filter, 0],
            "end": first + shown[sites.filter, 1],
            "name": np.array(names, dtype=object)[sites.filter],
            "score": np.rint(1000 * sites.activation / highest[sites.filter]).astype(np.int64),
            "strand": "+",
        }
    )
