"""Paired comparisons of models: differences on the same windows, their intervals and p-values.

What is undefined is nan: a target without a positive, or without a negative, has neither AUROC nor
AUPRC, and is left out of means.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from danq import catalog
from danq.errors import warn
from danq.evaluation import components, uncertainty
from danq.evaluation.components import Spread
from danq.evaluation.fold_comparison import compare_folds
from danq.evaluation.pair_tables import COLUMNS, subsets, summarise
from danq.evaluation.ranking import blocks_of_targets, read_targets
from danq.evaluation.split import Measured, Split
from danq.evaluation.uncertainty import MIN_BLOCKS
from danq.progress import Bar


def compare(
    test: Split,
    trained: Mapping[str, Sequence[NDArray[np.floating]]],
    measured: Mapping[str, Sequence[Measured]],
    threads: int = 1,
) -> pd.DataFrame:
    """Compare models in the pairs of `danq.catalog.comparisons`, on the same windows.

    Parameters
    ----------
    test : Split
        The windows.
    trained : dict of str to list of numpy.ndarray, shape (N, T)
        Scores of each model, one array per seed.
    measured : dict of str to list of danq.evaluation.split.Measured
        Their areas.
    threads : int
        CPU threads; they change no result.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; for each pair a row per target, then one with target ``mean`` for the
        mean over all targets and, where there are several groups, one with target ``group`` for
        that over each. `difference` is the AUPRC of a less that of b, seeds averaged; `low` to
        `high` its 95 % interval and `p` the p-value of no difference, from a block bootstrap and
        the spread over seeds (`sampling_sd` and `seed_sd`: standard errors by either alone);
        `covers` says whether the interval is for another choice of "windows and seeds", or, with
        too few seeds, of "windows" only; `q` the p-values of a pair's targets by Benjamini and
        Hochberg. The columns of the AUROC are the same, by DeLong's variance over blocks. Rows of
        means have, over their targets, the `median` difference, the share that `improved`, and
        p-values of Wilcoxon's signed-rank test (1945, https://doi.org/10.2307/3001968). Of several
        folds, all is by `danq.evaluation.fold_comparison.compare_folds`.
    """
    if test.folds is not None:
        return compare_folds(test, measured)
    n_blocks = int(test.blocks.max(initial=-1)) + 1
    if n_blocks < MIN_BLOCKS:
        _warn_of_few_blocks(n_blocks)
    rng = np.random.default_rng(0)
    draws = uncertainty.draw_blocks(n_blocks, uncertainty.REPLICATES, rng)
    spreads = {}
    for model, scores in trained.items():
        resampled = _resample(test, scores, draws, threads, f"bootstrap {model}")
        spreads[model] = _spread(measured[model], resampled)
    positives = _positives_by_block(test, n_blocks)
    tables = []
    for a, b in catalog.comparisons():
        if a in spreads and b in spreads:
            table = _compare_pair(test.facts, positives, spreads[a], spreads[b])
            pair = f"{a} - {b}"
            tables.append(table.assign(pair=pair, a=a, b=b))
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables, ignore_index=True).reindex(columns=COLUMNS)


def _warn_of_few_blocks(n_blocks: int) -> None:
    split = f"the test split lies in {n_blocks} blocks of {uncertainty.BLOCK} bp"
    effect = f"intervals need {MIN_BLOCKS}: they will be NA"
    warn(f"{split}; {effect}; use a larger test split")


def _positives_by_block(test: Split, n_blocks: int) -> NDArray[np.int64]:
    """Return the positive windows of each target in each block (B, T); 0 with too few blocks."""
    n_targets = test.labels.shape[1]
    counts = np.zeros((n_blocks, n_targets), dtype=np.int64)
    if n_blocks < MIN_BLOCKS:
        return counts
    for target, labels in enumerate(test.labels.T):
        blocks = test.blocks[labels == 1]
        counts[:, target] = np.bincount(blocks, minlength=n_blocks)
    return counts


# --- one model ---


class _Resampled(NamedTuple):
    """The attributes of `Spread` that come from resampling blocks."""

    replicates: NDArray[np.float32]
    influence: NDArray[np.float32]


def _spread(measured: Sequence[Measured], resampled: _Resampled) -> Spread:
    """Return the `Spread` of one model from the metrics of its seeds."""
    auprc = np.stack([seed.mean["auprc"] for seed in measured])
    auroc = np.stack([seed.mean["auroc"] for seed in measured])
    return Spread(auprc, auroc, resampled.replicates, resampled.influence)


def _resample(
    test: Split,
    seeds: Sequence[NDArray[np.floating]],
    draws: NDArray[np.float32],
    threads: int,
    title: str,
) -> _Resampled:
    """Resample every target of one model, from the scores (N, T) of its seeds."""
    n_targets = test.labels.shape[1]
    n_replicates, n_blocks = draws.shape
    areas = np.full((len(seeds), n_replicates, n_targets), np.nan, np.float32)
    influence = np.full((len(seeds), n_blocks, n_targets), np.nan, np.float32)

    def resample_target(
        target: int, positive: NDArray[np.bool_], scores: Sequence[NDArray[np.floating]]
    ) -> None:
        if not _is_defined(positive, scores):
            return
        for seed, column in enumerate(scores):
            seed_areas = uncertainty.resampled_auprc(positive, column, test.blocks, draws)
            areas[seed, :, target] = seed_areas
            seed_influence = uncertainty.auroc_influence(positive, column, test.blocks, n_blocks)
            influence[seed, :, target] = seed_influence

    bar = Bar(total=n_targets, desc=title, unit="target")
    with ThreadPoolExecutor(threads) as pool, threadpool_limits(1), bar:
        for columns in blocks_of_targets(n_targets):
            blocks = [read_targets(test.labels, scores, columns) for scores in seeds]
            targets = range(columns.start, columns.stop)
            by_target = zip(*(block.scores for block in blocks), strict=True)
            positive = blocks[0].positive
            list(pool.map(resample_target, targets, positive, by_target))
            bar.update(len(targets))
    return _Resampled(areas, influence)


def _is_defined(positive: NDArray[np.bool_], seeds: Sequence[NDArray[np.floating]]) -> bool:
    """Return whether a target has both labels, and a score of every window from every seed."""
    n_positive = positive.sum()
    if n_positive == 0 or n_positive == len(positive):
        return False
    return not any(np.isnan(scores).any() for scores in seeds)


# --- two models ---


def _compare_pair(
    facts: pd.DataFrame, positives: NDArray[np.int64], a: Spread, b: Spread
) -> pd.DataFrame:
    """Return the rows of one pair: its targets, their mean, and that of each of several groups."""
    targets = _differences(a, b, positives)
    targets["target"] = facts["target"].astype(str)
    targets["name"] = facts["name"]
    targets["group"] = facts["group"]
    targets["q"] = uncertainty.adjusted(targets["p"])
    targets["auroc_q"] = uncertainty.adjusted(targets["auroc_p"])
    tables = [targets]
    defined = targets["difference"].notna().to_numpy()
    for subset in subsets(facts["group"], defined):
        members = subset.members
        pooled = positives[:, members].sum(axis=1, keepdims=True)
        mean_a = components.mean_over(a, members)
        mean_b = components.mean_over(b, members)
        row = _differences(mean_a, mean_b, pooled)
        summary = summarise(targets[members])
        row = row.assign(target=subset.target, name="mean", group=subset.group, **summary)
        tables.append(row)
    return pd.concat(tables, ignore_index=True)


def _differences(a: Spread, b: Spread, positives: NDArray[np.int64]) -> pd.DataFrame:
    """Return areas, differences, intervals and p-values of each target.

    The degrees of freedom of the variance over blocks follow from the number of blocks that hold
    positives of the target (`positives`, (B, T)).
    """
    covers = components.covered(a, b)
    bootstrap = partial(components.bootstrap_variance, n_blocks=len(positives))
    sampling = _window_variance(covers, a.replicates, b.replicates, bootstrap)
    delong = components.influence_variance
    auroc_sampling = _window_variance(covers, a.influence, b.influence, delong)
    carrying = uncertainty.effective_number(positives)
    degrees = np.where(carrying >= uncertainty.MIN_CARRIED, carrying - 1, 0)
    auprc = _difference(covers, a.auprc, b.auprc, sampling, degrees)
    auroc = _difference(covers, a.auroc, b.auroc, auroc_sampling, degrees)
    table = auprc.rename(columns={"a": "auprc_a", "b": "auprc_b"})
    table = table.join(auroc.add_prefix("auroc_"))
    error = np.sqrt(sampling)
    table["sampling_sd"] = np.where(degrees > 0, error, np.nan)
    table["seed_sd"] = _seed_error(a.auprc, b.auprc)
    table["covers"] = [None if np.isnan(low) else covers for low in table["low"]]
    return table


def _window_variance(
    covers: str,
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    variance: components.Variance,
) -> NDArray[np.float64]:
    """Return the variance over choices of windows that an interval needs which `covers` this."""
    if covers == components.WINDOWS:
        return components.trained_variance(a, b, variance)
    return components.shared_variance(a, b, variance)


def _difference(
    covers: str,
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    sampling: NDArray[np.float64],
    degrees: NDArray[np.float64],
) -> pd.DataFrame:
    """Compare the areas (S, T) of two models; `sampling` is the variance over blocks.

    Columns: a, b, difference, low, high, p.
    """
    means = pd.DataFrame({"a": a.mean(axis=0), "b": b.mean(axis=0)})
    means["difference"] = means["a"] - means["b"]
    variances: list[ArrayLike] = [sampling]
    freedom: list[ArrayLike] = [degrees]
    if covers == components.WINDOWS_AND_SEEDS:
        for areas in (a, b):
            variances.append(components.seed_variance(areas))
            freedom.append(len(areas) - 1)
    interval = uncertainty.student(means["difference"], variances, freedom)
    return means.assign(**interval._asdict())


def _seed_error(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard error over seeds of a difference; nan if a model has one seed."""
    return np.sqrt(components.seed_variance(a) + components.seed_variance(b))
