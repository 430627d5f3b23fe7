"""What a run says of variants: whether the recurrent layer helps, by rule, and how models agree."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from danq.catalog import MODELS, question_pairs
from danq.report.findings.claim import Conclusion, conclude, joint_verdict
from danq.report.findings.pairs import Verdict, controls_reach, verdict
from danq.report.run_variants import VariantSet

HEADLINE = {"effect": "auroc", "binary": "auroc", "number": "spearman"}
"""The metric by which models are compared, by the kind of label."""


class VariantPair(NamedTuple):
    """Two models on the same variants.

    Attributes
    ----------
    a, b : str
        Names of the models; b is a twin of a.
    value_a, value_b : float
        The metric of each, seeds averaged.
    difference, low, high : float
        That of a less b, and its interval.
    covers : str
        What the interval covers; "NA" without one.
    """

    a: str
    b: str
    value_a: float
    value_b: float
    difference: float
    low: float
    high: float
    covers: str

    @property
    def side(self) -> Verdict:
        """Where the interval lies."""
        return verdict(self.low, self.high)


class VariantAnswer(NamedTuple):
    """Whether the recurrent layer helps with variants.

    Attributes
    ----------
    name, kind : str
        Of which variants, and what their labels are.
    metric : str
        By which metric.
    n, n_positive : int
        Variants, and those with an effect: of each target, where there are several.
    local, reach : list of VariantPair
        The recurrent model against twins that see a neighbourhood, and the whole window.
    conclusion : str
        See `danq.report.findings.claim.conclude`.
    """

    name: str
    kind: str
    metric: str
    n: int
    n_positive: int
    local: list[VariantPair]
    reach: list[VariantPair]
    conclusion: Conclusion


def variant_answer(variants: VariantSet) -> VariantAnswer | None:
    """Return what labelled variants say of the recurrent layer; None without labels."""
    if variants.metrics is None or variants.metrics.empty:
        return None
    first = _mean_rows(variants.metrics).iloc[0]
    metric = HEADLINE.get(first["label"], "auroc")
    pairs = _pairs(variants, metric)
    model = pairs[0].a if pairs else ""
    own = [pair for pair in pairs if pair.a == model]
    twins = [pair for pair in own if MODELS[pair.b].twin_of == model]
    reach = [pair for pair in twins if controls_reach(MODELS[pair.b])]
    local = [pair for pair in twins if pair not in reach and not MODELS[pair.b].recurrent]
    sides = [joint_verdict([pair.side for pair in found]) for found in (local, reach)]
    return VariantAnswer(
        name=variants.name,
        kind=first["label"],
        metric=metric,
        n=int(first["n"]),
        n_positive=int(first["n_positive"]),
        local=local,
        reach=reach,
        conclusion=conclude(*sides),
    )


def variant_results(sets: Sequence[VariantSet]) -> list[dict[str, Any]]:
    """Return what labelled variants say, for programs: a dict for each file of them.

    Its keys are those of `VariantAnswer`; of each pair of models, those of `VariantPair`; what is
    undefined is None.
    """
    results = []
    for answer in map(variant_answer, sets):
        if answer is not None:
            content: dict[str, Any] = answer._asdict()
            for kind in ("local", "reach"):
                content[kind] = [_plain(pair) for pair in content[kind]]
            results.append(content)
    return results


def _plain(pair: VariantPair) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in pair._asdict().items():
        unknown = value == "NA" or (isinstance(value, float) and not math.isfinite(value))
        plain[name] = None if unknown else value
    return plain


def _mean_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the mean over targets, or of the only one."""
    return table[table["target"] == ("mean" if (table["target"] == "mean").any() else "0")]


def _pairs(variants: VariantSet, metric: str) -> list[VariantPair]:
    """Return the pairs that the question is about, in the order of the catalogue."""
    if variants.comparison is None or variants.comparison.empty:
        return []
    rows = _mean_rows(variants.comparison)
    rows = rows[rows["metric"] == metric].set_index(["a", "b"])
    found = []
    for pair in question_pairs():
        if pair in rows.index:
            row = rows.loc[pair]
            names = ["value_a", "value_b", "difference", "low", "high"]
            numbers = {name: float(row[name]) for name in names}
            a, b = pair
            found.append(VariantPair(a, b, **numbers, covers=str(row["covers"])))
    return found


def by_target(variants: VariantSet) -> pd.DataFrame:
    """Return the AUROC of every model and oracle by target, seeds averaged.

    Columns: name, group, n_positive, and for each predictor its AUROC, and its interval as
    ``<model>_low`` and ``<model>_high``. Empty where labels are not of targets.
    """
    table = variants.metrics
    if table is None or table["target"].nunique() < 2:
        return pd.DataFrame()
    means = table[table["seed"].isin(["mean", "NA"])]
    rows = []
    for _, of_target in means.groupby("target", sort=False):
        row = of_target.iloc[0][["name", "group", "n_positive"]].to_dict()
        for predictor in of_target.itertuples():
            row[predictor.model] = predictor.auroc
            row[f"{predictor.model}_low"] = predictor.auroc_low
            row[f"{predictor.model}_high"] = predictor.auroc_high
        rows.append(row)
    return pd.DataFrame(rows)


def by_model(variants: VariantSet) -> pd.DataFrame:
    """Return all metrics of every model and oracle, means over targets and seeds; or empty."""
    if variants.metrics is None:
        return pd.DataFrame()
    table = _mean_rows(variants.metrics)
    return table[table["seed"].isin(["mean", "NA"])].reset_index(drop=True)


def differences(variants: VariantSet) -> pd.DataFrame:
    """Return the differences of all pairs of models in every metric, means over targets."""
    if variants.comparison is None:
        return pd.DataFrame()
    return _mean_rows(variants.comparison).reset_index(drop=True)


def agreements(variants: VariantSet) -> pd.DataFrame:
    """Return how models, and seeds of a model, agree: a, b, n_pairs, spearman, low, high.

    Seeds of a model are a row in which b is the same model: the mean over their pairs, and the
    lowest and highest of them as low and high.
    """
    table = variants.agreement
    if table is None or table.empty:
        return pd.DataFrame()
    between = table[table["a"] != table["b"]].assign(n_pairs=1)
    rows = [between[["a", "b", "n_pairs", "spearman", "low", "high"]]]
    for model, pairs in table[table["a"] == table["b"]].groupby("a", sort=False):
        values = pairs["spearman"]
        row = {"a": model, "b": model, "n_pairs": len(pairs), "spearman": values.mean()}
        rows.append(pd.DataFrame([{**row, "low": values.min(), "high": values.max()}]))
    return pd.concat(rows, ignore_index=True)
