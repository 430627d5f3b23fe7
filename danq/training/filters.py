"""Which motifs the first filters of a network are initialised from."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.data.enriched import TargetSequences, find_enriched
from danq.errors import DanqError
from danq.evaluation.fitting import evenly_spaced
from danq.genome.bins import flank
from danq.genome.sequence import base_indices
from danq.motif.meme import Motif, known_motifs
from danq.network.initialise import (
    choose_motifs,
    initialise_from_enriched,
    initialise_from_motifs,
)
from danq.network.models import Network
from danq.training.options import Options

SEQUENCES = 1_200
"""Positive windows of a target in which enriched words are counted, at most."""

BACKGROUND = 6_000
"""Windows without a label that they are compared with, at most."""

TARGETS = 100
"""Targets that enriched words are looked for, at most; of more, evenly spaced ones."""

WINDOWS = 2_000_000
"""Training windows whose labels are read for that, at most."""

FILTERS_PER_MOTIF = 4
"""Two of an enriched motif, one for either strand, and as many that stay random."""

_BLOCK = 4096  # neighbouring windows that are read together
_FEW = 100  # windows without a label, of which there must be more to compare with them


@dataclass(frozen=True)
class InitialFilters:
    """Motifs that first filters are initialised from.

    Attributes
    ----------
    motifs : list of danq.motif.meme.Motif
        The motifs.
    background : numpy.ndarray, float64, shape (4,), or None
        Probability of A, C, G, T where there is no motif; None for filters as DanQ-JASPAR had them.
    enriched : bool
        Whether the motifs are enriched in the training windows, and not known ones.
    """

    motifs: list[Motif]
    background: NDArray[np.float64] | None
    enriched: bool = False

    @property
    def checksum(self) -> str:
        """SHA-256 of names and matrices, as hexadecimal text."""
        content = [(motif.name, motif.matrix.tolist()) for motif in self.motifs]
        return hashlib.sha256(repr(content).encode()).hexdigest()

    def initialise(self, network: Network, generator: torch.Generator) -> list[str]:
        """Initialise the first filters of a network.

        Parameters
        ----------
        network : danq.network.models.Network
            With a stem.
        generator : torch.Generator
            Draws what is random.

        Returns
        -------
        list of str
            The motif of each filter: see `danq.network.initialise`.

        Raises
        ------
        UntrainableError
            More motifs than filters.
        """
        stem = network.stem
        assert stem is not None  # `choose_filters` refuses models without one
        if self.enriched:
            assert self.background is not None
            return initialise_from_enriched(stem.conv, self.motifs, self.background)
        return initialise_from_motifs(stem.conv, self.motifs, generator, self.background)


def choose_filters(
    dataset: Dataset, options: Options, motifs: str, network: Network
) -> InitialFilters | None:
    """Choose the motifs that a training initialises its first filters from.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file, whose targets may name their own motifs.
    options : danq.training.options.Options
        Of the training.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`.
    network : danq.network.models.Network
        Whose filters they are for.

    Returns
    -------
    InitialFilters or None
        None where all filters are random, or begin as in a checkpoint.

    Raises
    ------
    DanqError
        The model has no filters, a motif is not known, or none is named.
    """
    source = options.settings.initialise_from
    if source in ("random", "checkpoint"):
        return None
    if network.stem is None:
        what = f"{options.model} has no filters to initialise from motifs"
        raise DanqError(f"{what}; use initialise_from random")
    if source == "enriched":
        conv = network.stem.conv
        n = conv.out_channels // FILTERS_PER_MOTIF
        return enriched_filters(dataset, n, conv.kernel_size[0], options.seed)
    assert source is not None
    chosen = choose_motifs(source, known_motifs(motifs), dataset.jaspar)
    background = None
    if options.settings.recipe != "published":
        background = dataset.background("train")
    return InitialFilters(chosen, background)


def enriched_filters(dataset: Dataset, n: int, width: int, seed: int) -> InitialFilters:
    """Find motifs that are enriched in the training windows of the targets.

    Only bins of the training split are read, not their flanks: a peak's motif is in its middle. Of
    a dataset that `danq encode` made, the bin is the whole window.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    n : int
        Motifs to find, at most.
    width : int
        Their width (bp).
    seed : int
        Draws the windows that are looked at.

    Returns
    -------
    InitialFilters
    """
    rng = np.random.default_rng(seed)
    rows = _sample_rows(dataset, rng)
    targets = []
    for name, positive in rows.positive:
        targets.append(TargetSequences(name, _bins(dataset, positive)))
    background = _bins(dataset, rows.background)
    motifs = find_enriched(targets, background, n=n, width=width)
    return InitialFilters(motifs, dataset.background("train"), enriched=True)


class _Rows(NamedTuple):
    """Training rows in which enriched words are counted.

    `positive` has name and rows of each target that has any; all rows are ascending.
    """

    positive: list[tuple[str, NDArray[np.int64]]]
    background: NDArray[np.int64]


def _sample_rows(dataset: Dataset, rng: np.random.Generator) -> _Rows:
    """Draw positive rows of each target, and rows without a label."""
    columns = evenly_spaced(len(dataset.names), TARGETS)
    positive: list[list[NDArray[np.int64]]] = [[] for _ in columns]
    unlabelled = []
    for start in _block_starts(dataset.length("train"), rng):
        packed = dataset.packed_labels("train", slice(start, start + _BLOCK))
        unlabelled.append(start + np.flatnonzero(~packed.any(axis=1)))
        for number, labels in enumerate(_columns(packed, columns)):
            positive[number].append(start + np.flatnonzero(labels))
    background = np.concatenate(unlabelled)
    if len(background) < _FEW:
        background = np.arange(dataset.length("train"))
    samples = []
    for number, column in enumerate(columns):
        rows = _sample(np.concatenate(positive[number]), SEQUENCES, rng)
        if len(rows):
            samples.append((dataset.names[column], rows))
    return _Rows(samples, _sample(background, BACKGROUND, rng))


def _columns(packed: NDArray[np.uint8], targets: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the labels of some targets (n, N) of packed ones (N, ceil(T/8)): 0, or not 0."""
    bits = (128 >> targets % 8).astype(np.uint8)
    return packed.T[targets // 8] & bits[:, None]


def _block_starts(n_windows: int, rng: np.random.Generator) -> list[int]:
    """Draw where the blocks begin that are read, ascending: all, or `WINDOWS` in random ones."""
    starts = np.arange(0, n_windows, _BLOCK)
    most = WINDOWS // _BLOCK
    if len(starts) > most:
        starts = np.sort(rng.choice(starts, most, replace=False))
    return starts.tolist()


def _sample(rows: NDArray[np.int64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw at most `n` rows, ascending."""
    if len(rows) <= n:
        return np.sort(rows)
    return np.sort(rng.choice(rows, n, replace=False))


def _bins(dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the base indices (n, bin) of the bins of some training windows."""
    start = flank(dataset.window, dataset.bin_size)
    bins = []
    for first in range(0, len(rows), _BLOCK):
        one_hot = dataset.one_hot("train", rows[first : first + _BLOCK])
        bins.append(base_indices(one_hot[:, :, start : start + dataset.bin_size], axis=1))
    return np.concatenate(bins)
