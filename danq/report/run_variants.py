"""The variants that a run scored, read back: changes by every model, measures, explanations."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from danq.data.explained import ExplainedVariant, read_explained
from danq.data.variant_inputs import SIMULATED, variant_name
from danq.report.run_tables import read_checked_table, read_optional_table

FOLDER = "variants"
"""Where they lie in the folder of a run, a folder for each file of variants."""

MOST_ROWS = 5000
"""Variants whose changes are kept, those of the largest ones."""

SAMPLED = 1000
"""Variants that a figure draws, spread evenly over all."""

PLACE = ["chrom", "pos", "id", "ref", "alt"]
"""Columns that say which variant a row is about; pos is 1-based."""

_VALUES = ["auroc", "auprc", "sign", "spearman"]


class VariantSet(NamedTuple):
    """Variants of one file.

    Attributes
    ----------
    name : str
        What they are called; "simulated": those of a simulated genome.
    models : list of str
        Which models scored them.
    n : int
        How many of them all models scored.
    strongest : pandas.DataFrame
        Those of the largest changes: `PLACE`; for each model its largest change of log-odds
        (``change_<model>``); of the model with the largest one its target and e_value.
    sampled : pandas.DataFrame
        The same columns of every so-manieth variant.
    metrics, comparison, agreement : pandas.DataFrame or None
        Tables of `danq evaluate-variants`; None without labels.
    explained : dict of str to list of danq.data.explained.ExplainedVariant
        Of each model those of its largest changes.
    """

    name: str
    models: list[str]
    n: int
    strongest: pd.DataFrame
    sampled: pd.DataFrame
    metrics: pd.DataFrame | None
    comparison: pd.DataFrame | None
    agreement: pd.DataFrame | None
    explained: dict[str, list[ExplainedVariant]]


def read_variant_sets(folder: Path, models: Sequence[str]) -> list[VariantSet]:
    """Read all variants that a run scored.

    Parameters
    ----------
    folder : pathlib.Path
        ``results/<run>``.
    models : sequence of str
        Its networks, in the order of tables.

    Returns
    -------
    list of VariantSet
        Simulated ones first; those that no model of the run has scored are left out.

    Raises
    ------
    DanqError
        A table lacks a column, or has text where a number belongs.
    """
    paths = sorted(path for path in (folder / FOLDER).glob("*") if path.is_dir())
    paths.sort(key=lambda path: path.name != SIMULATED)
    sets = []
    for path in paths:
        scored = [model for model in models if (path / model / "summary.tsv.gz").exists()]
        if scored:
            sets.append(_read_set(path, scored))
    return sets


def configured_variants(variants: object) -> list[str] | None:
    """Return what the variants of a configuration are called, from its section ``variants``.

    None where it has no such section, as that of a run that was made before there was one.
    """
    if not isinstance(variants, dict):
        return None
    files = variants.get("files") or []
    names = [variant_name(str(path)) for path in files]
    return [SIMULATED, *names] if variants.get("simulated", True) else names


_METRIC_TEXTS = ["model", "seed", "target", "name", "label"]
_PAIR_TEXTS = ["a", "b", "metric", "target", "covers"]
_PAIR_VALUES = ["value_a", "value_b", "difference", "low", "high", "p"]
_AGREEMENT_TEXTS = ["a", "b", "seed_a", "seed_b"]
_AGREEMENT_VALUES = ["spearman", "low", "high"]


def _read_set(folder: Path, models: list[str]) -> VariantSet:
    joined = _joined(folder, models)
    names = [f"change_{model}" for model in models]
    largest = joined[names].abs().max(axis=1)
    order = largest.sort_values(ascending=False, kind="stable")
    strongest = joined.loc[order.index[:MOST_ROWS]]
    step = max(1, len(joined) // SAMPLED)
    sampled = joined.iloc[::step]
    explained = {}
    for model in models:
        path = folder / model / "explained.json.gz"
        if path.exists():
            explained[model] = read_explained(path).variants
    metrics = read_optional_table(folder / "metrics.tsv", _METRIC_TEXTS, _VALUES)
    comparison = read_optional_table(folder / "comparison.tsv", _PAIR_TEXTS, _PAIR_VALUES)
    agreement = read_optional_table(folder / "agreement.tsv", _AGREEMENT_TEXTS, _AGREEMENT_VALUES)
    return VariantSet(
        name=folder.name,
        models=models,
        n=len(joined),
        strongest=strongest.reset_index(drop=True),
        sampled=sampled.reset_index(drop=True),
        metrics=metrics,
        comparison=comparison,
        agreement=agreement,
        explained=explained,
    )


def _joined(folder: Path, models: list[str]) -> pd.DataFrame:
    """Return the changes of all models, of the variants that each of them scored."""
    joined = None
    for model in models:
        table = _summary(folder / model / "summary.tsv.gz")
        table = table.rename(columns=lambda name, model=model: _own(name, model))
        joined = table if joined is None else joined.merge(table, on=PLACE)
    assert joined is not None
    sizes = joined[[f"change_{model}" for model in models]].abs().to_numpy()
    best = sizes.argmax(axis=1)
    for name in ("target", "e_value"):
        values = joined[[f"{name}_{model}" for model in models]].to_numpy(dtype=object)
        joined[name] = values[range(len(best)), best]
    kept = [*PLACE, *(f"change_{model}" for model in models), "target", "e_value"]
    return joined[kept]


def _own(column: str, model: str) -> str:
    """Return what a column of one model is called among those of all."""
    return column if column in PLACE else f"{column}_{model}"


def _summary(path: Path) -> pd.DataFrame:
    table = read_checked_table(
        path, ["chrom", "id", "ref", "alt", "target"], ["pos", "log_odds_change"]
    )
    if "e_value" not in table:
        table = table.assign(e_value=float("nan"))
    table = table[[*PLACE, "target", "log_odds_change", "e_value"]]
    table = table.rename(columns={"log_odds_change": "change"})
    return table.drop_duplicates(PLACE).astype({"pos": int})
