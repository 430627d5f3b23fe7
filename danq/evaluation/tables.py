"""The tables of an evaluation: metrics of each target, precision-recall curves, calibration.

What is undefined is nan here and NA in the tables.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.evaluation.metrics import BINS, calibration, measure, precision_curves
from danq.evaluation.split import Measured, Split, fold_columns, mean_of_defined
from danq.files import PathLike
from danq.simulation.truth import element_coverage

RECALLS = np.linspace(0.02, 1, 50)
"""Recalls of the precision-recall curves in the table."""

_Item = TypeVar("_Item")


class Predictor(NamedTuple):
    """One training of a model, or a baseline.

    Attributes
    ----------
    model : str
    seed : str
        "NA" for a baseline.
    """

    model: str
    seed: str

    @property
    def is_trained(self) -> bool:
        """Whether it is a network: a baseline has no seed."""
        return self.seed != "NA"


def of_networks(items: Mapping[Predictor, _Item]) -> dict[Predictor, _Item]:
    """Return the items of trained networks."""
    return {predictor: item for predictor, item in items.items() if predictor.is_trained}


def by_model(items: Mapping[Predictor, _Item]) -> dict[str, list[_Item]]:
    """Return the items of each model, a list by seed."""
    models: dict[str, list[_Item]] = {}
    for predictor, item in items.items():
        models.setdefault(predictor.model, []).append(item)
    return models


# --- metrics.tsv ---


def metrics_table(
    test: Split,
    scores: Mapping[Predictor, NDArray[np.floating]],
    measured: Mapping[Predictor, Measured],
    validation: Mapping[Predictor, NDArray[np.float64] | None],
    decoys: NDArray[np.bool_] | None,
) -> pd.DataFrame:
    """Return the metrics of every predictor for the targets that it knows.

    Parameters
    ----------
    test : danq.evaluation.split.Split
        The windows.
    scores : dict of Predictor to numpy.ndarray, shape (N, T)
        What each predicts.
    measured : dict of Predictor to danq.evaluation.split.Measured
        Its metrics.
    validation : dict of Predictor to numpy.ndarray, shape (T,), or None
        The AUPRC of baselines on the validation split.
    decoys : numpy.ndarray, shape (N, T), bool, or None
        As `read_decoys` returns them.

    Returns
    -------
    pandas.DataFrame
        Of several folds also the areas in each.
    """
    tables = []
    for predictor, values in scores.items():
        table = _metrics_of(test, measured[predictor])
        areas = validation[predictor]
        table["valid_auprc"] = np.nan if areas is None else areas
        if decoys is not None:
            table["decoy_auroc"] = _decoy_auroc(test, values, decoys)
        table.insert(0, "model", predictor.model)
        table.insert(1, "seed", predictor.seed)
        known = ~np.isnan(values.max(axis=0))
        tables.append(table[known])
    return pd.concat(tables)


def _metrics_of(test: Split, measured: Measured) -> pd.DataFrame:
    """Return a row per target: its facts, its numbers of windows, its metrics."""
    labels = test.labels
    n_positive = labels.sum(axis=0)
    prevalence = labels.mean(axis=0)
    counts = {"n": len(labels), "n_positive": n_positive, "prevalence": prevalence}
    table = test.facts.assign(**counts, **measured.mean)
    for area in ("auprc", "auroc"):
        table = table.assign(**fold_columns(area, measured.by_fold[area]))
    return table


def _decoy_auroc(
    test: Split, scores: NDArray[np.floating], decoys: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return `decoy_auroc`, the mean over folds where there are several."""
    areas = [decoy_auroc(test.labels[rows], scores[rows], decoys[rows]) for rows in test.rows()]
    return mean_of_defined(np.stack(areas))


def read_decoys(dataset: Dataset, elements: PathLike) -> NDArray[np.bool_]:
    """Return which test windows are decoys of each target: more than half of their bin is.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file, of a simulated run.
    elements : path
        ``elements.tsv.gz`` of danq simulate.

    Returns
    -------
    numpy.ndarray, shape (N, T), bool
    """
    covered = element_coverage(dataset, elements, ("decoy",))
    return 2 * covered > dataset.bin_size


def decoy_auroc(
    labels: NDArray[np.integer], scores: NDArray[np.floating], decoys: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the AUROC of each target over its positive and decoy windows only.

    0.5 means that the predictor knows the parts of the grammar but not the rule.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N, T)
        As `danq.evaluation.metrics.measure`.
    decoys : numpy.ndarray, shape (N, T), bool
        Windows with the right parts; those that are positive nonetheless count as positive.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
    """
    included = decoys | (labels == 1)
    areas = []
    for target in range(labels.shape[1]):
        rows = included[:, target]
        column = slice(target, target + 1)
        compared_labels = labels[rows, column]
        metrics = measure(compared_labels, scores[rows, column], names=["auroc"])
        areas.append(metrics["auroc"][0])
    return np.array(areas)


# --- curves.tsv.gz ---


def curves_table(test: Split, scores: Mapping[Predictor, NDArray[np.floating]]) -> pd.DataFrame:
    """Return the precision of each model and target at each of `RECALLS`, seeds averaged.

    Parameters
    ----------
    test : danq.evaluation.split.Split
        The windows.
    scores : dict of Predictor to numpy.ndarray, shape (N, T)
        What each predicts.

    Returns
    -------
    pandas.DataFrame
        Columns model, target, recall, precision.
    """
    tables = []
    for model, seeds in by_model(scores).items():
        curves = [_precision(test, values) for values in seeds]
        precision = np.mean(curves, axis=0)
        tables.append(_curve_rows(model, precision))
    return pd.concat(tables).dropna()


def _precision(test: Split, scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the precision of each target at each of `RECALLS`, (T, 50), the mean over folds."""
    curves = [precision_curves(test.labels[rows], scores[rows], RECALLS) for rows in test.rows()]
    return mean_of_defined(np.stack(curves))


def _curve_rows(model: str, precision: NDArray[np.float64]) -> pd.DataFrame:
    """Return the curves (T, 50) of one model as rows, target by target."""
    n_targets = len(precision)
    target = np.repeat(range(n_targets), len(RECALLS))
    recall = np.tile(RECALLS.round(2), n_targets)
    columns = {"model": model, "target": target, "recall": recall}
    return pd.DataFrame(columns).assign(precision=precision.ravel().round(4))


# --- reliability.tsv ---


def reliability_table(
    test: Split, scores: Mapping[Predictor, NDArray[np.floating]]
) -> pd.DataFrame:
    """Return mean probability and share of positives by bin, of each training, targets together.

    Parameters
    ----------
    test : danq.evaluation.split.Split
        The windows.
    scores : dict of Predictor to numpy.ndarray, shape (N, T)
        What each predicts.

    Returns
    -------
    pandas.DataFrame
        Columns model, seed, bin, predicted, observed, n.
    """
    tables = []
    for predictor, values in of_networks(scores).items():
        columns = {"model": predictor.model, "seed": predictor.seed, "bin": range(BINS)}
        bins = calibration(test.labels, values)
        tables.append(pd.DataFrame({**columns, **bins._asdict()}))
    if not tables:
        return pd.DataFrame(columns=["model", "seed", "bin", "predicted", "observed", "n"])
    return pd.concat(tables).dropna()
