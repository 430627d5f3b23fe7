"""Filters as matrices: the bases at their sites in labelled windows, counted; and the sites."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.config import Motifs
from danq.data.dataset import Dataset
from danq.data.shortfalls import tell, windows_with_labels
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.tables import find_target
from danq.interpret.sites import (
    OneHot,
    Sites,
    bed_rows,
    count_bases,
    find_sites,
    realign,
    site_bases,
    window_positions,
    write_bed,
)
from danq.motif.annotate import informative_columns, trim
from danq.motif.meme import Motif
from danq.network.motif_layers import Layer

FLANK = 3
"""Largest shift (bp) of the sites of a layer behind a pool of 4 when they are realigned."""

REALIGNED = 10_000
"""The most windows in which the sites of such a layer are looked for: the bases under all of them
are in memory."""


class Filters(NamedTuple):
    """The filters of one layer, as their sites show them.

    Attributes
    ----------
    layer : danq.network.motif_layers.Layer
        Of F filters, w bp wide.
    counts : numpy.ndarray, int64, shape (F, w, 4)
        Bases at each position of the sites.
    n_sites : numpy.ndarray, int64, shape (F,)
        Sites of each filter; 0 for one that no window excites.
    sites : Sites or None
        The sites, rows counted in the split; None where they were not wanted.
    """

    layer: Layer
    counts: NDArray[np.int64]
    n_sites: NDArray[np.int64]
    sites: Sites | None

    @property
    def names(self) -> list[str]:
        """What the filters are called, as ``filter0``."""
        numbers = range(self.layer.n_filters)
        return [f"{self.layer.name}{number}" for number in numbers]


def read_filters(
    layers: Sequence[Layer],
    data: Dataset,
    settings: Motifs,
    activation: float,
    rng: np.random.Generator,
    keep: bool = False,
) -> list[Filters]:
    """Read the filters of all layers of a model in the same labelled windows.

    Parameters
    ----------
    layers : list of danq.network.motif_layers.Layer
        See `danq.network.trained.TrainedModel.motif_layers`.
    data : danq.data.dataset.Dataset
        The open file.
    settings : danq.config.Motifs
        How many windows, of which split, with the label of which target.
    activation : float
        See `danq.interpret.sites.find_sites`.
    rng : numpy.random.Generator
        Chooses the windows.
    keep : bool
        See `read_layer`.

    Returns
    -------
    list of Filters
        Layer by layer.

    Raises
    ------
    DanqError
        No window has the label, or there is no such target.
    """
    rows = _labelled_rows(data, settings.split, settings.target)
    asked = windows_with_labels(settings.windows, len(rows), settings.split, settings.target)
    tell([asked], "filters")
    n = min(settings.windows, len(rows))
    sample = np.sort(rng.choice(rows, n, replace=False))
    one_hot = partial(data.one_hot, settings.split)
    filters = []
    for layer in layers:
        filters.append(read_layer(layer, one_hot, sample, activation, rng, keep))
    return filters


def _labelled_rows(data: Dataset, split: str, target: str | None) -> NDArray[np.int64]:
    """Return the rows of a split with a label, or with that of one target."""
    if target is None:
        label = "a label"
        labels = data.packed_labels(split)
    else:
        label = f"the label of {target}"
        column = find_target(target, data.names)
        labels = data.labels_of(split, [column])
    rows = np.flatnonzero(labels.any(axis=1))
    if len(rows) == 0:
        advice = "choose another split or target, or extract with others"
        raise DanqError(f"no {split} window has {label}; {advice}", data.path)
    return rows


def read_layer(
    layer: Layer,
    one_hot: OneHot,
    rows: NDArray[np.int64],
    activation: float,
    rng: np.random.Generator,
    keep: bool = False,
) -> Filters:
    """Count the bases at the sites of each filter of a layer, realigned where it is behind a pool.

    Parameters
    ----------
    layer : danq.network.motif_layers.Layer
        Of F filters.
    one_hot : callable
        See `danq.interpret.sites.find_sites`.
    rows : numpy.ndarray, int, shape (N,)
        Windows to look in, ascending.
    activation : float
        See `danq.interpret.sites.find_sites`.
    rng : numpy.random.Generator
        Chooses among more than `REALIGNED` windows, for a layer behind a pool.
    keep : bool
        Whether the sites themselves are wanted, 28 bytes each.

    Returns
    -------
    Filters
    """
    if layer.stride == 1:
        return _read_exact(layer, one_hot, rows, activation, keep)
    if len(rows) > REALIGNED:
        rows = np.sort(rng.choice(rows, REALIGNED, replace=False))
    return _read_behind_pool(layer, one_hot, rows, activation)


def _read_exact(
    layer: Layer, one_hot: OneHot, rows: NDArray[np.int64], activation: float, keep: bool
) -> Filters:
    """Read a layer whose sites are known to the base."""
    counts = np.zeros((layer.n_filters, layer.width, 4), np.int64)
    n_sites = np.zeros(layer.n_filters, np.int64)
    batches = []
    for indices, sites, batch_rows in find_sites(layer, one_hot, rows, activation):
        bases = site_bases(indices, sites, layer.width)
        counts += count_bases(bases, sites.filter, layer.n_filters)
        n_sites += _count_sites(sites, layer)
        if keep:
            batches.append(_in_split(sites, batch_rows))
    all_sites = None
    if keep:
        all_sites = _joined(batches)
    return Filters(layer, counts, n_sites, all_sites)


def _read_behind_pool(
    layer: Layer, one_hot: OneHot, rows: NDArray[np.int64], activation: float
) -> Filters:
    """Read a layer whose sites are smeared over a pool, and realign them."""
    batches = []
    bases = []
    for indices, sites, batch_rows in find_sites(layer, one_hot, rows, activation):
        bases.append(site_bases(indices, sites, layer.width, FLANK))
        batches.append(_in_split(sites, batch_rows))
    all_sites = _joined(batches)
    return _realigned(all_sites, np.concatenate(bases), layer)


def _realigned(sites: Sites, bases: NDArray[np.uint8], layer: Layer) -> Filters:
    """Shift the sites of each filter against each other, and count the bases under them."""
    shifts = np.zeros(len(bases), np.int64)
    for number in np.unique(sites.filter):
        of_filter = sites.filter == number
        shifts[of_filter] = realign(bases[of_filter], FLANK)
    first_columns = FLANK + shifts[:, None]
    columns = first_columns + np.arange(layer.width)
    under_sites = np.take_along_axis(bases, columns, axis=1)
    counts = count_bases(under_sites, sites.filter, layer.n_filters)
    shifted = sites._replace(start=sites.start + shifts)
    return Filters(layer, counts, _count_sites(sites, layer), shifted)


def _in_split(sites: Sites, batch_rows: NDArray[np.int64]) -> Sites:
    """Return the sites of a batch with their rows counted in the split."""
    return sites._replace(row=batch_rows[sites.row])


def _joined(batches: list[Sites]) -> Sites:
    """Return the sites of all batches, one batch after the other."""
    columns = zip(*batches, strict=True)
    joined = [np.concatenate(column) for column in columns]
    return Sites(*joined)


def _count_sites(sites: Sites, layer: Layer) -> NDArray[np.int64]:
    return np.bincount(sites.filter, minlength=layer.n_filters)


def filter_motifs(filters: Filters, trim_bits: float) -> list[Motif]:
    """Turn base counts into trimmed motifs, one per filter with a site.

    Parameters
    ----------
    filters : Filters
        The filters of one layer.
    trim_bits : float
        Flanking columns with less information (bits) are cut.

    Returns
    -------
    list of Motif
        Named by layer and number, as ``filter0``. Probabilities are plain shares, without
        pseudocounts; a column without any base is uniform.
    """
    motifs = []
    for number in np.flatnonzero(filters.n_sites):
        matrix = trim(_matrix(filters.counts[number]), trim_bits)
        n_sites = int(filters.n_sites[number])
        motifs.append(Motif(filters.names[number], "", matrix, n_sites))
    return motifs


def motif_spans(filters: Filters, trim_bits: float) -> NDArray[np.int64]:
    """Return the columns that each filter's motif keeps.

    Parameters
    ----------
    filters : Filters
        The filters of one layer.
    trim_bits : float
        As for `filter_motifs`.

    Returns
    -------
    numpy.ndarray, int64, shape (F, 2)
        First and last (exclusive) column.
    """
    spans = [informative_columns(_matrix(counts), trim_bits) for counts in filters.counts]
    return np.array(spans)


def write_sites(
    path: PathLike, filters: Sequence[Filters], data: Dataset, split: str, trim_bits: float
) -> None:
    """Write the sites of all layers as BED, each as wide as the motif of its filter.

    Parameters
    ----------
    path : str or path-like
        The file to make, see `danq.interpret.sites.write_bed`.
    filters : list of Filters
        Of each layer, with their sites.
    data : danq.data.dataset.Dataset
        The open file in whose windows the sites are.
    split : str
        The split of these windows.
    trim_bits : float
        As for `filter_motifs`.
    """
    windows = window_positions(data, split)
    tables = []
    for layer in filters:
        if layer.sites is not None:
            spans = motif_spans(layer, trim_bits)
            tables.append(bed_rows(layer.sites, layer.names, spans, windows))
    write_bed(path, pd.concat(tables))


def _matrix(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return base counts (w, 4) as shares."""
    totals = counts.sum(axis=1, keepdims=True)
    uniform = np.full(counts.shape, 0.25)
    return np.divide(counts, totals, where=totals > 0, out=uniform)
