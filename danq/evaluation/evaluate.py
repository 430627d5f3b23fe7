"""From the predictions of a test split to tables: metrics, comparisons, curves, reliability.

What is undefined is nan here and NA in the tables.
"""

from collections.abc import Sequence

from danq.data.dataset import open_dataset
from danq.data.predictions import Predictions, read_predictions, refuse_wrong_scores
from danq.errors import DanqError
from danq.evaluation.comparison import compare
from danq.evaluation.split import measure_split, read_test_split
from danq.evaluation.tables import (
    Predictor,
    by_model,
    curves_table,
    metrics_table,
    of_networks,
    read_decoys,
    reliability_table,
)
from danq.files import PathLike
from danq.records import Input, Made, file_input, read_head, record_table


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
        dataset.h5. Of a genome in folds, that of all of them: each fold is then measured by itself,
        and their mean is what counts.
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
        are not probabilities.
    """
    with open_dataset(dataset) as data:
        test = read_test_split(data)
        decoys = None if elements is None else read_decoys(data, elements)
        checksum = data.split_checksum("test")
        made_from = [data.as_input()]
    if elements is not None:
        made_from.append(file_input("elements", elements))
    tables = _read_tables(predictions, checksum, test.labels.shape)
    scores = {predictor: table.scores for predictor, table in tables.items()}
    validation = {predictor: table.validation for predictor, table in tables.items()}
    measured = {}
    for predictor, values in scores.items():
        measured[predictor] = measure_split(test, values, threads)
    trained = by_model(of_networks(scores))
    areas = by_model(of_networks(measured))
    # All of them are made before the first is written.
    contents = {
        metrics: metrics_table(test, scores, measured, validation, decoys),
        curves: curves_table(test, scores),
        reliability: reliability_table(test, scores),
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
