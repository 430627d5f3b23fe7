"""What the page draws when the reader clicks on a target: its precision-recall curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from danq.plotting.style import hue, styles
from danq.report.page import GLYPHS, six_digits
from danq.report.run import Run
from danq.report.words import number, title


def run_curves(run: Run) -> dict[str, Any] | None:
    """Return the curves of a run, fit for JSON; None for a run without them."""
    if run.curves is None:
        return None
    names = {model: title(model) for model in run.predictors}
    return precision_recall(run.curves, names, run.targets, run.scores("auprc"))


def precision_recall(
    frame: pd.DataFrame, models: Mapping[str, str], targets: pd.DataFrame, scores: pd.DataFrame
) -> dict[str, Any]:
    """Return precision-recall curves as the page's script reads them.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns model, target, recall, precision: one curve for each model and target, on the same
        levels of recall.
    models : dict of str to str
        What each model is called, in the order in which they are listed.
    targets : pandas.DataFrame
        One row per target (its index): label, group, prevalence.
    scores : pandas.DataFrame, targets by models
        AUPRC.

    Returns
    -------
    dict
        Fit for JSON: ``recall`` and ``precision`` in thousandths (int), the models with their
        colours, and by target the rest. A model without a curve has None in its place; a target
        without any is left out.
    """
    wide = frame.pivot(index=["target", "model"], columns="recall", values="precision")
    values = wide.to_numpy(float)
    curves = dict(zip(wide.index, map(_thousandths, values), strict=True))
    drawn = set(frame["model"])
    with_curve = [model for model in models if model in drawn]
    known = targets[targets.index.isin(frame["target"])]
    by_target = {}
    for row in known.itertuples():
        target = row.Index
        auprc = scores.loc[target, with_curve]
        by_target[str(target)] = {
            "name": row.label,
            "group": row.group,
            "prevalence": six_digits(row.prevalence),
            "auprc": list(map(number, auprc)),
            "precision": [curves.get((target, model)) for model in with_curve],
        }
    recall = [round(1000 * level) for level in wide.columns]
    return {"recall": recall, "models": _models(models, with_curve), "targets": by_target}


def _thousandths(values: Sequence[float]) -> list[int | None]:
    thousandths: list[int | None] = []
    for value in values:
        defined = not np.isnan(value)
        thousandths.append(round(1000 * float(value)) if defined else None)
    return thousandths


def _models(models: Mapping[str, str], with_curve: Sequence[str]) -> list[dict[str, str]]:
    """Return the models with a curve, in the colours that they have in all figures."""
    style = styles(models)
    entries = []
    for model in with_curve:
        colour = hue(style[model].colour)
        glyph = GLYPHS[style[model].marker]
        entries.append({"name": models[model], "colour": colour, "glyph": glyph})
    return entries
