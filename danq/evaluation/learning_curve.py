"""The learning curve: AUPRC, and differences in it, against the number of training windows.

Each share of the training windows was trained on, and evaluated on the same test split; here the
tables of these evaluations become one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from danq.data.dataset import Dataset, open_dataset
from danq.errors import DanqError, warn
from danq.files import PathLike, read_table
from danq.records import Input, Made, file_input, record_table, verified

COLUMNS = [
    "share",
    "n_windows",
    "n_labelled",
    "n_unseen",
    "a",
    "b",
    "n_targets",
    "n_seeds",
    "auprc",
    "seed_low",
    "seed_high",
    "low",
    "high",
    "covers",
]
"""Columns of learning_curve.tsv."""


class Part(NamedTuple):
    """What a model was trained on.

    Attributes
    ----------
    share : float
        Of the training windows of the run; 1 for all of them.
    n_windows, n_labelled : int
        Training windows, and those with a label.
    n_unseen : int
        Targets without a positive training window: no model can learn them.
    """

    share: float
    n_windows: int
    n_labelled: int
    n_unseen: int


def learning_curve(
    datasets: Sequence[PathLike],
    metrics: Sequence[PathLike],
    comparisons: Sequence[PathLike],
    output: PathLike,
) -> None:
    """Write the learning curve of a run as one table.

    Parameters
    ----------
    datasets : list of path
        The datasets that were trained on: shares that `danq.data.subset.subset` made of the last
        one, which is the run's own.
    metrics, comparisons : list of path
        metrics.tsv and comparison.tsv of danq evaluate for each of them, in the same order.
    output : path
        Table to write, columns `COLUMNS`. A row with `b` NA is a model: its mean AUPRC over the
        targets, seeds averaged. The others are pairs: the AUPRC of `a` less that of `b`, with its
        95 % interval `low` to `high`, and what this `covers`, as in comparison.tsv. `seed_low` and
        `seed_high` are the lowest and the highest of the single seeds; a pair has them where both
        models were trained from the same seeds.

    Raises
    ------
    DanqError
        Not as many tables as datasets, a dataset that is not a share of the last one, or a table
        that was not made from its dataset.
    """
    if not len(datasets) == len(metrics) == len(comparisons):
        raise DanqError("--datasets, --metrics and --comparisons differ in number; give one each")
    tables = []
    inputs = []
    for described, scores, differences in zip(_parts(datasets), metrics, comparisons, strict=True):
        part = described.part
        _warn_of_unseen(part)
        _refuse_other_tables(described.dataset, scores, differences)
        measured = by_seed(read_table(scores))
        models = model_rows(measured)
        pairs = pair_rows(read_table(differences), measured)
        tables.append(pd.concat([models, pairs]).assign(**part._asdict()))
        inputs.append(described.dataset)
        inputs.append(file_input("metrics", scores))
        inputs.append(file_input("comparison", differences))
    curve = pd.concat(tables, ignore_index=True)
    record_table(output, curve.reindex(columns=COLUMNS), Made("learning-curve", inputs))


def _refuse_other_tables(dataset: Input, scores: PathLike, differences: PathLike) -> None:
    """Refuse tables that are not those of one evaluation on a dataset."""
    evaluation = verified(scores)
    if evaluation.checksums("dataset") != [dataset.checksum]:
        what = f"was not made from {dataset.path}; give the tables in the order of the datasets"
        raise DanqError(what, scores)
    if verified(differences).made_from() != evaluation.made_from():
        what = f"was not made from the same predictions as {scores}"
        raise DanqError(f"{what}; make both again with danq evaluate", differences)


class _Described(NamedTuple):
    """A dataset, described, and as what the curve is made from."""

    part: Part
    dataset: Input


def _parts(datasets: Sequence[PathLike]) -> list[_Described]:
    """Describe the datasets, the last of which is the whole."""
    *shares, whole = datasets
    parts = []
    with open_dataset(whole) as data:
        for path in shares:
            parts.append(_share(path, data.checksum, whole))
        parts.append(_part(data, 1.0))
    return parts


def _share(path: PathLike, checksum: str, whole: PathLike) -> _Described:
    with open_dataset(path) as data:
        facts = data.source.get("subset", {})
        if facts.get("dataset", {}).get("sha256") != checksum:
            raise DanqError(f"is not a share of {whole}; make it with danq subset", path)
        return _part(data, facts["share"])


def _part(data: Dataset, share: float) -> _Described:
    counts = data.label_counts("train")
    n_unseen = int((counts.positives == 0).sum())
    part = Part(share, data.length("train"), counts.labelled, n_unseen)
    return _Described(part, data.as_input())


def _warn_of_unseen(part: Part) -> None:
    if part.n_unseen:
        share = f"targets without a positive window in the share {part.share:g}: {part.n_unseen}"
        effect = "no model can learn these from it, but they count in the means"
        warn(f"{share}; {effect}")


def by_seed(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return mean AUPRC of each training over its targets, from metrics.tsv.

    The result has a row per model (its index) and seed: auprc, n_targets.
    """
    trained = metrics[metrics["seed"].notna()]
    defined = trained.dropna(subset=["auprc"])
    trainings = defined.groupby(["model", "seed"], sort=False)["auprc"]
    means = trainings.agg(auprc="mean", n_targets="size")
    return means.reset_index("seed")


def model_rows(measured: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each model: a, n_targets, n_seeds, auprc, seed_low, seed_high.

    The argument is that of `by_seed`.
    """
    models = measured.groupby("model", sort=False)
    rows = models["auprc"].agg(auprc="mean", seed_low="min", seed_high="max", n_seeds="size")
    rows["n_targets"] = models["n_targets"].max()
    return rows.rename_axis("a").reset_index()


def pair_rows(comparison: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair of models, the mean over targets.

    Parameters
    ----------
    comparison : pandas.DataFrame
        comparison.tsv.
    measured : pandas.DataFrame
        What `by_seed` returns.

    Returns
    -------
    pandas.DataFrame
        Columns a, b, n_targets, n_seeds, auprc (of a less b), seed_low, seed_high, low, high,
        covers.
    """
    means = comparison[comparison["target"] == "mean"]
    columns = ["a", "b", "n_targets", "difference", "low", "high", "covers"]
    rows = means[columns].rename(columns={"difference": "auprc"})
    spread = [_seed_spread(measured, pair.a, pair.b) for pair in rows.itertuples()]
    found = pd.DataFrame(spread, columns=["n_seeds", "seed_low", "seed_high"], index=rows.index)
    return rows.join(found)


def _seed_spread(measured: pd.DataFrame, a: str, b: str) -> tuple[int, float, float]:
    """Return how many seeds two models share, and their lowest and highest difference."""
    # A model without an AUPRC of any target has no row.
    scores_a = measured[measured.index == a].set_index("seed")["auprc"]
    scores_b = measured[measured.index == b].set_index("seed")["auprc"]
    differences = (scores_a - scores_b).dropna()
    return len(differences), differences.min(), differences.max()
