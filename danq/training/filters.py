"""Which known motifs the first filters of a network are initialised from."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from danq.catalog import MODELS
from danq.data.dataset import Dataset
from danq.errors import DanqError
from danq.motif.meme import Motif, known_motifs
from danq.network.initialise import choose_motifs, initialise_from_motifs
from danq.network.models import Network
from danq.training.options import Options


@dataclass(frozen=True)
class InitialFilters:
    """Motifs that first filters are initialised from.

    Attributes
    ----------
    motifs : list of danq.motif.meme.Motif
        The motifs.
    background : numpy.ndarray, float64, shape (4,), or None
        Probability of A, C, G, T where there is no motif; None for filters as DanQ-JASPAR had them.
    """

    motifs: list[Motif]
    background: NDArray[np.float64] | None

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
            The motif of each filter: see `danq.network.initialise.initialise_from_motifs`.

        Raises
        ------
        UntrainableError
            More motifs than filters.
        """
        stem = network.stem
        assert stem is not None  # `choose_filters` refuses models without one
        return initialise_from_motifs(stem.conv, self.motifs, generator, self.background)


def choose_filters(dataset: Dataset, options: Options, motifs: str) -> InitialFilters | None:
    """Choose the motifs that a training initialises its first filters from.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file, whose targets may name their own motifs.
    options : danq.training.options.Options
        Of the training.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`.

    Returns
    -------
    InitialFilters or None
        None where all filters are random.

    Raises
    ------
    DanqError
        The model has no filters, a motif is not known, or none is named.
    """
    source = options.settings.initialise_from
    if source == "random":
        return None
    if not MODELS[options.model].has_filters:
        what = f"{options.model} has no filters to initialise from motifs"
        raise DanqError(f"{what}; use initialise_from random")
    chosen = choose_motifs(source, known_motifs(motifs), dataset.jaspar)
    background = None
    if options.settings.recipe != "published":
        background = dataset.background("train")
    return InitialFilters(chosen, background)
