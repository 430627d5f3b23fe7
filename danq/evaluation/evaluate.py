"""Metrics per target, and paired comparisons of models, from predictions of the same windows.

What is undefined is nan here and NA in the tables: a target without a positive, or without a negative, has neither
AUROC nor AUPRC, and is left out of means.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.evaluation import uncertainty
from danq.evaluation.metrics import (
    BINS,
    TOGETHER,
    auroc,
    calibration,
    measure,
    precision_at,
    read_targets,
)
from danq.files import write_table
from danq.simulation.truth import element_coverage

CONTRASTS = (
    ("danq", "deepsea"),  # as published
    ("danq", "danq_conv"),
    ("danq", "danq_dilated"),  # against the twins: local, and with the same reach
    ("danq_conv", "deepsea"),
    ("danq_dilated", "danq_conv"),  # the twins themselves
    ("danq", "danq_forward"),
    ("danq", "blstm"),
    ("blstm", "mlp"),
    ("deepsea", "mlp"),
    ("danq_jaspar", "danq"),
    ("danq_jaspar", "danq_jaspar_conv"),
    ("danq_jaspar", "danq_jaspar_dilated"),
)
"""What is compared, where both were trained."""

RECALLS = np.linspace(0.02, 1, 50)
"""Where precision-recall curves are kept."""

COLUMNS = [
    "pair",
    "a",
    "b",
    "target",
    "name",
    "group",
    "n_targets",
    "auprc_a",
    "auprc_b",
    "difference",
    "low",
    "high",
    "p",
    "q",
    "sampling_sd",
    "seed_sd",
    "auroc_a",
    "auroc_b",
    "auroc_difference",
    "auroc_low",
    "auroc_high",
    "auroc_p",
    "auroc_q",
    "median",
    "improved",
    "wilcoxon_p",
    "auroc_wilcoxon_p",
]
"""Columns of comparison.tsv."""


class Split(NamedTuple):
    """The windows on which models are compared: labels uint8 (N, T), facts (a row per target), blocks int64 (N,)."""

    labels: np.ndarray
    facts: pd.DataFrame
    blocks: np.ndarray


class Spread(NamedTuple):
    """One model's areas of every seed (S, T), and how they vary with the genome, seeds averaged.

    `drawn` is the AUPRC in each replicate (R, T), `influence` what each block adds to the error of the AUROC (B, T).
    """

    auprc: np.ndarray
    auroc: np.ndarray
    drawn: np.ndarray
    influence: np.ndarray


def evaluate(
    dataset, predictions, metrics, comparison, curves, reliability, *, elements=None, threads=1
):
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
        Made: one row per pair of models and target, and their means, see `compare`.
    curves : path
        Made: precision of each model and target at the `RECALLS`, seeds averaged.
    reliability : path
        Made: for each model, mean probability against share of positives, by bins of probability.
    elements : path, optional
        On a simulated run ``elements.tsv.gz``: adds ``decoy_auroc``, the AUROC over positive and decoy bins only.
    threads : int
        CPU threads; they change no result.

    Raises
    ------
    DanqError
        Predictions of other windows, or of the same model and seed twice.
    """
    with open_dataset(dataset) as opened:
        facts = pd.DataFrame(
            {"target": range(len(opened.names)), "name": opened.names, "group": opened.groups}
        )
        test = Split(
            opened.labels("test"), facts, uncertainty.genomic_blocks(*opened.places("test"))
        )
        decoys = (
            None
            if elements is None
            else 2 * element_coverage(opened, elements, ("decoy",)) > opened.bin_size
        )
        found = _predictions(predictions, opened.split_checksum("test"), test.labels.shape)
    measured = {key: measure(test.labels, scores, threads) for key, scores in found.items()}
    write_table(
        metrics,
        pd.concat(
            [_metrics(test, scores, measured[key], decoys, *key) for key, scores in found.items()]
        ),
    )
    write_table(curves, _curves(test, found))
    write_table(reliability, _reliability(test, found))
    trained = [key for key in found if key[1] != "NA"]  # a baseline has no seed
    scores, areas = (_by_model({key: table[key] for key in trained}) for table in (found, measured))
    write_table(comparison, compare(test, scores, areas, threads))


def _predictions(paths, checksum, shape):
    """Return predictions (N, T) by model and seed."""
    found = {}
    for path in paths:
        model, seed, windows, scores = read_predictions(path)
        if windows != checksum or scores.shape != shape:
            raise DanqError(
                "does not predict the test windows of this dataset; predict its test split", path
            )
        if (model, seed) in found:
            raise DanqError(f"predictions of {model}, seed {seed}, are given twice; give one", path)
        found[model, seed] = scores
    return found


def _by_model(found):
    """Return what is found by model and seed as model to list by seed."""
    models = {}
    for (model, _), own in found.items():
        models.setdefault(model, []).append(own)
    return models


def _metrics(test, scores, measured, decoys, model, seed):
    """Return the metrics of one predictor for the targets that it knows."""
    labels = test.labels
    table = test.facts.assign(
        n=len(labels), n_positive=labels.sum(axis=0), prevalence=labels.mean(axis=0), **measured
    )
    if decoys is not None:
        table["decoy_auroc"] = decoy_auroc(labels, scores, decoys)
    table.insert(0, "model", model)
    table.insert(1, "seed", seed)
    return table[~np.isnan(scores.max(axis=0))]


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
    return np.array(
        [
            auroc(labels[kept[:, t], t : t + 1], scores[kept[:, t], t : t + 1])[0]
            for t in range(labels.shape[1])
        ]
    )


def _curves(test, found):
    """Return the precision of each model and target where its recall reaches each of `RECALLS`, seeds averaged."""
    tables = []
    for model, seeds in _by_model(found).items():
        precision = np.mean(
            [_precision(test.labels, scores) for scores in seeds], axis=0
        )  # (T, 50)
        places = [
            np.repeat(range(len(precision)), len(RECALLS)),
            np.tile(RECALLS.round(2), len(precision)),
        ]
        tables.append(
            pd.DataFrame(
                {
                    "model": model,
                    "target": places[0],
                    "recall": places[1],
                    "precision": precision.ravel().round(4),
                }
            )
        )
    return pd.concat(tables).dropna()


def _precision(labels, scores):
    """Return the precision of each target at the `RECALLS`, float64 (T, 50)."""
    n_targets = labels.shape[1]
    groups = (
        read_targets(labels, scores, slice(first, min(first + TOGETHER, n_targets)))
        for first in range(0, n_targets, TOGETHER)
    )
    return np.array(
        [precision_at(*target, RECALLS) for group in groups for target in zip(*group, strict=True)]
    )


def _reliability(test, found):
    """Return, for each training, mean probability, share of positives and labels by bin, all targets together."""
    tables = [
        pd.DataFrame(
            {
                "model": model,
                "seed": seed,
                "bin": range(BINS),
                **dict(
                    zip(
                        ("predicted", "observed", "n"),
                        calibration(test.labels, scores),
                        strict=True,
                    )
                ),
            }
        )
        for (model, seed), scores in found.items()
        if seed != "NA"
    ]
    columns = ["model", "seed", "bin", "predicted", "observed", "n"]
    return pd.concat(tables).dropna() if tables else pd.DataFrame(columns=columns)


def compare(test, trained, measured, threads=1):
    """Compare models in pairs on the same windows.

    Parameters
    ----------
    test : Split
    trained : dict of str to list of numpy.ndarray, shape (N, T)
        Scores of each model, one array per seed.
    measured : dict of str to list of dict
        What `danq.evaluation.metrics.measure` says of each of them.
    threads : int

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; for each pair a row per target, then one with target ``mean`` for the mean over all targets
        and, where there are several groups, one with target ``group`` for that over each. `difference` is the AUPRC
        of a less that of b, seeds averaged; `low` to `high` its 95 % interval and `p` the p-value of no difference,
        from a block bootstrap and the spread over seeds (`sampling_sd` and `seed_sd`: standard errors by either alone);
        `q` the p-values of a pair's targets by Benjamini and Hochberg. The columns of the AUROC are the same, by
        DeLong's variance over blocks. Rows of means have, over their targets, the `median` difference, the share that
        `improved`, and p-values of Wilcoxon's signed-rank test (1945, https://doi.org/10.2307/3001968).
    """
    n_blocks = int(test.blocks.max(initial=-1)) + 1
    if n_blocks < uncertainty.MIN_BLOCKS:
        print(
            f"warning: the test split lies in {n_blocks} blocks of {uncertainty.BLOCK} bp; intervals need "
            f"{uncertainty.MIN_BLOCKS}: they will be NA; use a larger test split",
            file=sys.stderr,
        )
    drawn = uncertainty.draw_blocks(n_blocks, uncertainty.REPLICATES, np.random.default_rng(0))
    spreads = {
        model: _spread(test, seeds, measured[model], drawn, threads, model)
        for model, seeds in trained.items()
    }
    carried = _positives_by_block(test, n_blocks)
    tables = [
        _contrast(test.facts, carried, a, b, spreads)
        for a, b in CONTRASTS
        if a in spreads and b in spreads
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def _positives_by_block(test, n_blocks):
    """Return the positive windows of each target in each block, int64 (B, T); none where there are too few blocks."""
    if n_blocks < uncertainty.MIN_BLOCKS:
        return np.zeros((n_blocks, test.labels.shape[1]), dtype=np.int64)
    return np.stack(
        [np.bincount(test.blocks[column == 1], minlength=n_blocks) for column in test.labels.T],
        axis=1,
    )


def _spread(test, seeds, areas, drawn, threads, model):
    """Return the `Spread` of one model from the scores of its seeds, and what was measured of them."""
    shape = test.labels.shape[1]
    found = [np.full((len(drawn), shape), np.nan), np.full((drawn.shape[1], shape), np.nan)]

    def resample(target, positive, scores):
        for table, column in zip(
            found, _resampled(positive, scores, test.blocks, drawn), strict=True
        ):
            table[:, target] = column

    with (
        ThreadPoolExecutor(threads) as pool,
        threadpool_limits(1),
        tqdm(
            total=shape, desc=f"bootstrap {model}", unit="target", leave=False, disable=None
        ) as bar,
    ):
        for first in range(0, shape, TOGETHER):
            targets = range(first, min(first + TOGETHER, shape))
            read = [
                read_targets(test.labels, scores, slice(targets.start, targets.stop))
                for scores in seeds
            ]
            columns = zip(*(scores for _, scores in read), strict=True)
            list(pool.map(resample, targets, read[0][0], columns))
            bar.update(len(targets))
    return Spread(
        *(np.stack([area[name] for area in areas]) for name in ("auprc", "auroc")), *found
    )


def _resampled(positive, seeds, blocks, drawn):
    """Return one target's AUPRC in each replicate (R,) and the influence of each block on its AUROC (B,)."""
    if not 0 < positive.sum() < len(positive) or any(np.isnan(scores).any() for scores in seeds):
        return np.nan, np.nan
    n_blocks = drawn.shape[1]
    return (
        np.mean(
            [uncertainty.resampled_auprc(positive, scores, blocks, drawn) for scores in seeds],
            axis=0,
        ),
        np.mean(
            [uncertainty.auroc_influence(positive, scores, blocks, n_blocks) for scores in seeds],
            axis=0,
        ),
    )


def _contrast(facts, carried, a, b, spreads):
    """Return the rows of model `a` minus model `b`: targets, their mean, and that of each of several groups."""
    own, other = spreads[a], spreads[b]
    tables = [
        _differences(own, other, carried).assign(
            target=facts["target"].astype(str), name=facts["name"], group=facts["group"]
        )
    ]
    tables[0]["q"], tables[0]["auroc_q"] = (
        uncertainty.adjusted(tables[0][p]) for p in ("p", "auroc_p")
    )
    defined = tables[0]["difference"].notna().to_numpy()
    groups = dict.fromkeys(facts["group"])
    chosen = [("mean", "all", defined)]
    chosen += [
        ("group", group, defined & (facts["group"] == group).to_numpy())
        for group in groups
        if len(groups) > 1
    ]
    for target, group, targets in chosen:
        row = _differences(
            *(_mean(spread, targets) for spread in (own, other)),
            carried[:, targets].sum(axis=1, keepdims=True),
        )
        tables.append(
            row.assign(target=target, name="mean", group=group, **_over_targets(tables[0][targets]))
        )
    return (
        pd.concat(tables, ignore_index=True)
        .assign(pair=f"{a} - {b}", a=a, b=b)
        .reindex(columns=COLUMNS)
    )


def _mean(spread, targets):
    """Return a model's `Spread` of the mean over some targets (bool, (T,)), as if this were one target."""
    return Spread(*(_mean_of_defined(table[:, targets]) for table in spread))


def _mean_of_defined(table):
    """Return the mean over the columns of a table that are not nan, (..., 1); nan where all are."""
    defined = ~np.isnan(table)
    return np.divide(
        np.where(defined, table, 0).sum(axis=1, keepdims=True),
        defined.sum(axis=1, keepdims=True),
        out=np.full((len(table), 1), np.nan),
        where=defined.any(axis=1, keepdims=True),
    )


def _differences(own, other, carried):
    """Return areas, differences, intervals and p-values of each target, from the `Spread` of two models.

    What a bootstrap over B blocks finds is multiplied by B / (B - 1), and its degrees of freedom are those of the
    blocks that carry the target (`carried`: positive windows, (B, T)).
    """
    n_blocks, carried = len(carried), uncertainty.effective_number(carried)
    degrees = np.where(carried >= uncertainty.MIN_CARRIED, carried - 1, 0)
    sampling = {
        "": _variance(own.drawn - other.drawn) * n_blocks / max(n_blocks - 1, 1),
        "auroc_": ((own.influence - other.influence) ** 2).sum(axis=0),
    }
    table = {}
    for prefix, area in (("", "auprc"), ("auroc_", "auroc")):
        mine, theirs = getattr(own, area), getattr(other, area)
        seeds = [
            mine.var(axis=0, ddof=1) / len(mine) if len(mine) > 1 else 0,
            theirs.var(axis=0, ddof=1) / len(theirs) if len(theirs) > 1 else 0,
        ]
        difference = mine.mean(axis=0) - theirs.mean(axis=0)
        low, high, p = uncertainty.student(
            difference, [sampling[prefix], *seeds], [degrees, len(mine) - 1, len(theirs) - 1]
        )
        table |= {
            f"{area}_a": mine.mean(axis=0),
            f"{area}_b": theirs.mean(axis=0),
            f"{prefix}difference": difference,
            f"{prefix}low": low,
            f"{prefix}high": high,
            f"{prefix}p": p,
        }
        if area == "auprc":
            several = len(mine) > 1 and len(theirs) > 1
            table |= {
                "sampling_sd": np.where(degrees > 0, np.sqrt(sampling[""]), np.nan),
                "seed_sd": np.sqrt(sum(seeds)) if several else np.nan,
            }
    return pd.DataFrame(table)


def _variance(drawn):
    """Return the variance over replicates of each target (T,), of those that are not nan."""
    defined = ~np.isnan(drawn)
    count = np.maximum(defined.sum(axis=0), 2)
    mean = np.where(defined, drawn, 0).sum(axis=0) / count
    return np.where(defined, (drawn - mean) ** 2, 0).sum(axis=0) / (count - 1)


def _over_targets(rows):
    """Return what the differences of several targets say as a set."""
    return {
        "n_targets": len(rows),
        "median": rows["difference"].median(),
        "improved": (rows["difference"] > 0).mean() if len(rows) else np.nan,
        "wilcoxon_p": uncertainty.wilcoxon(rows["difference"]),
        "auroc_wilcoxon_p": uncertainty.wilcoxon(rows["auroc_difference"]),
    }
