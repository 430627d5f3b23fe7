"""How likely a site of a motif is by chance: the exact distribution of its scores.

Scores are rounded to whole steps, and the distribution of the sum over the columns of a motif is
built up column by column (Staden 1989, https://doi.org/10.1093/bioinformatics/5.2.89; for rounded
matrices it is exact, as Touzet and Varre 2007, https://doi.org/10.1186/1748-7188-2-15, discuss).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 256
"""Steps of a bit: a site of 20 bases is at most 20 / 512 bits from its unrounded score."""


class ScoreDistribution(NamedTuple):
    """How likely each score is to be reached at one place of random bases.

    Attributes
    ----------
    lowest : int
        The lowest possible score (steps).
    tail : numpy.ndarray, shape (n,), float64
        Probability that a score is at least `lowest`, `lowest` + 1, ...
    """

    lowest: int
    tail: NDArray[np.float64]

    def p(self, score: int) -> float:
        """Return the probability of a score (steps) at least this high."""
        place = max(score - self.lowest, 0)
        return float(self.tail[place]) if place < len(self.tail) else 0.0


def whole_steps(odds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round log-odds (bits) to whole steps."""
    return np.rint(odds * STEPS).astype(np.int64)


def score_distribution(
    steps: NDArray[np.int64], background: NDArray[np.float64]
) -> ScoreDistribution:
    """Return the distribution of the scores of a motif in random bases.

    Parameters
    ----------
    steps : numpy.ndarray, shape (width, 4), int64
        Log-odds of the bases at each position, see `whole_steps`.
    background : numpy.ndarray, shape (4,)
        Probabilities of A, C, G and T, which add up to 1.

    Returns
    -------
    ScoreDistribution

    Examples
    --------
    >>> even = np.full(4, 0.25)
    >>> two = score_distribution(np.array([[0, 0, 0, 3], [1, 0, 0, 0]]), even)
    >>> two.p(4), two.p(3), two.p(1), two.p(0)
    (0.0625, 0.25, 0.4375, 1.0)
    """
    worst = steps.min(axis=1, keepdims=True)
    chances = background.tolist()
    density = np.ones(1)
    for column in steps - worst:
        n = len(density)
        wider = np.zeros(n + int(column.max()))
        for shift, chance in zip(column.tolist(), chances, strict=True):
            wider[shift : shift + n] += chance * density
        density = wider
    # From the top: the sums of the smallest numbers come first, and stay exact.
    tail = np.cumsum(density[::-1])[::-1]
    lowest = int(worst.sum())
    return ScoreDistribution(lowest, np.minimum(tail, 1.0))
