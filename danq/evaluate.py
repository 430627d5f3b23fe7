"""Arithmetic on predictions: metrics per target, and paired comparisons of models.

What is undefined is nan here and NA in the tables: a target without a positive, or without a negative, has neither
AUROC nor AUPRC, and is left out of means.
"""

import sys

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score
from tqdm import tqdm

from danq.dataset import open_dataset
from danq.errors import DanqError
from danq.files import write_table
from danq.predictions import read_predictions
from danq.simulate import element_coverage

BLOCK = 50_000
"""Length of the genomic blocks that the bootstrap draws (bp): much longer than a window, so that windows that overlap
or lie side by side stay together (Kunsch 1989, https://doi.org/10.1214/aos/1176347265)."""

REPLICATES = 1000
"""Bootstrap replicates."""

MIN_BLOCKS = 10
"""With fewer blocks, drawing them again says nothing of the genome: there is no interval."""

CONTRASTS = (
    ("danq", "deepsea"),                                          # as published
    ("danq", "danq_conv"), ("danq", "danq_dilated"),              # against the twins: local, and with the same reach
    ("danq_conv", "deepsea"), ("danq_dilated", "danq_conv"),      # the twins themselves
    ("danq", "danq_forward"), ("danq", "blstm"), ("blstm", "mlp"), ("deepsea", "mlp"),
    ("danq_jaspar", "danq"), ("danq_jaspar", "danq_jaspar_conv"), ("danq_jaspar", "danq_jaspar_dilated"),
)
"""What is compared, where both were trained."""

COLUMNS = ["pair", "a", "b", "target", "name", "group", "auprc_a", "auprc_b", "difference", "low", "high", "auroc_a",
           "auroc_b", "auroc_difference"]
"""Columns of comparison.tsv."""


def evaluate(dataset, predictions, metrics, comparison, *, elements=None):
    """Measure every predictor on the test split, and compare the trained models in pairs.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    predictions : list of path
        Files of danq predict and danq baseline, all on the test split.
    metrics : path
        Made: one row per model, seed and target.
    comparison : path
        Made: one row per pair of models and target, and one for the mean over targets: the difference in AUPRC with
        its 95 % interval from a paired bootstrap over genomic blocks and, where there are several, training seeds.
    elements : path, optional
        On a simulated run ``elements.tsv.gz``: adds ``decoy_auroc``, the AUROC over positive and decoy bins only.

    Raises
    ------
    DanqError
        Predictions of other windows, or of the same model and seed twice.
    """
    with open_dataset(dataset) as opened:
        labels, names, groups, digest = opened.labels("test"), opened.names, opened.groups, opened.digest("test")
        blocks = genomic_blocks(*opened.places("test"))
        decoys = None if elements is None else 2 * element_coverage(opened, elements, ("decoy",)) > opened.bin_size
    found = {}
    for path in predictions:
        model, seed, windows, scores = read_predictions(path)
        if windows != digest or scores.shape != labels.shape:
            raise DanqError("does not predict the test windows of this dataset; predict its test split", path)
        if (model, seed) in found:
            raise DanqError(f"predictions of {model}, seed {seed}, are given twice; give one", path)
        found[model, seed] = scores
    facts = pd.DataFrame({"target": range(len(names)), "name": names, "group": groups})
    write_table(metrics, pd.concat([_measure(facts, labels, scores, decoys, model, seed)
                                    for (model, seed), scores in found.items()]))
    write_table(comparison, compare(facts, labels, _by_model(found), blocks))


def _by_model(found):
    """Return the trained models' predictions (those with a seed) as model to list of scores by seed."""
    trained = {}
    for (model, seed), scores in found.items():
        if seed != "NA":
            trained.setdefault(model, []).append(scores)
    return trained


def _measure(facts, labels, scores, decoys, model, seed):
    """Return the metrics of one predictor for the targets that it knows."""
    table = facts.assign(n=len(labels), n_positive=labels.sum(axis=0), prevalence=labels.mean(axis=0),
                         auroc=auroc(labels, scores), auprc=auprc(labels, scores))
    if decoys is not None:
        table["decoy_auroc"] = decoy_auroc(labels, scores, decoys)
    table.insert(0, "model", model)
    table.insert(1, "seed", seed)
    return table[~np.isnan(scores).any(axis=0)]


def auprc(labels, scores):
    """Return the area under the precision-recall curve of each target, as average precision.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N, T), 0/1
    scores : numpy.ndarray, shape (N, T)
        Higher is more positive.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
        scikit-learn's ``average_precision_score``; nan where a target has no positive, no negative, or a nan score.
    """
    return np.array([_defined(average_precision_score, *columns) for columns in zip(labels.T, scores.T, strict=True)])


def auroc(labels, scores):
    """Return the area under the ROC curve of each target, float64 (T,); parameters and nan as `auprc`."""
    return np.array([_defined(roc_auc_score, *columns) for columns in zip(labels.T, scores.T, strict=True)])


def decoy_auroc(labels, scores, decoys):
    """Return the AUROC of each target over its positive and decoy windows only.

    0.5 says that the predictor knows the parts of the grammar and not the rule.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N, T)
    decoys : numpy.ndarray, shape (N, T), bool
        Windows with the right parts; those that are positive all the same count as positive.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
    """
    kept = decoys | (labels == 1)
    return np.array([_defined(roc_auc_score, labels[kept[:, t], t], scores[kept[:, t], t])
                     for t in range(labels.shape[1])])


def _defined(metric, labels, scores):
    # scikit-learn gives an average precision of 0 or 1 where there is nothing to measure.
    positives = int(labels.sum())
    return metric(labels, scores) if 0 < positives < len(labels) and not np.isnan(scores).any() else np.nan


def genomic_blocks(chroms, starts):
    """Return the number of the genomic block (int64, (N,)) in which each window starts."""
    chroms = np.unique(chroms, return_inverse=True)[1]
    return np.unique(np.column_stack([chroms, starts // BLOCK]), axis=0, return_inverse=True)[1].ravel()


def compare(facts, labels, trained, blocks):
    """Compare models in pairs on the same windows.

    Parameters
    ----------
    facts : pandas.DataFrame
        Columns target, name, group; one row per target.
    labels : numpy.ndarray, shape (N, T), 0/1
    trained : dict of str to list of numpy.ndarray, shape (N, T)
        Scores of each model, one array per seed.
    blocks : numpy.ndarray, shape (N,), int
        Block of each window, see `genomic_blocks`.

    Returns
    -------
    pandas.DataFrame
        Columns pair, a, b, target, name, group, auprc_a, auprc_b, difference, low, high, auroc_a, auroc_b,
        auroc_difference. `low` and `high` bound the central 95 % of the bootstrap distribution of the difference; nan
        when there are fewer than `MIN_BLOCKS` blocks.
    """
    replicates = REPLICATES
    if len(np.unique(blocks)) < MIN_BLOCKS:
        replicates = 0
        print(f"warning: the test split lies in {len(np.unique(blocks))} blocks of {BLOCK} bp; intervals need "
              f"{MIN_BLOCKS}: they will be NA; use a larger test split", file=sys.stderr)
    rng = np.random.default_rng(0)
    weights = block_weights(blocks, replicates, rng)
    areas = {model: _areas(labels, seeds, weights, seed_weights(len(seeds), replicates, rng), model)
             for model, seeds in trained.items()}
    tables = [_contrast(facts, a, b, areas) for a, b in CONTRASTS if a in areas and b in areas]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def block_weights(blocks, replicates, rng):
    """Draw whole blocks with replacement.

    Parameters
    ----------
    blocks : numpy.ndarray, shape (N,), int
        Block of each window, 0 to B - 1.
    replicates : int
        R.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (R, N), uint8
        How often each window is drawn in each replicate.
    """
    n_blocks = int(blocks.max()) + 1
    drawn = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=replicates)
    return drawn.astype(np.uint8)[:, blocks]


def seed_weights(n_seeds, replicates, rng):
    """Draw as many seeds as there are, with replacement, in each replicate: their shares, float64 (R, n_seeds).

    Blocks are shared by the models, seeds are each model's own: seed 1 of one has nothing to do with seed 1 of another.
    """
    return rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=replicates) / n_seeds


def _areas(labels, seeds, weights, shares, model):
    """Return AUPRC and AUROC (T,), means over seeds, and the bootstrap's AUPRC (R, T) of one model."""
    drawn = np.zeros((len(weights), labels.shape[1]))
    for scores, share in zip(seeds, shares.T, strict=True):
        for t in tqdm(range(labels.shape[1]), f"bootstrap {model}", unit="target", leave=False, disable=None):
            drawn[:, t] += weighted_auprc(labels[:, t], scores[:, t], weights) * share
    mean = [np.mean([area(labels, scores) for scores in seeds], axis=0) for area in (auprc, auroc)]
    return *mean, drawn


def weighted_auprc(labels, scores, weights):
    """Return the average precision of one target under many weightings of the windows.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N,)
    weights : numpy.ndarray, shape (R, N), non-negative
        Weightings.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        As scikit-learn's ``average_precision_score`` with ``sample_weight``; nan where the positives weigh nothing.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    areas = np.empty(len(weights))
    for row, weight in enumerate(weights):
        weight = weight[order].astype(np.float64)
        everything = np.cumsum(weight)[last_of_tie]
        positives = np.cumsum(weight * labels[order])[last_of_tie]
        precision = np.divide(positives, everything, out=np.zeros_like(positives), where=everything > 0)
        gained = np.diff(positives, prepend=0)
        areas[row] = (precision * gained).sum() / positives[-1] if positives[-1] > 0 else np.nan
    return areas


def _contrast(facts, a, b, areas):
    """Return the rows of model `a` minus model `b`: one per target, and one for the mean over targets."""
    (auprc_a, auroc_a, drawn_a), (auprc_b, auroc_b, drawn_b) = areas[a], areas[b]
    drawn = drawn_a - drawn_b
    table = facts.assign(target=facts["target"].astype(str), auprc_a=auprc_a, auprc_b=auprc_b, auroc_a=auroc_a,
                         auroc_b=auroc_b)
    table["low"], table["high"] = zip(*map(interval, drawn.T), strict=True)
    low, high = interval(_mean_over_targets(drawn))
    mean = pd.DataFrame([{"target": "mean", "name": "mean", "group": "all", "low": low, "high": high,
                          **table[["auprc_a", "auprc_b", "auroc_a", "auroc_b"]].mean()}])
    table = pd.concat([table, mean], ignore_index=True).assign(pair=f"{a} - {b}", a=a, b=b)
    table["difference"] = table["auprc_a"] - table["auprc_b"]
    table["auroc_difference"] = table["auroc_a"] - table["auroc_b"]
    return table[COLUMNS]


def _mean_over_targets(drawn):
    """Return the mean of each replicate (R,) over the targets defined in it."""
    defined = ~np.isnan(drawn)
    return np.divide(np.where(defined, drawn, 0).sum(axis=1), defined.sum(axis=1), out=np.full(len(drawn), np.nan),
                     where=defined.any(axis=1))


def interval(values):
    """Return the bounds of the central 95 % of `values` that are not nan; nan, nan if none is.

    Examples
    --------
    >>> interval(np.arange(41.0))
    (1.0, 39.0)
    """
    values = values[~np.isnan(values)]
    return tuple(np.percentile(values, [2.5, 97.5]).tolist()) if len(values) else (np.nan, np.nan)
