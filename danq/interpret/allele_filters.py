"""Filters of the first layer that fire over one allele of a variant only."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from danq.data.explained import FilterChange
from danq.errors import DanqError
from danq.files import PathLike, read_table
from danq.genome.alleles import AlleleWindows
from danq.genome.sequence import Genome, one_hot, unpack_indices
from danq.network.augment import reverse_complement
from danq.network.motif_layers import Layer
from danq.records import verified_if_recorded

FIRES = 0.5
"""A filter fires where its activation is above this share of its maximum."""

WINDOWS = 500
"""Random windows of the genome in which, beside those of the variants, that maximum is taken."""

_BATCH = 64
_NEEDED = ("name", "rank", "factor", "named")


class FilterNames(NamedTuple):
    """What the filters of a model are called.

    Attributes
    ----------
    prefix : str
        Stands before their numbers: tells models apart where there are several.
    factors : mapping of str to str
        The factor that a filter is named after.
    """

    prefix: str
    factors: Mapping[str, str]


def read_filter_names(path: PathLike) -> dict[str, str]:
    """Read which factor each filter is named after.

    Parameters
    ----------
    path : path
        matches.tsv of ``danq motifs`` or ``danq annotate``.

    Returns
    -------
    dict of str to str
        Factor by filter, of those that are named.

    Raises
    ------
    DanqError
        Not such a table.
    """
    verified_if_recorded(path)
    table = read_table(path)
    for column in _NEEDED:
        if column not in table:
            raise DanqError(f"no column {column}; give matches.tsv of danq motifs", path)
    named = table[table["named"] == "yes"]
    return dict(zip(named["name"], named["factor"], strict=True))


def random_windows(genome: Genome, length: int, n: int, seed: int) -> NDArray[np.uint8]:
    """Draw windows of a genome.

    Parameters
    ----------
    genome : danq.genome.sequence.Genome
        The genome.
    length : int
        Of the windows (bp).
    n : int
        How many; none where no chromosome is as long as a window.
    seed : int
        Of the random numbers.

    Returns
    -------
    numpy.ndarray, shape (n, length), uint8
        Base indices.
    """
    rng = np.random.default_rng(seed)
    names = [name for name, size in genome.lengths.items() if size >= length]
    if not names:
        return np.empty((0, length), dtype=np.uint8)
    n_starts = np.array([genome.lengths[name] - length + 1 for name in names])
    drawn = rng.multinomial(n, n_starts / n_starts.sum())
    windows = []
    for name, size, number in zip(names, n_starts.tolist(), drawn.tolist(), strict=True):
        starts = np.sort(rng.integers(0, size, number))
        windows.append(unpack_indices(genome.windows(name, starts, length), length))
    return np.concatenate(windows)


class AlleleFilters:
    """Compares the activations of a layer's filters over the two alleles of variants.

    Parameters
    ----------
    layer : danq.network.motif_layers.Layer
        The layer, of stride 1.
    names : FilterNames
        What its filters are called.
    """

    def __init__(self, layer: Layer, names: FilterNames) -> None:
        self.layer = layer
        self.names = names
        self.highest = np.zeros(layer.n_filters)

    def look(self, windows: NDArray[np.uint8]) -> None:
        """Take the highest activation of each filter in further windows (n, L), either strand."""
        for start in range(0, len(windows), _BATCH):
            for activations in self._both_strands(windows[start : start + _BATCH]):
                highest = activations.amax(dim=(0, 2)).cpu().numpy()
                self.highest = np.maximum(self.highest, highest)

    def _both_strands(self, windows: NDArray[np.uint8]) -> list[torch.Tensor]:
        """Return the activations (n, F, P) of windows and of their reverse complements."""
        channels = one_hot(windows).transpose(0, 2, 1)
        X = torch.from_numpy(np.ascontiguousarray(channels, dtype=np.float32))
        X = X.to(self.layer.device)
        with torch.inference_mode():
            both = [self.layer.activations(strand) for strand in (X, reverse_complement(X))]
        return [activations.relu() for activations in both]

    def _over(self, window: NDArray[np.uint8], allele: slice) -> NDArray[np.float64]:
        """Return the highest activation of each filter over an allele, as a share of its maximum.

        The receptive field must overlap the allele; either strand counts.
        """
        forward, reverse = self._both_strands(window[None])
        length = len(window)
        mirrored = slice(length - allele.stop, length - allele.start)
        found = np.zeros(self.layer.n_filters)
        for activations, place in ((forward, allele), (reverse, mirrored)):
            first = max(0, place.start - self.layer.width + 1)
            there = activations[0, :, first : place.stop]
            if there.shape[1]:
                found = np.maximum(found, there.amax(dim=1).cpu().numpy())
        return np.divide(found, self.highest, out=np.zeros_like(found), where=self.highest > 0)

    def changes(self, windows: AlleleWindows) -> list[FilterChange]:
        """Return the filters that fire over one allele only, the largest change first."""
        ref = self._over(windows.ref, windows.ref_allele)
        alt = self._over(windows.alt, windows.alt_allele)
        differing = np.flatnonzero((ref > FIRES) != (alt > FIRES))
        order = differing[np.argsort(-np.abs(ref - alt)[differing], kind="stable")]
        return [self._change(int(number), ref, alt) for number in order]

    def _change(
        self, number: int, ref: NDArray[np.float64], alt: NDArray[np.float64]
    ) -> FilterChange:
        name = f"{self.layer.name}{number}"
        return FilterChange(
            filter=f"{self.names.prefix}{name}",
            name=self.names.factors.get(name, ""),
            ref=round(float(ref[number]), 4),
            alt=round(float(alt[number]), 4),
            change="gained" if alt[number] > ref[number] else "lost",
        )


def filters_of(layers: Sequence[Layer], names: FilterNames) -> list[AlleleFilters]:
    """Return what compares the filters of the first layer of a model; empty where it has none.

    Parameters
    ----------
    layers : sequence of danq.network.motif_layers.Layer
        See `danq.network.trained.TrainedModel.motif_layers`.
    names : FilterNames
        What the filters are called.

    Returns
    -------
    list of AlleleFilters
        One at most.
    """
    return [AlleleFilters(layer, names) for layer in layers[:1]]
