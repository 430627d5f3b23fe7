"""The bases around a variant, and how much each of them matters with either allele."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.genome.alleles import AlleleWindows
from danq.genome.sequence import decode
from danq.genome.variants import Row
from danq.network.substitutions import base_effects, substitution_changes
from danq.network.tiled import Predictor

FLANK = 50
"""Bases on either side of a variant that are looked at (bp)."""

_DIGITS = 5


class Drawn(NamedTuple):
    """The same bases around both alleles, as parts of their windows.

    Attributes
    ----------
    start : int
        Where they begin on the chromosome (bp, 0-based).
    offset : int
        Where the alleles begin in both.
    ref, alt : slice
        Where they lie in the window of either allele.
    """

    start: int
    offset: int
    ref: slice
    alt: slice


def drawn_bases(row: Row, windows: AlleleWindows, length: int) -> Drawn | None:
    """Return which bases around a variant are looked at: `FLANK` on either side, where there are.

    Parameters
    ----------
    row : danq.genome.variants.Row
        The variant, with its alleles as they are written.
    windows : danq.genome.alleles.AlleleWindows
        Theirs.
    length : int
        Of the chromosome (bp), with the row's REF in it.

    Returns
    -------
    Drawn or None
        None where an allele as it is written does not lie in its window.
    """
    first = row.pos - 1
    in_ref = first - windows.ref_start
    shift = windows.alt_allele.start - windows.ref_allele.start
    in_alt = in_ref + shift
    left = min(FLANK, in_ref, in_alt, first)
    window = len(windows.ref)
    ref_end = in_ref + len(row.ref)
    alt_end = in_alt + len(row.alt)
    n_behind = length - first - len(row.ref)
    right = min(FLANK, window - ref_end, window - alt_end, n_behind)
    if left < 0 or right < 0:
        return None
    ref = slice(in_ref - left, ref_end + right)
    alt = slice(in_alt - left, alt_end + right)
    drawn = Drawn(first - left, left, ref, alt)
    has_ref = decode(windows.ref[ref]).startswith(row.ref, left)
    has_alt = decode(windows.alt[alt]).startswith(row.alt, left)
    return drawn if has_ref and has_alt else None


def effects_of(
    models: Sequence[Predictor], window: NDArray[np.uint8], drawn: slice, column: int
) -> list[float]:
    """Return how much each of some bases adds to the log-odds of a target.

    Parameters
    ----------
    models : sequence of danq.network.trained.TrainedModel
        Averaged.
    window : numpy.ndarray, shape (L,), uint8
        Base indices.
    drawn : slice
        Which bases.
    column : int
        Which target.

    Returns
    -------
    list of float
        See `danq.network.substitutions.base_effects`; 0 of an unknown base.
    """
    positions = range(drawn.start, drawn.stop)
    changes = substitution_changes(models, window, positions, [column])
    effects = base_effects(changes)[:, 0]
    rounded = effects.round(_DIGITS) + 0.0  # which turns a -0.0 of an unknown base into 0.0
    numbers: list[float] = rounded.tolist()
    return numbers
