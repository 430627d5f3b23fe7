"""The precision-recall curves of all targets of a run at once, a panel for each model."""

import pandas as pd
from matplotlib.figure import Figure

from danq.plotting.overlay import MOST_LINES, overlay
from danq.plotting.style import legend_entries, styles
from danq.report.figures import Drawing
from danq.report.run import Run
from danq.report.words import plural, sentence, title

COLUMNS = 2
"""Panels beside each other."""

_PANEL = 2.2  # width and height (inches)
_HEADING = "Precision and recall: all targets"
_LINES = "A line for each target, seeds averaged, coloured by group."


def all_curves(run: Run) -> Drawing | None:
    """Draw the precision-recall curves of every target of a run.

    A panel for each network, and for the strongest baseline. None for a run without curves.
    """
    if run.curves is None:
        return None
    shown = [*run.networks, *run.baselines[:1]]
    rows = run.curves[run.curves["model"].isin(shown)].dropna(subset=["precision"])
    models = [model for model in shown if (rows["model"] == model).any()]
    if not models:
        return None
    figure = _panels(run, rows, models)
    style = styles(run.targets["group"])
    n_targets = rows["target"].nunique()
    numbers = _numbers(run, rows)
    return Drawing("all-curves", _HEADING, _note(n_targets), figure, legend_entries(style), numbers)


def _panels(run: Run, rows: pd.DataFrame, models: list[str]) -> Figure:
    """Draw a panel for each model, all of the same scale."""
    n_rows = -(-len(models) // COLUMNS)
    size = (_PANEL * COLUMNS, 0.2 + _PANEL * n_rows)
    figure = Figure(figsize=size, layout="constrained", facecolor="none")
    axes = figure.subplots(n_rows, COLUMNS, squeeze=False).ravel()
    style = styles(run.targets["group"])
    for ax, model in zip(axes, models, strict=False):
        of_model = rows[rows["model"] == model]
        wide = of_model.pivot(index="target", columns="recall", values="precision").dropna()
        groups = run.targets["group"].reindex(wide.index).tolist()
        overlay(ax, wide.columns.to_numpy(), wide.to_numpy(), groups=groups, style=style)
        ax.set_title(title(model), fontsize=8, parse_math=False)
    for ax in axes[len(models) :]:
        ax.set_axis_off()
    return figure


def _note(n_targets: int) -> str:
    if n_targets <= MOST_LINES:
        return _LINES
    return sentence(
        f"Of {plural(n_targets, 'target')}, by colour of their groups: the median precision at "
        "each recall, seeds averaged, and the middle half of the targets."
    )


def _numbers(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the points of all curves, with the names of models and targets."""
    facts = run.targets[["label", "group"]]
    table = rows.join(facts, on="target")
    table["model"] = table["model"].map(title)
    named = table[["model", "label", "group", "recall", "precision"]]
    return named.rename(columns={"label": "name"})
