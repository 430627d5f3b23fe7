"""What every other base at some positions changes in what models predict."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from danq.genome.alleles import AlleleWindows
from danq.genome.sequence import ALPHABET, UNKNOWN, Genome
from danq.genome.tables import Region
from danq.genome.variants import Row
from danq.network.tiled import Predictor
from danq.network.variant_scores import Floats, score_windows

BASES = 4


def substitution_changes(
    models: Sequence[Predictor],
    window: NDArray[np.uint8],
    positions: Sequence[int],
    columns: Sequence[int],
) -> Floats:
    """Put each base at each of some positions of a window, one at a time.

    Parameters
    ----------
    models : sequence of danq.network.trained.TrainedModel
        Of the same targets; averaged as ``danq variants`` averages them.
    window : numpy.ndarray, shape (L,), uint8
        Base indices.
    positions : sequence of int
        Where (bp, 0-based).
    columns : sequence of int
        Which targets.

    Returns
    -------
    numpy.ndarray, shape (len(positions), 4, len(columns)), float64
        Changes of log-odds; 0 for the base that is there, and all 0 at an unknown base.
    """
    changes = np.zeros((len(positions), BASES, len(columns)))
    places = []
    pairs = []
    for number, position in enumerate(positions):
        for base in range(BASES):
            if window[position] not in (base, UNKNOWN):
                places.append((number, base))
                pairs.append(_substituted(window, position, base))
    if pairs:
        scores = score_windows(models, pairs, columns)
        rows, bases = np.array(places).T
        changes[rows, bases] = scores.change
    return changes


def _substituted(window: NDArray[np.uint8], position: int, base: int) -> AlleleWindows:
    """Return a window and a copy of it with another base at a position."""
    other = window.copy()
    other[position] = base
    allele = slice(position, position + 1)
    return AlleleWindows(window, other, 0, 0, allele, allele)


def base_effects(changes: Floats) -> Floats:
    """Return what the base that is there adds, beside the mean of the three others in its place.

    In-silico saturation mutagenesis, as `danq.interpret.contributions` defines it, of the log-odds
    that ``danq variants`` reports.

    Parameters
    ----------
    changes : numpy.ndarray, shape (..., 4, T)
        As `substitution_changes` returns them.

    Returns
    -------
    numpy.ndarray, shape (..., T)

    Examples
    --------
    >>> base_effects(np.array([[-3.0], [0.0], [-1.0], [-2.0]])).tolist()
    [2.0]
    """
    return -changes.sum(axis=-2) / (BASES - 1)


def rows_of_region(genome: Genome, region: Region) -> Iterator[Row]:
    """Yield every single-base change of a region; an unknown base has none.

    Parameters
    ----------
    genome : danq.genome.sequence.Genome
        The genome.
    region : danq.genome.tables.Region
        Where.

    Yields
    ------
    danq.genome.variants.Row
        From left to right, the new bases in the order of the alphabet.
    """
    number = 0
    bases = genome.base_indices(region.chrom)[region.start : region.end]
    for place, ref in enumerate(bases.tolist(), region.start):
        for alt in range(BASES):
            if ref not in (alt, UNKNOWN):
                number += 1
                yield Row(number, 1, region.chrom, place + 1, "", ALPHABET[ref], ALPHABET[alt])
