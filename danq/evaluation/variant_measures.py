"""How well changes of log-odds tell what variants do: values of each seed, and their intervals.

The unit of an interval is a block of the genome, as of every comparison in danq
(`danq.evaluation.uncertainty`); what training seeds add to it is in `danq.evaluation.components`.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from danq.evaluation import components, uncertainty
from danq.evaluation.resampling import resampled_auroc, resampled_share, resampled_spearman
from danq.genome.variant_labels import VariantLabels

Floats = NDArray[np.float64]

METRICS = ("auroc", "auprc", "sign", "spearman")
"""Area under the ROC curve, and average precision, of the size of the change: does it tell variants
with a label from those without? Share of the former whose sign is right. Rank correlation of the
change with the label."""


class Replicated(NamedTuple):
    """A measure of one model.

    Attributes
    ----------
    values : numpy.ndarray, shape (S, T), float64
        Of each seed and target; nan where it is undefined.
    replicates : numpy.ndarray, shape (S, R, T), float64
        The same in each replicate of a block bootstrap.
    """

    values: Floats
    replicates: Floats

    def mean(self) -> "Replicated":
        """Return the mean over the targets that are defined, as if this were one target."""
        return Replicated(_mean_of_defined(self.values), _mean_of_defined(self.replicates))


class Sample(NamedTuple):
    """The variants on which models are compared.

    Attributes
    ----------
    labels : danq.genome.variant_labels.VariantLabels
        What is known of them.
    blocks : numpy.ndarray, shape (n,), int64
        The block of the genome in which each lies.
    draws : numpy.ndarray, shape (R, B), float32
        How often a block is drawn in each replicate.
    """

    labels: VariantLabels
    blocks: NDArray[np.int64]
    draws: NDArray[np.float32]

    @property
    def moved(self) -> NDArray[np.bool_]:
        """Which variants have an effect, (n, T)."""
        return self.labels.values != 0

    def degrees(self, target: int | None) -> int | float:
        """Return the degrees of freedom of a variance over blocks, 0 with too few of them.

        They follow from the number of blocks that hold variants with an effect: of one target, or
        (None) of any.
        """
        moved = self.moved if target is None else self.moved[:, [target]]
        n_blocks = self.draws.shape[1]
        if n_blocks < uncertainty.MIN_BLOCKS:
            return 0
        counts = np.bincount(self.blocks, moved.sum(axis=1), minlength=n_blocks)
        carrying = float(uncertainty.effective_number(counts))
        return carrying - 1 if carrying >= uncertainty.MIN_CARRIED else 0


def sample(labels: VariantLabels) -> Sample:
    """Divide variants into blocks of the genome, and draw replicates of them."""
    starts = labels.places["pos"].to_numpy(np.int64) - 1
    blocks = uncertainty.genomic_blocks(labels.places["chrom"], starts)
    n_blocks = int(blocks.max(initial=-1)) + 1
    rng = np.random.default_rng(0)
    draws = uncertainty.draw_blocks(n_blocks, uncertainty.REPLICATES, rng)
    return Sample(labels, blocks, draws)


# --- one model ---


def measure(given: Sample, seeds: Sequence[Floats]) -> dict[str, Replicated]:
    """Measure the changes that the seeds of one model predict.

    Parameters
    ----------
    given : Sample
        The variants.
    seeds : sequence of numpy.ndarray, shape (n, T)
        Changes of log-odds.

    Returns
    -------
    dict of str to Replicated
        By name, of `METRICS`; those that say nothing of this kind of label are undefined.
    """
    n_targets = given.labels.values.shape[1]
    shape = (len(seeds), len(given.draws), n_targets)
    found = {}
    for name in METRICS:
        empty = Replicated(np.full((len(seeds), n_targets), np.nan), np.full(shape, np.nan))
        found[name] = empty
    for seed, changes in enumerate(seeds):
        for target in range(n_targets):
            _measure_target(given, changes[:, target], (seed, target), found)
    return found


def _measure_target(
    given: Sample, change: Floats, place: tuple[int, int], found: dict[str, Replicated]
) -> None:
    """Fill in the measures of one seed and target."""
    seed, target = place
    kind = given.labels.kind
    label = given.labels.values[:, target]
    moved = label != 0
    size = np.abs(change)
    both = moved.any() and not moved.all()
    where = (given.blocks, given.draws)
    right = np.sign(change) == np.sign(label)
    if kind != "number" and both:
        found["auroc"].values[place] = roc_auc_score(moved, size)
        found["auroc"].replicates[seed, :, target] = resampled_auroc(moved, size, *where)
        found["auprc"].values[place] = average_precision_score(moved, size)
        found["auprc"].replicates[seed, :, target] = uncertainty.resampled_auprc(
            moved, size, *where
        )
    if kind != "binary" and moved.any():
        found["sign"].values[place] = right[moved].mean()
        found["sign"].replicates[seed, :, target] = resampled_share(right, moved, *where)
    if kind != "binary" and np.ptp(label) > 0 and np.ptp(change) > 0:
        found["spearman"].values[place] = stats.spearmanr(change, label).statistic
        found["spearman"].replicates[seed, :, target] = resampled_spearman(change, label, *where)


def _mean_of_defined(table: Floats) -> Floats:
    """Return the mean over the last axis (..., 1) of what is not nan; nan where all is."""
    defined = ~np.isnan(table)
    counts = defined.sum(axis=-1, keepdims=True)
    sums = np.where(defined, table, 0).sum(axis=-1, keepdims=True)
    means = np.full(sums.shape, np.nan)
    return np.divide(sums, counts, out=means, where=counts > 0)


# --- intervals ---


class Difference(NamedTuple):
    """A value, or a difference of two, with its 95 % interval.

    Attributes
    ----------
    value, low, high, p : float
        nan where it is undefined.
    covers : str or None
        What the interval covers, see `danq.evaluation.components.covered`; None without one.
    """

    value: float
    low: float
    high: float
    p: float
    covers: str | None


def difference(a: Replicated, b: Replicated | None, degrees: float, n_blocks: int) -> Difference:
    """Return the difference of two models in a measure of one target, seeds averaged.

    Parameters
    ----------
    a, b : Replicated
        Of one target, from the same draws; without `b`, the value of `a` itself.
    degrees : float
        Degrees of freedom of the variance over blocks.
    n_blocks : int
        Blocks of the genome.

    Returns
    -------
    Difference
    """
    other = b or Replicated(np.zeros_like(a.values), np.zeros_like(a.replicates))
    variance = partial(components.bootstrap_variance, n_blocks=n_blocks)
    fewest = min(len(a.values), len(other.values))
    covers = components.WINDOWS
    sampling = components.trained_variance(a.replicates, other.replicates, variance)
    variances: list[ArrayLike] = [sampling]
    freedom: list[ArrayLike] = [degrees]
    if fewest >= components.MIN_SEEDS:
        covers = components.WINDOWS_AND_SEEDS
        variances = [components.shared_variance(a.replicates, other.replicates, variance)]
        for model in (a, other):
            variances.append(components.seed_variance(model.values))
            freedom.append(len(model.values) - 1)
    value = a.values.mean(axis=0) - other.values.mean(axis=0)
    low, high, p = (float(part[0]) for part in uncertainty.student(value, variances, freedom))
    known = np.isfinite(low)
    return Difference(float(value[0]), low, high, p, covers if known else None)


def one_target(measured: Replicated, target: int | None) -> Replicated:
    """Return a measure of one target, or the mean over targets.

    Parameters
    ----------
    measured : Replicated
        Of all targets.
    target : int or None
        Which one; None: their mean.

    Returns
    -------
    Replicated
        Of one target.
    """
    if target is None:
        return measured.mean()
    values = measured.values[:, [target]]
    return Replicated(values, measured.replicates[..., [target]])


def rank_correlation(
    changes_a: Floats, changes_b: Floats, blocks: NDArray[np.int64], draws: NDArray[np.float32]
) -> pd.Series:
    """Return the rank correlation of two models' changes, the mean over targets.

    Parameters
    ----------
    changes_a, changes_b : numpy.ndarray, shape (n, T)
        Changes of log-odds.
    blocks : numpy.ndarray, shape (n,), int64
        Blocks of the genome.
    draws : numpy.ndarray, shape (R, B), float32
        Replicates.

    Returns
    -------
    pandas.Series
        spearman, and low and high of its 95 % interval (percentiles of a block bootstrap), nan with
        too few blocks.
    """
    values = []
    replicates = []
    for a, b in zip(changes_a.T, changes_b.T, strict=True):
        if np.ptp(a) > 0 and np.ptp(b) > 0:
            values.append(stats.spearmanr(a, b).statistic)
            replicates.append(resampled_spearman(a, b, blocks, draws))
    low = high = np.nan
    if values and draws.shape[1] >= uncertainty.MIN_BLOCKS:
        low, high = np.nanpercentile(np.mean(replicates, axis=0), [2.5, 97.5])
    mean = float(np.mean(values)) if values else np.nan
    return pd.Series({"spearman": mean, "low": low, "high": high})
