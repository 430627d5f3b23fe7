"""What danq evaluate wrote for a run: metrics, the comparison of models, curves and calibration."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from danq.catalog import BASELINES, METRICS, MODELS, question_pairs
from danq.errors import DanqError
from danq.report.run_tables import (
    read_checked_table,
    read_optional_table,
    refuse_odd_models,
    to_numbers,
)


class Pair(NamedTuple):
    """Model `a` against model `b`.

    Attributes
    ----------
    a, b : str
        Names of the models; differences are those of a less b.
    rows : pandas.DataFrame
        comparison.tsv, a row per target (its index).
    mean : pandas.Series
        The mean over targets.
    groups : pandas.DataFrame
        The mean over the targets of each group (its name), where there are several.
    """

    a: str
    b: str
    rows: pd.DataFrame
    mean: pd.Series
    groups: pd.DataFrame

    @property
    def models(self) -> tuple[str, str]:
        """Names of both models."""
        return self.a, self.b

    @property
    def covers(self) -> str:
        """What its intervals cover, see `danq.evaluation.components.covered`; "NA" without any."""
        return str(self.mean.get("covers", "NA"))


def read_metrics(path: Path) -> pd.DataFrame:
    """Return metrics.tsv, a row per model, seed and target; an empty one is refused."""
    text = ["model", "name", "group"]
    numbers = ["seed", "target", "n", "n_positive", "prevalence", *METRICS]
    frame = read_checked_table(path, text, numbers)
    refuse_odd_models(frame["model"], path)
    if frame.empty:
        raise DanqError("holds no row; make the file again with danq evaluate", path)
    for column in ("decoy_auroc", "valid_auprc"):
        if column in frame:
            frame[column] = to_numbers(frame[column], path)
    return frame.astype({"target": int})


class ModelNames(NamedTuple):
    """Names of the models of a run, by kind, in the order of the catalogue.

    Attributes
    ----------
    networks : list of str
        Models that were trained, of one seed or more.
    baselines : list of str
        The strongest on validation windows first, see `validation_means`.
    oracles : list of str
        The others.
    """

    networks: list[str]
    baselines: list[str]
    oracles: list[str]


def model_names(metrics: pd.DataFrame) -> ModelNames:
    """Return the models of metrics.tsv by kind."""
    names = sorted(metrics["model"].drop_duplicates(), key=_catalog_order)
    trained = set(metrics.loc[metrics["seed"].notna(), "model"])
    networks = [name for name in names if name in trained]
    oracles = [name for name in names if _is_oracle(name)]
    baselines = [name for name in names if name not in networks + oracles]
    validation = validation_means(metrics, baselines).means
    strongest_first = validation.sort_values(ascending=False, kind="stable")
    return ModelNames(networks, list(strongest_first.index), oracles)


class ValidationMeans(NamedTuple):
    """How good baselines are on validation windows.

    Attributes
    ----------
    n_targets : int
        Targets that all of them know.
    means : pandas.Series
        Mean AUPRC over these, by baseline; nan where unknown.
    """

    n_targets: int
    means: pd.Series


def validation_means(metrics: pd.DataFrame, baselines: list[str]) -> ValidationMeans:
    """Average the validation AUPRC of baselines over the targets that all of them know.

    Means over different targets could not be compared.

    Parameters
    ----------
    metrics : pandas.DataFrame
        metrics.tsv; without its column valid_auprc nothing is known.
    baselines : list of str
        Names of the baselines.

    Returns
    -------
    ValidationMeans
    """
    if "valid_auprc" not in metrics or not baselines:
        return ValidationMeans(0, pd.Series(index=baselines, dtype=float))
    by_model = metrics.groupby(["target", "model"])["valid_auprc"].mean()
    areas = by_model.unstack("model").reindex(columns=baselines)
    measured = areas.dropna(axis="columns", how="all")
    known = measured.dropna()
    n_targets = len(known) if len(measured.columns) else 0
    return ValidationMeans(n_targets, known.mean().reindex(baselines))


def _is_oracle(name: str) -> bool:
    return name in BASELINES and BASELINES[name].oracle


def _catalog_order(name: str) -> int:
    names = [*MODELS, *BASELINES]
    return names.index(name) if name in names else len(names)


def target_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return one row per target; a name that is not unique is followed by its index."""
    columns = ["name", "group", "n", "n_positive", "prevalence"]
    targets = metrics.groupby("target")[columns].first()
    repeated = targets["name"].duplicated(keep=False)
    numbered = targets["name"] + " (#" + targets.index.astype(str) + ")"
    labels = targets["name"].where(~repeated, numbered)
    return targets.assign(label=labels)


_COMPARED = (
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
    "auroc_difference",
    "auroc_low",
    "auroc_high",
    "auroc_q",
    "median",
    "improved",
    "wilcoxon_p",
)
"""Columns of comparison.tsv that the report and the notebooks show."""


def read_pairs(path: Path) -> list[Pair]:
    """Return the comparisons of comparison.tsv, those that the report is about first."""
    frame = read_checked_table(path, ["a", "b", "target", "group", "covers"], _COMPARED)
    refuse_odd_models(pd.concat([frame["a"], frame["b"]]), path)
    pairs = []
    for _, rows in frame.groupby(["a", "b"], sort=False):
        pairs.append(_pair(rows, path))
    return sorted(pairs, key=_question_order)


def _pair(rows: pd.DataFrame, path: Path) -> Pair:
    """Return the rows of one pair of models, its means apart from its targets."""
    a = rows["a"].iloc[0]
    b = rows["b"].iloc[0]
    mean = rows[rows["target"] == "mean"]
    groups = rows[rows["target"] == "group"]
    if mean.empty:
        what = f"{a} - {b} has no row of target mean; make the file again with danq evaluate"
        raise DanqError(what, path)
    targets = rows.drop([*mean.index, *groups.index])
    index = to_numbers(targets["target"], path).astype(int)
    groups = groups.set_index("group")
    return Pair(a, b, targets.set_index(index), mean.iloc[0], groups)


def _question_order(pair: Pair) -> int:
    question = question_pairs()
    return question.index(pair.models) if pair.models in question else len(question)


def read_curves(path: Path) -> pd.DataFrame | None:
    """Return curves.tsv.gz: model, target, recall, precision; None where it is missing."""
    return read_optional_table(path, ["model"], ["target", "recall", "precision"])


def read_reliability(path: Path) -> pd.DataFrame | None:
    """Return reliability.tsv: model, seed, bin, predicted, observed, n; None where missing."""
    return read_optional_table(path, ["model"], ["seed", "bin", "predicted", "observed", "n"])
