"""Comparisons of models over the folds of a genome: a fold is a training, a block only a place.

In every fold both models are trained on the same chromosomes and tested on others. The differences
of K folds vary by all that could have been otherwise: test windows, training seeds, and training
chromosomes. They are not independent, as any two folds share most of what they train on: the plain
variance of their mean is too small. So it is corrected as Nadeau and Bengio do (2003,
https://doi.org/10.1023/A:1024068626366): by the share of windows tested to windows trained on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq import catalog
from danq.evaluation import components, uncertainty
from danq.evaluation.pair_tables import COLUMNS, subsets, summarise
from danq.evaluation.split import Measured, Split, fold_columns, mean_of_defined

MIN_FOLDS = 3
"""A difference that is defined in fewer folds has no interval."""

Floats = NDArray[np.float64]


def compare_folds(test: Split, measured: Mapping[str, Sequence[Measured]]) -> pd.DataFrame:
    """Compare models in the pairs of `danq.catalog.comparisons`, fold by fold.

    Parameters
    ----------
    test : danq.evaluation.split.Split
        The windows of all folds.
    measured : dict of str to list of danq.evaluation.split.Measured
        Of each model, one for each seed.

    Returns
    -------
    pandas.DataFrame
        As `danq.evaluation.comparison.compare` returns it, with the columns of `columns_of`: the
        standard error `fold_sd`, from which the intervals follow; `n_folds`, in which the
        difference is defined; and the difference in each.
    """
    ratio = held_out_ratio(test)
    tables = []
    for a, b in catalog.comparisons():
        if a in measured and b in measured:
            pair = _Pair(_areas(measured[a]), _areas(measured[b]))
            table = _compare_pair(test.facts, pair, ratio)
            tables.append(table.assign(pair=f"{a} - {b}", a=a, b=b))
    columns = columns_of(test.n_folds)
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)


def columns_of(n_folds: int) -> list[str]:
    """Return the columns of comparison.tsv where there are so many folds."""
    return [*COLUMNS, "fold_sd", "n_folds", *fold_columns("difference", np.empty((n_folds, 0)))]


def held_out_ratio(test: Split) -> float:
    """Return the ratio of windows that a fold tests to those that it trains on, a mean over folds.

    Counted side by side: training windows may overlap, or be sampled, but a fold trains on the sets
    that the others test, less the next one.
    """
    sizes = np.bincount(test.folds if test.folds is not None else [0])
    trained = sizes.sum() - sizes - np.roll(sizes, -1)
    return float(np.mean(sizes / trained))


def corrected_variance(differences: Floats, ratio: float) -> Floats:
    """Return the variance of the mean difference over folds, (T,), from differences (K, T).

    Nadeau and Bengio 2003, https://doi.org/10.1023/A:1024068626366: the variance over folds times
    1/K plus `ratio`.

    Parameters
    ----------
    differences : numpy.ndarray, shape (K, T), float64
        In each fold; nan where undefined.
    ratio : float
        Of windows tested to windows trained on.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
        nan with fewer than two folds.

    Examples
    --------
    >>> corrected_variance(np.array([[0.1], [0.2], [0.3]]), 1.0).round(4).tolist()
    [0.0133]
    """
    counts = _counts(differences)
    deviations = differences - mean_of_defined(differences)
    squares = np.nansum(deviations**2, axis=0)
    several = counts > 1
    variance = np.full(squares.shape, np.nan)
    np.divide(squares, counts - 1, out=variance, where=several)
    factor = np.zeros(squares.shape)
    np.divide(1, counts, out=factor, where=several)
    return variance * (factor + ratio)


def _counts(differences: Floats) -> NDArray[np.int64]:
    """Return in how many folds the difference of each target is defined."""
    return (~np.isnan(differences)).sum(axis=0)


# --- a pair ---


class _Areas(NamedTuple):
    """Areas of a model: of every seed in every fold, (S, K, T)."""

    auprc: Floats
    auroc: Floats


class _Pair(NamedTuple):
    """The areas of two models."""

    a: _Areas
    b: _Areas


def _areas(measured: Sequence[Measured]) -> _Areas:
    auprc = np.stack([seed.by_fold["auprc"] for seed in measured])
    return _Areas(auprc, np.stack([seed.by_fold["auroc"] for seed in measured]))


def _compare_pair(facts: pd.DataFrame, pair: _Pair, ratio: float) -> pd.DataFrame:
    """Return the rows of one pair: its targets, their mean, and that of each of several groups."""
    targets = _rows(pair, ratio, None)
    targets["target"] = facts["target"].astype(str)
    targets["name"] = facts["name"]
    targets["group"] = facts["group"]
    targets["q"] = uncertainty.adjusted(targets["p"])
    targets["auroc_q"] = uncertainty.adjusted(targets["auroc_p"])
    tables = [targets]
    defined = targets["difference"].notna().to_numpy()
    for subset in subsets(facts["group"], defined):
        row = _rows(pair, ratio, subset.members)
        summary = summarise(targets[subset.members])
        row = row.assign(target=subset.target, name="mean", group=subset.group, **summary)
        tables.append(row)
    return pd.concat(tables, ignore_index=True)


def _rows(pair: _Pair, ratio: float, members: NDArray[np.bool_] | None) -> pd.DataFrame:
    """Return areas, differences, intervals and p-values of each target, or of the mean of some."""
    auprc = _difference(pair.a.auprc, pair.b.auprc, ratio, members)
    auroc = _difference(pair.a.auroc, pair.b.auroc, ratio, members)
    table = auprc.rename(columns={"a": "auprc_a", "b": "auprc_b"})
    shown = auroc[["a", "b", "difference", "low", "high", "p"]]
    table = table.join(shown.add_prefix("auroc_"))
    covers = components.WINDOWS_SEEDS_AND_FOLDS
    table["covers"] = [None if np.isnan(low) else covers for low in table["low"]]
    return table


def _difference(
    a: Floats, b: Floats, ratio: float, members: NDArray[np.bool_] | None
) -> pd.DataFrame:
    """Compare areas (S, K, T) of two models.

    Columns: a, b, difference, low, high, p, fold_sd, n_folds, seed_sd, and the difference in each
    fold.
    """
    by_seed = [mean_of_defined(np.moveaxis(areas, 1, 0)) for areas in (a, b)]  # (S, T) each
    by_fold = a.mean(axis=0) - b.mean(axis=0)
    if members is not None:
        # In some fold a target may have no area: the mean over targets is that of their means.
        by_seed = [_mean_over_targets(areas[:, members]) for areas in by_seed]
        by_fold = _mean_over_targets(by_fold[:, members])
    means = [areas.mean(axis=0) for areas in by_seed]
    table = pd.DataFrame({"a": means[0], "b": means[1], "difference": means[0] - means[1]})
    variance = corrected_variance(by_fold, ratio)
    counts = _counts(by_fold)
    degrees = np.where(counts >= MIN_FOLDS, counts - 1, 0)
    interval = uncertainty.student(table["difference"], [variance], [degrees])
    table = table.assign(**interval._asdict(), fold_sd=np.sqrt(variance), n_folds=counts)
    seeds = components.seed_variance(by_seed[0]) + components.seed_variance(by_seed[1])
    return table.assign(seed_sd=np.sqrt(seeds), **fold_columns("difference", by_fold))


def _mean_over_targets(table: Floats) -> Floats:
    """Return the mean over the targets that are defined, (K, 1), of a table (K, T)."""
    return mean_of_defined(table.T)[:, np.newaxis]
