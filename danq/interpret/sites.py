"""Where filters fire: one site per window and filter, the bases there, and the same sites as BED.

Windows are read twice and in batches, first for the highest activation of each filter, then for its
sites: the memory needed grows with the number of sites, not with the number of activations.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.files import PathLike, write_table
from danq.genome.sequence import UNKNOWN, base_indices
from danq.network.motif_layers import Layer
from danq.progress import Bar

BATCH = 64
"""Windows whose activations are computed together."""

OneHot = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Gives windows, one-hot (n, 4, L), of an array of n rows."""


class Sites(NamedTuple):
    """Sites at which filters fire; each array has one entry per site.

    Attributes
    ----------
    row : numpy.ndarray, int64
        Row of the window in its split.
    filter : numpy.ndarray, int64
        Number of the filter in its layer.
    start : numpy.ndarray, int64
        First base of the filter's receptive field, from the window's start (bp).
    activation : numpy.ndarray, float32
        After the ReLU.
    """

    row: NDArray[np.int64]
    filter: NDArray[np.int64]
    start: NDArray[np.int64]
    activation: NDArray[np.float32]


class BatchSites(NamedTuple):
    """The sites in one batch of windows.

    Attributes
    ----------
    indices : numpy.ndarray, uint8, shape (n, L)
        Bases of the windows: 0 to 3 for A, C, G, T, `UNKNOWN` for others.
    sites : Sites
        Rows counted in the batch.
    rows : numpy.ndarray, int64, shape (n,)
        Rows of the windows in their split.
    """

    indices: NDArray[np.uint8]
    sites: Sites
    rows: NDArray[np.int64]


class Windows(NamedTuple):
    """Where the windows of a split lie in the genome.

    Attributes
    ----------
    chromosome : numpy.ndarray, int, shape (N,)
        Number of the chromosome.
    start : numpy.ndarray, int, shape (N,)
        First base (bp, 0-based).
    names : list of str
        Of the chromosomes.
    """

    chromosome: NDArray[np.int64]
    start: NDArray[np.int64]
    names: list[str]


class _Peaks(NamedTuple):
    """Highest activation of each window and filter, and its position: both (n, F)."""

    activation: NDArray[np.float32]
    position: NDArray[np.int64]


def find_sites(
    layer: Layer, one_hot: OneHot, rows: NDArray[np.int64], activation: float
) -> Iterator[BatchSites]:
    """Find the sites of each filter of a layer: at most one per window and filter.

    The site is the window's position of highest activation, and counts if that is above
    `activation` times the filter's maximum over all windows. Forward strand only: peaks hold their
    motifs in both orientations, so that the other strand would add more sites of the same kind, at
    twice the work.

    Parameters
    ----------
    layer : danq.network.motif_layers.Layer
        Of F filters.
    one_hot : callable
        Gives windows, float32 (n, 4, L), of an int array of n rows. Called with one batch of rows
        at a time, twice.
    rows : numpy.ndarray, int, shape (N,)
        The windows to look in.
    activation : float
        Share of the maximum, 0 to 1.

    Yields
    ------
    BatchSites
        The sites of each batch, in the order of `rows`.
    """
    batches = np.split(rows, range(BATCH, len(rows), BATCH))
    threshold: NDArray[np.float32] | float = 0
    if activation:
        threshold = activation * _highest_activations(layer, one_hot, batches)
    for batch in Bar(batches, "sites", unit="batch"):
        X = one_hot(batch)
        peaks = _peaks(layer, X)
        windows, filters = np.nonzero(peaks.activation > threshold)
        starts = peaks.position[windows, filters] * layer.stride
        activations = peaks.activation[windows, filters]
        sites = Sites(windows, filters, starts, activations)
        yield BatchSites(base_indices(X, axis=1), sites, batch)


def _highest_activations(
    layer: Layer, one_hot: OneHot, batches: Sequence[NDArray[np.int64]]
) -> NDArray[np.float32]:
    """Return the highest activation of each filter over all windows, (F,)."""
    highest = []
    for batch in Bar(batches, "activations", unit="batch"):
        peaks = _peaks(layer, one_hot(batch))
        highest.append(peaks.activation.max(axis=0))
    return np.maximum.reduce(highest)


def _peaks(layer: Layer, X: NDArray[np.float32]) -> _Peaks:
    """Return each window's highest activation after the ReLU and its position, both (n, F)."""
    with torch.inference_mode():
        windows = torch.from_numpy(X).to(layer.device)
        activations = layer.activations(windows).relu()  # (n, F, P)
        best = activations.max(dim=2)  # (n, F)
    activation = best.values.cpu().numpy()
    position = best.indices.cpu().numpy()
    return _Peaks(activation, position)


def site_bases(
    indices: NDArray[np.uint8], sites: Sites, width: int, flank: int = 0
) -> NDArray[np.uint8]:
    """Return the bases under sites and beside them.

    Parameters
    ----------
    indices : numpy.ndarray, uint8, shape (n, L)
        Bases of the windows that `sites.row` counts in.
    sites : Sites
        M sites.
    width, flank : int
        Of a site (bp), and how many bases before and after it are wanted.

    Returns
    -------
    numpy.ndarray, uint8, shape (M, width + 2 flank)
        What lies beyond a window is `UNKNOWN`.
    """
    flanks = [(0, 0), (flank, flank)]
    padded = np.pad(indices, flanks, constant_values=UNKNOWN)
    columns = np.arange(width + 2 * flank)
    positions = sites.start[:, None] + columns
    return padded[sites.row[:, None], positions]


def count_bases(
    bases: NDArray[np.uint8], filters: NDArray[np.int64], n_filters: int
) -> NDArray[np.int64]:
    """Count the bases at each position of the sites of each filter.

    Parameters
    ----------
    bases : numpy.ndarray, uint8, shape (M, w)
        As from `site_bases`.
    filters : numpy.ndarray, int, shape (M,)
        Filter of each site.
    n_filters : int
        How many filters there are.

    Returns
    -------
    numpy.ndarray, int64, shape (n_filters, w, 4)
        Occurrences of A, C, G, T; unknown bases are not counted.
    """
    width = bases.shape[1]
    n_kinds = UNKNOWN + 1
    first_columns = filters[:, None] * width
    columns = first_columns + np.arange(width)
    cells = columns * n_kinds + bases
    n_cells = n_filters * width * n_kinds
    counts = np.bincount(cells.ravel(), minlength=n_cells)
    by_position = counts.reshape(n_filters, width, n_kinds)
    return by_position[..., :UNKNOWN]


def realign(bases: NDArray[np.uint8], flank: int, rounds: int = 4) -> NDArray[np.int64]:
    """Shift the sites of one filter against each other until they agree best.

    A filter behind a pool does not say where in the pool its motif lies, so its sites are smeared
    over as many bases. In each round the bases under the sites are counted, and each site is
    shifted to where it scores highest against these counts (as log-odds, one pseudocount for each
    base). As in the realignment steps of motif finders (Lawrence and Reilly 1990,
    https://doi.org/10.1002/prot.340070105).

    Parameters
    ----------
    bases : numpy.ndarray, uint8, shape (M, w + 2 flank)
        From `site_bases`.
    flank : int
        Largest shift (bp).
    rounds : int
        Times that the sites are counted and shifted.

    Returns
    -------
    numpy.ndarray, int64, shape (M,)
        Shift of each site, -flank to flank. No site is shifted to where it would leave its window.
    """
    width = bases.shape[1] - 2 * flank
    # Each site at each of its shifts: (M, 2 flank + 1, w).
    shifted = np.lib.stride_tricks.sliding_window_view(bases, width, axis=1)
    ends = shifted[:, :, [0, -1]]
    inside = (ends != UNKNOWN).all(axis=2)
    inside[:, flank] = True
    sites = np.arange(len(bases))
    chosen = np.full(len(bases), flank)
    shifts = np.arange(2 * flank + 1)
    nearest_first = np.argsort(np.abs(shifts - flank), kind="stable")
    for _ in range(rounds):
        odds = _log_odds(shifted[sites, chosen])
        scores = np.where(inside, _scores(shifted, odds), -np.inf)
        # Of equal scores the smallest shift: a site of one base over and over stays where it is.
        best = scores[:, nearest_first].argmax(axis=1)
        chosen = nearest_first[best]
    return chosen - flank


def _log_odds(bases: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the log-odds of A, C, G, T, and 0 for unknown bases, at each position: (w, 5)."""
    one_filter = np.zeros(len(bases), np.int64)
    counts = count_bases(bases, one_filter, 1)[0]
    totals = counts.sum(axis=1, keepdims=True)
    shares = (counts + 1) / (totals + 4)
    odds = np.log(shares * 4)
    return np.pad(odds, [(0, 0), (0, 1)])


def _scores(shifted: NDArray[np.uint8], odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score of sites at shifts (M, S, w) under log-odds (w, 5): (M, S)."""
    scores = np.zeros(shifted.shape[:2])
    for position, column in enumerate(odds):
        scores = scores + column[shifted[:, :, position]]
    return scores


# --- sites as BED ---


def window_positions(data: Dataset, split: str) -> Windows:
    """Return where the windows of a split lie.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.

    Returns
    -------
    Windows
        Each window without a position is a chromosome of its own.
    """
    if data.attributes["coordinates"] == "genome":
        chromosome, start = data.positions(split)
        return Windows(chromosome, start, list(data.chromosomes))
    rows = np.arange(data.length(split))
    names = [f"{split}_{row}" for row in rows]
    return Windows(rows, np.zeros(len(rows), np.int64), names)


def write_bed(path: PathLike, frame: pd.DataFrame) -> None:
    """Write sites as BED (https://samtools.github.io/hts-specs/BEDv1.pdf), sorted, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make; compressed where it ends in .gz.
    frame : pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open), name, score (0 to 1000) and strand.
        Windows overlap: a site that several of them show is written once, with its highest score.
    """
    site = ["chrom", "start", "end", "name"]
    by_position = frame.sort_values([*site, "score"], kind="stable")
    unique = by_position.drop_duplicates(site, keep="last")
    write_table(path, unique, header=False)


def bed_rows(
    sites: Sites, names: Sequence[str], spans: NDArray[np.int64], windows: Windows
) -> pd.DataFrame:
    """Return sites as rows for `write_bed`.

    Parameters
    ----------
    sites : Sites
        Rows counted in the split.
    names : list of str
        Of each filter.
    spans : numpy.ndarray, int, shape (F, 2)
        First and last (exclusive) column of each filter that its motif keeps (bp from the site's
        start).
    windows : Windows
        Where the windows of the split lie.

    Returns
    -------
    pandas.DataFrame
        The score is the activation over the filter's highest, times 1000. Strand is + where the
        bases of the genome read as the motif does.
    """
    highest = np.zeros(len(names), np.float32)
    np.maximum.at(highest, sites.filter, sites.activation)
    score = 1000 * sites.activation / highest[sites.filter]
    chromosome = windows.chromosome[sites.row]
    start = windows.start[sites.row] + sites.start
    first, last = spans[sites.filter].T
    frame = pd.DataFrame({"start": start + first, "end": start + last})
    frame.insert(0, "chrom", np.array(windows.names, dtype=object)[chromosome])
    frame["name"] = np.array(names, dtype=object)[sites.filter]
    frame["score"] = np.rint(score).astype(np.int64)
    frame["strand"] = "+"
    return frame
