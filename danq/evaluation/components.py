"""What a difference of two models owes to the choice of test windows, and what to training seeds.

Every network is measured on the same windows, as several readers read the same cases in a trial of
diagnostic images. From there comes the analysis (Obuchowski and Rockette 1995,
https://doi.org/10.1080/03610919508813243, with seeds as readers nested in models, Hillis 2014,
https://doi.org/10.1002/sim.5926). The error of a mean over S seeds has three sources::

    windows             which part of the genome was held out: the same for every seed
    seeds               how good the weights are that this seed led to
    windows x seeds     on which windows, by chance, the weights of this seed are good

The spread of the S areas holds the last two, and the bootstrap of the mean area the first and the
last. Their sum would count the last twice, and give intervals that are too wide where seeds hardly
differ. So it is taken out of the bootstrap's variance (`shared_variance`).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MIN_SEEDS = 3
"""With fewer seeds of one of the two models, an interval is of these trained networks only.

Two would do in theory, but the interval of a mean difference was 2.4 times as wide as with three,
where seeds vary much (docs/notes/coverage.md): it says nothing.
"""

WINDOWS = "windows"
"""An interval for another choice of test windows, and the same trained networks."""

WINDOWS_AND_SEEDS = "windows and seeds"
"""An interval for another choice of test windows, and of training seeds."""

WINDOWS_SEEDS_AND_FOLDS = "windows, seeds and folds"
"""An interval for another choice of test windows, of training seeds, and of the chromosomes that
are trained on and tested."""

Variance = Callable[[NDArray[np.floating]], NDArray[np.float64]]
"""Turns what resampling gave, (R, T), into a variance of each target, (T,)."""


class Spread(NamedTuple):
    """The areas of one model, and how they vary over seeds and the genome.

    Attributes
    ----------
    auprc, auroc : numpy.ndarray, shape (S, T), float64
        Areas of every seed.
    replicates : numpy.ndarray, shape (S, R, T), float32 or float64
        AUPRC of every seed in each replicate of the bootstrap.
    influence : numpy.ndarray, shape (S, B, T), float32 or float64
        What each block adds to the error of every seed's AUROC.
    """

    auprc: NDArray[np.float64]
    auroc: NDArray[np.float64]
    replicates: NDArray[np.floating]
    influence: NDArray[np.floating]

    @property
    def n_seeds(self) -> int:
        """Number of trained networks, S."""
        return len(self.auprc)


def covered(a: Spread, b: Spread) -> str:
    """Say what an interval of the difference of two models covers.

    Parameters
    ----------
    a, b : Spread
        The two models.

    Returns
    -------
    str
        `WINDOWS_AND_SEEDS` where both have `MIN_SEEDS` seeds, else `WINDOWS`: the spread of one
        model says nothing of the other's, which may vary far more from seed to seed.
    """
    fewest = min(a.n_seeds, b.n_seeds)
    return WINDOWS_AND_SEEDS if fewest >= MIN_SEEDS else WINDOWS


def mean_over(spread: Spread, targets: NDArray[np.bool_]) -> Spread:
    """Return the spread of the mean over some targets, as if this mean were one target.

    Parameters
    ----------
    spread : Spread
        Of T targets.
    targets : numpy.ndarray, shape (T,), bool
        Which ones are averaged.

    Returns
    -------
    Spread
        Of one target.
    """
    return Spread(
        auprc=_mean_of_defined(spread.auprc[:, targets]),
        auroc=_mean_of_defined(spread.auroc[:, targets]),
        replicates=_mean_of_defined(spread.replicates[..., targets]),
        influence=_mean_of_defined(spread.influence[..., targets]),
    )


def _mean_of_defined(table: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean over the last axis (..., 1) of what is not nan; nan where all is."""
    defined = ~np.isnan(table)
    counts = defined.sum(axis=-1, keepdims=True)
    sums = np.where(defined, table, 0).sum(axis=-1, keepdims=True, dtype=np.float64)
    means = np.full(sums.shape, np.nan)
    return np.divide(sums, counts, out=means, where=counts > 0)


# --- variances of a difference ---


def trained_variance(
    a: NDArray[np.floating], b: NDArray[np.floating], variance: Variance
) -> NDArray[np.float64]:
    """Return the variance of the difference of trained networks over choices of test windows.

    Parameters
    ----------
    a, b : numpy.ndarray, shape (S, R, T)
        What resampling gave for every seed of each model, from the same draws.
    variance : callable
        The variance of what resampling gave.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
        Of the difference of means over seeds.
    """
    mean_a = a.mean(axis=0, dtype=np.float64)
    mean_b = b.mean(axis=0, dtype=np.float64)
    return variance(mean_a - mean_b)


def shared_variance(
    a: NDArray[np.floating], b: NDArray[np.floating], variance: Variance
) -> NDArray[np.float64]:
    """Return the part of `trained_variance` that is the same for all seeds of a model.

    In the words of Obuchowski and Rockette ``Cov2(a) + Cov2(b) - 2 Cov3``: covariances between
    seeds of one model, and between those of both. It is 0 where the estimate is below 0.

    Parameters
    ----------
    a, b : numpy.ndarray, shape (S, R, T)
        As of `trained_variance`, of two seeds or more each.
    variance : callable
        As of `trained_variance`.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
    """
    own = _own_variance(a, variance) + _own_variance(b, variance)
    shared = trained_variance(a, b, variance) - own
    return np.maximum(shared, 0)


def _own_variance(seeds: NDArray[np.floating], variance: Variance) -> NDArray[np.float64]:
    """Return what the seeds' own luck with the windows adds to the variance of their mean, (T,)."""
    n_seeds = len(seeds)
    mean = seeds.mean(axis=0, dtype=np.float64)
    deviations = [variance(values - mean) for values in seeds]
    return np.sum(deviations, axis=0) / (n_seeds * (n_seeds - 1))


def seed_variance(areas: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of the mean area of several seeds, (T,), from areas (S, T).

    nan with a single seed, which says nothing of it.
    """
    n_seeds = len(areas)
    if n_seeds < 2:
        return np.full(areas.shape[1:], np.nan)
    return areas.var(axis=0, ddof=1) / n_seeds


def bootstrap_variance(replicates: NDArray[np.floating], n_blocks: int) -> NDArray[np.float64]:
    """Return the variance over the replicates of a bootstrap, of those that are not nan.

    Parameters
    ----------
    replicates : numpy.ndarray, shape (R, T)
        Values of each target.
    n_blocks : int
        B: the variance is multiplied by B / (B - 1), as a bootstrap of B blocks gives too little.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
    """
    defined = ~np.isnan(replicates)
    counts = np.maximum(defined.sum(axis=0), 2)
    mean = np.where(defined, replicates, 0).sum(axis=0) / counts
    squares = np.where(defined, (replicates - mean) ** 2, 0).sum(axis=0)
    return squares / (counts - 1) * n_blocks / max(n_blocks - 1, 1)


def influence_variance(influence: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the variance of an area from the influence of each block, (B, T): DeLong's."""
    return (influence.astype(np.float64) ** 2).sum(axis=0)
