"""From the predictions of a test split to tables: metrics, comparisons, curves, reliability.

What is undefined is nan here and NA in the tables.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.dataset import Dataset, open_dataset
from danq.data.predictions import Predictions, read_predictions, refuse_wrong_scores
from danq.errors import DanqError
from danq.evaluation.comparison import Split, compare, read_test_split
from danq.evaluation.metrics import BINS, calibration, measure, precision_curves
from danq.files import PathLike
from danq.records import Input, Made, file_input, read_head, record_table
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


def evaluate(
    dataset: PathLike,
    predictions: Sequence[PathLike],
    metrics: PathLike,
    comparison: PathLike,
    curves: PathLike,
    reliability: PathLike,
    *,
    elements: PathLike | None = None,
    threads: int = 1,
) -> None:
    """Measure every predictor on the test split, and compare the trained models in pairs.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    predictions : list of path
        Files of danq predict and danq baseline, all on the test split.
    metrics : path
        Table to write: one row per model, seed and target.
    comparison : path
        Table to write: one row per pair of models and target, and their means, see
        `danq.evaluation.comparison.compare`.
    curves : path
        Table to write: precision of each model and target at the `RECALLS`, seeds averaged.
    reliability : path
        Table to write: for each training, mean probability and share of positives, by bins of
        probability.
    elements : path, optional
        On a simulated run ``elements.tsv.gz``: adds ``decoy_auroc``, the AUROC over positive and
        decoy bins only.
    threads : int
        CPU threads; they change no result.

    Raises
    ------
    DanqError
        Predictions of other windows, or of the same model and seed twice; scores of a network that
        are no probabilities.
    """
    with open_dataset(dataset) as data:
        test = read_test_split(data)
        decoys = None if elements is None else _decoys(data, elements)
        checksum = data.split_checksum("test")
        made_from = [data.as_input()]
    if elements is not None:
        made_from.append(file_input("elements", elements))
    tables = _read_tables(predictions, checksum, test.labels.shape)
    scores = {predictor: table.scores for predictor, table in tables.items()}
    validation = {predictor: table.validation for predictor, table in tables.items()}
    measured = {}
    for predictor, values in scores.items():
        measured[predictor] = measure(test.labels, values, threads)
    trained = _by_model(_of_networks(scores))
    areas = _by_model(_of_networks(measured))
    # All of them are made before the first is written.
    contents = {
        metrics: _metrics_table(test, scores, measured, validation, decoys),
        curves: _curves_table(test, scores),
        reliability: _reliability_table(test, scores),
        comparison: compare(test, trained, areas, threads),
    }
    made = Made("evaluate", made_from + _inputs(predictions))
    for path, content in contents.items():
        record_table(path, content, made)


def _inputs(predictions: Sequence[PathLike]) -> list[Input]:
    """Return the predictions as inputs, and the checkpoints that they were made with."""
    inputs = []
    for path in predictions:
        record = read_head(path, "make it again with danq predict")
        inputs.append(Input("predictions", str(path), record.sha256))
        for entry in record.inputs:
            if entry.role == "checkpoint":
                inputs.append(Input(entry.role, entry.path, entry.sha256))
    return inputs


def _decoys(dataset: Dataset, elements: PathLike) -> NDArray[np.bool_]:
    """Return which test windows are decoys of each target: more than half of their bin is."""
    covered = element_coverage(dataset, elements, ("decoy",))
    return 2 * covered > dataset.bin_size


def _read_tables(
    paths: Sequence[PathLike], checksum: str, shape: tuple[int, ...]
) -> dict[Predictor, Predictions]:
    """Return the predictions of every predictor, all of the windows with this checksum."""
    tables: dict[Predictor, Predictions] = {}
    for path in paths:
        table = read_predictions(path)
        predictor = Predictor(table.model, table.seed)
        if table.windows != checksum or table.scores.shape != shape:
            advice = "predict its test split"
            what = f"does not predict the test windows of this dataset; {advice}"
            raise DanqError(what, path)
        if predictor in tables:
            who = f"{predictor.model}, seed {predictor.seed},"
            raise DanqError(f"predictions of {who} are given twice; give one", path)
        refuse_wrong_scores(table, path)
        tables[predictor] = table
    return tables


def _of_networks(items: Mapping[Predictor, _Item]) -> dict[Predictor, _Item]:
    """Return the items of trained networks."""
    return {predictor: item for predictor, item in items.items() if predictor.is_trained}


def _by_model(items: Mapping[Predictor, _Item]) -> dict[str, list[_Item]]:
    """Return the items of each model, a list by seed."""
    models: dict[str, list[_Item]] = {}
    for predictor, item in items.items():
        models.setdefault(predictor.model, []).append(item)
    return models


# --- metrics.tsv ---


def _metrics_table(
    test: Split,
    scores: Mapping[Predictor, NDArray[np.floating]],
    measured: Mapping[Predictor, Mapping[str, NDArray[np.float64]]],
    validation: Mapping[Predictor, NDArray[np.float64] | None],
    decoys: NDArray[np.bool_] | None,
) -> pd.DataFrame:
    """Return the metrics of every predictor for the targets that it knows.

    `validation` is the AUPRC (T,) of baselines on the validation split.
    """
    tables = []
    for predictor, values in scores.items():
        table = _metrics_of(test, measured[predictor])
        areas = validation[predictor]
        table["valid_auprc"] = np.nan if areas is None else areas
        if decoys is not None:
            table["decoy_auroc"] = decoy_auroc(test.labels, values, decoys)
        table.insert(0, "model", predictor.model)
        table.insert(1, "seed", predictor.seed)
        known = ~np.isnan(values.max(axis=0))
        tables.append(table[known])
    return pd.concat(tables)


def _metrics_of(test: Split, measured: Mapping[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return a row per target: its facts, its numbers of windows, its metrics."""
    labels = test.labels
    n_positive = labels.sum(axis=0)
    prevalence = labels.mean(axis=0)
    counts = {"n": len(labels), "n_positive": n_positive, "prevalence": prevalence}
    return test.facts.assign(**counts, **measured)


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


def _curves_table(test: Split, scores: Mapping[Predictor, NDArray[np.floating]]) -> pd.DataFrame:
    """Return the precision of each model and target at each of `RECALLS`, seeds averaged."""
    tables = []
    for model, seeds in _by_model(scores).items():
        curves = [precision_curves(test.labels, values, RECALLS) for values in seeds]
        precision = np.mean(curves, axis=0)
        tables.append(_curve_rows(model, precision))
    return pd.concat(tables).dropna()


def _curve_rows(model: str, precision: NDArray[np.float64]) -> pd.DataFrame:
    """Return the curves (T, 50) of one model as rows, target by target."""
    n_targets = len(precision)
    target = np.repeat(range(n_targets), len(RECALLS))
    recall = np.tile(RECALLS.round(2), n_targets)
    columns = {"model": model, "target": target, "recall": recall}
    return pd.DataFrame(columns).assign(precision=precision.ravel().round(4))


# --- reliability.tsv ---


def _reliability_table(
    test: Split, scores: Mapping[Predictor, NDArray[np.floating]]
) -> pd.DataFrame:
    """Return mean probability and share of positives by bin, of each training, targets together."""
    tables = []
    for predictor, values in _of_networks(scores).items():
        columns = {"model": predictor.model, "seed": predictor.seed, "bin": range(BINS)}
        bins = calibration(test.labels, values)
        tables.append(pd.DataFrame({**columns, **bins._asdict()}))
    if not tables:
        return pd.DataFrame(columns=["model", "seed", "bin", "predicted", "observed", "n"])
    return pd.concat(tables).dropna()
