"""The trials of the searches, drawn: validation AUPRC against the learning rate."""

from typing import Any

import pandas as pd

from danq.plotting import charts
from danq.plotting.style import Style, styles
from danq.plotting.trials import trial_points
from danq.report.figures import WIDE, Drawing
from danq.report.findings.tuning import trial_table
from danq.report.run import Run
from danq.report.words import number, title

_NOTE = (
    "Each point is a trial; its dropout and weight decay differ, too. Hollow: cut short. Large: "
    "the best of its model."
)
_COLUMNS = ["model", "trial", "lr", "dropout", "weight_decay", "value", "state"]


def rates(run: Run) -> Drawing | None:
    """Draw the validation AUPRC of each trial of each model against its learning rate.

    None for a run without a search, or where every trial failed.
    """
    table = trial_table(run).dropna(subset=["value"])
    if table.empty:
        return None
    models = list(dict.fromkeys(table["model"]))
    parts = [table[table["model"] == model] for model in models]
    colours = styles(run.predictors)
    looks = {model: Style(colours[model].colour, "o") for model in models}
    figure, ax = charts.canvas(*WIDE)
    trial_points(
        ax,
        [part["lr"] for part in parts],
        [part["value"] for part in parts],
        complete=[part["state"] == "complete" for part in parts],
        labels=models,
        ylabel="validation AUPRC",
        titles=[_titles(part) for part in parts],
        style=looks,
    )
    legend = tuple((looks[model], title(model)) for model in models)
    numbers = table[_COLUMNS].assign(model=table["model"].map(title))
    return Drawing("rates", "Trials by learning rate", _NOTE, figure, legend, numbers)


def _titles(trials: pd.DataFrame) -> list[str]:
    return [_title(row) for row in trials.itertuples()]


def _title(row: Any) -> str:
    knobs = f"lr {row.lr:.3g}, dropout {row.dropout:.3g}, weight decay {row.weight_decay:.3g}"
    name = f"{title(row.model)}, trial {row.trial:.0f}"
    return f"{name}: {knobs}: AUPRC {number(row.value)}, {row.state}"
