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
_DIGITS = 4
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
    names = list(genome.lengths)
    sizes = np.array(list(genome.lengths.values()))
    n_starts = np.maximum(sizes - length + 1, 0)
    total = n_starts.sum()
    windows = [np.empty((0, length), dtype=np.uint8)]
    if total == 0:
        return windows[0]
    drawn = rng.multinomial(n, n_starts / total)
    for number in np.flatnonzero(drawn).tolist():
        starts = rng.integers(0, n_starts[number], drawn[number])
        starts.sort()
        packed = genome.windows(names[number], starts, length)
        windows.append(unpack_indices(packed, length))
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
        numbers = np.ascontiguousarray(channels, dtype=np.float32)
        X = torch.from_numpy(numbers).to(self.layer.device)
        both = []
        with torch.inference_mode():
            for strand in (X, reverse_complement(X)):
                responses = self.layer.activations(strand)
                both.append(responses.relu())
        return both

    def _over(self, window: NDArray[np.uint8], allele: slice) -> NDArray[np.float64]:
        """Return the highest activation of each filter over an allele, as a share of its maximum.

        The receptive field must overlap the allele; either strand counts.
        """
        forward, reverse = self._both_strands(window[None])
        mirrored = _mirrored(allele, len(window))
        found = np.zeros(self.layer.n_filters)
        for activations, place in ((forward, allele), (reverse, mirrored)):
            first = place.start - self.layer.width + 1
            there = activations[0, :, max(0, first) : place.stop]
            if there.shape[1]:
                highest = there.amax(dim=1)
                found = np.maximum(found, highest.cpu().numpy())
        shares = np.zeros_like(found)
        can_fire = self.highest > 0
        return np.divide(found, self.highest, out=shares, where=can_fire)

    def changes(self, windows: AlleleWindows) -> list[FilterChange]:
        """Return the filters that fire over one allele only, the largest change first."""
        ref = self._over(windows.ref, windows.ref_allele)
        alt = self._over(windows.alt, windows.alt_allele)
        fires_on_one = (ref > FIRES) != (alt > FIRES)
        sizes = np.where(fires_on_one, np.abs(ref - alt), 0.0)
        order = np.argsort(-sizes, kind="stable")
        n = np.count_nonzero(fires_on_one)
        found = []
        for number in order[:n].tolist():
            shares = (float(ref[number]), float(alt[number]))
            found.append(self._change(number, *shares))
        return found

    def _change(self, number: int, ref: float, alt: float) -> FilterChange:
        name = f"{self.layer.name}{number}"
        factor = self.names.factors.get(name, "")
        return FilterChange(
            filter=self.names.prefix + name,
            name=factor,
            ref=round(ref, _DIGITS),
            alt=round(alt, _DIGITS),
            change="gained" if alt > ref else "lost",
        )


def _mirrored(place: slice, length: int) -> slice:
    """Return where a stretch of a window lies on its other strand."""
    start = length - place.stop
    end = length - place.start
    return slice(start, end)


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
