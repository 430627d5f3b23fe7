"""What networks predict for positive windows, and for decoys, which break the planted rule."""

import pandas as pd

from danq.plotting.mirror_svg import Mirror, mirrors_svg
from danq.report.page import Figure, numbers
from danq.report.run import Run
from danq.report.words import plural, title

MOST = 12
"""Targets at most, the first ones."""

_NOTE = (
    "Of each target's test windows, by predicted probability from 0 to 1: upwards (blue) the "
    "positive ones, downwards (orange) decoys, which have the same sites and break the rule. The "
    "height of a bar is the square root of its share. A network that knows the rule has them at "
    "opposite ends; one that knows only the motifs has both alike. First seed of each."
)


def decoy_figure(run: Run) -> Figure | None:
    """Draw the predictions for positive windows and decoys; None of a run without decoys."""
    table = run.decoy_scores
    if table.empty:
        return None
    targets = [target for target in run.targets.index if target in set(table["target"])][:MOST]
    labels = run.targets["label"]
    models = [model for model in run.networks if model in set(table["model"])]
    cells = {}
    for target in targets:
        for model in models:
            rows = table[(table["target"] == target) & (table["model"] == model)]
            cells[labels[target], title(model)] = _mirror(rows, f"{labels[target]}, {title(model)}")
    names = [str(labels[target]) for target in targets]
    svg = mirrors_svg(names, [title(model) for model in models], cells)
    shown = table.assign(model=table["model"].map(title), target=table["target"].map(labels))
    return Figure("Positive windows and decoys", svg, _NOTE, table=numbers(shown), is_wide=True)


def _mirror(rows: pd.DataFrame, name: str) -> Mirror:
    """Return the histograms of a target and a model."""
    positive = rows.loc[rows["kind"] == "positive", "n"].to_numpy()
    decoy = rows.loc[rows["kind"] == "decoy", "n"].to_numpy()
    counts = (
        f"{plural(int(positive.sum()), 'positive window')}, {plural(int(decoy.sum()), 'decoy')}"
    )
    return Mirror(positive, decoy, f"{name}: {counts}")
