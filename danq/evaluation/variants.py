"""Do models see what variants do? Their changes of log-odds against labels, and one another."""

import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq import catalog
from danq.data.scored_variants import KEY, ScoredVariants, model_of, read_scored
from danq.errors import DanqError
from danq.evaluation.variant_measures import (
    METRICS,
    Difference,
    Replicated,
    Sample,
    difference,
    measure,
    one_target,
    rank_correlation,
    sample,
)
from danq.files import PathLike
from danq.genome.variant_labels import VariantLabels, matched, read_labels
from danq.records import Made, file_input, record_table
from danq.simulation.variant_truth import read_variant_truth

Floats = NDArray[np.float64]
Match = Literal["none", "distance"]

METRIC_COLUMNS = ["model", "seed", "target", "name", "group", "label", "n", "n_positive", *METRICS]
"""Columns of the table of metrics, before those of intervals."""

COMPARISON_COLUMNS = [
    "pair",
    "a",
    "b",
    "metric",
    "target",
    "name",
    "group",
    "value_a",
    "value_b",
    "difference",
    "low",
    "high",
    "covers",
    "p",
]
"""Columns of the table of comparisons."""

AGREEMENT_COLUMNS = ["a", "seed_a", "b", "seed_b", "n", "spearman", "low", "high"]
"""Columns of the table of agreement."""


class Compared(NamedTuple):
    """Changes of log-odds of the same variants by all models.

    Attributes
    ----------
    labels : danq.genome.variant_labels.VariantLabels
        What is known of the variants.
    seeds : dict of str to dict of str to numpy.ndarray, shape (n, T)
        By model and seed.
    together : dict of str to numpy.ndarray, shape (n, T)
        By model, its seeds averaged.
    oracles : dict of str to numpy.ndarray, shape (n, T)
        What oracles would predict; of a simulated genome.
    """

    labels: VariantLabels
    seeds: dict[str, Mapping[str, Floats]]
    together: dict[str, Floats]
    oracles: dict[str, Floats]

    def take(self, rows: NDArray[np.integer]) -> "Compared":
        """Return some of the variants."""
        places = self.labels.places.iloc[rows].reset_index(drop=True)
        labels = self.labels._replace(places=places, values=self.labels.values[rows])
        seeds: dict[str, Mapping[str, Floats]] = {}
        for model, changes in self.seeds.items():
            seeds[model] = {seed: values[rows] for seed, values in changes.items()}
        together = {model: values[rows] for model, values in self.together.items()}
        oracles = {name: values[rows] for name, values in self.oracles.items()}
        return Compared(labels, seeds, together, oracles)


def evaluate_variants(
    scores: Sequence[PathLike],
    *,
    truth: PathLike | None,
    input: PathLike | None,
    label: str | None,
    match: Match,
    metrics: PathLike | None,
    comparison: PathLike | None,
    agreement: PathLike | None,
) -> None:
    """Measure on labelled variants what models predict, and compare them in pairs.

    Parameters
    ----------
    scores : sequence of path
        Of ``danq variants``, one for each model, which is the name of its folder: ``--table`` with
        `truth`, else ``--summary``.
    truth : path or None
        Of ``danq simulate-variants``: what each variant does to each target.
    input : path or None
        The VCF, or table, that was scored: it has the labels.
    label : str or None
        Their field of INFO, or column: 0 and 1, or numbers.
    match : {"none", "distance"}
        Whether each variant with label 1 is compared with the nearest one of label 0 alone.
    metrics, comparison, agreement : path or None
        Tables to write: each model, seed and target; pairs of models; rank correlations of models,
        and of seeds.

    Raises
    ------
    DanqError
        Options that do not go together, or a file that cannot be used.
    """
    _refuse_options(truth, input, label, [metrics, comparison], agreement)
    models = {model_of(path): read_scored(path, by_target=truth is not None) for path in scores}
    if len(models) < len(scores):
        raise DanqError("two tables of one model; give one for each, in a folder of its name")
    compared = _together(models, truth, input, label)
    if match == "distance":
        compared = _with_near_controls(compared)
    given = sample(compared.labels)
    contents: dict[PathLike, pd.DataFrame] = {}
    if metrics is not None or comparison is not None:
        measured = _measured(given, compared)
        if metrics is not None:
            contents[metrics] = _metrics_table(given, measured)
        if comparison is not None:
            contents[comparison] = _comparison_table(given, measured)
    if agreement is not None:
        contents[agreement] = _agreement_table(given, compared)
    inputs = [file_input("scores", path) for path in scores]
    inputs += [file_input("labels", path) for path in (truth, input) if path is not None]
    for path, table in contents.items():
        record_table(path, table, Made("evaluate-variants", inputs))
    print(f"variants: {len(compared.labels.places):,} compared", file=sys.stderr)


def _refuse_options(
    truth: PathLike | None,
    input: PathLike | None,
    label: str | None,
    tables: Sequence[PathLike | None],
    agreement: PathLike | None,
) -> None:
    """Refuse options that do not go together."""
    if truth is not None and (input is not None or label is not None):
        raise DanqError("--truth has the labels; leave --input and --label out, or that")
    if (input is None) != (label is None):
        raise DanqError("--label is a field of --input; give both, or neither")
    wanted = any(path is not None for path in tables)
    if wanted and truth is None and label is None:
        raise DanqError("no labels to measure on; give --truth, or --input and --label")
    if not wanted and agreement is None:
        raise DanqError("nothing is to be written; give --metrics, --comparison or --agreement")


# --- the same variants of all models ---


def _together(
    models: Mapping[str, ScoredVariants],
    truth: PathLike | None,
    input: PathLike | None,
    label: str | None,
) -> Compared:
    """Return the variants that have a label and that every model has scored."""
    labels, oracles = _known(models, truth, input, label)
    wanted = pd.MultiIndex.from_frame(labels.places)
    rows = {}
    for model, scored in models.items():
        rows[model] = pd.MultiIndex.from_frame(scored.places[KEY]).get_indexer(wanted)
    kept = np.all([places >= 0 for places in rows.values()], axis=0)
    if not kept.any():
        raise DanqError("no variant with a label was scored; are these scores of that file?")
    seeds: dict[str, Mapping[str, Floats]] = {}
    together = {}
    for model, scored in models.items():
        place = np.ix_(rows[model].clip(0), _columns(scored, labels, model))
        seeds[model] = {seed: values[place] for seed, values in scored.changes.items()}
        together[model] = scored.together[place]
    return Compared(labels, seeds, together, oracles).take(np.flatnonzero(kept))


class _Known(NamedTuple):
    """Labels, and what oracles make of the same variants."""

    labels: VariantLabels
    oracles: dict[str, Floats]


def _known(
    models: Mapping[str, ScoredVariants],
    truth: PathLike | None,
    input: PathLike | None,
    label: str | None,
) -> _Known:
    """Read the labels; without any, those of the first model's variants are 0."""
    if truth is not None:
        known = read_variant_truth(truth)
        return _Known(known.labels, known.oracles())
    if input is not None and label is not None:
        return _Known(read_labels(input, label), {})
    first = next(iter(models.values()))
    nothing = np.zeros(first.together.shape)
    return _Known(VariantLabels("number", first.places[KEY], [""], [""], nothing), {})


def _columns(scored: ScoredVariants, labels: VariantLabels, model: str) -> list[int]:
    """Return where a model's table has the targets of the labels; one of all targets has one."""
    if not scored.targets:
        return [0]
    for name in labels.names:
        if name not in scored.targets:
            what = f"the scores of {model} have no target {name}, which has labels"
            raise DanqError(f"{what}; score all targets")
    return [scored.targets.index(name) for name in labels.names]


def _with_near_controls(compared: Compared) -> Compared:
    labels = compared.labels
    if labels.kind != "binary":
        raise DanqError("--match is for labels 0 and 1; leave it out")
    is_labelled = labels.values[:, 0] == 1
    places = labels.places
    kept = matched(places["chrom"].tolist(), places["pos"].to_numpy(), is_labelled)
    n_kept = int(kept.sum()) // 2
    what = f"{n_kept:,} of {int(is_labelled.sum()):,} labelled variants have a control"
    print(f"variants: {what} of their own on their chromosome", file=sys.stderr)
    if not n_kept:
        raise DanqError("no labelled variant has a control on its chromosome; leave --match out")
    return compared.take(np.flatnonzero(kept))


# --- tables ---

Measured = dict[str, dict[str, Replicated]]
"""By model, or oracle, and metric."""


class _All(NamedTuple):
    """The measures of all models, the seeds of each, and those of oracles."""

    models: Measured
    seeds: dict[str, list[str]]
    oracles: Measured


def _measured(given: Sample, compared: Compared) -> _All:
    models = {}
    for model, changes in compared.seeds.items():
        models[model] = measure(given, list(changes.values()))
    seeds = {model: list(changes) for model, changes in compared.seeds.items()}
    oracles = {name: measure(given, [values]) for name, values in compared.oracles.items()}
    return _All(models, seeds, oracles)


def _targets(given: Sample) -> list[tuple[int | None, dict[str, object]]]:
    """Return the columns that say which target a row is about; last those of the mean."""
    labels = given.labels
    moved = given.moved
    rows: list[tuple[int | None, dict[str, object]]] = []
    for target, (name, group) in enumerate(zip(labels.names, labels.groups, strict=True)):
        n_positive = int(moved[:, target].sum())
        facts = {"target": str(target), "name": name, "group": group or "NA"}
        rows.append((target, {**facts, "n": len(moved), "n_positive": n_positive}))
    if len(labels.names) > 1:
        facts = {"target": "mean", "name": "mean", "group": "all"}
        rows.append((None, {**facts, "n": len(moved), "n_positive": int(moved.sum())}))
    return rows


def _metrics_table(given: Sample, measured: _All) -> pd.DataFrame:
    """Return a row for each model, target and seed, and (seed mean) for their mean."""
    rows = []
    for target, facts in _targets(given):
        facts = {**facts, "label": given.labels.kind}
        for model, metrics in measured.models.items():
            rows.append(
                {"model": model, "seed": "mean", **facts, **_summary(given, metrics, target)}
            )
            for place, seed in enumerate(measured.seeds[model]):
                values = _values(metrics, target, place)
                rows.append({"model": model, "seed": seed, **facts, **values})
        for oracle, metrics in measured.oracles.items():
            rows.append({"model": oracle, "seed": "NA", **facts, **_values(metrics, target, 0)})
    table = pd.DataFrame(rows)
    others = [name for name in table if name not in METRIC_COLUMNS]
    return table[[*METRIC_COLUMNS, *others]]


def _values(metrics: Mapping[str, Replicated], target: int | None, seed: int) -> dict[str, float]:
    return {name: one_target(found, target).values[seed, 0] for name, found in metrics.items()}


def _summary(
    given: Sample, metrics: Mapping[str, Replicated], target: int | None
) -> dict[str, object]:
    """Return the mean over seeds of every metric, with its interval."""
    row: dict[str, object] = {}
    covers = None
    degrees = given.degrees(target)
    for name, found in metrics.items():
        value = difference(one_target(found, target), None, degrees, given.draws.shape[1])
        lowest, highest = (-1.0, 1.0) if name == "spearman" else (0.0, 1.0)
        # Student's interval knows no bounds, and these measures have some.
        row[name] = value.value
        row[f"{name}_low"] = np.clip(value.low, lowest, highest)
        row[f"{name}_high"] = np.clip(value.high, lowest, highest)
        covers = covers or value.covers
    return {**row, "covers": covers}


def _comparison_table(given: Sample, measured: _All) -> pd.DataFrame:
    """Return a row for each pair of models, metric and target, and for the mean over targets."""
    rows = []
    for a, b in catalog.comparisons():
        if a in measured.models and b in measured.models:
            for target, facts in _targets(given):
                for metric in METRICS:
                    found = _row(given, measured.models[a], measured.models[b], metric, target)
                    if np.isfinite(found.value):
                        names = {"pair": f"{a} - {b}", "a": a, "b": b, "metric": metric}
                        rows.append({**names, **facts, **found.columns()})
    return pd.DataFrame(rows).reindex(columns=COMPARISON_COLUMNS)


class _Pair(NamedTuple):
    """The values of two models and their difference."""

    value_a: float
    value_b: float
    found: Difference

    @property
    def value(self) -> float:
        """The difference."""
        return self.found.value

    def columns(self) -> dict[str, object]:
        """Return the columns of the table of comparisons."""
        facts = self.found._asdict()
        values = {"value_a": self.value_a, "value_b": self.value_b}
        return {**values, "difference": facts.pop("value"), **facts}


def _row(
    given: Sample,
    a: Mapping[str, Replicated],
    b: Mapping[str, Replicated],
    metric: str,
    target: int | None,
) -> _Pair:
    """Compare two models in a metric of one target, or of their mean."""
    of_a = one_target(a[metric], target)
    of_b = one_target(b[metric], target)
    found = difference(of_a, of_b, given.degrees(target), given.draws.shape[1])
    return _Pair(float(of_a.values.mean()), float(of_b.values.mean()), found)


def _agreement_table(given: Sample, compared: Compared) -> pd.DataFrame:
    """Return the rank correlation of each pair of models, and of each pair of seeds of a model."""
    changes = {(model, "mean"): values for model, values in compared.together.items()}
    pairs = list(combinations(changes, 2))
    for model, seeds in compared.seeds.items():
        changes |= {(model, seed): values for seed, values in seeds.items()}
        pairs += combinations([(model, seed) for seed in seeds], 2)
    rows = []
    for a, b in pairs:
        found = rank_correlation(changes[a], changes[b], given.blocks, given.draws)
        names = {"a": a[0], "seed_a": a[1], "b": b[0], "seed_b": b[1]}
        rows.append({**names, "n": len(given.blocks), **found})
    return pd.DataFrame(rows, columns=AGREEMENT_COLUMNS)
